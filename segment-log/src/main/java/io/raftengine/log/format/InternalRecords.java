package io.raftengine.log.format;

import io.raftengine.allocator.Memory;

/**
 * Records that live in the log under the internal key and never become visible to callers.
 *
 * <pre>
 *    PUT of the key 5f 5f 01, value:
 *    1 byte          00 begin, 01 middle, 02 end   atomic marker; the group id field is the atomic group's id
 *    2 bytes or more first byte &gt;= 80             a record of ours; the reference ignores it in both queues
 *                    80 | u64be | u64be            synced watermark, see {@link WatermarkBatch}
 *    anything else                                 ignored
 * </pre>
 *
 * <p>Stateless.
 */
public final class InternalRecords {
    /** Length of the internal key. */
    public static final int KEY_BYTES = 3;

    /** Type of a synced watermark, its first value byte. */
    public static final int WATERMARK = 0x80;

    /** Smallest type of a record of ours; below it stand atomic markers. */
    public static final int RECORD_TYPE_MIN = 0x80;

    static final byte KEY_0 = 0x5f;
    static final byte KEY_1 = 0x5f;
    static final byte KEY_2 = 0x01;

    private InternalRecords() {}

    /**
     * A fresh copy of the internal key.
     *
     * @return its three bytes
     */
    public static byte[] key() {
        return new byte[] {KEY_0, KEY_1, KEY_2};
    }

    /**
     * Whether a key is the internal one. Keys that merely start with it are ordinary.
     *
     * @param bytes where the key is
     * @param offset index of its first byte
     * @param length its length
     * @return true for exactly the three bytes
     */
    public static boolean isInternalKey(byte[] bytes, int offset, int length) {
        return length == KEY_BYTES
                && bytes[offset] == KEY_0
                && bytes[offset + 1] == KEY_1
                && bytes[offset + 2] == KEY_2;
    }

    /** As {@link #isInternalKey(byte[], int, int)}, for a key in off-heap memory. */
    static boolean isInternalKey(long address, int length) {
        return length == KEY_BYTES
                && Memory.getByte(address) == KEY_0
                && Memory.getByte(address + 1) == KEY_1
                && Memory.getByte(address + 2) == KEY_2;
    }
}
