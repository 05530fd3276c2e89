package io.raftengine.log.format;

import io.raftengine.allocator.GrowableBuffer;
import io.raftengine.error.CorruptionException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.zip.CRC32;

/**
 * Entries blocks as they are stored: verifies and unfolds them. The only class that knows their
 * layout.
 *
 * <pre>
 *    type 0   | content                                  | u32le crc of what is before |
 *    type 1   | u32le content length | LZ4 block         | u32le crc of what is before |
 * </pre>
 *
 * <p>The content is the entries of the batch, one behind the other; where each ends is said by the
 * tails of the item section. The checksum is never signed. One thread at a time; nothing is
 * allocated unless something is wrong.
 */
public final class BlockDecoder {
    /** Length of what is in front of an LZ4 block. */
    static final int LZ4_PREFIX_BYTES = 4;

    /** An LZ4 block cannot unfold to more than this many times its length. */
    private static final int LZ4_RATIO_MAX = 255;

    private static final int CRC = BatchHeader.CRC_BYTES;

    private final CRC32 crc = new CRC32();

    /** A decoder. */
    public BlockDecoder() {}

    /**
     * Verifies the checksum of a block, and of an LZ4 block the length in front.
     *
     * @param stored direct buffer with the block
     * @param at index of its first byte
     * @param blockBytes its length, checksum included
     * @param compressed whether it is LZ4
     * @param file name for the error
     * @param offset of the block in the file, for the error
     * @return length of the content in bytes
     * @throws CorruptionException wrong checksum or impossible length
     */
    public int verify(
            ByteBuffer stored,
            int at,
            int blockBytes,
            boolean compressed,
            String file,
            long offset) {
        int length = blockBytes - CRC;
        if (length <= 0) {
            throw new CorruptionException(
                    file,
                    offset,
                    "entries block length",
                    "more than " + CRC + " bytes",
                    Integer.toString(blockBytes));
        }
        crc.reset();
        crc.update(stored.clear().limit(at + length).position(at));
        int computed = (int) crc.getValue();
        stored.clear();
        int found = getIntLittleEndian(stored, at + length);
        if (computed != found) {
            throw new CorruptionException(
                    file,
                    offset,
                    "entries checksum",
                    HexFormat.of().toHexDigits(computed),
                    HexFormat.of().toHexDigits(found));
        }
        if (!compressed) {
            return length;
        }
        int content = length > LZ4_PREFIX_BYTES ? getIntLittleEndian(stored, at) : -1;
        if (!plausibleContent(content, length) || content > Lz4.INPUT_BYTES_MAX) {
            throw new CorruptionException(
                    file,
                    offset,
                    "LZ4 content length",
                    "at most "
                            + LZ4_RATIO_MAX
                            + " times the "
                            + (length - LZ4_PREFIX_BYTES)
                            + " stored bytes and "
                            + Lz4.INPUT_BYTES_MAX,
                    Integer.toUnsignedString(content));
        }
        return content;
    }

    /**
     * Unfolds an LZ4 block that was verified.
     *
     * @param stored direct buffer with the block
     * @param at index of its first byte
     * @param blockBytes its length, checksum included
     * @param contentBytes what {@link #verify} returned
     * @param target where the content goes, from its start; grown as needed
     * @param file name for the error
     * @param offset of the block in the file, for the error
     * @throws CorruptionException no LZ4 block, or one of another length
     * @throws io.raftengine.error.MemoryLimitException no room for the content
     * @throws io.raftengine.error.UnsupportedFeatureException the native library cannot be loaded
     */
    public void unfold(
            ByteBuffer stored,
            int at,
            int blockBytes,
            int contentBytes,
            GrowableBuffer target,
            String file,
            long offset) {
        target.ensureCapacity(Math.max(1, contentBytes), 0);
        int from = at + LZ4_PREFIX_BYTES;
        int length = blockBytes - CRC - LZ4_PREFIX_BYTES;
        int unfolded = Lz4.decompress(stored, from, length, target.view(), 0, contentBytes);
        if (unfolded != contentBytes) {
            throw new CorruptionException(
                    file,
                    offset,
                    "LZ4 block",
                    contentBytes + " bytes of content",
                    unfolded < 0 ? "a malformed block" : unfolded + " bytes");
        }
    }

    /**
     * Whether so many stored bytes can unfold to so much content.
     *
     * @param contentBytes length of the content
     * @param storedBytes length of an LZ4 block with its prefix and without its checksum
     * @return false if no LZ4 block does that
     */
    public static boolean plausibleContent(int contentBytes, long storedBytes) {
        long block = storedBytes - LZ4_PREFIX_BYTES;
        return contentBytes >= 0 && block > 0 && contentBytes <= block * LZ4_RATIO_MAX;
    }

    private static int getIntLittleEndian(ByteBuffer bytes, int at) {
        int word = bytes.getInt(at);
        return bytes.order() == ByteOrder.LITTLE_ENDIAN ? word : Integer.reverseBytes(word);
    }
}
