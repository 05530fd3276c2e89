package io.raftengine.ctl.check;

import io.raftengine.allocator.GrowableBuffer;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.CorruptionException;
import io.raftengine.log.format.BatchScanner;
import io.raftengine.log.format.BlockDecoder;
import io.raftengine.log.format.ItemReader;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileIo;

/**
 * Proves that the entries of a batch can be had: their checksum, and on request also that the block
 * unfolds to what its entries need. That the entries of a block that is not compressed lie within
 * it is part of every batch's own check.
 */
final class EntriesProof implements AutoCloseable {
    private static final int BYTES_MIN = 64 << 10;

    private final boolean unfold;
    private final BlockDecoder decoder = new BlockDecoder();
    private final GrowableBuffer stored;
    private final GrowableBuffer content;
    private long blocks;

    /**
     * @param unfold whether compressed blocks are unfolded
     */
    EntriesProof(MemoryBudget budget, boolean unfold) {
        this.unfold = unfold;
        this.stored = new GrowableBuffer(budget, BYTES_MIN, Integer.MAX_VALUE);
        this.content = new GrowableBuffer(budget, BYTES_MIN, Integer.MAX_VALUE);
    }

    /** Blocks verified so far. */
    long blocks() {
        return blocks;
    }

    /**
     * Verifies the current batch; the scanner stays on it, its items before the first one.
     *
     * @return what is wrong, or null
     */
    CorruptionException verify(BatchScanner scanner, FileHandle file, String name) {
        if (scanner.blockBytes() == 0) {
            return null;
        }
        blocks++;
        long batch = scanner.batchOffset();
        CorruptionException wrong = checksum(scanner, name);
        if (wrong == null && unfold && scanner.compressed()) {
            wrong = unfolded(scanner, file, name);
        }
        // Reading a large block may have moved the window away from its items.
        scanner.seek(batch);
        scanner.next();
        return wrong;
    }

    private static CorruptionException checksum(BatchScanner scanner, String name) {
        return scanner.verifyEntries()
                ? null
                : new CorruptionException(
                        name,
                        scanner.blockOffset(),
                        "entries checksum of the batch",
                        "that of its " + scanner.blockBytes() + " bytes",
                        "another");
    }

    private CorruptionException unfolded(BatchScanner scanner, FileHandle file, String name) {
        int bytes = scanner.blockBytes();
        long offset = scanner.blockOffset();
        long needed = lastTail(scanner.items());
        stored.ensureCapacity(bytes, 0);
        FileIo.readFully(file, stored.address(), bytes, offset);
        try {
            int length = decoder.verify(stored.view(), 0, bytes, true, name, offset);
            decoder.unfold(stored.view(), 0, bytes, length, content, name, offset);
            return needed <= length
                    ? null
                    : new CorruptionException(
                            name,
                            offset,
                            "entries of the batch",
                            "within the " + length + " bytes of their block",
                            "up to " + needed);
        } catch (CorruptionException wrong) {
            return wrong;
        }
    }

    private static long lastTail(ItemReader items) {
        long tail = 0;
        while (items.next()) {
            if (items.kind() == ItemReader.ENTRIES) {
                for (int i = 0; i < items.count(); i++) {
                    tail = items.nextTail();
                }
            }
        }
        return tail;
    }

    @Override
    public void close() {
        stored.close();
        content.close();
    }
}
