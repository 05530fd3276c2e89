package io.raftengine.ctl.check;

import io.raftengine.log.format.AtomicMarker;
import io.raftengine.log.format.ItemReader;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.segment.SegmentFile;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * Follows the entries of every group through the log, as replay does, and what damage makes of
 * them. First the rewrite queue, then the append queue.
 *
 * <p>A range of the append queue that does not follow its predecessor is a hole that an open
 * refuses (D6). In the rewrite queue, and between the queues, a hole may be right: a compaction can
 * be gone while what it removed is still there (the reference loses it); replay drops what is in
 * front of it. There it is a finding only if something damaged lies between the two.
 */
final class GroupStates {
    private final Findings findings;
    private final GroupTable groups = new GroupTable();

    /** Entries that are missing or damaged, by group; of damaged groups only. */
    private final Map<Long, IndexRanges> lostInRewrite = new HashMap<>();

    private final Map<Long, IndexRanges> lostInAppend = new HashMap<>();

    /** Batches of atomic groups that wait for the end of their group, by its id. */
    private final Map<Long, HeldItems> fragments = new HashMap<>();

    // Of the batch that is being taken.
    private AtomicMarker marker;
    private long markerId;

    private long damagedPlaces;
    private long holes;

    GroupStates(Findings findings) {
        this.findings = findings;
    }

    /** Notes that something unknown was damaged between the batches before and those after. */
    void damagedPlace() {
        damagedPlaces++;
    }

    long holes() {
        return holes;
    }

    int groupCount() {
        return groups.count();
    }

    /**
     * Takes a batch.
     *
     * @param file its segment
     * @param offset its offset
     * @param end offset behind it
     * @param items its items, before the first one
     * @param good whether its entries are
     */
    void batch(SegmentFile file, long offset, long end, ItemReader items, boolean good) {
        if (file.kind() == QueueKind.REWRITE && findMarker(items)) {
            if (marker == null) {
                findings.damage(
                        file, offset, end, "atomic marker of the batch", "0, 1 or 2", "another");
                damagedPlace();
            } else {
                fragment(file, offset, items, good);
            }
            return;
        }
        while (items.next()) {
            take(span(file, offset, items, good));
        }
    }

    /** Looks for the first marker of a batch; one of an unknown kind is found and null. */
    private boolean findMarker(ItemReader items) {
        boolean found = false;
        while (!found && items.next()) {
            found =
                    items.kind() == ItemReader.PUT
                            && items.valueLength() == 1
                            && items.isInternalKey();
            if (found) {
                marker = AtomicMarker.of(items.internalRecordType());
                markerId = items.groupId();
            }
        }
        items.rewind();
        return found;
    }

    private static Span span(SegmentFile file, long offset, ItemReader items, boolean good) {
        int kind = items.kind();
        long first = 0;
        long end = 0;
        if (kind == ItemReader.ENTRIES && items.count() > 0) {
            first = items.firstIndex();
            end = first + items.count();
        } else if (kind == ItemReader.COMPACT) {
            first = items.compactIndex();
        }
        return new Span(file, offset, kind, items.groupId(), first, end, good);
    }

    /** A group counts if begin, middles and end follow each other without a further begin. */
    private void fragment(SegmentFile file, long offset, ItemReader items, boolean good) {
        if (marker == AtomicMarker.BEGIN) {
            fragments.put(markerId, new HeldItems());
        }
        HeldItems begun = fragments.get(markerId);
        if (begun == null) {
            return;
        }
        begun.add(file, offset, items, good);
        if (marker == AtomicMarker.END) {
            fragments.remove(markerId);
            begun.forEach(this::take);
        }
    }

    private void take(Span span) {
        switch (span.kind()) {
            case ItemReader.ENTRIES -> {
                if (span.first() != span.end()) {
                    entries(span);
                }
            }
            case ItemReader.COMPACT -> compact(span.group(), span.first());
            case ItemReader.CLEAN -> clean(span.group());
            default -> {
                // A key or its value is part of the item section, which is good.
            }
        }
    }

    private void entries(Span span) {
        boolean rewrite = span.file().kind() == QueueKind.REWRITE;
        int record = groups.of(span.group());
        if (rewrite) {
            rewritten(record, span);
        } else {
            appended(record, span);
        }
        if (!span.good()) {
            lost(span.group(), rewrite).add(span.first(), span.end());
        }
    }

    private void rewritten(int record, Span span) {
        long first = groups.first(record, true);
        long end = groups.end(record, true);
        boolean fits = first != end && atMost(first, span.first()) && atMost(span.first(), end);
        boolean hole = first != end && atMost(end, span.first()) && span.first() != end;
        if (hole && groups.damageSeen(record) != damagedPlaces) {
            reportHole(span, end);
            long missingFrom = end;
            lost(span.group(), true).add(missingFrom, span.first());
            fits = true;
        } else if (fits) {
            cut(lostInRewrite, span.group(), span.first());
        } else {
            lostInRewrite.remove(span.group());
        }
        groups.set(record, true, fits ? first : span.first(), span.end());
        groups.setDamageSeen(record, damagedPlaces);
    }

    private void appended(int record, Span span) {
        long first = groups.first(record, false);
        long end = groups.end(record, false);
        if (first == end && tornFromRewritten(record, span)) {
            long before = groups.end(record, true);
            reportHole(span, before);
            lost(span.group(), false).add(before, span.first());
            groups.set(record, false, before, span.end());
        } else if (first == end || !atMost(first, span.first())) {
            // Nothing of this queue lives, or all of it is replaced.
            lostInAppend.remove(span.group());
            groups.set(record, false, span.first(), span.end());
        } else {
            if (!atMost(span.first(), end)) {
                reportHole(span, end);
                long missingFrom = end;
                lost(span.group(), false).add(missingFrom, span.first());
            } else {
                cut(lostInAppend, span.group(), span.first());
            }
            groups.set(record, false, first, span.end());
        }
        // Entries of the rewrite queue from there on are overruled.
        cutRewritten(record, span.group(), span.first());
    }

    /** What lies between the rewritten entries and these was damaged, as far as one can tell. */
    private boolean tornFromRewritten(int record, Span span) {
        return !groups.isEmpty(record, true)
                && !atMost(span.first(), groups.end(record, true))
                && groups.damageSeen(record) != damagedPlaces;
    }

    private void cutRewritten(int record, long group, long index) {
        long first = groups.first(record, true);
        if (atMost(index, first)) {
            groups.set(record, true, 0, 0);
            lostInRewrite.remove(group);
        } else if (!atMost(groups.end(record, true), index)) {
            groups.set(record, true, first, index);
            cut(lostInRewrite, group, index);
        }
    }

    private void reportHole(Span span, long expected) {
        holes++;
        findings.hole(span.file(), span.offset(), span.group(), expected, span.first());
    }

    private void compact(long group, long index) {
        int record = groups.of(group);
        for (boolean rewrite : new boolean[] {true, false}) {
            long first = groups.first(record, rewrite);
            long end = groups.end(record, rewrite);
            if (first != end && !atMost(index, first)) {
                boolean empty = atMost(end, index);
                groups.set(record, rewrite, empty ? 0 : index, empty ? 0 : end);
            }
        }
    }

    private void clean(long group) {
        int record = groups.of(group);
        groups.set(record, true, 0, 0);
        groups.set(record, false, 0, 0);
        lostInRewrite.remove(group);
        lostInAppend.remove(group);
    }

    private IndexRanges lost(long group, boolean rewrite) {
        return (rewrite ? lostInRewrite : lostInAppend)
                .computeIfAbsent(group, id -> new IndexRanges());
    }

    private static void cut(Map<Long, IndexRanges> lost, long group, long index) {
        IndexRanges ranges = lost.get(group);
        if (ranges != null) {
            ranges.cut(index);
        }
    }

    /** Reports every group that lost entries which are still live; returns how many there are. */
    long report() {
        Map<Long, IndexRanges> damaged = new TreeMap<>(Long::compareUnsigned);
        lostInRewrite.forEach((group, ranges) -> live(damaged, group, ranges, true));
        lostInAppend.forEach((group, ranges) -> live(damaged, group, ranges, false));
        damaged.forEach((group, ranges) -> findings.group(group, firstLive(group), ranges));
        return damaged.size();
    }

    private void live(
            Map<Long, IndexRanges> damaged, long group, IndexRanges ranges, boolean rewrite) {
        int record = groups.of(group);
        if (rewrite && droppedByAppend(record)) {
            return;
        }
        ranges.keep(groups.first(record, rewrite), groups.end(record, rewrite));
        if (ranges.size() > 0) {
            damaged.computeIfAbsent(group, id -> new IndexRanges()).addAll(ranges);
        }
    }

    /** A hole between the queues: replay drops the rewritten entries. */
    private boolean droppedByAppend(int record) {
        return !groups.isEmpty(record, false)
                && !atMost(groups.first(record, false), groups.end(record, true));
    }

    private long firstLive(long group) {
        int record = groups.of(group);
        boolean rewritten = !groups.isEmpty(record, true) && !droppedByAppend(record);
        return groups.first(record, rewritten);
    }

    private static boolean atMost(long a, long b) {
        return Long.compareUnsigned(a, b) <= 0;
    }
}
