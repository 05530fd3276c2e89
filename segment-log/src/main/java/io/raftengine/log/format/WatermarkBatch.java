package io.raftengine.log.format;

import io.raftengine.allocator.Memory;
import java.util.zip.CRC32;

/**
 * The synced watermark: a batch of its own that promises that the bytes of its segment below {@code
 * watermark} were on disk before it was written. The only class that knows its layout. V2 segments
 * only.
 *
 * <pre>
 *    byte  0         8         16   17   18   19   20   21        24   25     26           34            42        46
 *          +---------+---------+----+----+----+----+----+---------+----+------+------------+-------------+---------+
 *          | 46 &lt;&lt; 8 | 16      | 01 | 00 | 03 | 01 | 03 | 5f 5f 01| 11 |  80  | watermark  | position    | crc^sig |
 *          +---------+---------+----+----+----+----+----+---------+----+------+------------+-------------+---------+
 *          batch header        1 item, group 0, PUT of the internal key       u64be        u64be         u32le
 *    watermark   file offset: bytes [0, watermark) of this segment are on disk
 *    position    file offset of this very batch
 * </pre>
 *
 * <p>Why the position: log bytes may travel inside an entry (somebody replicates a directory), and
 * a search behind a damaged batch looks at every offset. A record that names its own place cannot
 * be mistaken for one that was copied. To the reference this is a PUT of a key that it ignores. One
 * thread at a time; nothing is allocated by a write.
 */
public final class WatermarkBatch {
    /** Length of the batch. */
    public static final int BYTES = 46;

    private static final int SECTION = BatchHeader.BYTES;
    private static final int TYPE = 25;
    private static final int WATERMARK = 26;
    private static final int POSITION = 34;
    private static final int CRC = 42;
    private static final byte[] TEMPLATE = template();

    private final byte[] bytes = TEMPLATE.clone();
    private final CRC32 crc = new CRC32();

    /** A writer of watermarks. */
    public WatermarkBatch() {}

    /**
     * Writes a watermark batch, signed.
     *
     * @param address off-heap memory with room for {@link #BYTES}
     * @param position file offset that this batch will have
     * @param watermark file offset below which everything is on disk, at most {@code position}
     * @param signature of the segment
     */
    public void write(long address, long position, long watermark, int signature) {
        assert watermark >= 0 && watermark <= position : watermark + " at " + position;
        BigEndian.putLong(bytes, WATERMARK, watermark);
        BigEndian.putLong(bytes, POSITION, position);
        crc.reset();
        crc.update(bytes, SECTION, CRC - SECTION);
        BigEndian.putIntLittleEndian(bytes, CRC, (int) crc.getValue() ^ signature);
        Memory.copyFromArray(bytes, 0, address, BYTES);
    }

    /**
     * The watermark in a batch whose item checksum was verified.
     *
     * @param bytes where the batch is
     * @param at index of its first byte; {@link #BYTES} bytes are there
     * @param position file offset the batch was found at
     * @return the watermark, or -1 if the batch is none, or one that belongs elsewhere
     */
    static long parse(byte[] bytes, int at, long position) {
        if (!looksLikeOne(bytes, at) || BigEndian.getLong(bytes, at + POSITION) != position) {
            return -1;
        }
        long watermark = BigEndian.getLong(bytes, at + WATERMARK);
        return watermark >= 0 && watermark <= position ? watermark : -1;
    }

    /** As {@link #parse}, for a batch that nobody verified yet. */
    static long find(byte[] bytes, int at, long position, int signature, CRC32 crc) {
        long watermark = parse(bytes, at, position);
        if (watermark >= 0) {
            crc.reset();
            crc.update(bytes, at + SECTION, CRC - SECTION);
            int stored = BigEndian.getIntLittleEndian(bytes, at + CRC);
            if (((int) crc.getValue() ^ signature) != stored) {
                return -1;
            }
        }
        return watermark;
    }

    private static boolean looksLikeOne(byte[] bytes, int at) {
        // From the back: the front is what other batches share.
        for (int i = TYPE; i >= 0; i--) {
            if (bytes[at + i] != TEMPLATE[i]) {
                return false;
            }
        }
        return true;
    }

    private static byte[] template() {
        byte[] b = new byte[BYTES];
        BigEndian.putLong(b, 0, (long) BYTES << 8 | BatchHeader.TYPE_NONE);
        BigEndian.putLong(b, 8, BatchHeader.BYTES);
        int at = SECTION;
        b[at++] = 1;
        b[at++] = 0;
        b[at++] = ItemReader.TYPE_KV;
        b[at++] = ItemReader.OP_PUT;
        b[at++] = InternalRecords.KEY_BYTES;
        b[at++] = InternalRecords.KEY_0;
        b[at++] = InternalRecords.KEY_1;
        b[at++] = InternalRecords.KEY_2;
        b[at++] = CRC - TYPE;
        b[at] = (byte) InternalRecords.WATERMARK;
        return b;
    }
}
