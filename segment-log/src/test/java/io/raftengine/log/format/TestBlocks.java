package io.raftengine.log.format;

import io.raftengine.allocator.GrowableBuffer;
import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;

/** Entries content of an encoded batch, by the production decoder. */
final class TestBlocks {
    private TestBlocks() {}

    static byte[] content(byte[] batch) {
        BatchHeader header = BatchHeader.decode(batch, 0, batch.length, "f", 0);
        int block = (int) header.itemOffset() - 16;
        return block == 0
                ? new byte[0]
                : content(
                        java.util.Arrays.copyOfRange(batch, 16, 16 + block),
                        header.compressed(),
                        1 << 30);
    }

    static byte[] content(byte[] block, boolean compressed, long memoryLimit) {
        MemoryBudget budget = new MemoryBudget(memoryLimit);
        BlockDecoder decoder = new BlockDecoder();
        int at = 3; // no alignment is promised
        try (GrowableBuffer stored =
                        new GrowableBuffer(
                                MemoryBudget.unlimited(), at + block.length, Integer.MAX_VALUE);
                GrowableBuffer target = new GrowableBuffer(budget, 0, Integer.MAX_VALUE)) {
            Memory.copyFromArray(block, 0, stored.address() + at, block.length);
            int bytes = decoder.verify(stored.view(), at, block.length, compressed, "f", 16);
            if (!compressed) {
                return TestBytes.copy(stored.address() + at, bytes);
            }
            decoder.unfold(stored.view(), at, block.length, bytes, target, "f", 16);
            return TestBytes.copy(target.address(), bytes);
        }
    }
}
