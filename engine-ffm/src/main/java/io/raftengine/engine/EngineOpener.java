package io.raftengine.engine;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.engine.commit.CommitPipeline;
import io.raftengine.engine.commit.GroupCommitter;
import io.raftengine.engine.memtable.Memtables;
import io.raftengine.engine.purge.PurgeManager;
import io.raftengine.engine.purge.PurgeSettings;
import io.raftengine.engine.read.EntryReader;
import io.raftengine.engine.read.ReadContextPool;
import io.raftengine.engine.waiting.ThreadEnd;
import io.raftengine.error.ConfigException;
import io.raftengine.error.StorageException;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.io.DirectoryLock;
import io.raftengine.log.io.FileInfo;
import io.raftengine.log.io.FileKind;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.io.LockMode;
import io.raftengine.log.segment.DirectoryScan;
import io.raftengine.log.segment.HeadRoom;
import io.raftengine.log.segment.PrefillPolicy;
import io.raftengine.log.segment.QueueSettings;
import io.raftengine.log.segment.ReadOnlySegments;
import io.raftengine.log.segment.RecoveredSegment;
import io.raftengine.log.segment.ScanAnomaly;
import io.raftengine.log.segment.SegmentListener;
import io.raftengine.log.segment.SegmentQueue;
import io.raftengine.log.segment.SegmentSource;
import io.raftengine.recovery.DroppedRange;
import io.raftengine.recovery.Recovery;
import io.raftengine.recovery.RecoveryResult;
import io.raftengine.recovery.RecoverySettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.agrona.concurrent.AgentRunner;
import org.agrona.concurrent.BackoffIdleStrategy;

/**
 * Opens an engine step by step: directories, locks, scan, recovery, queues, commit pipeline,
 * background agent. Whatever fails, everything acquired before is given back, and the lock of a
 * directory is the last thing to go.
 */
final class EngineOpener {
    /** Address space, not memory; handles of 31 bits reach no further. */
    private static final long INDEX_BYTES_MAX = 32L << 30;

    private static final int EACCES = 13;
    private static final long AGENT_PARK_NANOS_MAX = TimeUnit.MILLISECONDS.toNanos(5);

    /** Reserves are for later; what is written now must not wait for their zeros. */
    private static final long PREFILL_BYTES_PER_SECOND = 64L << 20;

    private final EngineConfig config;
    private final FileSystem fs;
    private final List<EngineListener> listeners;
    private final boolean readOnly;
    private final EngineClockwork clockwork;
    private final EngineLog log;
    private final ListenerNet net;
    final OpenedParts parts = new OpenedParts();
    final MemoryBudget budget;

    Memtables memtables;
    SegmentSource append;
    SegmentSource rewrite;
    SegmentQueue appendQueue;
    SegmentQueue rewriteQueue;
    GroupCommitter committer;
    CommitPipeline pipeline;
    EntryReader entryReader;
    ReadContextPool contexts;

    CompactionBatches compactions;

    PurgeManager purge;
    BackgroundPurge backgroundPurge;
    EngineAgent agent;
    RecoveryResult recovered;
    private boolean complete;

    EngineOpener(
            EngineConfig config,
            FileSystem fs,
            List<EngineListener> listeners,
            boolean readOnly,
            EngineClockwork clockwork) {
        this(config, fs, listeners, readOnly, clockwork, new EngineLog());
    }

    /** With another log, for tests. */
    EngineOpener(
            EngineConfig config,
            FileSystem fs,
            List<EngineListener> listeners,
            boolean readOnly,
            EngineClockwork clockwork,
            EngineLog log) {
        this.clockwork = clockwork;
        this.log = log;
        this.net = new ListenerNet(log);
        this.config = config;
        this.fs = fs;
        this.listeners = listeners;
        this.readOnly = readOnly;
        this.budget = new MemoryBudget(config.memoryLimitBytes());
    }

    /**
     * Takes all steps. After a failure nothing is held any more.
     *
     * @param last what makes an engine of the parts; if it fails, so has the open
     * @return what {@code last} made
     */
    <T> T open(Supplier<T> last) {
        try {
            openOrThrow();
            complete = true;
            return last.get();
        } catch (Throwable failed) {
            parts.abandon(failed);
            throw failed;
        }
    }

    private void openOrThrow() {
        config.warnings().forEach(log::warning);
        List<Path> dirs = directories();
        dirs.forEach(this::lock);
        DirectoryScan scan = DirectoryScan.scan(fs, dirs);
        if (!readOnly) {
            syncNamesOf(dirs);
        }
        memtables = new Memtables(budget, INDEX_BYTES_MAX);
        parts.opened(this::closeMemtables);
        recovered =
                Recovery.run(
                        new RecoverySettings(
                                config.recoveryMode(),
                                config.recoveryThreads(),
                                config.recoveryReadBlockBytes(),
                                readOnly),
                        fs,
                        scan,
                        memtables.replaySink(),
                        budget,
                        this::logLoss);
        for (ScanAnomaly anomaly : scan.anomalies()) {
            log.warning("recovery, numbering: " + anomaly.message());
        }
        openQueues(dirs, scan);
        contexts = new ReadContextPool(budget);
        parts.opened(contexts::close);
        entryReader = new EntryReader(budget, memtables, append, rewrite, config.verifyEveryRead());
        parts.opened(entryReader::close);
        budget.relieveWith(this::giveBackWhatReadersKept);
        if (!readOnly) {
            openForWriting();
        }
    }

    /** At once: the report is lost if the open fails from here on, and the bytes are cut. */
    private void logLoss(DroppedRange range) {
        log.warning("recovery: " + range);
    }

    FileSystem fileSystem() {
        return fs;
    }

    private void giveBackWhatReadersKept() {
        contexts.giveBack();
        entryReader.giveBack();
    }

    private void closeMemtables() {
        if (complete) {
            memtables.close();
        } else {
            memtables.abandon();
        }
    }

    private void openForWriting() {
        compactions = new CompactionBatches(budget);
        parts.opened(compactions::close);
        committer =
                new GroupCommitter(
                        budget,
                        appendQueue,
                        memtables,
                        BatchListeners.of(listeners, net),
                        clockwork.nanoClock());
        parts.opened(committer::close);
        pipeline = new CommitPipeline(budget, committer);
        parts.opened(pipeline::close);
        purge =
                new PurgeManager(
                        budget,
                        purgeSettings(),
                        memtables,
                        pipeline,
                        committer,
                        appendQueue,
                        rewriteQueue,
                        BatchListeners.of(listeners, net),
                        clockwork.nanoClock());
        parts.opened(purge::close);
        if (!config.backgroundPurgeInterval().isZero()) {
            backgroundPurge =
                    new BackgroundPurge(purge, config.backgroundPurgeInterval(), listeners, log);
            parts.opened(backgroundPurge::close);
        }
        agent = new EngineAgent(pipeline, clockwork.nanoClock(), log, appendQueue, rewriteQueue);
        if (clockwork.agentThread()) {
            startAgent();
        }
    }

    private PurgeSettings purgeSettings() {
        return new PurgeSettings(
                config.targetFileSizeBytes(),
                config.purgeThresholdBytes(),
                config.purgeRewriteThresholdBytes(),
                config.purgeRewriteGarbageRatio(),
                config.purgeAppendGarbageRatio(),
                (int) Math.min(config.batchCompressionThresholdBytes(), Integer.MAX_VALUE),
                config.compressionLevel(),
                config.purgeBytesPerSecond(),
                config.memoryLimitBytes(),
                this::firstSegmentListenersNeed);
    }

    /** Whoever cannot answer may need everything: nothing goes until he can. */
    private long firstSegmentListenersNeed() {
        long first = Long.MAX_VALUE;
        for (EngineListener listener : listeners) {
            try {
                first = Math.min(first, listener.firstSegmentNotReadyForPurge());
            } catch (Throwable thrown) {
                net.caughtAll(thrown);
                return 0;
            }
        }
        return first;
    }

    private void startAgent() {
        AgentRunner runner =
                new AgentRunner(
                        new BackoffIdleStrategy(
                                0, 1, TimeUnit.MICROSECONDS.toNanos(100), AGENT_PARK_NANOS_MAX),
                        failed -> log.error("background agent", failed),
                        null,
                        agent);
        Thread thread = AgentRunner.startOnThread(runner, EngineOpener::agentThread);
        parts.opened(() -> close(runner, thread));
    }

    /** The runner does not wait for its thread if the closing one is interrupted. */
    private static void close(AgentRunner runner, Thread thread) {
        boolean interrupted = Thread.interrupted();
        try {
            runner.close();
        } finally {
            ThreadEnd.await(thread);
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static Thread agentThread(Runnable work) {
        return Thread.ofPlatform().name("raft-engine-agent").daemon(true).unstarted(work);
    }

    private List<Path> directories() {
        List<Path> dirs = new ArrayList<>();
        dirs.add(config.dir());
        config.spillDir().ifPresent(dirs::add);
        // All are looked at before the first one is made: a refusal changes nothing.
        List<Path> missing = new ArrayList<>();
        FileInfo main = null;
        for (Path dir : dirs) {
            FileInfo info = fs.info(dir);
            if (info == null) {
                missing.add(dir);
            } else {
                demandDirectory(dir, info);
                demandAnother(main, info);
            }
            main = info;
        }
        for (Path dir : missing) {
            if (missing.size() > 1 && normal(dirs.get(0)).equals(normal(dirs.get(1)))) {
                throw sameDirectory();
            }
            if (readOnly) {
                throw new StorageException(dir.toString(), "open", 2, "no such directory");
            }
            fs.createDirectory(dir);
        }
        return dirs;
    }

    /**
     * Makes the names of the directories durable: one that a power cut takes away takes every
     * synced write with it (defect 10, Q12). At every open, whatever is found in them: an earlier
     * one may have made one of them, beside another full of data, and died. A parent that may be
     * entered but not read cannot be synced by us.
     */
    private void syncNamesOf(List<Path> dirs) {
        for (Path dir : dirs) {
            Path parent = dir.toAbsolutePath().getParent();
            if (parent == null) {
                continue;
            }
            try {
                // What is mounted here was not made by an open, and its parent may be of a kind
                // that cannot be synced.
                if (fs.info(parent).device() == fs.info(dir).device()) {
                    fs.syncDirectory(parent);
                }
            } catch (StorageException refused) {
                if (refused.errno() != EACCES) {
                    throw refused;
                }
                log.warning("the name of " + dir + " is not synced", refused);
            }
        }
    }

    private static void demandDirectory(Path dir, FileInfo info) {
        if (info.kind() != FileKind.DIRECTORY) {
            throw new StorageException(dir.toString(), "open", 20, "not a directory");
        }
    }

    /** The same directory twice would be scanned twice: every segment a duplicate. */
    private void demandAnother(FileInfo main, FileInfo spill) {
        if (main != null && main.device() == spill.device() && main.inode() == spill.inode()) {
            throw sameDirectory();
        }
    }

    private ConfigException sameDirectory() {
        return new ConfigException("spill-dir", "is the same directory as dir, " + config.dir());
    }

    private static Path normal(Path dir) {
        return dir.toAbsolutePath().normalize();
    }

    private void lock(Path dir) {
        DirectoryLock lock = fs.lock(dir, readOnly ? LockMode.SHARED : LockMode.EXCLUSIVE);
        parts.opened(lock::close);
    }

    private void openQueues(List<Path> dirs, DirectoryScan scan) {
        if (readOnly) {
            append = lookAt(recovered.append());
            rewrite = lookAt(recovered.rewrite());
            return;
        }
        HeadRoom headRoom = HeadRoom.open(fs, config.dir(), config.purgeHeadRoomBytes());
        appendQueue = queue(QueueKind.APPEND, dirs, recovered.append(), scan, headRoom);
        rewriteQueue = queue(QueueKind.REWRITE, dirs, recovered.rewrite(), scan, headRoom);
        appendQueue.servesHeadRoom();
        append = appendQueue;
        rewrite = rewriteQueue;
    }

    private SegmentSource lookAt(List<RecoveredSegment> segments) {
        ReadOnlySegments readers = ReadOnlySegments.open(fs, segments);
        parts.opened(readers::close);
        return readers;
    }

    private SegmentQueue queue(
            QueueKind kind,
            List<Path> dirs,
            List<RecoveredSegment> segments,
            DirectoryScan scan,
            HeadRoom headRoom) {
        boolean recycles = kind == QueueKind.APPEND;
        QueueSettings settings =
                QueueSettings.builder(kind, dirs)
                        .version(config.formatVersion())
                        .targetBytes(config.targetFileSizeBytes())
                        .recycleCapacity(recycles ? capped(config.recycleCapacity()) : 0)
                        .prefillCapacity(recycles ? capped(config.prefillCapacity()) : 0)
                        .prefillBytesPerSecond(PREFILL_BYTES_PER_SECOND)
                        .prefill(prefill(kind))
                        .prepareAhead(recycles)
                        .budget(budget)
                        .clock(clockwork.nanoClock())
                        .listener(segmentListener())
                        .build();
        SegmentQueue queue = SegmentQueue.open(settings, fs, segments, scan, headRoom);
        parts.opened(queue::close);
        return queue;
    }

    /**
     * A filled file makes a sync faster, by about a third, for as many bytes again. Callers wait
     * for the syncs of the append queue; nobody does for those of copies.
     */
    private PrefillPolicy prefill(QueueKind kind) {
        boolean copies = kind == QueueKind.REWRITE && config.prefill() == PrefillPolicy.AUTO;
        return copies ? PrefillPolicy.NEVER : config.prefill();
    }

    private static int capped(long capacity) {
        return (int) Math.min(capacity, Integer.MAX_VALUE);
    }

    private SegmentListener segmentListener() {
        return listeners.isEmpty() ? SegmentListener.NONE : new SegmentListeners(listeners, net);
    }
}
