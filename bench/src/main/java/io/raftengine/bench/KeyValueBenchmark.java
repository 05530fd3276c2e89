package io.raftengine.bench;

import io.raftengine.engine.Durability;
import io.raftengine.engine.LogBatch;
import io.raftengine.engine.RaftEngine;
import io.raftengine.engine.ScanOrder;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/** Key-values: 1,000 groups of 16 keys, values of 64 bytes. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class KeyValueBenchmark {
    static final int GROUPS = 1000;
    static final int KEYS = 16;
    static final int VALUE_BYTES = 64;

    /** The filled engine all threads share. */
    @State(Scope.Benchmark)
    public static class Shared {
        final byte[][] keys = new byte[KEYS][];
        final byte[] absent = "key-99".getBytes(StandardCharsets.US_ASCII);
        final byte[] value = new byte[VALUE_BYTES];
        ScratchEngine scratch;

        /** Fills a fresh directory. */
        @Setup
        public void fill() {
            scratch = new ScratchEngine(settings -> settings);
            for (int i = 0; i < KEYS; i++) {
                keys[i] =
                        String.format(Locale.ROOT, "key-%02d", i)
                                .getBytes(StandardCharsets.US_ASCII);
            }
            try (LogBatch batch = scratch.engine().newBatch()) {
                for (int group = 1; group <= GROUPS; group++) {
                    for (byte[] key : keys) {
                        batch.put(group, key, value);
                    }
                    scratch.engine().write(batch, Durability.BUFFERED);
                }
            }
        }

        /** Everything is given back. */
        @TearDown
        public void close() {
            scratch.close();
        }
    }

    /** One thread's random walk and buffers. */
    @State(Scope.Thread)
    public static class Caller {
        final byte[] destination = new byte[VALUE_BYTES];
        final SplittableRandom random = new SplittableRandom(7);
        RaftEngine engine;
        LogBatch batch;
        long bytesSeen;

        /** Makes the batch. */
        @Setup
        public void open(Shared shared) {
            engine = shared.scratch.engine();
            batch = engine.newBatch();
        }

        /** Closes the batch. */
        @TearDown
        public void close() {
            batch.close();
        }

        long group() {
            return 1L + random.nextInt(GROUPS);
        }

        boolean see(MemorySegment memory, long keyAt, int keyBytes, long valueAt, int valueBytes) {
            bytesSeen += keyBytes + valueBytes;
            return true;
        }
    }

    /** A random key into an array of the caller's. */
    @Benchmark
    public int get(Shared shared, Caller caller) {
        byte[] key = shared.keys[caller.random.nextInt(KEYS)];
        return caller.engine.get(caller.group(), key, caller.destination, 0);
    }

    /** As above by four threads at once. */
    @Benchmark
    @Threads(4)
    public int getBy4(Shared shared, Caller caller) {
        return get(shared, caller);
    }

    /** A key that is not there. */
    @Benchmark
    public int getAbsent(Shared shared, Caller caller) {
        return caller.engine.get(caller.group(), shared.absent, caller.destination, 0);
    }

    /** All keys of a random group. */
    @Benchmark
    public long scan(Caller caller) {
        return caller.engine.scan(caller.group(), null, null, ScanOrder.ASCENDING, caller::see);
    }

    /** All keys of a random group, backwards. */
    @Benchmark
    public long scanBackwards(Caller caller) {
        return caller.engine.scan(caller.group(), null, null, ScanOrder.DESCENDING, caller::see);
    }

    /** One put per batch. */
    @Benchmark
    public long put(Shared shared, Caller caller) {
        caller.batch.put(caller.group(), shared.keys[0], shared.value);
        return caller.engine.write(caller.batch, Durability.BUFFERED);
    }

    /** Three puts per batch. */
    @Benchmark
    public long putThree(Shared shared, Caller caller) {
        long group = caller.group();
        for (int i = 0; i < 3; i++) {
            caller.batch.put(group, shared.keys[i], shared.value);
        }
        return caller.engine.write(caller.batch, Durability.BUFFERED);
    }
}
