package io.raftengine.bench;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * Proof that {@link AllocationCheck} sees: one operation that allocates a little, and one that does
 * not.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@State(Scope.Thread)
public class PlantedAllocation {
    private static final int OPERATIONS_PER_ARRAY = 32;

    private long calls;
    private byte[] kept = new byte[16];

    /**
     * One byte per operation on average: an array of 32 bytes, header included, for every 32 calls.
     */
    @Benchmark
    public int allocatesOneByte() {
        if (++calls % OPERATIONS_PER_ARRAY == 0) {
            kept = new byte[16];
        }
        return kept.length;
    }

    /** The same without the array. */
    @Benchmark
    public int allocatesNothing() {
        if (++calls % OPERATIONS_PER_ARRAY == 0) {
            kept[0]++;
        }
        return kept.length;
    }
}
