package io.raftengine.log.format;

import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.BatchFullException;
import io.raftengine.error.InvalidArgumentException;

/**
 * Encodes one log batch off-heap while the caller fills it, and may be used again after {@link
 * #clear}.
 *
 * <pre>
 *    content buffer   | 16 B head room for the batch header | entry | entry | ... | 4 B crc |
 *    items buffer     | head room for the item count        | item | item | ...   | 4 B crc |
 * </pre>
 *
 * <p>An entry is copied once, to where it will be compressed or written from. {@link #finish} adds
 * what is missing and hands out the {@link EncodedBatch}.
 *
 * <p>Every method leaves the batch as it was when it throws; entries that were begun and not ended
 * are forgotten then. One thread at a time. In steady state nothing is allocated.
 */
public final class BatchEncoder implements AutoCloseable {
    /**
     * Most bytes of entries in one batch: 2^31-1 less one page, so that the block with header,
     * checksum and LZ4 prefix has a positive {@code int} length everywhere.
     */
    public static final int CONTENT_BYTES_MAX = Integer.MAX_VALUE - 4096;

    /**
     * Longest key that users may put. Directories of the reference hold longer ones; those are
     * copied and deleted like any other, so nothing here refuses them.
     */
    public static final int KEY_BYTES_MAX = 64 << 10;

    /** Longest value that users may put, see {@link #KEY_BYTES_MAX}. */
    public static final int VALUE_BYTES_MAX = 512 << 20;

    /** Longest item section. */
    public static final int SECTION_BYTES_MAX = 1 << 30;

    private static final int HEADER = BatchHeader.BYTES;
    private static final int CRC = BatchHeader.CRC_BYTES;

    private final ContentBuffer content;
    private final ItemBuffer items;
    private final EncodedBatch encoded;

    private int itemCount;
    private long entryCount;
    private boolean marked; // carries an atomic marker

    // Entries that were begun.
    private boolean open;
    private long openGroup;
    private long openNextIndex;
    private int openCount;
    private long openContentEnd;
    private long openItemsEnd;
    private long openCountAt;

    /** Entries the open item had before it was continued; 0 for a new item. */
    private int openCountBefore;

    /**
     * Where the item section ended when entries were ended last; -1 if that item cannot be
     * continued.
     */
    private long continuableEnd = -1;

    private final long contentBytesMax;

    /**
     * An empty batch.
     *
     * @param budget pays for its buffers
     */
    public BatchEncoder(MemoryBudget budget) {
        this(budget, CONTENT_BYTES_MAX);
    }

    /**
     * An empty batch with a lower limit.
     *
     * @param budget pays for its buffers
     * @param contentBytesMax most bytes of entries, at most {@link #CONTENT_BYTES_MAX}
     */
    public BatchEncoder(MemoryBudget budget, int contentBytesMax) {
        this.contentBytesMax = Math.min(contentBytesMax, CONTENT_BYTES_MAX);
        this.content = new ContentBuffer(budget);
        try {
            this.items = new ItemBuffer(budget);
        } catch (RuntimeException | Error e) {
            content.close();
            throw e;
        }
        this.encoded = new EncodedBatch(content, items);
    }

    /**
     * Begins entries of a group. Nothing else may be added until {@link #endEntries}. Entries that
     * go on where those just ended stop, in the same group, become part of the same item.
     *
     * @param groupId unsigned
     * @param firstIndex unsigned index of the first entry; the others follow without gaps
     * @throws InvalidArgumentException index 2^64-1, which no entry can have
     * @throws BatchFullException no room for another item
     */
    public void beginEntries(long groupId, long firstIndex) {
        requireClosed();
        if (firstIndex == -1L) {
            throw badIndex(groupId);
        }
        changed();
        if (continues(groupId, firstIndex)) {
            openContentEnd = content.end();
            openItemsEnd = items.end();
            openCountBefore = openCount;
            open = true;
            return;
        }
        long at = items.reserve(2 * Varint.BYTES_MAX + 2);
        openCountBefore = 0;
        openContentEnd = content.end();
        openItemsEnd = items.end();
        long p = Varint.put(at, groupId);
        Memory.putByte(p++, (byte) ItemReader.TYPE_ENTRIES);
        // One byte for the count; it is widened at the end if there are more than 127 entries.
        openCountAt = openItemsEnd + (p - at);
        Memory.putByte(p++, (byte) 0);
        p = Varint.put(p, firstIndex);
        items.advance(p - at);
        openGroup = groupId;
        openNextIndex = firstIndex;
        openCount = 0;
        open = true;
    }

    /**
     * Whether entries begun now are one item with those that were ended last: one run of the index
     * instead of one for each call that added an entry.
     */
    private boolean continues(long groupId, long firstIndex) {
        return items.end() == continuableEnd
                && groupId == openGroup
                && firstIndex == openNextIndex
                && openCount < 0x7f;
    }

    /**
     * Adds the next entry.
     *
     * @param address of its first byte
     * @param length its length in bytes, 0 or more
     * @throws BatchFullException more entry bytes than a batch may hold
     * @throws InvalidArgumentException its index would be 2^64-1, or a negative length
     * @throws io.raftengine.error.MemoryLimitException the budget has not enough left
     */
    public void addEntry(long address, int length) {
        long to = reserveEntry(length);
        Memory.copy(address, to, length);
    }

    /**
     * Adds the next entry.
     *
     * @param bytes where it is
     * @param offset index of its first byte
     * @param length its length in bytes, 0 or more
     * @throws BatchFullException more entry bytes than a batch may hold
     * @throws InvalidArgumentException its index would be 2^64-1, or a range outside the array
     * @throws io.raftengine.error.MemoryLimitException the budget has not enough left
     */
    public void addEntry(byte[] bytes, int offset, int length) {
        if ((offset | length) < 0 || length > bytes.length - offset) {
            abortEntries();
            throw badRange(bytes, offset, length);
        }
        long to = reserveEntry(length);
        Memory.copyFromArray(bytes, offset, to, length);
    }

    /**
     * Adds the next entry, whose bytes the caller will write itself before any other call.
     *
     * @param length its length in bytes, 0 or more
     * @return address of its first byte, until the next call
     * @throws BatchFullException more entry bytes than a batch may hold
     * @throws InvalidArgumentException its index would be 2^64-1, or a negative length
     * @throws io.raftengine.error.MemoryLimitException the budget has not enough left
     */
    public long reserveEntry(int length) {
        if (!open) {
            throw new IllegalStateException("no entries were begun");
        }
        requireOwnContent();
        try {
            checkEntry(length);
            long at = content.reserve(length);
            long tailAt = items.reserve(Varint.BYTES_MAX);
            content.advance(length);
            addTail(tailAt);
            return at;
        } catch (RuntimeException | Error e) {
            abortEntries();
            throw e;
        }
    }

    /**
     * Makes a stored LZ4 block this batch's entries block, byte for byte: nothing is unfolded and
     * nothing compressed again. Its entries are then declared, in the order they have in it, with
     * {@link #beginEntries}, {@link #declareEntry} and {@link #endEntries}; other items may stand
     * between them as ever. All of the content must be declared before {@link #finish}.
     *
     * @param blockAddress of the block as it is in a file: u32 content length, LZ4 data, checksum;
     *     verified by the caller, and copied
     * @param blockBytes its length, checksum included
     * @param contentBytes length of its content, as {@link BlockDecoder#verify} returned it
     * @throws InvalidArgumentException the batch is not empty, or the lengths are none a block can
     *     have
     * @throws BatchFullException more content than a batch may hold
     * @throws io.raftengine.error.MemoryLimitException the budget has not enough left
     */
    public void adoptBlock(long blockAddress, int blockBytes, int contentBytes) {
        requireClosed();
        if (itemCount != 0 || content.adopted()) {
            throw new InvalidArgumentException("only an empty batch can adopt a block");
        }
        if (contentBytes <= 0
                || !BlockDecoder.plausibleContent(contentBytes, (long) blockBytes - CRC)) {
            throw new InvalidArgumentException(
                    "an LZ4 block of " + blockBytes + " bytes with " + contentBytes + " inside");
        }
        checkContent(contentBytes);
        content.adopt(blockAddress, blockBytes, contentBytes);
        changed();
    }

    /**
     * Adds the next entry of an adopted block: only where it ends is written down.
     *
     * @param length its length in bytes, 0 or more
     * @throws InvalidArgumentException it would end behind the block's content, its index would be
     *     2^64-1, or a negative length
     * @throws BatchFullException no room for another item
     * @throws io.raftengine.error.MemoryLimitException the budget has not enough left
     */
    public void declareEntry(int length) {
        if (!open || !content.adopted()) {
            throw new IllegalStateException(
                    open ? "no block was adopted" : "no entries were begun");
        }
        try {
            checkEntry(length);
            if (content.bytes() + length > content.adoptedBytes()) {
                throw new InvalidArgumentException(
                        "an entry of "
                                + length
                                + " bytes at "
                                + content.bytes()
                                + " of a block with "
                                + content.adoptedBytes());
            }
            long tailAt = items.reserve(Varint.BYTES_MAX);
            content.advance(length);
            addTail(tailAt);
        } catch (RuntimeException | Error e) {
            abortEntries();
            throw e;
        }
    }

    private void addTail(long tailAt) {
        items.advance(Varint.put(tailAt, content.bytes()) - tailAt);
        openNextIndex++;
        openCount++;
    }

    /** Ends the entries that were begun; without a single one nothing is added. */
    public void endEntries() {
        if (!open) {
            throw new IllegalStateException("no entries were begun");
        }
        if (openCount == openCountBefore) {
            abortEntries();
            return;
        }
        if (openCount < 0x80) {
            Memory.putByte(items.address() + openCountAt, (byte) openCount);
            continuableEnd = items.end();
        } else {
            widenCount();
            continuableEnd = -1;
        }
        open = false;
        entryCount += openCount - openCountBefore;
        itemCount += openCountBefore == 0 ? 1 : 0;
    }

    /** Forgets the entries that were begun, as if they had not been. */
    public void abortEntries() {
        if (open) {
            open = false;
            content.cutTo(openContentEnd);
            items.cutTo(openItemsEnd);
            continuableEnd = -1;
        }
    }

    /**
     * Adds: everything of the group is gone.
     *
     * @param groupId unsigned
     * @throws BatchFullException no room for another item
     */
    public void clean(long groupId) {
        long at = beginItem(ItemWriter.CLEAN_BYTES_MAX);
        endItem(at, ItemWriter.clean(at, groupId));
    }

    /**
     * Adds: entries of the group below an index are gone.
     *
     * @param groupId unsigned
     * @param index unsigned index of the first entry that stays
     * @throws BatchFullException no room for another item
     */
    public void compact(long groupId, long index) {
        long at = beginItem(ItemWriter.COMPACT_BYTES_MAX);
        endItem(at, ItemWriter.compact(at, groupId, index));
    }

    /**
     * Adds: a key gets a value.
     *
     * @param groupId unsigned
     * @param key where the key is
     * @param keyOffset index of its first byte
     * @param keyLength its length
     * @param value where the value is
     * @param valueOffset index of its first byte
     * @param valueLength its length
     * @throws InvalidArgumentException the internal key, or a range outside its array
     * @throws BatchFullException no room for another item
     * @throws io.raftengine.error.MemoryLimitException the budget has not enough left
     */
    public void put(
            long groupId,
            byte[] key,
            int keyOffset,
            int keyLength,
            byte[] value,
            int valueOffset,
            int valueLength) {
        checkRange(key, keyOffset, keyLength);
        checkRange(value, valueOffset, valueLength);
        refuseInternal(InternalRecords.isInternalKey(key, keyOffset, keyLength));
        long at = beginItem(ItemWriter.putBytesMax(keyLength, valueLength));
        endItem(
                at,
                ItemWriter.put(
                        at, groupId, key, keyOffset, keyLength, value, valueOffset, valueLength));
    }

    /**
     * Adds: a key gets a value.
     *
     * @param groupId unsigned
     * @param keyAddress of the key's first byte
     * @param keyLength its length
     * @param valueAddress of the value's first byte
     * @param valueLength its length
     * @throws InvalidArgumentException the internal key, or a negative length
     * @throws BatchFullException no room for another item
     * @throws io.raftengine.error.MemoryLimitException the budget has not enough left
     */
    public void put(
            long groupId, long keyAddress, int keyLength, long valueAddress, int valueLength) {
        checkLength(keyLength);
        checkLength(valueLength);
        refuseInternal(InternalRecords.isInternalKey(keyAddress, keyLength));
        long at = beginItem(ItemWriter.putBytesMax(keyLength, valueLength));
        endItem(at, ItemWriter.put(at, groupId, keyAddress, keyLength, valueAddress, valueLength));
    }

    /**
     * Adds: a key is gone. Of the internal key nothing is added, since no replay would honour it.
     *
     * @param groupId unsigned
     * @param key where the key is
     * @param keyOffset index of its first byte
     * @param keyLength its length
     * @throws InvalidArgumentException a range outside the array
     * @throws BatchFullException no room for another item
     */
    public void delete(long groupId, byte[] key, int keyOffset, int keyLength) {
        checkRange(key, keyOffset, keyLength);
        if (!InternalRecords.isInternalKey(key, keyOffset, keyLength)) {
            long at = beginItem(ItemWriter.deleteBytesMax(keyLength));
            endItem(at, ItemWriter.delete(at, groupId, key, keyOffset, keyLength));
        }
    }

    /**
     * Adds: a key is gone. Of the internal key nothing is added, since no replay would honour it.
     *
     * @param groupId unsigned
     * @param keyAddress of the key's first byte
     * @param keyLength its length
     * @throws InvalidArgumentException a negative length
     * @throws BatchFullException no room for another item
     */
    public void delete(long groupId, long keyAddress, int keyLength) {
        checkLength(keyLength);
        if (!InternalRecords.isInternalKey(keyAddress, keyLength)) {
            long at = beginItem(ItemWriter.deleteBytesMax(keyLength));
            endItem(at, ItemWriter.delete(at, groupId, keyAddress, keyLength));
        }
    }

    /**
     * Adds the mark of an atomic group, at most one per batch.
     *
     * @param atomicGroupId id of the atomic group, of no Raft group
     * @param marker what this batch is in it
     * @throws InvalidArgumentException the batch has a marker
     */
    public void mark(long atomicGroupId, AtomicMarker marker) {
        if (marked) {
            throw new InvalidArgumentException("the batch already carries an atomic marker");
        }
        long at = beginItem(ItemWriter.MARK_BYTES_MAX);
        endItem(at, ItemWriter.mark(at, atomicGroupId, marker));
        marked = true;
    }

    /**
     * Moves everything out of another batch to the end of this one; entries keep their order.
     *
     * @param other the other batch; empty afterwards
     * @throws BatchFullException together they are too large; both are as they were
     * @throws InvalidArgumentException both carry an atomic marker, or a batch is merged into
     *     itself
     * @throws io.raftengine.error.MemoryLimitException the budget has not enough left; both are as
     *     they were
     */
    public void mergeFrom(BatchEncoder other) {
        requireClosed();
        other.requireClosed();
        if (other == this || (marked && other.marked)) {
            throw new InvalidArgumentException(
                    other == this
                            ? "a batch cannot be merged into itself"
                            : "both batches carry an atomic marker");
        }
        requireOwnContent();
        other.requireOwnContent();
        if (other.isEmpty()) {
            return;
        }
        long otherBytes = other.content.bytes();
        checkContent(otherBytes);
        changed();
        long at = content.reserve(otherBytes);
        // A tail takes 1 to 5 bytes, so shifting it lengthens it by at most 4.
        items.append(other.items, content.bytes(), 4 * other.entryCount);
        Memory.copy(other.content.address() + HEADER, at, otherBytes);
        content.advance(otherBytes);
        itemCount += other.itemCount;
        entryCount += other.entryCount;
        marked |= other.marked;
        other.clear();
    }

    /**
     * Whether there is nothing to write.
     *
     * @return true if there is no item
     */
    public boolean isEmpty() {
        return itemCount == 0;
    }

    /**
     * Number of items.
     *
     * @return 0 or more
     */
    public int itemCount() {
        return itemCount;
    }

    /**
     * Number of entries in all items.
     *
     * @return 0 or more
     */
    public long entryCount() {
        return entryCount;
    }

    /**
     * Length of the entries before compression.
     *
     * @return bytes
     */
    public long contentBytes() {
        return content.bytes();
    }

    /**
     * How long the batch will be at most, as it is now.
     *
     * @return bytes; 0 if it is empty, the exact length once it is finished
     */
    public long approximateBytes() {
        if (itemCount == 0) {
            return 0;
        }
        if (encoded.isFinished()) {
            return encoded.bytes();
        }
        long block =
                content.adopted()
                        ? content.blockBytes()
                        : content.bytes() == 0 ? 0 : content.bytes() + CRC;
        return HEADER + block + Varint.BYTES_MAX + items.bytes() + CRC;
    }

    /** Empties the batch and gives unusually large buffers back. */
    public void clear() {
        open = false;
        continuableEnd = -1;
        marked = false;
        itemCount = 0;
        entryCount = 0;
        content.clear();
        items.clear();
        encoded.emptied();
    }

    /**
     * Completes the batch: compression, both checksums, header; everything but the signature. Does
     * nothing if it was finished and not changed since.
     *
     * @param compressionThreshold entries of at least so many bytes are compressed; 0 = never. What
     *     does not get shorter is stored as it is, and so is what exceeds {@link
     *     Lz4#INPUT_BYTES_MAX}
     * @param lz4Acceleration 1 or more; higher is faster and larger
     * @return the batch as it goes to disk, until this changes
     * @throws io.raftengine.error.MemoryLimitException the budget has not enough left; the batch
     *     can be finished later
     */
    public EncodedBatch finish(int compressionThreshold, int lz4Acceleration) {
        requireClosed();
        if (itemCount == 0) {
            encoded.emptied();
        }
        if (encoded.isFinished()) {
            return encoded;
        }
        if (content.adopted() && content.bytes() != content.adoptedBytes()) {
            throw new IllegalStateException(
                    "declared are "
                            + content.bytes()
                            + " of the "
                            + content.adoptedBytes()
                            + " bytes in the adopted block");
        }
        items.finish(itemCount);
        content.finish(compressionThreshold, lz4Acceleration);
        encoded.finish();
        return encoded;
    }

    /**
     * The batch as it goes to disk.
     *
     * @return always the same object, of use after {@link #finish} and until this changes
     */
    public EncodedBatch encoded() {
        return encoded;
    }

    @Override
    public void close() {
        encoded.changed();
        content.close();
        items.close();
    }

    private void checkEntry(int length) {
        if (length < 0) {
            throw new InvalidArgumentException("entry length " + length + " is negative");
        }
        if (openNextIndex == -1L) {
            throw badIndex(openGroup);
        }
        checkContent(length);
    }

    private static InvalidArgumentException badIndex(long groupId) {
        return new InvalidArgumentException(
                "group " + Long.toUnsignedString(groupId) + ": no entry can have the index 2^64-1");
    }

    private void checkContent(long more) {
        if (content.bytes() + more > contentBytesMax) {
            throw new BatchFullException(
                    "entries of "
                            + (content.bytes() + more)
                            + " bytes in one batch, at most "
                            + contentBytesMax);
        }
    }

    private void widenCount() {
        int extra = Varint.encodedBytes(openCount) - 1;
        long rest = items.end() - openCountAt - 1;
        try {
            items.reserve(extra);
        } catch (RuntimeException | Error e) {
            abortEntries();
            throw e;
        }
        long at = items.address() + openCountAt;
        Memory.copy(at + 1, at + 1 + extra, rest);
        Varint.put(at, openCount);
        items.advance(extra);
    }

    private long beginItem(long bytesMax) {
        requireClosed();
        changed();
        return items.reserve(bytesMax);
    }

    private void endItem(long from, long to) {
        items.advance(to - from);
        itemCount++;
    }

    private void changed() {
        encoded.changed();
    }

    private void requireClosed() {
        if (open) {
            throw new IllegalStateException("entries were begun and not ended");
        }
    }

    private void requireOwnContent() {
        if (content.adopted()) {
            throw new IllegalStateException(
                    "the entries of this batch are those of an adopted block");
        }
    }

    private static void refuseInternal(boolean internal) {
        if (internal) {
            throw new InvalidArgumentException("the key 5f 5f 01 is the engine's own");
        }
    }

    private static void checkLength(int length) {
        if (length < 0) {
            throw new InvalidArgumentException("length " + length + " is negative");
        }
    }

    private static void checkRange(byte[] bytes, int offset, int length) {
        if ((offset | length) < 0 || length > bytes.length - offset) {
            throw badRange(bytes, offset, length);
        }
    }

    private static InvalidArgumentException badRange(byte[] bytes, int offset, int length) {
        return new InvalidArgumentException(
                "range " + offset + " + " + length + " in an array of " + bytes.length + " bytes");
    }
}
