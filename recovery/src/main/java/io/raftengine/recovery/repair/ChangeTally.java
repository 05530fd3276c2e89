package io.raftengine.recovery.repair;

import io.raftengine.allocator.MemoryBudget;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Sums up changes by group and kind, and remembers in one number all decisions and their order. One
 * thread at a time.
 */
final class ChangeTally implements AutoCloseable {
    private static final GroupChange.Kind[] KINDS = GroupChange.Kind.values();
    private static final int FIELDS = 3; // entries, first index, last index
    private static final int ROW = KINDS.length * FIELDS + 1;

    /** One row with what the map needs around it. */
    private static final int ROW_BYTES = 8 * ROW + 96;

    private final MemoryBudget budget;
    private final Map<Long, long[]> rows = new HashMap<>();
    private long digest;
    private long items;

    ChangeTally(MemoryBudget budget) {
        this.budget = budget;
    }

    /**
     * A change of an item.
     *
     * @param first index of the first entry concerned
     * @param end index behind the last one; {@code first} if it is no entry
     */
    void add(long group, GroupChange.Kind kind, long first, long end) {
        long[] row = rows.get(group);
        if (row == null) {
            budget.reserve(ROW_BYTES);
            row = new long[ROW];
            rows.put(group, row);
        }
        int at = kind.ordinal() * FIELDS;
        row[ROW - 1] |= 1L << kind.ordinal();
        if (first != end) {
            boolean none = row[at] == 0;
            row[at] += end - first;
            row[at + 1] =
                    none || Long.compareUnsigned(first, row[at + 1]) < 0 ? first : row[at + 1];
            row[at + 2] =
                    none || Long.compareUnsigned(end - 1, row[at + 2]) > 0 ? end - 1 : row[at + 2];
        }
        note(group, kind.ordinal(), first, end);
    }

    /** A decision that changes no entry of the result by itself. */
    void note(long group, int what, long first, long end) {
        items++;
        mix(group);
        mix(what);
        mix(first);
        mix(end);
    }

    private void mix(long value) {
        digest = Long.rotateLeft((digest ^ value) * 0x9e3779b97f4a7c15L, 29);
    }

    long digest() {
        return digest;
    }

    long items() {
        return items;
    }

    /** All changes, groups in unsigned order. */
    List<GroupChange> changes() {
        List<GroupChange> changes = new ArrayList<>();
        List<Long> groups = new ArrayList<>(rows.keySet());
        groups.sort(Long::compareUnsigned);
        for (long group : groups) {
            long[] row = rows.get(group);
            for (GroupChange.Kind kind : KINDS) {
                if ((row[ROW - 1] & 1L << kind.ordinal()) != 0) {
                    int at = kind.ordinal() * FIELDS;
                    changes.add(new GroupChange(group, kind, row[at], row[at + 1], row[at + 2]));
                }
            }
        }
        return changes;
    }

    @Override
    public void close() {
        budget.release((long) ROW_BYTES * rows.size());
        rows.clear();
    }
}
