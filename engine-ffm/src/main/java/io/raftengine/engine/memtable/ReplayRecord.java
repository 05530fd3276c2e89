package io.raftengine.engine.memtable;

import io.raftengine.allocator.Memory;

/**
 * A group as one replay partition sees it: a {@link GroupRecord} for what the partition itself
 * added, followed by what it did to the entries that came before the partition, which it does not
 * know; the only class that knows the layout of the second half.
 *
 * <pre>
 *   byte  64          68          72              76                  80            96                128
 *         +-----------+-----------+---------------+-------------------+-------------+-----------------+
 *         | flags     | marks     | further marks | room for further  |      0      | 2 marks of 16 B |
 *         +-----------+-----------+---------------+-------------------+-------------+-----------------+
 *   flags   bit 0 definite: nothing of what came before is left, so the partition's own entries are all there are
 *           bit 1 cleaned: the group was removed at least once
 *           bit 2 created: an entry or key came after the last removal
 *           bit 3 deletions: some cells of the key tree say that a key is gone
 *   marks   what happened to the entries before the partition, in log order; see {@link ReplayMarks}
 * </pre>
 */
final class ReplayRecord {
    static final int BYTES = 128;

    static final int DEFINITE = 1;
    static final int CLEANED = 2;
    static final int CREATED = 4;
    static final int DELETIONS = 8;

    static final int INLINE_MARKS = 2;
    static final int INLINE = 96;

    private static final int FLAGS = 64;
    private static final int MARKS = 68;
    private static final int OVERFLOW = 72;
    private static final int CAPACITY = 76;

    private ReplayRecord() {}

    static void initialize(long record) {
        Memory.fill(record + GroupRecord.BYTES, BYTES - GroupRecord.BYTES, (byte) 0);
    }

    static boolean has(long record, int flag) {
        return (Memory.getInt(record + FLAGS) & flag) != 0;
    }

    static void set(long record, int flags) {
        Memory.putInt(record + FLAGS, Memory.getInt(record + FLAGS) | flags);
    }

    static void unset(long record, int flags) {
        Memory.putInt(record + FLAGS, Memory.getInt(record + FLAGS) & ~flags);
    }

    static int marks(long record) {
        return Memory.getInt(record + MARKS);
    }

    static void setMarks(long record, int count) {
        Memory.putInt(record + MARKS, count);
    }

    static int overflow(long record) {
        return Memory.getInt(record + OVERFLOW);
    }

    static int overflowCapacity(long record) {
        return Memory.getInt(record + CAPACITY);
    }

    static void setOverflow(long record, int handle, int capacity) {
        Memory.putInt(record + OVERFLOW, handle);
        Memory.putInt(record + CAPACITY, capacity);
    }
}
