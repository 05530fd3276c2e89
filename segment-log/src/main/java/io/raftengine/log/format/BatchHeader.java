package io.raftengine.log.format;

import io.raftengine.allocator.Memory;
import io.raftengine.error.CorruptionException;

/**
 * Header in front of every log batch; the only class that knows its layout.
 *
 * <pre>
 *    byte  0              7      8              16                item offset           total - 4   total
 *          +--------------+------+--------------+-----------------+---------------------+-----------+
 *          | total bytes  | type | item offset  | entries block   | item section        | item crc  |
 *          +--------------+------+--------------+-----------------+---------------------+-----------+
 *    total bytes   u56, big-endian: the whole batch, header and checksums included
 *    type          0 = entries block as it is, 1 = LZ4
 *    item offset   u64, big-endian: where the item section starts, 16 = there is no entries block
 *    item crc      u32, little-endian: CRC-32 of the item section XOR the segment's signature
 * </pre>
 *
 * <p>No checksum covers these 16 bytes; what makes a header trustworthy is that the item checksum
 * is found where it says. Immutable, safe for all threads.
 *
 * @param totalBytes length of the batch
 * @param compressed whether the entries block is LZ4
 * @param itemOffset where the item section starts, from the start of the batch
 */
public record BatchHeader(long totalBytes, boolean compressed, long itemOffset) {
    /** Length of the header, and so where the entries block starts. */
    public static final int BYTES = 16;

    /** Length of each of the two checksums. */
    public static final int CRC_BYTES = 4;

    /** Length of the shortest batch there can be: no entries and an item section of one byte. */
    public static final int BATCH_BYTES_MIN = BYTES + 1 + CRC_BYTES;

    static final int TYPE_NONE = 0;
    static final int TYPE_LZ4 = 1;

    static final int OK = 0;
    static final int BAD_TYPE = 1;
    static final int OFFSET_BEYOND_BATCH = 2;
    static final int OFFSET_IN_HEADER = 3;

    /**
     * Writes a header.
     *
     * @param address off-heap memory with room for {@link #BYTES}
     * @param totalBytes length of the batch, below 2^56
     * @param compressed whether the entries block is LZ4
     * @param itemOffset where the item section starts
     */
    public static void encode(long address, long totalBytes, boolean compressed, long itemOffset) {
        assert totalBytes > itemOffset + CRC_BYTES && totalBytes >>> 56 == 0 : totalBytes;
        assert itemOffset >= BYTES : itemOffset;
        Memory.putLongBE(address, totalBytes << 8 | (compressed ? TYPE_LZ4 : TYPE_NONE));
        Memory.putLongBE(address + 8, itemOffset);
    }

    /**
     * Reads and checks a header.
     *
     * @param bytes where it is
     * @param at index of its first byte
     * @param length how many bytes are there from {@code at} on
     * @param file name for the error
     * @param offset position in the file for the error
     * @return the header
     * @throws CorruptionException fewer than 16 bytes, unknown type, or an item offset outside the
     *     batch
     */
    public static BatchHeader decode(byte[] bytes, int at, int length, String file, long offset) {
        if (length < BYTES) {
            throw new CorruptionException(
                    file, offset, "batch header", BYTES + " bytes", length + " bytes");
        }
        int problem = check(bytes, at);
        if (problem != OK) {
            throw failure(problem, bytes, at, file, offset);
        }
        return new BatchHeader(totalBytes(bytes, at), compressed(bytes, at), itemOffset(bytes, at));
    }

    /**
     * The length that a header claims, for a batch that was verified.
     *
     * @param address of the header's {@link #BYTES} bytes
     * @return length of the whole batch in bytes
     */
    public static long totalBytes(long address) {
        return Memory.getLongBE(address) >>> 8;
    }

    static long totalBytes(byte[] bytes, int at) {
        return BigEndian.getLong(bytes, at) >>> 8;
    }

    static boolean compressed(byte[] bytes, int at) {
        return bytes[at + 7] == TYPE_LZ4;
    }

    static long itemOffset(byte[] bytes, int at) {
        return BigEndian.getLong(bytes, at + 8);
    }

    /** Checks the fields against each other, in the reference's order; says which is wrong. */
    static int check(byte[] bytes, int at) {
        return check(bytes[at + 7], totalBytes(bytes, at), itemOffset(bytes, at));
    }

    static int check(byte type, long total, long itemOffset) {
        if ((type & 0xff) > TYPE_LZ4) {
            return BAD_TYPE;
        }
        if (itemOffset > total || itemOffset < 0) {
            return OFFSET_BEYOND_BATCH;
        }
        return itemOffset < BYTES ? OFFSET_IN_HEADER : OK;
    }

    static CorruptionException failure(
            int problem, byte[] bytes, int at, String file, long offset) {
        long total = totalBytes(bytes, at);
        String found = Long.toUnsignedString(itemOffset(bytes, at));
        return switch (problem) {
            case BAD_TYPE ->
                    new CorruptionException(
                            file,
                            offset,
                            "batch compression type",
                            "0 or 1",
                            Integer.toString(bytes[at + 7] & 0xff));
            case OFFSET_BEYOND_BATCH ->
                    new CorruptionException(
                            file, offset, "batch item offset", "at most " + total, found);
            default ->
                    new CorruptionException(
                            file, offset, "batch item offset", "at least " + BYTES, found);
        };
    }
}
