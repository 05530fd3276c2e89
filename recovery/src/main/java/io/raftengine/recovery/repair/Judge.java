package io.raftengine.recovery.repair;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.InvalidArgumentException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Decides what becomes of every item, in the order of replay. Keeps of each group which indexes it
 * would hold, with the rules by which the engine replays:
 *
 * <pre>
 *   held [first, end)      append queue                          rewrite queue
 *   none                   accept (1)                            accept
 *   index == end           append                                append
 *   first &lt;= index &lt; end   overwrite                             overwrite
 *   index &gt; end   (hole)   held ones are rewritten: set aside;   drop all held
 *                          else undecided: a rule must say
 *   index &lt; first          drop all held, take back what an      drop all held
 *                          index beyond set aside
 * </pre>
 *
 * Rules of a named group come before the last two lines; default rules only where this says
 * undecided. (1) Except when something of the group was lost or discarded in the append queue, and
 * nothing joined since: then that hole is one too. One thread at a time.
 */
final class Judge implements AutoCloseable {
    /** Most empty entries for one hole: they have to fit a batch. */
    static final long FILL_MAX = 1 << 20;

    /** Most undecided groups that are listed. */
    static final int UNDECIDED_MAX = 100;

    private final RepairRules rules;
    private final GroupStates states;
    private final ChangeTally tally;
    private final Supersessions supersessions;
    private final List<Undecided> undecided = new ArrayList<>();
    private final Set<Long> undecidedGroups = new HashSet<>();

    // The batch.
    private boolean rewrite;
    private long batch;
    private String file = "";
    private long offset;

    Judge(RepairRules rules, MemoryBudget budget) {
        this.rules = rules;
        this.states = new GroupStates(budget);
        this.tally = new ChangeTally(budget);
        this.supersessions = new Supersessions(budget);
    }

    /** The items that follow are of this batch. */
    void beginBatch(boolean ofRewriteQueue, long number, String segment, long batchOffset) {
        rewrite = ofRewriteQueue;
        batch = number;
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
        if (Long.compareUnsigned(end, rule.dropFrom()) > 0) {
            end = clipEnd(group, index, end, rule.dropFrom(), to);
            if (to.drop) {
                return;
            }
        }
        if (!readable) {
            lost(slot, index, end, to);
        } else if (isHole(slot, index)) {
            hole(slot, index, end, rule, to);
        } else if (!states.isEmpty(slot) && Long.compareUnsigned(index, states.first(slot)) < 0) {
            below(slot, index, end, rule, to);
        } else {
            if (states.isEmpty(slot)) {
                states.reach(slot, index);
            }
            states.append(slot, index, end, rewrite);
        }
    }

    private long clipEnd(long group, long index, long end, long from, Decision to) {
        boolean all = Long.compareUnsigned(index, from) >= 0;
        tally.add(group, GroupChange.Kind.DROPPED_FROM, all ? index : from, end);
        to.drop = all;
        to.keep = all ? 0 : (int) (from - index);
        return from;
    }

    private boolean isHole(int slot, long index) {
        return (!states.isEmpty(slot) || states.lacking(slot))
                && Long.compareUnsigned(index, states.end(slot)) > 0;
    }

    private void hole(int slot, long index, long end, GroupRules rule, Decision to) {
        long group = states.group(slot);
        boolean replayDecides = rewrite || states.isRewritten(slot) && !states.lacking(slot);
        if (replayDecides && !rules.namesHoleOf(group)) {
            if (rewrite) {
                states.dropHeld(slot);
            } else {
                states.detach(slot);
            }
            states.append(slot, index, end, rewrite);
        } else if (Long.compareUnsigned(index, rule.dropBefore()) <= 0) {
            discardExisting(slot, GroupChange.Kind.DROPPED_BEFORE, to);
            states.append(slot, index, end, rewrite);
        } else if (rule.hole() == null) {
            noteUndecided(slot, index);
            discardIncoming(slot, index, end, to); // to see what else is undecided
        } else {
            decided(slot, index, end, rule.hole(), to);
        }
    }

    private void decided(int slot, long index, long end, HolePolicy policy, Decision to) {
        switch (policy) {
            case KEEP_EXISTING -> discardIncoming(slot, index, end, to);
            case KEEP_INCOMING -> {
                discardExisting(slot, GroupChange.Kind.DISCARDED_EXISTING, to);
                states.append(slot, index, end, rewrite);
            }
            case FILL -> {
                fill(slot, index, to);
                states.append(slot, index, end, rewrite);
            }
        }
    }

    private void fill(int slot, long index, Decision to) {
        long group = states.group(slot);
        long from = states.end(slot);
        if (Long.compareUnsigned(index - from, FILL_MAX) > 0) {
            throw new InvalidArgumentException(
                    "group "
                            + Long.toUnsignedString(group)
                            + ": a hole of "
                            + Long.toUnsignedString(index - from)
                            + " indexes from "
                            + Long.toUnsignedString(from)
                            + " on; at most "
                            + FILL_MAX
                            + " are filled, so another rule has to decide");
        }
        to.fillFrom = from;
        to.fillTo = index;
        tally.add(group, GroupChange.Kind.FILLED, from, index);
        states.append(slot, from, index, rewrite);
    }

    private void below(int slot, long index, long end, GroupRules rule, Decision to) {
        if (rule.keepExistingOnOverlap()) {
            to.drop = true;
            tally.add(states.group(slot), GroupChange.Kind.DISCARDED_INCOMING, index, end);
            return;
        }
        states.dropHeld(slot);
        states.reach(slot, index);
        states.append(slot, index, end, rewrite);
    }

    private void discardIncoming(int slot, long index, long end, Decision to) {
        to.drop = true;
        tally.add(states.group(slot), GroupChange.Kind.DISCARDED_INCOMING, index, end);
        if (!rewrite) {
            states.lack(slot, end);
        }
    }

    private void discardExisting(int slot, GroupChange.Kind kind, Decision to) {
        if (!states.isEmpty(slot)) {
            to.clear = true;
            to.clearTo = states.end(slot);
            tally.add(states.group(slot), kind, states.first(slot), states.end(slot));
            states.dropAll(slot);
        }
    }

    /** Entries that cannot be read; whatever they overwrote must not come back. */
    private void lost(int slot, long index, long end, Decision to) {
        long group = states.group(slot);
        to.drop = true;
        tally.add(group, GroupChange.Kind.LOST, index, end);
        if (states.isEmpty(slot)) {
            if (states.lacking(slot)) {
                states.lack(slot, end);
            }
            return;
        }
        long held = states.end(slot);
        int order = Long.compareUnsigned(index, held);
        if (order > 0 && !rewrite && states.isRewritten(slot)) {
            return; // whether the two belong together, only what follows can tell
        }
        if (order > 0 && rewrite || Long.compareUnsigned(index, states.first(slot)) <= 0) {
            discardExisting(slot, GroupChange.Kind.SUPERSEDED, to);
            to.keep = 0;
            states.lackNothing(slot); // nothing is left that could be joined
            return;
        }
        if (order < 0) {
            tally.add(group, GroupChange.Kind.SUPERSEDED, index, held);
            supersessions.add(group, batch, index);
            states.cut(slot, index);
        }
        if (!rewrite) {
            states.lack(slot, end);
        }
    }

    void compact(long group, long index, Decision to) {
        int slot = states.findOrAdd(group);
        if (!removed(group, to)) {
            states.compact(slot, index);
        }
    }

    void clean(long group, Decision to) {
        int slot = states.findOrAdd(group);
        if (!removed(group, to)) {
            states.clean(slot);
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

    private void noteUndecided(int slot, long index) {
        long group = states.group(slot);
        boolean listed = undecided.size() < UNDECIDED_MAX;
        if (listed && undecidedGroups.add(group)) {
            undecided.add(new Undecided(group, file, offset, states.end(slot), index));
        }
    }

    // ---- the end -------------------------------------------------------------------------------

    /** Receives the compactions that the rules ask for at the end of the log. */
    interface Compactions {
        /** Entries of the group below the index are to go. */
        void compact(long group, long index);
    }

    /** To be called once, behind the last item: drops the beginnings that rules name. */
    void finish(Compactions to) {
        for (long group : rules.groups()) {
            long before = rules.of(group).dropBefore();
            int slot = states.find(group);
            if (before == 0 || slot < 0 || states.isEmpty(slot)) {
                continue;
            }
            long first = states.first(slot);
            if (Long.compareUnsigned(first, before) < 0) {
                long end = states.end(slot);
                long dropped = Long.compareUnsigned(end, before) < 0 ? end : before;
                tally.add(group, GroupChange.Kind.DROPPED_BEFORE, first, dropped);
                states.compact(slot, before);
                to.compact(group, before);
            }
        }
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

    Supersessions supersessions() {
        return supersessions;
    }

    List<Undecided> undecided() {
        return undecided;
    }

    @Override
    public void close() {
        states.close();
        tally.close();
        supersessions.close();
    }
}
