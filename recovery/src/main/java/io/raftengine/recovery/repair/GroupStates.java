package io.raftengine.recovery.repair;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.UnsupportedFeatureException;
import io.raftengine.recovery.IdIndex;
import java.util.Arrays;

/**
 * What replay would have made of every group so far, as far as rules need it: ranges of indexes, no
 * content. One array, 48 bytes a group, and an index of their ids; both paid by the budget.
 *
 * <pre>
 *   long  0       1     2              3            4          5
 *         first   end   rewrittenEnd   asideFirst   asideEnd   flags
 *
 *   [first, end)          entries held; first == end: none
 *   [first, rewrittenEnd) those of them that stand in the rewrite queue
 *   [asideFirst, asideEnd) rewritten entries that the append queue left behind a hole, and that
 *                         return if an append reaches them
 * </pre>
 *
 * <p>One thread at a time. A slot is a position in the array; groups stand there in the order in
 * which they were first seen.
 */
final class GroupStates implements AutoCloseable {
    private static final int STRIDE = 6;
    private static final int FIRST = 0;
    private static final int END = 1;
    private static final int REWRITTEN_END = 2;
    private static final int ASIDE_FIRST = 3;
    private static final int ASIDE_END = 4;
    private static final int FLAGS = 5;

    private static final long EXISTS = 1;

    private static final int GROUPS_MIN = 1 << 10;
    private static final int GROUPS_MAX = 1 << 27;

    /** Receives groups. */
    interface Visitor {
        /**
         * A group that exists.
         *
         * @param group its id
         * @param first unsigned index of its first entry
         * @param end index behind its last one; {@code first} if it has none
         */
        void group(long group, long first, long end);
    }

    private final MemoryBudget budget;
    private IdIndex index;
    private long[] table;

    GroupStates(MemoryBudget budget) {
        this.budget = budget;
        budget.reserve(bytes(GROUPS_MIN));
        index = new IdIndex(GROUPS_MIN);
        table = new long[GROUPS_MIN * STRIDE];
    }

    private static long bytes(int groups) {
        return IdIndex.bytes(groups) + (long) groups * STRIDE * Long.BYTES;
    }

    /** The slot of a group, or -1. */
    int find(long group) {
        int number = index.find(group);
        return number < 0 ? -1 : number * STRIDE;
    }

    /** The slot of a group, which is added if it is new. */
    int findOrAdd(long group) {
        int slot = find(group);
        if (slot >= 0) {
            return slot;
        }
        if (index.size() == index.capacity()) {
            grow();
        }
        return index.findOrAdd(group) * STRIDE;
    }

    /** Makes room in the array, and pays for what the index is going to take. */
    private void grow() {
        int groups = index.capacity();
        if (groups == GROUPS_MAX) {
            throw new UnsupportedFeatureException(
                    "repair of a directory with more than " + groups + " groups");
        }
        budget.reserve(bytes(2 * groups));
        table = Arrays.copyOf(table, 2 * table.length);
        budget.release(bytes(groups));
    }

    // ---- a slot --------------------------------------------------------------------------------

    long group(int slot) {
        return index.id(slot / STRIDE);
    }

    long first(int slot) {
        return table[slot + FIRST];
    }

    long end(int slot) {
        return table[slot + END];
    }

    /** The lowest index that matters: of what is held, or of what is set aside and may return. */
    long lowest(int slot) {
        boolean aside = table[slot + ASIDE_FIRST] != table[slot + ASIDE_END];
        return aside ? smaller(first(slot), table[slot + ASIDE_FIRST]) : first(slot);
    }

    boolean isEmpty(int slot) {
        return first(slot) == end(slot);
    }

    /** Whether there are entries, and all of them stand in the rewrite queue. */
    boolean isRewritten(int slot) {
        return !isEmpty(slot) && table[slot + REWRITTEN_END] == end(slot);
    }

    private boolean has(int slot, long flag) {
        return (table[slot + FLAGS] & flag) != 0;
    }

    private void set(int slot, long flag, boolean on) {
        table[slot + FLAGS] = on ? table[slot + FLAGS] | flag : table[slot + FLAGS] & ~flag;
    }

    void setExists(int slot) {
        set(slot, EXISTS, true);
    }

    /** Entries are added at {@code index}, after whatever stood there or behind was dropped. */
    void append(int slot, long index, long end, boolean rewrite) {
        if (isEmpty(slot) || Long.compareUnsigned(index, first(slot)) <= 0) {
            table[slot + FIRST] = index;
            table[slot + REWRITTEN_END] = index;
        }
        table[slot + END] = end;
        if (rewrite) {
            table[slot + REWRITTEN_END] = end;
        } else if (Long.compareUnsigned(table[slot + REWRITTEN_END], index) > 0) {
            table[slot + REWRITTEN_END] = index;
        }
        setExists(slot);
    }

    /** Entries from an index on are gone; it lies above the first one. */
    void cut(int slot, long index) {
        assert Long.compareUnsigned(index, first(slot)) > 0 : "cut of everything";
        table[slot + END] = index;
        if (Long.compareUnsigned(table[slot + REWRITTEN_END], index) > 0) {
            table[slot + REWRITTEN_END] = index;
        }
    }

    /** All entries are gone, also those set aside. */
    void dropAll(int slot) {
        dropHeld(slot);
        table[slot + ASIDE_END] = table[slot + ASIDE_FIRST];
    }

    /** All entries are gone but those set aside. */
    void dropHeld(int slot) {
        table[slot + FIRST] = table[slot + END];
        table[slot + REWRITTEN_END] = table[slot + END];
    }

    /** All entries, which are rewritten ones, are set aside. */
    void detach(int slot) {
        table[slot + ASIDE_FIRST] = first(slot);
        table[slot + ASIDE_END] = end(slot);
        dropHeld(slot);
    }

    /** An append at {@code index} found the group empty: what was set aside may return. */
    void reach(int slot, long index) {
        long asideFirst = table[slot + ASIDE_FIRST];
        long asideEnd = table[slot + ASIDE_END];
        if (asideFirst == asideEnd || Long.compareUnsigned(index, asideEnd) > 0) {
            return;
        }
        table[slot + ASIDE_END] = asideFirst;
        if (Long.compareUnsigned(index, asideFirst) > 0) {
            table[slot + FIRST] = asideFirst;
            table[slot + END] = index;
            table[slot + REWRITTEN_END] = index;
        }
    }

    /** Entries below an index are gone. */
    void compact(int slot, long index) {
        if (Long.compareUnsigned(index, table[slot + ASIDE_FIRST]) > 0) {
            table[slot + ASIDE_FIRST] = smaller(index, table[slot + ASIDE_END]);
        }
        if (Long.compareUnsigned(index, end(slot)) >= 0) {
            compactAll(slot, index);
        } else if (!isEmpty(slot) && Long.compareUnsigned(index, first(slot)) > 0) {
            table[slot + FIRST] = index;
            if (Long.compareUnsigned(table[slot + REWRITTEN_END], index) < 0) {
                table[slot + REWRITTEN_END] = index;
            }
        }
    }

    private void compactAll(int slot, long index) {
        table[slot + FIRST] = index;
        table[slot + END] = index;
        table[slot + REWRITTEN_END] = index;
    }

    private static long smaller(long a, long b) {
        return Long.compareUnsigned(a, b) < 0 ? a : b;
    }

    /** The group is gone. */
    void clean(int slot) {
        dropAll(slot);
        set(slot, EXISTS, false);
    }

    // ---- all -----------------------------------------------------------------------------------

    void forEach(Visitor visitor) {
        for (int slot = 0; slot < index.size() * STRIDE; slot += STRIDE) {
            if (has(slot, EXISTS)) {
                visitor.group(group(slot), first(slot), end(slot));
            }
        }
    }

    @Override
    public void close() {
        if (table != null) {
            budget.release(bytes(index.capacity()));
            table = null;
            index = null;
        }
    }
}
