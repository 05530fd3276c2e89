package io.raftengine.bench;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.log.format.BatchEncoder;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a caller's thread does for a batch before it meets other threads: 10 entries of 128 bytes
 * for each of 100 random groups are added, perhaps compressed, and both checksums are computed
 * (D13). The public API has no call for the last step alone, so this benchmark drives the encoder
 * behind it.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
@State(Scope.Thread)
public class EncodeBenchmark {
    private static final int GROUPS = 100;
    private static final int ENTRIES = 10;
    private static final int ENTRY_BYTES = 128;

    /** Bytes from which on a batch is compressed; 0 is never. */
    @Param({"0", "8192"})
    public int compressionThreshold;

    private final SplittableRandom random = new SplittableRandom(7);
    private final byte[] entry = new byte[ENTRY_BYTES];
    private BatchEncoder batch;

    /** Makes the batch. */
    @Setup
    public void open() {
        batch = new BatchEncoder(MemoryBudget.unlimited());
        // Not compressible, so that the compressor has to look at every byte.
        random.nextBytes(entry);
    }

    /** Everything is given back. */
    @TearDown
    public void close() {
        batch.close();
    }

    /** One batch of 1,000 entries. */
    @Benchmark
    public long encode() {
        batch.clear();
        for (int i = 0; i < GROUPS; i++) {
            batch.beginEntries(random.nextLong(), 1);
            for (int j = 0; j < ENTRIES; j++) {
                batch.addEntry(entry, 0, ENTRY_BYTES);
            }
            batch.endEntries();
        }
        return batch.finish(compressionThreshold, 1).bytes();
    }
}
