package io.raftengine.log.format;

import java.util.zip.CRC32;

/**
 * A stretch of batches, one behind the other, each of which is one entry and nothing else: its only
 * item is of one entry, which is all of its uncompressed block. A log of small synchronous writes
 * consists of little else, so millions of them are read by a JVM that has only just started, where
 * every call and every field costs. Here they are recognised, checked and noted down in arrays by
 * one method that is compiled early; the reader of items never sees them. That halved the processor
 * time of a scan.
 *
 * <p>It only ever says yes to what {@link BatchScanner#next} would find whole and valid too. At
 * anything else, be it damaged or merely larger, the stretch ends before it and the general way
 * decides.
 *
 * <p>Filled by {@link BatchScanner#nextSingles}; valid until the scanner is moved. One thread at a
 * time.
 */
public final class SingleEntryBatches {
    /** Most batches of one stretch. */
    public static final int CAPACITY = 1024;

    /** Item count, group id, type, entry count, index and tail, of one byte each. */
    private static final int SECTION_BYTES_MIN = 6;

    private static final int HEADER = BatchHeader.BYTES;
    private static final int CRC = BatchHeader.CRC_BYTES;
    private static final int BYTES_MIN = HEADER + 1 + CRC + SECTION_BYTES_MIN + CRC;

    /** Longer numbers go the general way. */
    private static final int VARINT_BYTES_MAX = 8;

    private final byte[] window;
    private final CRC32 crc;
    private final ItemReader items;

    private final long[] groupIds = new long[CAPACITY];
    private final long[] indexes = new long[CAPACITY];
    private final int[] offsets = new int[CAPACITY];
    private final int[] lengths = new int[CAPACITY];
    private int count;

    // What the window holds, and how its batches are signed.
    private int origin; // file offset of its first byte, below 4 GiB
    private int limit;
    private int signature;
    private boolean verify;

    // Where the stretch begins, and cursors of the batch and of the number that were read last.
    private int start;
    private int batchStart;
    private int batchEnd;
    private int numberEnd;

    SingleEntryBatches(byte[] window, CRC32 crc, ItemReader items) {
        this.window = window;
        this.crc = crc;
        this.items = items;
    }

    /**
     * Takes in as many batches as there are.
     *
     * @param windowStart file offset of the window's first byte; the window ends below 4 GiB
     * @param from index in the window of the first batch
     * @param to index behind the last byte of the window
     */
    void read(long windowStart, int from, int to, int sign, boolean verifyEntries) {
        origin = (int) windowStart;
        limit = to;
        signature = sign;
        verify = verifyEntries;
        start = from;
        batchEnd = from;
        count = 0;
        while (count < CAPACITY && take(batchEnd)) {
            count++;
        }
    }

    /** Notes the batch down that starts at {@code at}, if it is one of these. */
    private boolean take(int at) {
        byte[] b = window;
        if (limit - at < BYTES_MIN) {
            return false;
        }
        // The window ends below 2^24, so all but three bytes of both numbers are zero; so is the
        // type.
        int zeros = b[at] | b[at + 1] | b[at + 2] | b[at + 3] | b[at + 7];
        zeros |= b[at + 8] | b[at + 9] | b[at + 10] | b[at + 11] | b[at + 12];
        int total = threeBytes(b, at + 4);
        int section = threeBytes(b, at + 13);
        int end = at + total;
        int sectionEnd = end - CRC;
        int item = at + section;
        if (zeros != 0
                || end > limit
                || section <= HEADER + CRC
                || sectionEnd - item < SECTION_BYTES_MIN
                || b[item] != 1
                || !isIntact(item, sectionEnd, signature)
                || !takeItem(b, item + 1, sectionEnd, section - HEADER - CRC)
                || verify && !isIntact(at + HEADER, item - CRC, 0)) {
            return false;
        }
        offsets[count] = origin + at + HEADER;
        lengths[count] = section - HEADER;
        batchStart = at;
        batchEnd = end;
        return true;
    }

    private static int threeBytes(byte[] b, int at) {
        return (b[at] & 0xff) << 16 | (b[at + 1] & 0xff) << 8 | b[at + 2] & 0xff;
    }

    private boolean isIntact(int from, int to, int sign) {
        crc.reset();
        crc.update(window, from, to - from);
        return ((int) crc.getValue() ^ sign) == BigEndian.getIntLittleEndian(window, to);
    }

    /** The item, which must end where the section does. */
    private boolean takeItem(byte[] b, int from, int to, int contentBytes) {
        long group = number(b, from, to);
        int p = numberEnd;
        if (to - p < 4 || b[p] != ItemReader.TYPE_ENTRIES || b[p + 1] != 1) {
            return false;
        }
        long index = number(b, p + 2, to);
        p = numberEnd;
        if (p >= to || number(b, p, to) != contentBytes || numberEnd != to) {
            return false;
        }
        groupIds[count] = group;
        indexes[count] = index;
        return true;
    }

    /**
     * A varint; sets {@link #numberEnd} behind it, or to where no item can go on if it is too long
     * or not all there.
     */
    private long number(byte[] b, int from, int to) {
        int p = from;
        int stop = Math.min(to, from + VARINT_BYTES_MAX);
        long value = 0;
        int shift = 0;
        while (p < stop) {
            byte x = b[p++];
            value |= (long) (x & 0x7f) << shift;
            if (x >= 0) {
                numberEnd = p;
                return value;
            }
            shift += 7;
        }
        numberEnd = Integer.MAX_VALUE;
        return -1;
    }

    // ---- the stretch ---------------------------------------------------------------------------

    /**
     * How many batches the stretch has.
     *
     * @return 0 .. {@link #CAPACITY}
     */
    public int count() {
        return count;
    }

    /**
     * How long the stretch is.
     *
     * @return bytes of the segment
     */
    public int stretchBytes() {
        return batchEnd - start;
    }

    /**
     * The groups of the entries.
     *
     * @return one per batch, unsigned; not to be changed
     */
    public long[] groupIds() {
        return groupIds;
    }

    /**
     * The indexes of the entries.
     *
     * @return one per batch; not to be changed
     */
    public long[] indexes() {
        return indexes;
    }

    /**
     * Where the entries blocks are in the segment.
     *
     * @return file offsets, one per batch, unsigned; not to be changed
     */
    public int[] blockOffsets() {
        return offsets;
    }

    /**
     * How long the entries blocks are.
     *
     * @return bytes with the checksum, one per batch, at least 5: the entry is 4 bytes shorter; not
     *     to be changed
     */
    public int[] blockBytes() {
        return lengths;
    }

    /**
     * The items of one batch, for who wants to see it like any other.
     *
     * @param batch 0 .. {@link #count} - 1
     * @return the scanner's own reader, before the only item
     */
    public ItemReader items(int batch) {
        int from = offsets[batch] - origin + lengths[batch];
        int to = sectionEnd(from);
        items.open(window, from, to, Integer.toUnsignedLong(origin) + from, lengths[batch] - CRC);
        return items;
    }

    private int sectionEnd(int from) {
        int p = from + 1; // behind the item count
        number(window, p, limit);
        number(window, numberEnd + 2, limit);
        number(window, numberEnd, limit);
        return numberEnd;
    }

    /** Index in the window of the last batch. */
    int lastStart() {
        return batchStart;
    }

    /** Index in the window behind the last batch. */
    int end() {
        return batchEnd;
    }
}
