package io.raftengine.log.format;

import io.raftengine.allocator.GrowableBuffer;
import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.MemoryLimitException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;

/**
 * Entries of a batch that is being encoded, with head room for the batch header, and their stored
 * form.
 *
 * <pre>
 *    content   | head room, 16 B | entries ...                    | crc |
 *    packed    | head room, 16 B | u32le content bytes | LZ4 block | crc |    only while compressed
 * </pre>
 *
 * <p>A block that is stored elsewhere already is adopted: it goes to {@code packed} as it is, and
 * {@code content} stays empty.
 */
final class ContentBuffer implements AutoCloseable {
    private static final int HEADER = BatchHeader.BYTES;
    private static final int CRC = BatchHeader.CRC_BYTES;
    private static final int PREFIX = BlockDecoder.LZ4_PREFIX_BYTES;
    private static final long INITIAL_BYTES = 4096;

    /** A batch that was larger gives the difference back when it is cleared. */
    static final long KEPT_BYTES = 8 << 20;

    private final GrowableBuffer content;
    private final GrowableBuffer packed;
    private final Lz4 lz4;
    private final CRC32 crc = new CRC32();

    private long end = HEADER;
    private long blockBytes;
    private boolean compressed;

    /** Length of the content of a block that came ready-made; -1 for entries of our own. */
    private long adoptedBytes = -1;

    ContentBuffer(MemoryBudget budget) {
        content = new GrowableBuffer(budget, INITIAL_BYTES, Integer.MAX_VALUE);
        packed = new GrowableBuffer(budget, 0, Integer.MAX_VALUE);
        lz4 = new Lz4(budget);
    }

    long bytes() {
        return end - HEADER;
    }

    long end() {
        return end;
    }

    long address() {
        return content.address();
    }

    /** Makes room for more bytes and the checksum; returns where they go. */
    long reserve(long bytes) {
        if (end + bytes + CRC > content.capacity()) {
            content.ensureCapacity(end + bytes + CRC, end);
        }
        return content.address() + end;
    }

    void advance(long bytes) {
        end += bytes;
    }

    void cutTo(long oldEnd) {
        end = oldEnd;
    }

    /**
     * Takes over a stored block, checksum included. From here on {@link #advance} counts bytes that
     * are in it already.
     */
    void adopt(long blockAddress, int bytes, int contentBytes) {
        packed.ensureCapacity((long) HEADER + bytes, 0);
        Memory.copy(blockAddress, packed.address() + HEADER, bytes);
        adoptedBytes = contentBytes;
        blockBytes = bytes;
        compressed = true;
    }

    /** Whether the block came ready-made. */
    boolean adopted() {
        return adoptedBytes >= 0;
    }

    /** Length of the content of the block that was adopted. */
    long adoptedBytes() {
        return adoptedBytes;
    }

    void clear() {
        end = HEADER;
        adoptedBytes = -1;
        compressed = false;
        blockBytes = 0;
        if (content.capacity() > KEPT_BYTES) {
            content.shrinkTo(KEPT_BYTES);
        }
        if (packed.capacity() > KEPT_BYTES) {
            packed.shrinkTo(KEPT_BYTES);
        }
    }

    /** Brings the entries into their stored form, checksum behind it. */
    void finish(int threshold, int acceleration) {
        if (adopted()) {
            return; // its checksum is part of it
        }
        long bytes = bytes();
        compressed =
                threshold > 0
                        && bytes >= threshold
                        && bytes <= Lz4.INPUT_BYTES_MAX
                        && bytes > PREFIX + 1
                        && compress((int) bytes, acceleration);
        if (compressed) {
            return;
        }
        blockBytes = bytes == 0 ? 0 : bytes + CRC;
        if (bytes != 0) {
            appendChecksum(content, end);
        }
    }

    /** Length of the stored block with its checksum; 0 if there is none. */
    long blockBytes() {
        return blockBytes;
    }

    boolean compressed() {
        return compressed;
    }

    /** Where the header's head room starts, the stored block right behind it. */
    long storedAddress() {
        return compressed ? packed.address() : content.address();
    }

    @Override
    public void close() {
        content.close();
        packed.close();
        lz4.close();
    }

    private boolean compress(int bytes, int acceleration) {
        // Only what gets shorter is worth unfolding at every read, so there is no room for anything
        // else.
        int room = bytes - PREFIX - 1;
        int block;
        try {
            packed.ensureCapacity((long) HEADER + PREFIX + room + CRC, 0);
            block =
                    lz4.compress(
                            content.view().clear(),
                            HEADER,
                            bytes,
                            packed.view().clear(),
                            HEADER + PREFIX,
                            room,
                            Math.max(1, acceleration));
        } catch (MemoryLimitException e) {
            // Compression saves disk, it is not worth failing a write that fits the budget without
            // it.
            return false;
        }
        if (block == 0) {
            return false;
        }
        Memory.putInt(packed.address() + HEADER, bytes);
        appendChecksum(packed, HEADER + PREFIX + (long) block);
        blockBytes = PREFIX + (long) block + CRC;
        return true;
    }

    private void appendChecksum(GrowableBuffer buffer, long to) {
        ByteBuffer view = buffer.view();
        crc.reset();
        crc.update(view.clear().limit((int) to).position(HEADER));
        Memory.putInt(buffer.address() + to, (int) crc.getValue());
    }
}
