package io.raftengine.log.format;

import static io.raftengine.log.format.TestBytes.concat;
import static io.raftengine.log.format.TestBytes.hex;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.allocator.MemoryBudget;
import org.junit.jupiter.api.Test;

/**
 * What an earlier life of a file leaves behind the live end, and which of it a signature keeps from
 * being read as live. It decides which files may become which segments.
 */
class StaleBatchesTest {
    private static final int LIVE = 9;

    /** Where the live batches end the file still holds what it held before. */
    private static int batchesFound(FormatVersion version, int signature) {
        byte[] live = batch(1, version.signed() ? LIVE : 0);
        byte[] stale = batch(2, signature);
        byte[] header = ModelBatch.header(version == FormatVersion.V2 ? 2 : 1, 0);
        byte[] file = concat(header, live, stale);
        try (BatchScanner scanner = new BatchScanner(new MemoryBudget(4 << 20), 4096)) {
            scanner.open(new MemoryFile(file), "f", file.length, LIVE);
            int found = 0;
            while (scanner.next() == BatchScanner.BATCH) {
                found++;
            }
            return found;
        }
    }

    private static byte[] batch(int seed, int signature) {
        return new ModelBatch().put(seed, hex("61"), new byte[seed]).encode(signature);
    }

    @Test
    void aFormerLifeUnderAnotherNumberIsNotRead() {
        assertThat(batchesFound(FormatVersion.V2, LIVE - 1)).isOne();
        assertThat(batchesFound(FormatVersion.V2, 1)).isOne();
    }

    /**
     * The signature is the number alone. A file that was segment 9 of the rewrite queue holds
     * batches that are valid in segment 9 of the append queue: purged rewrite segments are never
     * kept, and no reserve becomes a rewrite segment.
     */
    @Test
    void theSignatureDoesNotSayWhichQueueItWas() {
        int rewriteSegmentOfTheSameNumber = LIVE;
        assertThat(batchesFound(FormatVersion.V2, rewriteSegmentOfTheSameNumber)).isEqualTo(2);
    }

    /** K13: in V1 nothing tells them apart, so V1 is never recycled. */
    @Test
    void withoutSignatureEveryFormerLifeIsRead() {
        assertThat(batchesFound(FormatVersion.V1, 0)).isEqualTo(2);
    }
}
