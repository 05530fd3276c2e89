package io.raftengine.recovery.repair;

import io.raftengine.allocator.MemoryBudget;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Indexes that groups hold without a readable entry: holes that were bridged, and entries whose
 * block is damaged. Most of them are overwritten or compacted further down the log, and then they
 * never mattered; so nothing is decided before the log ends. One thread at a time.
 */
final class MissingRanges implements AutoCloseable {
    /** A range with what the map and the list need around it. */
    private static final int RANGE_BYTES = 128;

    /**
     * Indexes [first, end) of one group.
     *
     * @param unreadable whether there are entries, but damaged ones; false: nothing is there
     * @param file the segment in which that was found
     * @param offset of the batch in it: of the damaged one, or of the one behind the hole
     */
    record Range(long first, long end, boolean unreadable, String file, long offset) {
        Range within(long from, long to) {
            long low = larger(first, from);
            long high = Long.compareUnsigned(end, to) < 0 ? end : to;
            if (low == first && high == end) {
                return this;
            }
            return Long.compareUnsigned(low, high) < 0
                    ? new Range(low, high, unreadable, file, offset)
                    : null;
        }

        private static long larger(long a, long b) {
            return Long.compareUnsigned(a, b) > 0 ? a : b;
        }
    }

    private final MemoryBudget budget;
    private final Map<Long, Deque<Range>> ranges = new HashMap<>();
    private long count;

    MissingRanges(MemoryBudget budget) {
        this.budget = budget;
    }

    /** Adds a range; none of the group lies in it or behind it. */
    void add(long group, Range range) {
        budget.reserve(RANGE_BYTES);
        count++;
        ranges.computeIfAbsent(group, id -> new ArrayDeque<>()).addLast(range);
    }

    /**
     * Only indexes in [from, to) still matter. Costs no more than what it takes away: it is asked
     * at every batch of the group, and a group may have as many ranges as batches.
     */
    void keep(long group, long from, long to) {
        Deque<Range> kept = ranges.get(group);
        if (kept == null) {
            return;
        }
        int before = kept.size();
        while (!kept.isEmpty() && Long.compareUnsigned(kept.peekFirst().end(), from) <= 0) {
            kept.removeFirst();
        }
        while (!kept.isEmpty() && Long.compareUnsigned(kept.peekLast().first(), to) >= 0) {
            kept.removeLast();
        }
        forget(before - kept.size());
        if (!kept.isEmpty()) {
            trim(kept, from, to);
        }
        if (kept.isEmpty()) {
            ranges.remove(group);
        }
    }

    /** Cuts the first and the last range to what still matters of them. */
    private void trim(Deque<Range> kept, long from, long to) {
        Range first = kept.removeFirst().within(from, to);
        if (first == null) {
            forget(1); // nothing is between the two
            return;
        }
        kept.addFirst(first);
        kept.addLast(kept.removeLast().within(from, to));
    }

    void drop(long group) {
        keep(group, 0, 0);
    }

    private void forget(int gone) {
        count -= gone;
        budget.release((long) gone * RANGE_BYTES);
    }

    /** The groups with such ranges, in unsigned order. */
    List<Long> groups() {
        List<Long> groups = new ArrayList<>(ranges.keySet());
        groups.sort(Long::compareUnsigned);
        return groups;
    }

    /** The ranges of a group, ascending. */
    List<Range> of(long group) {
        Deque<Range> found = ranges.get(group);
        return found == null ? List.of() : List.copyOf(found);
    }

    @Override
    public void close() {
        forget((int) count);
        ranges.clear();
    }
}
