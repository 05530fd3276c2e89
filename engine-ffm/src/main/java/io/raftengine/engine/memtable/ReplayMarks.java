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
        if (count == ReplayRecord.INLINE_MARKS + ReplayRecord.overflowCapacity(record)) {
            grow(blocks, record);
        }
        long mark = address(blocks, record, count);
        Memory.putLong(mark, index);
        Memory.putLong(mark + 8, kind);
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
