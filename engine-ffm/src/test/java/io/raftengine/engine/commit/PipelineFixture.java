package io.raftengine.engine.commit;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.engine.memtable.Memtables;
import io.raftengine.log.format.BatchEncoder;
import io.raftengine.log.format.EncodedBatch;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.segment.DirectoryScan;
import io.raftengine.log.segment.PrefillPolicy;
import io.raftengine.log.segment.QueueSettings;
import io.raftengine.log.segment.SegmentQueue;
import io.raftengine.recovery.Recovery;
import io.raftengine.recovery.RecoveryMode;
import io.raftengine.recovery.RecoverySettings;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.FaultyFileSystem;
import io.raftengine.testing.fs.Operation;
import io.raftengine.testing.fs.PausePoint;
import io.raftengine.testing.fs.SimulatedFileSystem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/** A pipeline on a simulated disk with calls that can be disturbed, and the threads that use it. */
final class PipelineFixture implements AutoCloseable {
    private static final long DEADLINE_SECONDS = 30;
    private static final Path DIR = Path.of("/log");

    final MemoryBudget budget = MemoryBudget.unlimited();
    final SimulatedFileSystem disk = new SimulatedFileSystem(1);
    final FaultyFileSystem fs = new FaultyFileSystem(disk);
    final SegmentQueue queue;
    final Memtables memtables;
    final GroupCommitter committer;
    final CommitPipeline pipeline;
    private final List<BatchEncoder> batches = new ArrayList<>();
    private boolean closed;

    PipelineFixture() {
        this(1 << 20, GroupCommitter.RUN_BYTES_MAX, System.nanoTime());
    }

    /** The table of groups is seeded with a number that the test knows. */
    PipelineFixture(long hashSeed) {
        this(1 << 20, GroupCommitter.RUN_BYTES_MAX, System::nanoTime, hashSeed);
    }

    /** A clock that stands still leaves watermarks out unless many bytes were written. */
    PipelineFixture(long targetBytes, long runBytesMax, long now) {
        this(targetBytes, runBytesMax, () -> now, 1);
    }

    PipelineFixture(LongSupplier clock) {
        this(1 << 20, GroupCommitter.RUN_BYTES_MAX, clock, 1);
    }

    private PipelineFixture(long targetBytes, long runBytesMax, LongSupplier clock, long hashSeed) {
        disk.createDirectories(DIR);
        queue = openQueue(fs, budget, targetBytes);
        memtables = new Memtables(budget, 1L << 30, hashSeed);
        committer = new GroupCommitter(budget, queue, memtables, null, clock, runBytesMax);
        pipeline = new CommitPipeline(budget, committer);
    }

    static SegmentQueue openQueue(FileSystem fs, MemoryBudget budget, long targetBytes) {
        return SegmentQueue.open(
                QueueSettings.builder(QueueKind.APPEND, List.of(DIR))
                        .targetBytes(targetBytes)
                        .prefill(PrefillPolicy.NEVER)
                        .budget(budget)
                        .build(),
                fs,
                List.of(),
                DirectoryScan.scan(fs, List.of(DIR)));
    }

    /** One entry of so many bytes, ready to be committed. */
    EncodedBatch batch(long group, long index, int bytes) {
        BatchEncoder batch = new BatchEncoder(budget);
        synchronized (batches) {
            batches.add(batch);
        }
        batch.beginEntries(group, index);
        batch.addEntry(new byte[bytes], 0, bytes);
        batch.endEntries();
        return batch.finish(0, 1);
    }

    /** One entry for each of these groups, ready to be committed. */
    EncodedBatch batchOf(long[] groups) {
        BatchEncoder batch = new BatchEncoder(budget);
        batches.add(batch);
        for (long group : groups) {
            batch.beginEntries(group, 1);
            batch.addEntry(new byte[10], 0, 10);
            batch.endEntries();
        }
        return batch.finish(0, 1);
    }

    /** Commits in a thread of its own. */
    CompletableFuture<Void> commit(boolean virtual, EncodedBatch batch, boolean sync) {
        return run(virtual, () -> pipeline.commit(batch, sync));
    }

    /** A caller that leads and is held in one call until the test lets it go on. */
    record HeldLeader(CompletableFuture<Void> commit, PausePoint heldIn) {
        void goesOnAndSucceeds() {
            heldIn.release();
            assertThat(outcome(commit)).isNull();
        }
    }

    /** Commits in a thread of its own; whoever comes now gets into the group that collects. */
    HeldLeader leaderHeldInItsSync(boolean virtual, EncodedBatch batch) {
        return leaderHeldIn(Operation.SYNC, virtual, batch, true);
    }

    /** As {@link #leaderHeldInItsSync}, in the first call of another kind. */
    HeldLeader leaderHeldIn(
            Operation operation, boolean virtual, EncodedBatch batch, boolean sync) {
        PausePoint point = new PausePoint();
        fs.on(operation).program(0, 1).inject(new Fault.Pause(point));
        CompletableFuture<Void> commit = commit(virtual, batch, sync);
        point.awaitReached();
        return new HeldLeader(commit, point);
    }

    /** Does something in a thread of its own. */
    CompletableFuture<Void> run(Runnable work) {
        return run(false, work);
    }

    static CompletableFuture<Void> run(boolean virtual, Runnable what) {
        CompletableFuture<Void> outcome = new CompletableFuture<>();
        Runnable work =
                () -> {
                    try {
                        what.run();
                        outcome.complete(null);
                    } catch (Throwable failed) {
                        outcome.completeExceptionally(failed);
                    }
                };
        Thread thread =
                virtual
                        ? Thread.ofVirtual().unstarted(work)
                        : Thread.ofPlatform().daemon(true).unstarted(work);
        thread.start();
        return outcome;
    }

    /** Waits until so many callers are in the group that collects. */
    void awaitCollecting(int callers) {
        await(() -> pipeline.collecting() == callers);
    }

    static void await(BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("deadline").isLessThan(end);
            Thread.onSpinWait();
            Thread.yield();
        }
    }

    /** What became of a commit: null, or what it threw. */
    static Throwable outcome(CompletableFuture<Void> commit) {
        try {
            commit.get(DEADLINE_SECONDS, TimeUnit.SECONDS);
            return null;
        } catch (ExecutionException failed) {
            return failed.getCause();
        } catch (InterruptedException | TimeoutException stuck) {
            throw new AssertionError("a caller never came back", stuck);
        }
    }

    static void assertAllSucceed(List<CompletableFuture<Void>> commits) {
        commits.forEach(commit -> assertThat(outcome(commit)).isNull());
    }

    /** The first entry of a group can be read, and would be found after a crash. */
    void assertVisibleAndWritten(long group) {
        assertThat(memtables.last(group)).isEqualTo(1);
        assertThat(lastAfterReopen(fs, group)).isEqualTo(1);
    }

    /** Last index of a group as recovery finds it in what is in the files now. */
    static long lastAfterReopen(FileSystem fs, long group) {
        MemoryBudget budget = MemoryBudget.unlimited();
        try (Memtables recovered = new Memtables(budget, 1L << 30)) {
            Recovery.run(
                    new RecoverySettings(RecoveryMode.TOLERATE_TAIL_CORRUPTION, 1, 64 << 10, true),
                    fs,
                    DirectoryScan.scan(fs, List.of(DIR)),
                    recovered.replaySink());
            return recovered.last(group);
        }
    }

    void closeAll() {
        if (closed) {
            return;
        }
        closed = true;
        fs.clearRules();
        try {
            pipeline.close();
        } finally {
            committer.close();
            memtables.close();
            queue.close();
            batches.forEach(BatchEncoder::close);
        }
    }

    @Override
    public void close() {
        closeAll();
        budget.assertAllReleased();
        assertThat(fs.openHandles()).as("open handles").isZero();
    }
}
