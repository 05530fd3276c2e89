package io.raftengine.recovery.repair;

import io.raftengine.allocator.MemoryBudget;
import java.util.ArrayList;
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
            return Long.compareUnsigned(low, high) < 0
                    ? new Range(low, high, unreadable, file, offset)
                    : null;
        }

        private static long larger(long a, long b) {
            return Long.compareUnsigned(a, b) > 0 ? a : b;
        }
    }

    private final MemoryBudget budget;
    private final Map<Long, List<Range>> ranges = new HashMap<>();
    private long count;

    MissingRanges(MemoryBudget budget) {
        this.budget = budget;
    }

    /** Adds a range; none of the group lies in it or behind it. */
    void add(long group, Range range) {
        budget.reserve(RANGE_BYTES);
        count++;
        ranges.computeIfAbsent(group, id -> new ArrayList<>()).add(range);
    }

    /** Only indexes in [from, to) still matter. */
    void keep(long group, long from, long to) {
        if (ranges.isEmpty()) {
            return;
        }
        List<Range> old = ranges.remove(group);
        if (old == null) {
            return;
        }
        List<Range> kept = new ArrayList<>(old.size());
        for (Range range : old) {
            Range part = range.within(from, to);
            if (part != null) {
                kept.add(part);
            }
        }
        forget(old.size() - kept.size());
        if (!kept.isEmpty()) {
            ranges.put(group, kept);
        }
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
        return ranges.getOrDefault(group, List.of());
    }

    @Override
    public void close() {
        forget((int) count);
        ranges.clear();
    }
}
