package io.raftengine.recovery;

import io.raftengine.allocator.GrowableBuffer;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.log.format.AtomicMarker;
import io.raftengine.log.format.BatchEncoder;
import io.raftengine.log.format.EncodedBatch;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileIo;
import java.util.List;

/**
 * Makes atomic groups void for every later reader: a begin of the same id drops what was open, and
 * an end right behind it leaves nothing open for the middles and the end that may follow. Both
 * batches hold nothing but their marker, so the group they make up is empty. Stateless.
 */
final class InterruptedGroups {
    private static final int BATCH_BYTES_MAX = 64;

    private InterruptedGroups() {}

    /**
     * Writes two batches for each group.
     *
     * @param ids of the groups
     * @param file the segment
     * @param offset where its last whole batch ends
     * @param signature of the segment
     * @param budget pays for the buffers
     * @return where the last of them ends
     */
    static long write(
            List<Long> ids, FileHandle file, long offset, int signature, MemoryBudget budget) {
        long at = offset;
        try (BatchEncoder batch = new BatchEncoder(budget);
                GrowableBuffer buffer =
                        new GrowableBuffer(budget, BATCH_BYTES_MAX, BATCH_BYTES_MAX)) {
            for (long id : ids) {
                for (AtomicMarker marker : List.of(AtomicMarker.BEGIN, AtomicMarker.END)) {
                    batch.mark(id, marker);
                    EncodedBatch encoded = batch.finish(0, 1);
                    int bytes = (int) encoded.bytes();
                    encoded.copyTo(buffer.address());
                    EncodedBatch.sign(buffer.address(), bytes, signature);
                    FileIo.writeFully(file, buffer.address(), bytes, at);
                    batch.clear();
                    at += bytes;
                }
            }
        }
        return at;
    }
}
