package io.raftengine.recovery.repair;

import io.raftengine.allocator.GrowableBuffer;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.CorruptionException;
import io.raftengine.log.format.BlockDecoder;
import io.raftengine.log.format.ItemReader;
import java.nio.ByteBuffer;

/**
 * Reads the entries of a batch as far as can be: checksum, unfolding, and every tail within the
 * content. One thread at a time; its buffers are paid by the budget and given back when a large
 * batch is over.
 */
final class EntriesLoader implements AutoCloseable {
    private static final long KEEP_BYTES = 1 << 20;

    private final SourceReader source;
    private final BlockDecoder decoder = new BlockDecoder();
    private final GrowableBuffer block;
    private final GrowableBuffer content;
    private long contentAddress;

    EntriesLoader(SourceReader source, MemoryBudget budget) {
        this.source = source;
        this.block = new GrowableBuffer(budget, 0, Integer.MAX_VALUE);
        this.content = new GrowableBuffer(budget, 0, Integer.MAX_VALUE);
    }

    /**
     * Loads the entries of a batch of the source's open segment.
     *
     * @param items its items, before the first one, and so afterwards
     * @return whether they can be read; if so, {@link #contentAddress} says where they are
     */
    boolean load(long blockOffset, int blockBytes, boolean compressed, ItemReader items) {
        contentAddress = 0;
        if (blockBytes == 0) {
            return true;
        }
        shrink();
        ByteBuffer stored;
        int at;
        if (blockBytes <= SourceReader.WINDOW_BYTES) {
            contentAddress = source.load(blockOffset, blockBytes);
            stored = source.view();
            at = source.indexOf(blockOffset);
        } else {
            block.ensureCapacity(blockBytes, 0);
            source.copy(blockOffset, blockBytes, block.address());
            contentAddress = block.address();
            stored = block.view();
            at = 0;
        }
        try {
            return unfold(stored, at, blockBytes, compressed, blockOffset, items);
        } catch (CorruptionException unreadable) {
            return false; // which is what was asked; the plan says so
        }
    }

    private boolean unfold(
            ByteBuffer stored,
            int at,
            int blockBytes,
            boolean compressed,
            long offset,
            ItemReader items) {
        String name = source.name();
        int bytes = decoder.verify(stored, at, blockBytes, compressed, name, offset);
        if (!compressed) {
            return true; // the tails were checked against this length with the items
        }
        decoder.unfold(stored, at, blockBytes, bytes, content, name, offset);
        contentAddress = content.address();
        int end = 0;
        while (items.next()) {
            if (items.kind() == ItemReader.ENTRIES) {
                for (int i = items.count(); i > 0; i--) {
                    end = items.nextTail();
                }
            }
        }
        items.rewind();
        return end <= bytes;
    }

    /** Where the uncompressed content is, until the next load; 0 if there is none. */
    long contentAddress() {
        return contentAddress;
    }

    private void shrink() {
        if (block.capacity() > KEEP_BYTES) {
            block.shrinkTo(KEEP_BYTES);
        }
        if (content.capacity() > KEEP_BYTES) {
            content.shrinkTo(KEEP_BYTES);
        }
    }

    @Override
    public void close() {
        try (block) {
            content.close();
        }
    }
}
