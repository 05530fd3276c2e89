package io.raftengine.engine.memtable;

import io.raftengine.allocator.Memory;

/**
 * What a replay partition does to the entries that came before it, as far as it cannot know the
 * outcome itself. Nearly every group has one or two marks: where its first append begins, and how
 * far it was compacted.
 *
 * <pre>
 *   mark, 16 bytes: u64 index | u64 kind
 *
 *   COMPACT  index   entries below the index are gone
 *   APPEND   index   entries at or behind it are gone; the partition's own go on from there. A hole before it is judged
 *                    by the rules of {@link AppendRule}
 *   DROP             nothing is left
 * </pre>
 */
final class ReplayMarks {
    static final int COMPACT = 1;
    static final int APPEND = 2;
    static final int DROP = 3;

    private static final int MARK_BYTES = 16;
    private static final int CAPACITY_MIN = 4;

    private ReplayMarks() {}

    static void add(Blocks blocks, long record, int kind, long index) {
        int count = ReplayRecord.marks(record);
        if (kind == COMPACT && count > 0 && mergeCompact(blocks, record, count - 1, index)) {
            return;
        }
        if (kind == APPEND && mergeAppend(blocks, record, count, index)) {
            return;
        }
        if (count == ReplayRecord.INLINE_MARKS + ReplayRecord.overflowCapacity(record)) {
            grow(blocks, record);
        }
        set(blocks, record, count, kind, index);
        ReplayRecord.setMarks(record, count + 1);
    }

    /** Two compactions in a row are one, the farther one. */
    private static boolean mergeCompact(Blocks blocks, long record, int last, long index) {
        if (kind(blocks, record, last) != COMPACT) {
            return false;
        }
        if (Long.compareUnsigned(index, index(blocks, record, last)) > 0) {
            Memory.putLong(address(blocks, record, last), index);
        }
        return true;
    }

    /**
     * Of appends that each begin below the one before only the first and the last count, and
     * between them the farthest compaction. The first decides about a hole; if there is none the
     * entries before the partition end where it begins, or nothing is left of them, and every
     * further one cuts off more. So a group has five marks at most.
     *
     * <pre>
     *   APPEND a | [COMPACT c] | APPEND b | [COMPACT d]  and  APPEND index      index &lt;= b &lt;= a
     *   APPEND a | [COMPACT max(c, d)] | APPEND index
     * </pre>
     */
    private static boolean mergeAppend(Blocks blocks, long record, int count, long index) {
        int last = beforeCompact(blocks, record, count - 1);
        int first = beforeCompact(blocks, record, last - 1);
        if (first < 0
                || kind(blocks, record, first) != APPEND
                || kind(blocks, record, last) != APPEND
                || Long.compareUnsigned(index, index(blocks, record, last)) > 0
                || Long.compareUnsigned(index(blocks, record, last), index(blocks, record, first))
                        > 0) {
            return false;
        }
        int next = first + 1;
        boolean compacted = last - first == 2;
        if (last < count - 1) { // a compaction behind the last
            long behind = index(blocks, record, last + 1);
            if (!compacted || Long.compareUnsigned(behind, index(blocks, record, next)) > 0) {
                set(blocks, record, next, COMPACT, behind);
            }
            compacted = true;
        }
        if (compacted) {
            next++;
        }
        set(blocks, record, next, APPEND, index);
        ReplayRecord.setMarks(record, next + 1);
        return true;
    }

    /** The mark, or the one before it if it is a compaction. */
    private static int beforeCompact(Blocks blocks, long record, int number) {
        return number >= 0 && kind(blocks, record, number) == COMPACT ? number - 1 : number;
    }

    private static void set(Blocks blocks, long record, int number, int kind, long index) {
        long mark = address(blocks, record, number);
        Memory.putLong(mark, index);
        Memory.putLong(mark + 8, kind);
    }

    private static void grow(Blocks blocks, long record) {
        int used = ReplayRecord.overflowCapacity(record);
        int capacity = Math.max(CAPACITY_MIN, used * 2);
        int handle = blocks.allocate(capacity * MARK_BYTES);
        if (used > 0) {
            int old = ReplayRecord.overflow(record);
            Memory.copy(blocks.at(old), blocks.at(handle), (long) used * MARK_BYTES);
            blocks.free(old, used * MARK_BYTES);
        }
        ReplayRecord.setOverflow(record, handle, capacity);
    }

    private static long address(Blocks blocks, long record, int number) {
        if (number < ReplayRecord.INLINE_MARKS) {
            return record + ReplayRecord.INLINE + (long) number * MARK_BYTES;
        }
        int further = number - ReplayRecord.INLINE_MARKS;
        return blocks.at(ReplayRecord.overflow(record)) + (long) further * MARK_BYTES;
    }

    static int kind(Blocks blocks, long record, int number) {
        return (int) Memory.getLong(address(blocks, record, number) + 8);
    }

    static long index(Blocks blocks, long record, int number) {
        return Memory.getLong(address(blocks, record, number));
    }

    static void free(Blocks blocks, long record) {
        int capacity = ReplayRecord.overflowCapacity(record);
        if (capacity > 0) {
            blocks.free(ReplayRecord.overflow(record), capacity * MARK_BYTES);
            ReplayRecord.setOverflow(record, 0, 0);
        }
        ReplayRecord.setMarks(record, 0);
    }
}
