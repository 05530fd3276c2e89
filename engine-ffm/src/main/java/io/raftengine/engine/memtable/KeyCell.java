package io.raftengine.engine.memtable;

import io.raftengine.allocator.Memory;
import io.raftengine.log.format.ItemReader;

/**
 * One key with its value, off-heap; the only class that knows its layout. A cell is written once
 * and replaced as a whole.
 *
 * <pre>
 *   byte  0                8              12             16
 *         +----------------+--------------+--------------+-----+-------+
 *         | place          | key bytes    | value bytes  | key | value |
 *         +----------------+--------------+--------------+-----+-------+
 *   place       segment of the batch that put it, bit 63: of the rewrite queue, bit 62: of the append queue, and replay
 *               of the rewrite queue alone would find an older value of the key; while the cell waits to be applied, or
 *               a deletion to be carried: handle of the next one
 *   key bytes   bit 31: the key was deleted; then the value is the segment of the batch that says so, 8 bytes
 * </pre>
 */
final class KeyCell {
    static final int HEADER_BYTES = 16;

    private static final int PLACE = 0;
    private static final int KEY_BYTES = 8;
    private static final int VALUE_BYTES = 12;
    private static final int DELETED = 1 << 31;
    private static final long REWRITE = 1L << 63;
    private static final long SHADOWS = 1L << 62;
    private static final int DELETED_VALUE_BYTES = 8;

    private KeyCell() {}

    /** Copies the key and value of a PUT item into a new cell. */
    static int create(Blocks blocks, ItemReader item) {
        int keyBytes = item.keyLength();
        int valueBytes = item.valueLength();
        int handle = blocks.allocate(bytes(keyBytes, valueBytes));
        long cell = blocks.at(handle);
        Memory.putLong(cell + PLACE, 0);
        Memory.putInt(cell + KEY_BYTES, keyBytes);
        Memory.putInt(cell + VALUE_BYTES, valueBytes);
        // The key first: taking the value may move the reader's window.
        Memory.copyFromArray(item.keyArray(), item.keyOffset(), cell + HEADER_BYTES, keyBytes);
        try {
            item.copyValue(cell + HEADER_BYTES + keyBytes);
        } catch (RuntimeException | Error broken) {
            blocks.free(handle, bytes(keyBytes, valueBytes));
            throw broken;
        }
        return handle;
    }

    /** A cell that says the key is gone. */
    static int createDeleted(Blocks blocks, ItemReader item) {
        int keyBytes = item.keyLength();
        int handle = blocks.allocate(bytes(keyBytes, DELETED_VALUE_BYTES));
        long cell = blocks.at(handle);
        Memory.putLong(cell + PLACE, 0);
        Memory.putInt(cell + KEY_BYTES, keyBytes | DELETED);
        Memory.putInt(cell + VALUE_BYTES, DELETED_VALUE_BYTES);
        Memory.copyFromArray(item.keyArray(), item.keyOffset(), cell + HEADER_BYTES, keyBytes);
        setDeletedIn(cell, 0);
        return handle;
    }

    /** Segment of the batch that deleted the key. */
    static long deletedIn(long cell) {
        return Memory.getLong(value(cell));
    }

    static void setDeletedIn(long cell, long segment) {
        Memory.putLong(value(cell), segment);
    }

    /** Size of a cell; the limit on both that reading has keeps it below 2^31. */
    static int bytes(int keyBytes, int valueBytes) {
        return Math.addExact(Math.addExact(HEADER_BYTES, keyBytes), valueBytes);
    }

    static int bytes(long cell) {
        return bytes(keyBytes(cell), valueBytes(cell));
    }

    static void free(Blocks blocks, int handle) {
        blocks.free(handle, bytes(blocks.at(handle)));
    }

    static int keyBytes(long cell) {
        return Memory.getIntRacy(cell + KEY_BYTES) & Integer.MAX_VALUE;
    }

    static boolean deleted(long cell) {
        return Memory.getIntRacy(cell + KEY_BYTES) < 0;
    }

    static int valueBytes(long cell) {
        return Memory.getIntRacy(cell + VALUE_BYTES);
    }

    static long key(long cell) {
        return cell + HEADER_BYTES;
    }

    static long value(long cell) {
        return cell + HEADER_BYTES + keyBytes(cell);
    }

    static int nextWaiting(long cell) {
        return (int) Memory.getLong(cell + PLACE);
    }

    static void setNextWaiting(long cell, int handle) {
        Memory.putLong(cell + PLACE, handle);
    }

    static void setPlace(long cell, boolean rewrite, long segment) {
        Memory.putLong(cell + PLACE, rewrite ? segment | REWRITE : segment);
    }

    static long segment(long cell) {
        return Memory.getLong(cell + PLACE) & ~(REWRITE | SHADOWS);
    }

    static boolean inRewriteQueue(long cell) {
        return Memory.getLong(cell + PLACE) < 0;
    }

    /** Whether replay of the rewrite queue alone would find the key. */
    static boolean inOrShadowsRewriteQueue(long cell) {
        return (Memory.getLong(cell + PLACE) & (REWRITE | SHADOWS)) != 0;
    }

    /** Notes for a cell of the append queue that the rewrite queue holds an older value. */
    static void setShadows(long cell) {
        Memory.putLong(cell + PLACE, Memory.getLong(cell + PLACE) | SHADOWS);
    }

    /** What a reader without the token sees of the place: only equal or not equal to a segment. */
    static long placeRacy(long cell) {
        return Memory.getLongRacy(cell + PLACE);
    }

    static boolean isRewritePlace(long place) {
        return place < 0;
    }

    static long segmentOfPlace(long place) {
        return place & ~(REWRITE | SHADOWS);
    }
}
