package io.raftengine.bench;

import io.raftengine.engine.Durability;
import io.raftengine.engine.EntryVisitor;
import io.raftengine.engine.LogBatch;
import io.raftengine.engine.RaftEngine;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
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
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/** Entries: 100 groups of 1,000 entries of 1 KiB, written 10 to a batch, in the page cache. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class EntryReadBenchmark {
    static final int GROUPS = 100;
    static final int ENTRIES = 1000;
    static final int ENTRIES_PER_BATCH = 10;
    static final int ENTRY_BYTES = 1024;

    /** The filled engine all threads share. */
    @State(Scope.Benchmark)
    public static class Shared {
        /** Whether blocks are compressed on disk. */
        @Param({"false", "true"})
        public boolean compressed;

        ScratchEngine scratch;

        /** Fills a fresh directory. */
        @Setup
        public void fill() {
            long threshold = compressed ? 1 : 0;
            scratch =
                    new ScratchEngine(
                            settings -> settings.batchCompressionThresholdBytes(threshold));
            RaftEngine engine = scratch.engine();
            byte[] entry = new byte[ENTRY_BYTES];
            try (LogBatch batch = engine.newBatch()) {
                for (int first = 1; first <= ENTRIES; first += ENTRIES_PER_BATCH) {
                    for (int group = 1; group <= GROUPS; group++) {
                        for (int i = 0; i < ENTRIES_PER_BATCH; i++) {
                            Arrays.fill(entry, (byte) (first + i));
                            batch.addEntry(group, first + i, entry);
                        }
                        engine.write(batch, Durability.BUFFERED);
                    }
                }
            }
        }

        /** Everything is given back. */
        @TearDown
        public void close() {
            scratch.close();
        }
    }

    /** One thread's random walk. It touches a byte of each entry, as whoever reads one does. */
    @State(Scope.Thread)
    public static class Reader implements EntryVisitor {
        final SplittableRandom random = new SplittableRandom(7);
        RaftEngine engine;
        long seen;

        /** Takes the shared engine. */
        @Setup
        public void open(Shared shared) {
            engine = shared.scratch.engine();
        }

        long group() {
            return 1L + random.nextInt(GROUPS);
        }

        @Override
        public boolean visit(long index, MemorySegment memory, long offset, int lengthBytes) {
            seen += memory.get(ValueLayout.JAVA_BYTE, offset + lengthBytes - 1);
            return true;
        }
    }

    /** The newest entry of a random group, in place. */
    @Benchmark
    public boolean readNewest(Reader reader) {
        long group = reader.group();
        return reader.engine.readEntry(group, reader.engine.lastIndex(group), reader);
    }

    /** As above by four threads at once. */
    @Benchmark
    @Threads(4)
    public boolean readNewestBy4(Reader reader) {
        return readNewest(reader);
    }

    /** A random entry of a random group, in place. */
    @Benchmark
    public boolean readRandom(Reader reader) {
        return reader.engine.readEntry(reader.group(), 1 + reader.random.nextInt(ENTRIES), reader);
    }

    /** The newest entry of a random group as an array of its own. */
    @Benchmark
    public byte[] copyNewest(Reader reader) {
        long group = reader.group();
        return reader.engine.getEntry(group, reader.engine.lastIndex(group));
    }

    /** 100 entries that were written in 10 batches, in place (H23). */
    @Benchmark
    public long fetchHundred(Reader reader) {
        long begin = 1L + reader.random.nextInt(ENTRIES - 100);
        return reader.engine.fetchEntries(
                reader.group(), begin, begin + 100, Long.MAX_VALUE, reader);
    }

    /** Bounds of a random group. */
    @Benchmark
    public long firstAndLastIndex(Reader reader) {
        long group = reader.group();
        return reader.engine.lastIndex(group) - reader.engine.firstIndex(group);
    }
}
