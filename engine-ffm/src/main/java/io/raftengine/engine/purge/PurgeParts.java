package io.raftengine.engine.purge;

import io.raftengine.allocator.GrowableBuffer;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.engine.commit.CommitListener;
import io.raftengine.engine.commit.CommitPipeline;
import io.raftengine.engine.memtable.Memtables;
import io.raftengine.engine.memtable.PlacedKeys;
import io.raftengine.engine.memtable.PurgeIndex;
import io.raftengine.engine.memtable.Relocation;
import io.raftengine.error.ClosedException;
import io.raftengine.error.PoisonedException;
import io.raftengine.log.format.BatchEncoder;
import io.raftengine.log.segment.SegmentQueue;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.agrona.collections.LongArrayList;

/**
 * What the steps of a purge work with: the two queues, the index, and buffers, which exist only
 * while a purge has something to copy. For the purger's thread.
 */
final class PurgeParts implements AutoCloseable {
    /** Groups admitted with one hold of the write token. */
    private static final int ADMIT_STEP = 128;

    /**
     * Into so many parts a small memory limit is divided. What a copy needs at once, window, reads
     * and batches, is a few of them.
     */
    static final int SHARES = 32;

    private static final long WINDOW_BYTES_MIN = 256 << 10;

    private final MemoryBudget budget;
    private final PurgeSettings settings;
    private final Memtables memtables;
    private final CommitPipeline pipeline;
    private final SegmentQueue append;
    private final SegmentQueue rewrite;
    private final RewriteLog log;
    private final CommitListener listener;
    private final Pacer pacer;
    private final PurgeIndex index;
    private CopyShape shape;
    private boolean spaceIsShort;
    private boolean synced;
    private volatile boolean stopped;
    private long steps;

    /** Those that recovery found are on disk. */
    private long entryRemovalsSynced;

    private long nextAtomicId;

    // Made by the first copy.
    private final List<AutoCloseable> open = new ArrayList<>();
    private EntryWindow window;
    private PlacedKeys keys;
    private BatchEncoder shared;
    private BatchEncoder single;
    private Relocation relocation;
    private GrowableBuffer rows;

    PurgeParts(
            MemoryBudget budget,
            PurgeSettings settings,
            Memtables memtables,
            CommitPipeline pipeline,
            SegmentQueue append,
            SegmentQueue rewrite,
            RewriteLog log,
            CommitListener listener,
            Pacer pacer) {
        this.budget = budget;
        this.settings = settings;
        this.shape = CopyShape.USUAL.within(settings.memoryLimitBytes());
        this.memtables = memtables;
        this.pipeline = pipeline;
        this.append = append;
        this.rewrite = rewrite;
        this.log = log;
        this.listener = listener;
        this.pacer = pacer;
        this.index = new PurgeIndex(memtables);
    }

    PurgeSettings settings() {
        return settings;
    }

    Memtables memtables() {
        return memtables;
    }

    SegmentQueue append() {
        return append;
    }

    SegmentQueue rewrite() {
        return rewrite;
    }

    RewriteLog log() {
        return log;
    }

    CommitListener listener() {
        return listener;
    }

    /** A purge begins. */
    void begin() {
        spaceIsShort = rewrite.isSpaceShort();
        pacer.purgeBegins();
    }

    /** It ends, and the buffers are given back. */
    void end() {
        pacer.purgeEnds();
        close();
    }

    /** Asked before something is read or written; its mind is made up anew each time. */
    Pacer pacer() {
        pacer.urgent(settings.isUrgent(append.activeSeq() - append.firstSeq(), spaceIsShort));
        return pacer;
    }

    PurgeIndex index() {
        return index;
    }

    CopyShape shape() {
        return shape;
    }

    void setShape(CopyShape other) {
        shape = other;
    }

    /** Runs a short step with the write token. */
    void exclusively(Runnable step) {
        if (stopped) {
            throw new ClosedException("the engine is being closed");
        }
        exclusivelyAtEnd(step);
    }

    /** As {@link #exclusively}, for what must be put in order also while the engine closes. */
    void exclusivelyAtEnd(Runnable step) {
        steps++;
        pipeline.exclusively(step);
    }

    /** How often the write token was asked for: beside writers each time may cost a sync. */
    long steps() {
        return steps;
    }

    /** What nobody can vouch for is neither copied nor dropped. */
    void demandSound() {
        pipeline.demandSound();
        if (rewrite.poisoned()) {
            throw new PoisonedException(
                    "a sync failed earlier; close the engine and open the directory again");
        }
    }

    /**
     * Returns once everything that was ever appended is on disk. Not with the write token. Where
     * writers sync it mostly is: a sync of its own would be one more that they wait for.
     */
    void syncAppended() {
        exclusivelyAtEnd(() -> synced = isAppendedSynced());
        if (!synced) {
            commitSync();
        }
    }

    /** Whether everything that was ever appended is on disk. With the write token. */
    boolean isAppendedSynced() {
        return pipeline.isSynced();
    }

    /** Returns once everything appended before is on disk. Not with the write token. */
    void commitSync() {
        pipeline.commit(null, true);
    }

    /**
     * Returns once every overwrite and compaction seen so far is on disk. At the next open a copy
     * cuts off what its original has behind it, and drops what lies before a gap: whatever made it
     * so must not be lost then, so this stands between collecting and writing.
     */
    void syncEntryRemovals() {
        long now = memtables.entryRemovals();
        if (now != entryRemovalsSynced) {
            syncAppended();
            entryRemovalsSynced = now;
        }
    }

    /** Ends the purge at its next step. By any thread. */
    void stop() {
        stopped = true;
        pacer.stop();
    }

    /** Makes ready for the rewrite queue to get data of groups, and tells which of them exist. */
    void admit(LongArrayList groups, BitSet admitted) {
        admitted.clear();
        for (int from = 0; from < groups.size(); from += ADMIT_STEP) {
            int begin = from;
            int end = Math.min(groups.size(), from + ADMIT_STEP);
            exclusively(() -> {
                for (int i = begin; i < end; i++) {
                    admitted.set(i, index.admit(groups.getLong(i)));
                }
            });
        }
    }

    /** An id for an atomic group, another one each time. */
    long newAtomicId() {
        return nextAtomicId++;
    }

    // ---- buffers -------------------------------------------------------------------------------

    EntryWindow window() {
        if (window == null) {
            long share = settings.memoryLimitBytes() / SHARES;
            int stretch =
                    Math.clamp(
                            share, BlockFetcher.STRETCH_BYTES_MIN, BlockFetcher.STRETCH_BYTES_MAX);
            long least = Math.min(WINDOW_BYTES_MIN, stretch);
            long bytes = Math.min(shape.windowBytes(), Math.max(least, share / 2));
            window =
                    new EntryWindow(
                            budget, memtables, append, rewrite, bytes, GroupCopy.RUNS_MAX, stretch);
            open.add(window);
        }
        return window;
    }

    PlacedKeys keys() {
        if (keys == null) {
            keys = new PlacedKeys(memtables, budget);
            open.add(keys);
        }
        return keys;
    }

    /** Holds what many groups share. */
    BatchEncoder shared() {
        if (shared == null) {
            shared = new BatchEncoder(budget);
            open.add(shared);
        }
        return shared;
    }

    /** Holds what is of one group. */
    BatchEncoder single() {
        if (single == null) {
            single = new BatchEncoder(budget);
            open.add(single);
        }
        return single;
    }

    Relocation relocation() {
        if (relocation == null) {
            relocation = new Relocation(memtables);
            open.add(relocation);
        }
        return relocation;
    }

    /** Holds where a sweep has got to with each group. */
    GrowableBuffer rows() {
        if (rows == null) {
            rows = new GrowableBuffer(budget, 4 << 10, Integer.MAX_VALUE);
            open.add(rows);
        }
        return rows;
    }

    /** Gives the buffers back. */
    @Override
    public void close() {
        for (AutoCloseable part : open) {
            try {
                part.close();
            } catch (Exception e) {
                throw new IllegalStateException("a buffer cannot be given back", e);
            }
        }
        open.clear();
        window = null;
        keys = null;
        shared = null;
        single = null;
        relocation = null;
        rows = null;
    }
}
