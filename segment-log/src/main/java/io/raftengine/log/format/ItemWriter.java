package io.raftengine.log.format;

import io.raftengine.allocator.Memory;

/**
 * Writes the items that are complete at once, commands and key-values, byte for byte as {@link
 * ItemReader} draws them. (Entries come one by one, and {@link BatchEncoder} keeps what is begun.)
 *
 * <p>Each method writes to off-heap memory with enough room, which the constant or method in front
 * of it says, and returns the address behind the item. Nothing is checked: lengths and ranges are
 * the caller's. Stateless.
 */
final class ItemWriter {
    /** Most bytes of a {@link #clean}. */
    static final int CLEAN_BYTES_MAX = Varint.BYTES_MAX + 2;

    /** Most bytes of a {@link #compact}. */
    static final int COMPACT_BYTES_MAX = 2 * Varint.BYTES_MAX + 2;

    /** Most bytes of a {@link #mark}. */
    static final int MARK_BYTES_MAX = Varint.BYTES_MAX + 8;

    private ItemWriter() {}

    static long clean(long at, long groupId) {
        long p = Varint.put(at, groupId);
        Memory.putByte(p++, (byte) ItemReader.TYPE_COMMAND);
        Memory.putByte(p++, (byte) ItemReader.COMMAND_CLEAN);
        return p;
    }

    static long compact(long at, long groupId, long index) {
        long p = Varint.put(at, groupId);
        Memory.putByte(p++, (byte) ItemReader.TYPE_COMMAND);
        Memory.putByte(p++, (byte) ItemReader.COMMAND_COMPACT);
        return Varint.put(p, index);
    }

    /** Most bytes of a put. */
    static long putBytesMax(int keyLength, int valueLength) {
        return 3L * Varint.BYTES_MAX + 2 + keyLength + valueLength;
    }

    static long put(
            long at,
            long groupId,
            byte[] key,
            int keyOffset,
            int keyLength,
            byte[] value,
            int valueOffset,
            int valueLength) {
        long p = keyValueHead(at, groupId, ItemReader.OP_PUT, keyLength);
        Memory.copyFromArray(key, keyOffset, p, keyLength);
        p = Varint.put(p + keyLength, valueLength);
        Memory.copyFromArray(value, valueOffset, p, valueLength);
        return p + valueLength;
    }

    static long put(
            long at,
            long groupId,
            long keyAddress,
            int keyLength,
            long valueAddress,
            int valueLength) {
        long p = keyValueHead(at, groupId, ItemReader.OP_PUT, keyLength);
        Memory.copy(keyAddress, p, keyLength);
        p = Varint.put(p + keyLength, valueLength);
        Memory.copy(valueAddress, p, valueLength);
        return p + valueLength;
    }

    /** Most bytes of a delete. */
    static long deleteBytesMax(int keyLength) {
        return 2L * Varint.BYTES_MAX + 2 + keyLength;
    }

    static long delete(long at, long groupId, byte[] key, int keyOffset, int keyLength) {
        long p = keyValueHead(at, groupId, ItemReader.OP_DELETE, keyLength);
        Memory.copyFromArray(key, keyOffset, p, keyLength);
        return p + keyLength;
    }

    static long delete(long at, long groupId, long keyAddress, int keyLength) {
        long p = keyValueHead(at, groupId, ItemReader.OP_DELETE, keyLength);
        Memory.copy(keyAddress, p, keyLength);
        return p + keyLength;
    }

    /** A put of the internal key: what a batch is in an atomic group. */
    static long mark(long at, long atomicGroupId, AtomicMarker marker) {
        long p = keyValueHead(at, atomicGroupId, ItemReader.OP_PUT, InternalRecords.KEY_BYTES);
        Memory.putByte(p++, InternalRecords.KEY_0);
        Memory.putByte(p++, InternalRecords.KEY_1);
        Memory.putByte(p++, InternalRecords.KEY_2);
        Memory.putByte(p++, (byte) 1);
        Memory.putByte(p++, (byte) marker.value());
        return p;
    }

    private static long keyValueHead(long at, long groupId, int op, int keyLength) {
        long p = Varint.put(at, groupId);
        Memory.putByte(p++, (byte) ItemReader.TYPE_KV);
        Memory.putByte(p++, (byte) op);
        return Varint.put(p, keyLength);
    }
}
