package io.raftengine.log.format;

import io.raftengine.allocator.Memory;

/**
 * A log batch as it goes to disk, in the memory of the {@link BatchEncoder} that made it.
 *
 * <pre>
 *    front          | batch header | entries block, checksum included |
 *    item section   | count | item | item | ...                       | 4 B crc |
 * </pre>
 *
 * <p>Complete but for the segment's signature, which is known only when the batch gets its place:
 * {@link #sign} flips it into the last four bytes, in place.
 *
 * <p>What this says holds until the encoder changes. When that got more, or was closed, every
 * question but {@link #isFinished} throws {@link IllegalStateException} until the batch is finished
 * again; when it was emptied, the batch is {@linkplain #isEmpty empty}, and there is nothing else
 * to ask. One thread at a time.
 */
public final class EncodedBatch {
    private static final long NOT_FINISHED = -1;
    private static final int HEADER = BatchHeader.BYTES;
    private static final int CRC = BatchHeader.CRC_BYTES;

    private final ContentBuffer content;
    private final ItemBuffer items;

    /** Length of the whole; 0 for an empty batch. */
    private long bytes;

    EncodedBatch(ContentBuffer content, ItemBuffer items) {
        this.content = content;
        this.items = items;
    }

    /** The encoder was emptied. */
    void emptied() {
        bytes = 0;
    }

    /** The encoder got more than is finished. */
    void changed() {
        bytes = NOT_FINISHED;
    }

    /** Both buffers are in their stored form: writes the header in front of them. */
    void finish() {
        long itemOffset = HEADER + content.blockBytes();
        long total = itemOffset + items.sectionBytes() + CRC;
        BatchHeader.encode(content.storedAddress(), total, content.compressed(), itemOffset);
        bytes = total;
    }

    /**
     * Whether the encoder has not changed since it was finished.
     *
     * @return true if the other questions can be asked
     */
    public boolean isFinished() {
        return bytes != NOT_FINISHED;
    }

    /**
     * Length of the whole.
     *
     * @return bytes; 0 if it is empty
     */
    public long bytes() {
        requireFinished();
        return bytes;
    }

    /**
     * Whether there is nothing to write.
     *
     * @return true if the batch has no item
     */
    public boolean isEmpty() {
        return bytes() == 0;
    }

    /**
     * Copies the batch, unsigned.
     *
     * @param address where it goes; room for {@link #bytes}
     */
    public void copyTo(long address) {
        requireFinished();
        if (bytes != 0) {
            long front = HEADER + content.blockBytes();
            Memory.copy(content.storedAddress(), address, front);
            Memory.copy(items.sectionAddress(), address + front, items.sectionBytes() + CRC);
        }
    }

    /**
     * Address of header and entries block, for writing a large batch without a copy.
     *
     * @return address of {@link #frontBytes} bytes
     */
    public long frontAddress() {
        requireFinished();
        return content.storedAddress();
    }

    /**
     * Length of header and entries block.
     *
     * @return bytes
     */
    public long frontBytes() {
        requireFinished();
        return HEADER + content.blockBytes();
    }

    /**
     * Length of the entries before compression.
     *
     * @return bytes
     */
    public long contentBytes() {
        requireFinished();
        return content.bytes();
    }

    /**
     * Length of the entries block as it is stored.
     *
     * @return bytes, checksum included; 0 = there is none
     */
    public long blockBytes() {
        requireFinished();
        return content.blockBytes();
    }

    /**
     * Whether the entries block is LZ4.
     *
     * @return true for LZ4
     */
    public boolean compressed() {
        requireFinished();
        return content.compressed();
    }

    /**
     * Address of the item section, for validation, apply, and writing without a copy; its unsigned
     * checksum follows it.
     *
     * @return address of {@link #itemSectionBytes} bytes
     */
    public long itemSectionAddress() {
        requireFinished();
        return items.sectionAddress();
    }

    /**
     * Length of the item section without its checksum.
     *
     * @return bytes
     */
    public long itemSectionBytes() {
        requireFinished();
        return items.sectionBytes();
    }

    /**
     * Signs an encoded batch for a segment, or, with the XOR of two signatures, moves it from one
     * to another. Signing twice with the same signature undoes it.
     *
     * @param batchAddress where the batch is
     * @param batchBytes its length
     * @param signature of the segment, {@link FormatVersion#signature}
     */
    public static void sign(long batchAddress, long batchBytes, int signature) {
        long at = batchAddress + batchBytes - CRC;
        Memory.putInt(at, Memory.getInt(at) ^ signature);
    }

    private void requireFinished() {
        if (bytes == NOT_FINISHED) {
            throw new IllegalStateException("the batch is not finished");
        }
    }
}
