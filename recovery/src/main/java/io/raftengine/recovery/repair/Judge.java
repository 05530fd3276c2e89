package io.raftengine.recovery.repair;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.InvalidArgumentException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Decides what becomes of every item, in the order of replay. Keeps of each group which indexes it
 * would hold, with the rules by which the engine replays:
 *
 * <pre>
 *   held [first, end)      append queue                          rewrite queue
 *   none                   accept                                accept
 *   index == end           append                                append
 *   first &lt;= index &lt; end   overwrite                             overwrite
 *   index &gt; end   (hole)   held ones are rewritten: set aside;   drop all held
 *                          else: refused by every engine
 *   index &lt; first          drop all held, take back what an      drop all held
 *                          index beyond set aside
 * </pre>
 *
 * <p>Where every engine refuses, and at any hole of a group whose holes a rule decides by name, the
 * hole is bridged: placeholders are put into it, and the range is remembered as missing. So are
 * entries that cannot be read. What is still missing when the log is over is decided then: the
 * group is cut in front of it, compacted up to its end, or keeps the placeholders. What was
 * overwritten or compacted meanwhile needs no rule, and nobody sees its placeholders. One thread at
 * a time.
 */
final class Judge implements AutoCloseable {
    /** Most placeholders for one hole, since they have to fit a batch; larger ones do not wait. */
    static final long BRIDGE_MAX = 1 << 20;

    private static final int BRIDGED = -1;
    private static final int BLANKED = -2;

    /** Most undecided groups that are listed. */
    static final int UNDECIDED_MAX = 100;

    private final RepairRules rules;
    private final GroupStates states;
    private final ChangeTally tally;
    private final MissingRanges missing;

    /** By group: entries from this index on do not stay. */
    private final Map<Long, Long> cuts = new HashMap<>();

    private final List<Undecided> undecided = new ArrayList<>();
    private final Set<Long> undecidedGroups = new HashSet<>();

    // The batch.
    private boolean rewrite;
    private String file = "";
    private long offset;

    Judge(RepairRules rules, MemoryBudget budget) {
        this.rules = rules;
        this.states = new GroupStates(budget);
        this.tally = new ChangeTally(budget);
        this.missing = new MissingRanges(budget);
    }

    /** The items that follow are of this batch. */
    void beginBatch(boolean ofRewriteQueue, String segment, long batchOffset) {
        rewrite = ofRewriteQueue;
        file = segment;
        offset = batchOffset;
    }

    // ---- items ---------------------------------------------------------------------------------

    /**
     * Entries; {@code to} has begun with their count.
     *
     * @param readable false if their block is damaged
     */
    void entries(long group, long index, int count, boolean readable, Decision to) {
        GroupRules rule = rules.of(group);
        int slot = states.findOrAdd(group);
        if (rule.remove()) {
            to.drop = true;
            tally.add(group, GroupChange.Kind.REMOVED, index, index + count);
            return;
        }
        if (count == 0) {
            return;
        }
        long end = index + count;
        if (isHole(slot, index)) {
            hole(slot, index, end, rule, to);
        } else if (!states.isEmpty(slot) && Long.compareUnsigned(index, states.first(slot)) < 0) {
            below(slot, index, end, rule, to);
        } else {
            if (states.isEmpty(slot)) {
                states.reach(slot, index);
            }
            accept(slot, index, end);
        }
        if (!readable && !to.drop) {
            to.blank = true;
            tally.note(group, BLANKED, index, end);
            missing.add(group, new MissingRanges.Range(index, end, true, file, offset));
        }
    }

    private void accept(int slot, long index, long end) {
        states.append(slot, index, end, rewrite);
        missing.keep(states.group(slot), states.lowest(slot), index);
    }

    private boolean isHole(int slot, long index) {
        return !states.isEmpty(slot) && Long.compareUnsigned(index, states.end(slot)) > 0;
    }

    private void hole(int slot, long index, long end, GroupRules rule, Decision to) {
        long group = states.group(slot);
        long held = states.end(slot);
        boolean replayDecides = rewrite || states.isRewritten(slot);
        if (replayDecides && !rules.namesHoleOf(group)) {
            if (rewrite) {
                states.dropHeld(slot);
            } else {
                states.detach(slot);
            }
            accept(slot, index, end);
        } else if (Long.compareUnsigned(index - held, BRIDGE_MAX) <= 0) {
            to.fillFrom = held;
            to.fillTo = index;
            tally.note(group, BRIDGED, held, index);
            states.append(slot, held, index, rewrite);
            missing.add(group, new MissingRanges.Range(held, index, false, file, offset));
            states.append(slot, index, end, rewrite);
        } else {
            largeHole(slot, index, end, rule, to);
        }
    }

    /** One that cannot be bridged, and so is decided at once. */
    private void largeHole(int slot, long index, long end, GroupRules rule, Decision to) {
        boolean below = Long.compareUnsigned(index, rule.dropBefore()) <= 0;
        if (rule.hole() == HolePolicy.KEEP_INCOMING || below) {
            discardExisting(
                    slot,
                    below ? GroupChange.Kind.DROPPED_BEFORE : GroupChange.Kind.DISCARDED_EXISTING,
                    to);
            accept(slot, index, end);
            return;
        }
        boolean behind = Long.compareUnsigned(index, rule.dropFrom()) >= 0;
        if (rule.hole() == HolePolicy.FILL && !behind) {
            throw tooLarge(states.group(slot), states.end(slot), index);
        }
        to.drop = true;
        if (behind) {
            tally.add(states.group(slot), GroupChange.Kind.DROPPED_FROM, index, end);
            return;
        }
        if (rule.hole() == null) {
            noteUndecided(states.group(slot), file, offset, states.end(slot), index);
            return;
        }
        tally.add(states.group(slot), GroupChange.Kind.DISCARDED_INCOMING, index, end);
    }

    private static InvalidArgumentException tooLarge(long group, long from, long index) {
        return new InvalidArgumentException(
                "group "
                        + Long.toUnsignedString(group)
                        + ": a hole of "
                        + Long.toUnsignedString(index - from)
                        + " indexes from "
                        + Long.toUnsignedString(from)
                        + " on; at most "
                        + BRIDGE_MAX
                        + " are filled, so another rule has to decide");
    }

    private void below(int slot, long index, long end, GroupRules rule, Decision to) {
        if (rule.keepExistingOnOverlap()) {
            to.drop = true;
            tally.add(states.group(slot), GroupChange.Kind.DISCARDED_INCOMING, index, end);
            return;
        }
        states.dropHeld(slot);
        states.reach(slot, index);
        accept(slot, index, end);
    }

    private void discardExisting(int slot, GroupChange.Kind kind, Decision to) {
        if (!states.isEmpty(slot)) {
            to.clear = true;
            to.clearTo = states.end(slot);
            tally.add(states.group(slot), kind, states.first(slot), states.end(slot));
            states.dropAll(slot);
            missing.drop(states.group(slot));
        }
    }

    void compact(long group, long index, Decision to) {
        int slot = states.findOrAdd(group);
        if (!removed(group, to)) {
            states.compact(slot, index);
            missing.keep(group, index, -1L);
        }
    }

    void clean(long group, Decision to) {
        int slot = states.findOrAdd(group);
        if (!removed(group, to)) {
            states.clean(slot);
            missing.drop(group);
        }
    }

    void put(long group, Decision to) {
        int slot = states.findOrAdd(group);
        if (!removed(group, to)) {
            states.setExists(slot);
        }
    }

    void delete(long group, Decision to) {
        states.findOrAdd(group);
        removed(group, to);
    }

    private boolean removed(long group, Decision to) {
        if (rules.of(group).remove()) {
            to.drop = true;
            tally.add(group, GroupChange.Kind.REMOVED, 0, 0);
            return true;
        }
        return false;
    }

    private void noteUndecided(
            long group, String segment, long batchOffset, long expected, long found) {
        if (undecided.size() < UNDECIDED_MAX && undecidedGroups.add(group)) {
            undecided.add(new Undecided(group, segment, batchOffset, expected, found));
        }
    }

    // ---- the end -------------------------------------------------------------------------------

    /** Receives the compactions that are to stand at the end of the log. */
    interface Compactions {
        /** Entries of the group below the index are to go. */
        void compact(long group, long index);
    }

    /** To be called once, behind the last item: decides what is still missing. */
    void finish(Compactions to) {
        for (long group : rules.groups()) {
            int slot = states.find(group);
            if (slot >= 0) {
                dropBeginning(slot, rules.of(group).dropBefore(), to);
                dropEnd(slot, rules.of(group).dropFrom(), to);
            }
        }
        for (long group : missing.groups()) {
            int slot = states.find(group);
            missing.keep(group, states.first(slot), states.end(slot));
            List<MissingRanges.Range> ranges = new ArrayList<>(missing.of(group));
            for (MissingRanges.Range range : ranges) {
                if (range.unreadable()) {
                    tally.add(group, GroupChange.Kind.LOST, range.first(), range.end());
                }
            }
            cutEnd(slot, ranges, to);
            cutBeginning(slot, ranges, to);
            if (!ranges.isEmpty()) {
                decide(slot, ranges, to);
            }
        }
    }

    private void dropBeginning(int slot, long before, Compactions to) {
        long first = states.first(slot);
        if (states.isEmpty(slot) || Long.compareUnsigned(first, before) >= 0) {
            return;
        }
        long end = states.end(slot);
        long dropped = Long.compareUnsigned(end, before) < 0 ? end : before;
        long group = states.group(slot);
        tallyReadable(group, GroupChange.Kind.DROPPED_BEFORE, first, dropped, missing.of(group));
        compact(slot, before, to);
    }

    private void dropEnd(int slot, long from, Compactions to) {
        long first = states.first(slot);
        long end = states.end(slot);
        if (states.isEmpty(slot) || Long.compareUnsigned(end, from) <= 0) {
            return;
        }
        long dropped = Long.compareUnsigned(first, from) > 0 ? first : from;
        long group = states.group(slot);
        tallyReadable(group, GroupChange.Kind.DROPPED_FROM, dropped, end, missing.of(group));
        cut(slot, dropped, to);
        missing.keep(group, first, dropped);
    }

    private void compact(int slot, long index, Compactions to) {
        states.compact(slot, index);
        missing.keep(states.group(slot), index, -1L);
        to.compact(states.group(slot), index);
    }

    /** What is missing at the end is no hole: the group ends in front of it. */
    private void cutEnd(int slot, List<MissingRanges.Range> ranges, Compactions to) {
        while (!ranges.isEmpty()
                && ranges.get(ranges.size() - 1).end() == states.end(slot)
                && !states.isEmpty(slot)) {
            cut(slot, ranges.remove(ranges.size() - 1).first(), to);
        }
    }

    /** Nor is what is missing at the beginning, where compactions happen anyway. */
    private void cutBeginning(int slot, List<MissingRanges.Range> ranges, Compactions to) {
        while (!ranges.isEmpty() && ranges.get(0).first() == states.first(slot)) {
            MissingRanges.Range lost = ranges.remove(0);
            if (!lost.unreadable()) {
                long group = states.group(slot);
                tally.add(group, GroupChange.Kind.LOST, lost.first(), lost.end());
            }
            compact(slot, lost.end(), to);
        }
    }

    /**
     * Entries from an index on are to go. A log has no record for that, so the second reading
     * leaves them out wherever they stand. It can: each item in front of the cut joins as before,
     * since the first of them, behind which others were dropped or set aside, stays. Where none
     * stays, all are compacted away instead.
     */
    private void cut(int slot, long index, Compactions to) {
        if (index == states.first(slot)) {
            compact(slot, states.end(slot), to);
        } else {
            states.cut(slot, index);
            cuts.put(states.group(slot), index);
        }
    }

    private void decide(int slot, List<MissingRanges.Range> ranges, Compactions to) {
        long group = states.group(slot);
        MissingRanges.Range lowest = ranges.get(0);
        MissingRanges.Range highest = ranges.get(ranges.size() - 1);
        HolePolicy policy = rules.of(group).hole();
        if (policy == null) {
            noteUndecided(group, lowest.file(), lowest.offset(), lowest.first(), lowest.end());
            return;
        }
        switch (policy) {
            case KEEP_EXISTING -> {
                tallyReadable(
                        group,
                        GroupChange.Kind.DISCARDED_INCOMING,
                        lowest.first(),
                        states.end(slot),
                        ranges);
                cut(slot, lowest.first(), to);
            }
            case KEEP_INCOMING -> {
                tallyReadable(
                        group,
                        GroupChange.Kind.DISCARDED_EXISTING,
                        states.first(slot),
                        highest.end(),
                        ranges);
                compact(slot, highest.end(), to);
            }
            case FILL -> {
                for (MissingRanges.Range range : ranges) {
                    tally.add(group, GroupChange.Kind.FILLED, range.first(), range.end());
                }
            }
        }
    }

    /** Adds up what lies in [from, to) and is not missing. */
    private void tallyReadable(
            long group,
            GroupChange.Kind kind,
            long from,
            long to,
            List<MissingRanges.Range> ranges) {
        long at = from;
        for (MissingRanges.Range each : ranges) {
            MissingRanges.Range range = each.within(from, to);
            if (range == null) {
                continue;
            }
            if (at != range.first()) {
                tally.add(group, kind, at, range.first());
            }
            at = range.end();
        }
        if (at != to) {
            tally.add(group, kind, at, to);
        }
    }

    /** The lowest index of a group that the result does not hold; -1 if there is none. */
    long voidFrom(long group) {
        return cuts.isEmpty() ? -1L : cuts.getOrDefault(group, -1L);
    }

    /**
     * Checks that rules speak of groups that are there.
     *
     * @throws InvalidArgumentException naming the rule
     */
    void checkKnown() {
        for (long group : rules.groups()) {
            if (states.find(group) < 0) {
                RuleLine rule = rules.firstRuleOf(group);
                throw new InvalidArgumentException(
                        rule.origin()
                                + ": \""
                                + rule.text()
                                + "\": expected a group of the directory, found none with this id"
                                + " among what is readable");
            }
        }
    }

    GroupStates states() {
        return states;
    }

    ChangeTally tally() {
        return tally;
    }

    List<Undecided> undecided() {
        return undecided;
    }

    @Override
    public void close() {
        states.close();
        tally.close();
        missing.close();
    }
}
