package io.raftengine.bench;

import io.raftengine.engine.Durability;
import io.raftengine.engine.LogBatch;
import io.raftengine.engine.RaftEngine;
import io.raftengine.log.io.FileSystem;
import java.util.Arrays;
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

/**
 * One operation appends one entry of raw bytes to the writer's own group and writes the batch.
 *
 * <p>A log that only grows is no steady state: every {@value #ENTRIES_KEPT} entries the batch also
 * compacts all but the newest, so that the index keeps its size however long the run is. What it
 * costs is part of the figure, as it is for a user who takes snapshots.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class WriteBenchmark {
    static final int ENTRIES_KEPT = 1024;

    /** The engine all writers share. */
    @State(Scope.Benchmark)
    public static class Shared {
        /** Whether a sync reaches the disk; without, what the engine itself costs is left. */
        @Param("true")
        public boolean deviceSyncs;

        ScratchEngine scratch;

        /** A fresh directory per trial. */
        @Setup
        public void open() {
            FileSystem files = deviceSyncs ? FileSystem.local() : new InstantSyncFileSystem();
            scratch = new ScratchEngine(files, settings -> settings);
        }

        /** Everything is given back. */
        @TearDown
        public void close() {
            scratch.close();
        }
    }

    /** One writer with a batch and a group of its own. */
    @State(Scope.Thread)
    public static class Writer {
        /** Bytes of one entry. */
        @Param({"128", "1024"})
        public int entryBytes;

        RaftEngine engine;
        LogBatch batch;
        byte[] entry;
        long group;
        long next = 1;

        /** Makes the batch. */
        @Setup
        public void open(Shared shared) {
            engine = shared.scratch.engine();
            batch = engine.newBatch();
            entry = new byte[entryBytes];
            Arrays.fill(entry, (byte) 'x');
            group = Thread.currentThread().threadId();
        }

        /** Closes the batch. */
        @TearDown
        public void close() {
            batch.close();
        }

        long write(Durability durability) {
            batch.addEntry(group, next, entry);
            if (next % ENTRIES_KEPT == 0) {
                batch.compactTo(group, next);
            }
            next++;
            return engine.write(batch, durability);
        }
    }

    /** Returns once the bytes are with the system. */
    @Benchmark
    public long buffered(Writer writer) {
        return writer.write(Durability.BUFFERED);
    }

    /** Four writers at once, each with its own group. */
    @Benchmark
    @Threads(4)
    public long bufferedBy4(Writer writer) {
        return writer.write(Durability.BUFFERED);
    }

    /** Returns once the bytes are on disk. */
    @Benchmark
    public long synced(Writer writer) {
        return writer.write(Durability.SYNC);
    }

    /** Four writers at once, grouped by the engine. */
    @Benchmark
    @Threads(4)
    public long syncedBy4(Writer writer) {
        return writer.write(Durability.SYNC);
    }
}
