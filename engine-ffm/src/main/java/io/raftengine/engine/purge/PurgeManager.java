package io.raftengine.engine.purge;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.engine.commit.CommitListener;
import io.raftengine.engine.commit.CommitPipeline;
import io.raftengine.engine.commit.GroupCommitter;
import io.raftengine.engine.memtable.Memtables;
import io.raftengine.error.ClosedException;
import io.raftengine.error.PoisonedException;
import io.raftengine.error.RaftEngineException;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.segment.SegmentQueue;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * Frees old segments of both queues. What is live in them is copied to the end of the rewrite queue
 * first, and what was removed is told to it before that.
 *
 * <pre>
 *   append queue                                        rewrite queue
 *   | old segments, little alive ..... | new ....|      | removals, then copies, then a mark, synced |
 *        '--- removals, live data --------------------&gt;'          then the old segments are dropped
 *
 *   squeeze: | old segments, much garbage | begun anew: all that is live, groups as a whole, mark |
 * </pre>
 *
 * <p>Nothing is dropped before its replacement is on disk and marked as such (I6); removals come
 * before the copies of the same purge (D13); a segment of the append queue goes only when no live
 * entry or key is in it, which is counted and not searched for.
 *
 * <p>For any thread, one at a time: {@link #purge} returns at once if another works, the others
 * wait.
 */
public final class PurgeManager implements AutoCloseable {
    /** Groups with data in this share of the segments lag. */
    private static final double LAGGING_SHARE = 0.2;

    private final ReentrantLock lock = new ReentrantLock();
    private final PurgeCounters counters = new PurgeCounters();
    private final PurgeParts parts;
    private final RewriteLog log;
    private final SegmentQueue append;
    private final SegmentQueue rewrite;
    private final GroupCommitter committer;
    private final CopyRoom room;
    private final PurgeThresholds thresholds;
    private final SqueezePlan plan;
    private final AppendPlan appendPlan;
    private final AppendRewrite appendRewrite;
    private final Squeeze squeeze;
    private final SqueezeRetries retries = new SqueezeRetries();

    /**
     * Named by purges that failed in the end: whoever called them has heard of the failure only.
     */
    private List<PurgeOutcome.Blocking> untold = List.of();

    /**
     * A purger for one engine.
     *
     * @param budget pays for its buffers
     * @param settings how to purge
     * @param memtables the index
     * @param pipeline gives short steps the write token
     * @param committer whose figures say how the writers fare
     * @param append the append queue
     * @param rewrite the rewrite queue; nobody else writes to it
     * @param listener told about batches; may be null
     * @param clock nanoseconds
     */
    public PurgeManager(
            MemoryBudget budget,
            PurgeSettings settings,
            Memtables memtables,
            CommitPipeline pipeline,
            GroupCommitter committer,
            SegmentQueue append,
            SegmentQueue rewrite,
            CommitListener listener,
            LongSupplier clock) {
        this.committer = committer;
        this.room = new CopyRoom(append, rewrite, memtables);
        this.thresholds = new PurgeThresholds(settings, append, rewrite, memtables, room);
        this.append = append;
        this.rewrite = rewrite;
        this.log = new RewriteLog(budget, rewrite, listener, clock, this::poisonAppendQueue);
        Pacer pacer = new Pacer(settings.bytesPerSecond(), Foreground.of(pipeline, committer));
        this.parts =
                new PurgeParts(
                        budget, settings, memtables, pipeline, append, rewrite, log, listener,
                        pacer);
        this.plan = new SqueezePlan(parts);
        DeadSegments dead = new DeadSegments(parts, plan);
        this.appendRewrite = new AppendRewrite(parts, dead);
        this.squeeze = new Squeeze(parts, plan, dead);
        this.appendPlan =
                new AppendPlan(
                        settings.purgeThresholdBytes(), settings.targetBytes(), this::liveShare);
    }

    private void poisonAppendQueue(PoisonedException poison) {
        append.poison("the rewrite queue was poisoned", poison);
    }

    /** Cuts copies otherwise from now on, for tests. */
    void setShape(CopyShape shape) {
        parts.setShape(shape);
    }

    /**
     * What purges have done so far; by any thread.
     *
     * @return running totals
     */
    public PurgeCounters counters() {
        return counters;
    }

    /** How often purges asked for the write token, for tests. */
    long tokenSteps() {
        return parts.steps();
    }

    // ---- what users want -----------------------------------------------------------------------

    /**
     * Frees what the thresholds say is too much.
     *
     * @return what was done; nothing if another thread purges
     */
    public PurgeOutcome purge() {
        if (!lock.tryLock()) {
            return PurgeOutcome.NOTHING;
        }
        try {
            return counted(this::purgeByThresholds);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Copies everything that is live in the append queue, up to a segment, and drops what nobody
     * needs then.
     *
     * @param through the last segment to copy from; from the active one on, a new one is begun and
     *     everything copied
     * @return what was done
     */
    public PurgeOutcome rewriteAppend(long through) {
        return rewriteAppend(through, AppendRewrite.StopAfter.NOTHING);
    }

    PurgeOutcome rewriteAppend(long through, AppendRewrite.StopAfter stop) {
        return waiting(figures -> {
            if (through >= append.activeSeq()) {
                parts.exclusively(this::rotateAppend);
            }
            long watermark = Math.min(through, append.activeSeq() - 1);
            if (watermark >= append.firstSeq()) {
                appendRewrite.run(watermark, OldGroupVisit.Rules.NONE, stop, figures);
            }
        });
    }

    /**
     * Copies everything that is live in the rewrite queue to a new segment, and drops the old ones.
     *
     * @return what was done
     */
    public PurgeOutcome rewriteRewrite() {
        return waiting(figures -> {
            squeeze.run(rewrite.activeSeq(), figures);
            retries.succeeded();
        });
    }

    /**
     * Begins a new segment.
     *
     * @param queue in which queue
     */
    public void rotate(QueueKind queue) {
        lock.lock();
        try {
            sound(() -> {
                if (queue == QueueKind.APPEND) {
                    parts.exclusively(this::rotateAppend);
                } else {
                    log.rotate();
                }
            });
        } finally {
            lock.unlock();
        }
    }

    private void rotateAppend() {
        committer.rotate();
    }

    private interface Work {
        void run(PurgeFigures figures);
    }

    private PurgeOutcome waiting(Work work) {
        lock.lock();
        try {
            return counted(work);
        } finally {
            lock.unlock();
        }
    }

    private PurgeOutcome counted(Work work) {
        PurgeFigures figures = new PurgeFigures(parts.memtables());
        try {
            sound(() -> {
                long began = System.nanoTime();
                try {
                    work.run(figures);
                    counters.ended(System.nanoTime() - began);
                } finally {
                    // One that failed may have freed much before.
                    counters.did(figures.outcome());
                }
            });
        } finally {
            untold.forEach(figures::askStill);
            untold = figures.blocking();
        }
        untold = List.of();
        return figures.outcome();
    }

    private void sound(Runnable work) {
        try {
            parts.demandSound();
            parts.begin();
            try {
                work.run();
            } finally {
                parts.end();
            }
        } catch (PoisonedException poison) {
            // Both queues are one engine, wherever the sync failed.
            poisonAppendQueue(poison);
            throw poison;
        }
    }

    // ---- thresholds ----------------------------------------------------------------------------

    private void purgeByThresholds(PurgeFigures figures) {
        boolean spaceIsShort = room.isShort();
        RaftEngineException notSqueezed = null;
        if (!spaceIsShort && thresholds.isRewriteDue(false)) {
            notSqueezed = trySqueeze(plan.mostGarbage(), figures);
        }
        try {
            purgeAppended(figures);
        } catch (RaftEngineException failed) {
            if (notSqueezed != null) {
                failed.addSuppressed(notSqueezed);
            }
            throw failed;
        }
        // In the space that was freed just now.
        if (spaceIsShort && thresholds.isRewriteDue(true)) {
            notSqueezed = trySqueeze(rewrite.activeSeq(), figures);
        }
        if (notSqueezed != null) {
            throw notSqueezed;
        }
    }

    private void purgeAppended(PurgeFigures figures) {
        appendPlan.purgeBegins(append.activeSeq());
        long first = append.firstSeq();
        long active = append.activeSeq();
        boolean due = appendPlan.isDue(first, active);
        if (!due && !thresholds.isAppendDueEarly()) {
            return;
        }
        long reach = AppendPlan.reach(first, active);
        if (room.isShort()) {
            moveStepByStep(reach, figures);
            return;
        }
        long lagging = AppendPlan.segmentAt(first, active, LAGGING_SHARE);
        long through = due ? appendPlan.through(first, active) : reach;
        boolean names = appendPlan.beginNaming(first, active);
        OldGroupVisit.Rules rules = new OldGroupVisit.Rules(reach, lagging, names);
        appendRewrite.run(through, rules, figures);
    }

    /**
     * Squeezes unless that failed too recently. A block that cannot be read must not make the
     * append queue grow for ever.
     *
     * @return why it failed, or null
     */
    private RaftEngineException trySqueeze(long through, PurgeFigures figures) {
        if (!retries.isDue()) {
            return null;
        }
        long written = figures.bytesWritten;
        try {
            squeezeBest(through, figures);
            retries.succeeded();
            return null;
        } catch (PoisonedException | ClosedException fatal) {
            throw fatal;
        } catch (RaftEngineException failed) {
            retries.failed(failed, figures.bytesWritten > written);
            // The copies of the append queue may need the memory.
            parts.close();
            return failed;
        }
    }

    /**
     * Moves as much at a time as is sure to find space, and frees what it came from. Everything,
     * without asking users to compact: on a full disk they cannot.
     */
    private void moveStepByStep(long watermark, PurgeFigures figures) {
        long firstBefore;
        do {
            firstBefore = append.firstSeq();
            appendRewrite.run(room.fitting(watermark), OldGroupVisit.Rules.NONE, figures);
        } while (append.firstSeq() > firstBefore && append.firstSeq() <= watermark);
    }

    private double liveShare(long segment) {
        long added = parts.memtables().addedBytes(QueueKind.APPEND, segment);
        long live = parts.memtables().liveBytes(QueueKind.APPEND, segment);
        return added == 0 ? 0 : (double) live / added;
    }

    /**
     * Squeezes up to a segment, if what has to be copied is sure to find room; otherwise the best
     * part for which it is, or nothing. One that found no space half-way would leave more than it
     * found.
     */
    private void squeezeBest(long through, PurgeFigures figures) {
        if (room.fitsRewritten()) {
            squeeze.run(through, figures);
            return;
        }
        long fitting = plan.mostGarbageWithin(room.copyable());
        if (fitting >= rewrite.firstSeq()) {
            squeeze.run(fitting, figures);
        }
    }

    // ---- end -----------------------------------------------------------------------------------

    /** Ends a purge at its next step; for a close that need not wait long. By any thread. */
    public void stop() {
        parts.stop();
    }

    @Override
    public void close() {
        stop();
        lock.lock();
        try {
            parts.close();
            log.close();
        } finally {
            lock.unlock();
        }
    }
}
