package io.raftengine.engine;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.engine.Ledger.Change;
import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.PoisonedException;
import io.raftengine.error.RaftEngineException;
import io.raftengine.error.StorageException;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.segment.PrefillPolicy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Runs a {@link Workload} and keeps the books: every state the engine was in, and which of them it
 * has vouched for. One thread; background work happens where the script says so, time passes a
 * millisecond per look at the clock, so two runs make the same calls.
 */
final class WorkloadRun {
    static final Path DIR = Path.of("/data");
    private static final long LOOK_NANOS = 1_000_000L;

    final EngineConfig config;
    final FileSystem fs;
    private final AtomicLong now = new AtomicLong();

    /** All states in order: {@code states.get(acknowledged)} is what must be visible. */
    final List<Ledger> states = new ArrayList<>(List.of(new Ledger()));

    /** Index of the newest state that a power cut must not undo. */
    int durable;

    /** Index of the newest state whose write returned. */
    int acknowledged;

    /** What purges and rewrites did: a life in which it was nothing has shown nothing. */
    long appendSegmentsDropped;

    long rewriteSegmentsDropped;
    long bytesRewritten;

    /** Zeros that were written ahead of the log. */
    long bytesPrefilled;

    private EngineOpener parts;

    /** The open engine, or null. */
    RaftEngine engine;

    WorkloadRun(FileSystem fs, EngineConfig config) {
        this.fs = fs;
        this.config = config;
    }

    static EngineConfig.Builder config(Path dir) {
        return EngineConfig.builder(dir)
                .targetFileSizeBytes(8 << 10)
                .purgeThresholdBytes(64 << 10)
                .batchCompressionThresholdBytes(1 << 10)
                .recoveryThreads(1)
                .prefill(PrefillPolicy.NEVER)
                .verifyEveryRead(true);
    }

    /** As above, with segments so small and thresholds so low that every purge finds work. */
    static EngineConfig.Builder purgingConfig(Path dir) {
        return config(dir)
                .targetFileSizeBytes(2 << 10)
                .purgeThresholdBytes(6 << 10)
                .purgeRewriteThresholdBytes(2 << 10)
                .purgeRewriteGarbageRatio(0.2)
                .purgeBytesPerSecond(1L << 40);
    }

    EngineClockwork clockwork() {
        return new EngineClockwork(() -> now.addAndGet(LOOK_NANOS), false);
    }

    EngineOpener opener() {
        return new EngineOpener(config, fs, List.of(), false, clockwork());
    }

    void open() {
        EngineOpener opener = opener();
        engine = RaftEngine.open(config, opener);
        parts = opener;
    }

    /** Newest state that was handed to the engine at all. */
    int issued() {
        return states.size() - 1;
    }

    /** Takes a step; throws what the engine throws. The books are right in either case. */
    void take(Workload.Step step) {
        switch (step) {
            case Workload.Step.Write write -> write(write.changes(), write.sync());
            case Workload.Step.Sync sync -> {
                engine.sync();
                durable = acknowledged;
            }
            case Workload.Step.Agent agent -> engine.agent().doWork();
            case Workload.Step.Idle idle -> idle();
            case Workload.Step.Reopen reopen -> {
                close();
                open();
            }
            case Workload.Step.Purge purge -> book(engine.purgeExpiredFiles());
            case Workload.Step.RewriteAppend rewrite ->
                    book(engine.maintenance().rewriteAppend(rewrite.through()));
            case Workload.Step.RewriteRewrite rewrite ->
                    book(engine.maintenance().rewriteRewrite());
            case Workload.Step.Rotate rotate -> engine.maintenance().rotate(rotate.queue());
        }
    }

    private void book(PurgeResult result) {
        appendSegmentsDropped += result.appendSegmentsDropped();
        rewriteSegmentsDropped += result.rewriteSegmentsDropped();
        bytesRewritten += result.bytesRewritten();
    }

    private void idle() {
        for (int i = 0; i < 2; i++) {
            now.addAndGet(100 * LOOK_NANOS);
            engine.agent().doWork();
        }
    }

    void write(List<Change> changes, boolean sync) {
        try (LogBatch batch = engine.newBatch()) {
            Ledger.fill(batch, changes);
            Durability durability = sync ? Durability.SYNC : Durability.BUFFERED;
            try {
                states.add(states.get(acknowledged).with(changes));
            } catch (Ledger.Refused hole) {
                // A batch before was refused because of a fault, so this one does not fit any more.
                assertThatThrownBy(() -> engine.write(batch, durability))
                        .as("a write that does not fit: %s", hole)
                        .isInstanceOf(RaftEngineException.class);
                return;
            }
            try {
                writeTwiceIfNeeded(batch, durability);
            } catch (PoisonedException unknown) {
                throw unknown; // the reopen decides; the state stays a candidate
            } catch (RuntimeException | Error refused) {
                states.removeLast();
                throw refused;
            }
            acknowledged = issued();
            if (sync) {
                durable = acknowledged;
            }
        }
    }

    /** D16: a batch whose write failed is whole and may be written again. */
    private void writeTwiceIfNeeded(LogBatch batch, Durability durability) {
        try {
            engine.write(batch, durability);
        } catch (StorageException | OutOfSpaceException failed) {
            engine.write(batch, durability);
        }
    }

    /**
     * Closes; forgets the engine whatever happens. A close without an error has synced everything.
     */
    void close() {
        RaftEngine closing = engine;
        engine = null;
        if (parts != null) {
            bytesPrefilled += parts.appendQueue.statistics().bytesPrefilled();
            parts = null;
        }
        closing.close();
        durable = acknowledged;
    }

    /**
     * Which state an engine is in; -1 if in none of those allowed, which are looked at newest
     * first.
     */
    int stateOf(RaftEngine candidate, int from, int to) {
        for (int i = to; i >= from; i--) {
            if (states.get(i).differenceTo(candidate) == null) {
                return i;
            }
        }
        return -1;
    }
}
