package io.raftengine.testing.forge;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.zip.CRC32;

/**
 * One segment file, batch after batch. Checksums are right and signed for the segment's number,
 * what they cover is the caller's business. For one thread.
 */
public final class SegmentForge {
    /** Bytes in front of a V2 segment. */
    public static final int V2_HEADER_BYTES = 69;

    /** Length of a watermark batch. */
    public static final int WATERMARK_BYTES = 46;

    private static final byte[] MAGIC =
            "RAFT-LOG-FILE-HEADER-9986AB3E47F320B394C8E84916EB0ED5"
                    .getBytes(StandardCharsets.US_ASCII);

    private final int version;
    private final long seq;
    private final ByteArrayOutputStream file = new ByteArrayOutputStream();
    private final List<Integer> batchOffsets = new ArrayList<>();

    /** A segment with a header. */
    public SegmentForge(int version, long seq) {
        this(version, seq, 0);
    }

    /** A V2 segment that claims an alignment, or a V1 segment that claims none. */
    public SegmentForge(int version, long seq, long alignment) {
        this.version = version;
        this.seq = seq;
        file.writeBytes(header(version, alignment));
    }

    /** A header with any version and alignment. */
    public static byte[] header(long version, long alignment) {
        ByteBuffer bytes = ByteBuffer.allocate(MAGIC.length + (version == 1 ? 8 : 16));
        bytes.put(MAGIC).putLong(version);
        if (version != 1) {
            bytes.putLong(alignment);
        }
        return bytes.array();
    }

    /** Name of a segment of the append queue. */
    public static String appendName(long seq) {
        return String.format(Locale.ROOT, "%016d.raftlog", seq);
    }

    /** Name of a segment of the rewrite queue. */
    public static String rewriteName(long seq) {
        return String.format(Locale.ROOT, "%016d.rewrite", seq);
    }

    /** A batch without entries. */
    public SegmentForge batch(ItemForge items) {
        return batch(new byte[0], items);
    }

    /** A batch with uncompressed entries. */
    public SegmentForge batch(byte[] content, ItemForge items) {
        return stored(content, 0, items.bytes());
    }

    /** A batch whose stored entries say that they are LZ4 and unfold to so many bytes. */
    public SegmentForge lz4Batch(int rawBytes, byte[] block, ItemForge items) {
        ByteBuffer stored = ByteBuffer.allocate(4 + block.length).order(ByteOrder.LITTLE_ENDIAN);
        stored.putInt(rawBytes).put(block);
        return stored(stored.array(), 1, items.bytes());
    }

    /**
     * A batch of one entry whose LZ4 block claims the most that a block can, 2^31-1 bytes, and has
     * enough stored bytes for that to be possible; they do not unfold.
     */
    public SegmentForge batchOfTheLargestClaim(long group, long index) {
        byte[] block = new byte[Integer.MAX_VALUE / 255 + 9000]; // LZ4 makes at most 255 of one
        return lz4Batch(
                Integer.MAX_VALUE, block, new ItemForge().entries(group, index, Integer.MAX_VALUE));
    }

    /** A batch of any section, whose checksum is right. */
    public SegmentForge stored(byte[] content, int type, byte[] section) {
        int entriesBytes = content.length == 0 ? 0 : content.length + 4;
        int total = 16 + entriesBytes + section.length + 4;
        return claiming(total, type, 16 + entriesBytes, content, section);
    }

    /** A batch whose header claims what it is told to. */
    public SegmentForge claiming(
            long total, int type, long itemOffset, byte[] content, byte[] section) {
        batchOffsets.add(file.size());
        ByteBuffer header = ByteBuffer.allocate(16);
        header.putLong(total << 8 | type).putLong(itemOffset);
        file.writeBytes(header.array());
        if (content.length > 0) {
            file.writeBytes(content);
            file.writeBytes(littleEndian(crc(content)));
        }
        file.writeBytes(section);
        file.writeBytes(littleEndian(crc(section) ^ signature()));
        return this;
    }

    /** A synced watermark that names its own place. */
    public SegmentForge watermark(long watermark) {
        return watermark(watermark, file.size());
    }

    /** A synced watermark that names any place. */
    public SegmentForge watermark(long watermark, long place) {
        ByteBuffer value = ByteBuffer.allocate(17);
        value.put((byte) 0x80).putLong(watermark).putLong(place);
        return batch(new ItemForge().put(0, ItemForge.INTERNAL_KEY, value.array()));
    }

    /** Any bytes. */
    public SegmentForge raw(byte[] bytes) {
        file.writeBytes(bytes);
        return this;
    }

    /** Where the next byte goes. */
    public int position() {
        return file.size();
    }

    /** Where the batches begin. */
    public List<Integer> batchOffsets() {
        return batchOffsets;
    }

    /** The file. */
    public byte[] bytes() {
        return file.toByteArray();
    }

    /** Writes the file into a directory, under the name of an append segment. */
    public Path writeTo(Path directory) {
        return write(directory.resolve(appendName(seq)), bytes());
    }

    /** Writes the file into a directory, under the name of a rewrite segment. */
    public Path writeRewriteTo(Path directory) {
        return write(directory.resolve(rewriteName(seq)), bytes());
    }

    /** Writes a file. */
    public static Path write(Path path, byte[] bytes) {
        try {
            return Files.write(path, bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private int signature() {
        return version == 1 ? 0 : (int) seq;
    }

    private static int crc(byte[] bytes) {
        CRC32 crc = new CRC32();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    private static byte[] littleEndian(int word) {
        return ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(word).array();
    }
}
