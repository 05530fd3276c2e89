package io.raftengine.log.format;

import io.raftengine.allocator.GrowableBuffer;
import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.BatchFullException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;

/**
 * Items of a batch that is being encoded, with head room for their count, which is known last.
 *
 * <pre>
 *    | unused ... varint count | item | item | ... | crc |
 *    0                         10                  end
 * </pre>
 */
final class ItemBuffer implements AutoCloseable {
    private static final int HEAD = Varint.BYTES_MAX;
    private static final int CRC = BatchHeader.CRC_BYTES;
    private static final long INITIAL_BYTES = 4096;
    private static final long KEPT_BYTES = ContentBuffer.KEPT_BYTES;

    private final GrowableBuffer items;
    private final CRC32 crc = new CRC32();
    private long end = HEAD;
    private long sectionStart = HEAD;
    private long cursor; // of a walk over another batch's items

    ItemBuffer(MemoryBudget budget) {
        // The limit is checked here, with an error of its own; the slack is for the pessimism of
        // merging.
        items = new GrowableBuffer(budget, INITIAL_BYTES, Integer.MAX_VALUE);
    }

    long bytes() {
        return end - HEAD;
    }

    long end() {
        return end;
    }

    long address() {
        return items.address();
    }

    /** Makes room for more bytes and the checksum; returns where they go. */
    long reserve(long bytes) {
        long needed = end + bytes + CRC;
        if (needed > items.capacity()) {
            grow(needed);
        }
        return items.address() + end;
    }

    void advance(long bytes) {
        end += bytes;
    }

    void cutTo(long oldEnd) {
        end = oldEnd;
    }

    void clear() {
        end = HEAD;
        sectionStart = HEAD;
        if (items.capacity() > KEPT_BYTES) {
            items.shrinkTo(KEPT_BYTES);
        }
    }

    /** Puts the count in front and the checksum behind. */
    void finish(int itemCount) {
        sectionStart = (long) HEAD - Varint.encodedBytes(itemCount);
        Varint.put(items.address() + sectionStart, itemCount);
        ByteBuffer view = items.view();
        crc.reset();
        crc.update(view.clear().limit((int) end).position((int) sectionStart));
        Memory.putInt(items.address() + end, (int) crc.getValue());
    }

    long sectionAddress() {
        return items.address() + sectionStart;
    }

    long sectionBytes() {
        return end - sectionStart;
    }

    /**
     * Appends the items of another batch, whose entries now start at {@code shift}.
     *
     * @param growthMax how many bytes shifting may add
     */
    void append(ItemBuffer other, long shift, long growthMax) {
        long oldEnd = end;
        if (end + other.bytes() > BatchEncoder.SECTION_BYTES_MAX) {
            throw full(end + other.bytes());
        }
        long needed = end + other.bytes() + growthMax + CRC;
        if (needed > items.capacity()) {
            items.ensureCapacity(needed, end);
        }
        long to = items.address() + end;
        long from = other.address() + HEAD;
        long stop = other.address() + other.end;
        while (from < stop) {
            long tails = other.skipItem(from);
            long head = other.cursor - from;
            Memory.copy(from, to, head);
            to += head;
            from += head;
            for (long i = 0; i < tails; i++) {
                to = Varint.put(to, other.readVarint(from) + shift);
                from = other.cursor;
            }
        }
        end = to - items.address();
        if (end > BatchEncoder.SECTION_BYTES_MAX) {
            long tooLong = end;
            end = oldEnd;
            throw full(tooLong);
        }
    }

    @Override
    public void close() {
        items.close();
    }

    /**
     * Goes behind an item, or before its tails; returns how many of these there are. Own bytes:
     * nothing to doubt.
     */
    private long skipItem(long from) {
        readVarint(from);
        int type = Memory.getByte(cursor++);
        if (type == ItemReader.TYPE_ENTRIES) {
            long count = readVarint(cursor);
            readVarint(cursor);
            return count;
        }
        int what = Memory.getByte(cursor++);
        if (type == ItemReader.TYPE_KV) {
            skipBytes();
            if (what == ItemReader.OP_PUT) {
                skipBytes();
            }
        } else if (what == ItemReader.COMMAND_COMPACT) {
            readVarint(cursor);
        }
        return 0;
    }

    private void skipBytes() {
        long length = readVarint(cursor);
        cursor += length;
    }

    private long readVarint(long from) {
        long at = from;
        long value = 0;
        int shift = 0;
        byte b;
        do {
            b = Memory.getByte(at++);
            value |= (long) (b & 0x7f) << shift;
            shift += 7;
        } while (b < 0);
        cursor = at;
        return value;
    }

    private void grow(long needed) {
        if (needed > BatchEncoder.SECTION_BYTES_MAX) {
            throw full(needed);
        }
        items.ensureCapacity(needed, end);
    }

    private static BatchFullException full(long bytes) {
        return new BatchFullException(
                "item section of "
                        + bytes
                        + " bytes in one batch, at most "
                        + BatchEncoder.SECTION_BYTES_MAX);
    }
}
