package io.raftengine.engine.purge;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.engine.commit.CommitListener;
import io.raftengine.engine.commit.CommitPipeline;
import io.raftengine.engine.commit.GroupCommitter;
import io.raftengine.engine.memtable.GroupLook;
import io.raftengine.engine.memtable.Memtables;
import io.raftengine.engine.memtable.PurgeIndex;
import io.raftengine.error.ClosedException;
import io.raftengine.error.PoisonedException;
import io.raftengine.error.RaftEngineException;
import io.raftengine.log.format.BatchEncoder;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.segment.SegmentQueue;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.agrona.collections.IntArrayList;
import org.agrona.collections.LongHashSet;

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

    /** A group with more rewritten entries than this should be compacted. */
    private static final long REWRITTEN_MAX = 32;

    private static final int REMOVALS_STEP = 512;
    private static final int SWEEP_STEP = 512;

    /** Where a purge may be broken off by a test. */
    enum StopAfter {
        NOTHING,
        REMOVALS,
        COPIES
    }

    private final ReentrantLock lock = new ReentrantLock();
    private final PurgeCounters counters = new PurgeCounters();
    private final PurgeParts parts;
    private final RewriteLog log;
    private final PurgeSettings settings;
    private final SegmentQueue append;
    private final SegmentQueue rewrite;
    private final GroupCommitter committer;
    private final CopyRoom room;
    private final SqueezePlan plan;
    private final AppendPlan appendPlan;
    private final SqueezeRetries retries = new SqueezeRetries();
    private long nextAtomicId;

    /**
     * Named by purges that failed in the end: whoever called them has heard of the failure only.
     */
    private List<PurgeOutcome.Blocking> untold = List.of();

    // Of a step with the write token.
    private boolean more;
    private long firstLive;
    private long firstNotCarried;

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
        this.settings = settings;
        this.committer = committer;
        this.room = new CopyRoom(append, rewrite, memtables);
        this.append = append;
        this.rewrite = rewrite;
        this.log = new RewriteLog(budget, rewrite, listener, clock, this::poisonAppendQueue);
        Pacer pacer = new Pacer(settings.bytesPerSecond(), Foreground.of(pipeline, committer));
        this.parts =
                new PurgeParts(
                        budget, settings, memtables, pipeline, append, rewrite, log, listener,
                        pacer);
        this.plan = new SqueezePlan(parts);
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
        return rewriteAppend(through, StopAfter.NOTHING);
    }

    PurgeOutcome rewriteAppend(long through, StopAfter stop) {
        return waiting(figures -> {
            if (through >= append.activeSeq()) {
                parts.exclusively(this::rotateAppend);
            }
            long watermark = Math.min(through, append.activeSeq() - 1);
            if (watermark >= append.firstSeq()) {
                moveOld(watermark, OldGroupVisit.Rules.NONE, stop, figures);
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
            squeeze(rewrite.activeSeq(), figures);
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
        void run(Figures figures);
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
        Figures figures = new Figures();
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
            untold = figures.blocking;
        }
        untold = List.of();
        return figures.outcome();
    }

    private void sound(Runnable work) {
        try {
            demandSound(append);
            demandSound(rewrite);
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

    /** What nobody can vouch for is neither copied nor dropped. */
    private static void demandSound(SegmentQueue queue) {
        if (queue.poisoned()) {
            throw new PoisonedException(
                    "a sync failed earlier; close the engine and open the directory again");
        }
    }

    // ---- thresholds ----------------------------------------------------------------------------

    private void purgeByThresholds(Figures figures) {
        boolean spaceIsShort = room.isShort();
        RaftEngineException notSqueezed = null;
        if (!spaceIsShort && isRewriteDue(false)) {
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
        if (spaceIsShort && isRewriteDue(true)) {
            notSqueezed = trySqueeze(rewrite.activeSeq(), figures);
        }
        if (notSqueezed != null) {
            throw notSqueezed;
        }
    }

    private void purgeAppended(Figures figures) {
        appendPlan.purgeBegins(append.activeSeq());
        long first = append.firstSeq();
        long active = append.activeSeq();
        boolean due = appendPlan.isDue(first, active);
        if (!due && !isAppendDueEarly()) {
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
        moveOld(through, rules, StopAfter.NOTHING, figures);
    }

    /**
     * Squeezes unless that failed too recently. A block that cannot be read must not make the
     * append queue grow for ever.
     *
     * @return why it failed, or null
     */
    private RaftEngineException trySqueeze(long through, Figures figures) {
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
    private void moveStepByStep(long watermark, Figures figures) {
        long firstBefore;
        do {
            firstBefore = append.firstSeq();
            moveOld(room.fitting(watermark), OldGroupVisit.Rules.NONE, StopAfter.NOTHING, figures);
        } while (append.firstSeq() > firstBefore && append.firstSeq() <= watermark);
    }

    /** Below the threshold, for the garbage in it or since there is no space. */
    private boolean isAppendDueEarly() {
        return settings.appendGarbageRatio() < 1
                        && isOver(append, settings.rewriteThresholdBytes())
                        && garbage(append, QueueKind.APPEND) > settings.appendGarbageRatio()
                || append.activeSeq() > append.firstSeq() && room.helps();
    }

    private double liveShare(long segment) {
        long added = parts.memtables().addedBytes(QueueKind.APPEND, segment);
        long live = parts.memtables().liveBytes(QueueKind.APPEND, segment);
        return added == 0 ? 0 : (double) live / added;
    }

    private boolean isRewriteDue(boolean spaceIsShort) {
        double garbage = garbage(rewrite, QueueKind.REWRITE);
        return spaceIsShort
                ? rewrite.activeSeq() > rewrite.firstSeq() && room.helps(garbage)
                : isOver(rewrite, settings.rewriteThresholdBytes())
                        && garbage > settings.garbageRatio();
    }

    /**
     * Squeezes up to a segment, if what has to be copied is sure to find room; otherwise the best
     * part for which it is, or nothing. One that found no space half-way would leave more than it
     * found.
     */
    private void squeezeBest(long through, Figures figures) {
        if (room.fitsRewritten()) {
            squeeze(through, figures);
            return;
        }
        long fitting = plan.mostGarbageWithin(room.copyable());
        if (fitting >= rewrite.firstSeq()) {
            squeeze(fitting, figures);
        }
    }

    /** Share of what was ever added to the queue's segments that nobody needs any more. */
    private double garbage(SegmentQueue queue, QueueKind kind) {
        long live = 0;
        long added = 0;
        for (long segment = queue.firstSeq(); segment <= queue.activeSeq(); segment++) {
            live += parts.memtables().liveBytes(kind, segment);
            added += parts.memtables().addedBytes(kind, segment);
        }
        return added == 0 ? 0 : (double) (added - live) / added;
    }

    private boolean isOver(SegmentQueue queue, long threshold) {
        long segments = queue.activeSeq() - queue.firstSeq() + 1;
        return segments > 1 && segments * settings.targetBytes() > threshold;
    }

    // ---- append queue --------------------------------------------------------------------------

    private void moveOld(
            long watermark, OldGroupVisit.Rules rules, StopAfter stop, Figures figures) {
        // Segments from here on may hold removals that are not carried this time.
        long barrier = carryRemovals(figures);
        if (stop == StopAfter.REMOVALS) {
            return;
        }
        CopyWriter writer = new CopyWriter(parts, QueueKind.APPEND, watermark);
        OldGroupVisit visit = new OldGroupVisit(parts, watermark, rules);
        RaftEngineException notCopied = null;
        try (writer) {
            if (parts.shape().alwaysAtomic()) {
                copyOldAtomically(watermark, writer, visit);
            } else {
                copyOld(watermark, writer, visit);
            }
        } catch (PoisonedException | ClosedException fatal) {
            throw fatal;
        } catch (RaftEngineException failed) {
            // What lies before a block that cannot be read need not stay for its sake.
            notCopied = failed;
        } finally {
            figures.bytesWritten += writer.bytesWritten();
        }
        try {
            log.seal();
            visit.blocking().forEach(group -> figures.ask(group.groupId(), group.bytes()));
            if (stop != StopAfter.COPIES) {
                dropOld(barrier, figures);
            }
        } catch (RaftEngineException further) {
            if (notCopied != null) {
                further.addSuppressed(notCopied);
            }
            throw further;
        }
        if (notCopied != null) {
            throw notCopied;
        }
    }

    private void dropOld(long barrier, Figures figures) {
        long kept = Math.min(barrier, settings.listenersGate().getAsLong());
        figures.appendDropped += drop(append, QueueKind.APPEND, kept);
        figures.rewriteDropped += dropRewritten();
        sweep();
    }

    private void copyOld(long watermark, CopyWriter writer, OldGroupVisit visit) {
        AppendTarget target = new AppendTarget(parts, writer);
        SegmentSweep sweep = new SegmentSweep(parts, watermark, target);
        visit.run(sweep::add);
        sweep.run();
        target.finish();
        sweep.demandAllRead();
    }

    private void copyOldAtomically(long watermark, CopyWriter writer, OldGroupVisit visit) {
        SqueezeTarget target = new SqueezeTarget(parts, writer, nextAtomicId);
        try (GroupCopy copy = new GroupCopy(parts, QueueKind.APPEND, watermark, target)) {
            visit.run(copy::copy);
            copy.finish();
            target.finish();
        } finally {
            nextAtomicId = target.nextAtomicId();
        }
    }

    /**
     * Writes what was removed to the rewrite queue, and syncs it.
     *
     * @return the first segment of the append queue with removals that were left out
     */
    private long carryRemovals(Figures figures) {
        PurgeIndex index = parts.index();
        parts.exclusively(() -> index.beginRemovals(append.activeSeq()));
        boolean done = false;
        long batchBytes = parts.shape().batchBytes();
        try {
            BatchEncoder batch = parts.shared();
            batch.clear();
            do {
                parts.exclusively(
                        () -> more = index.writeRemovals(batch, batchBytes, REMOVALS_STEP));
                if (!batch.isEmpty() && (!more || batch.approximateBytes() >= batchBytes)) {
                    batch.finish(0, 1);
                    parts.pacer().spend(batch.encodedBytes());
                    log.append(batch);
                    if (parts.listener() != null) {
                        parts.listener().batchApplied(QueueKind.REWRITE, log.segment());
                    }
                    figures.bytesWritten += batch.encodedBytes();
                    batch.clear();
                }
            } while (more);
            log.sync();
            done = true;
        } finally {
            if (!done) {
                parts.exclusivelyAtEnd(index::abandonRemovals);
            }
        }
        do {
            parts.exclusivelyAtEnd(() -> more = index.settleRemovals(REMOVALS_STEP));
        } while (more);
        parts.exclusively(() -> firstNotCarried = index.firstNotCarried());
        return firstNotCarried;
    }

    // ---- rewrite queue -------------------------------------------------------------------------

    /**
     * Copies the groups with live data in the oldest segments to the end, whole, and drops these
     * segments. A group that has data in newer ones only stays where it is: a group's copy must not
     * be younger than what follows it.
     *
     * @param through the last segment to be freed
     */
    private void squeeze(long through, Figures figures) {
        long old = beginSegment();
        CopyWriter writer = new CopyWriter(parts, QueueKind.REWRITE, old);
        SqueezeTarget target = new SqueezeTarget(parts, writer, nextAtomicId);
        GroupLook look = new GroupLook();
        HeldBytes held = new HeldBytes(parts.memtables());
        PurgeIndex index = parts.index();
        parts.exclusively(() -> index.beginCopying(append.activeSeq()));
        try (writer;
                GroupCopy copy = new GroupCopy(parts, QueueKind.REWRITE, old, target)) {
            for (int place = index.firstRewritten();
                    place != 0;
                    place = index.nextRewritten(place)) {
                index.look(index.groupAt(place), look);
                if (look.exists()) {
                    if (plan.oldestNeeded(look, place) <= through) {
                        copy.copy(look.groupId(), look.first(), look.rewrittenEnd());
                    }
                    if (look.rewrittenEnd() - look.first() > REWRITTEN_MAX) {
                        figures.ask(look.groupId(), held.rewritten(look));
                    }
                }
            }
            copy.finish();
            target.finish();
        } finally {
            nextAtomicId = target.nextAtomicId();
            figures.bytesWritten += writer.bytesWritten();
        }
        log.seal();
        figures.rewriteDropped += dropRewritten();
        sweep();
    }

    /**
     * Copies begin in a segment of their own: an empty one will do, which a squeeze that failed may
     * have left.
     *
     * @return the last segment before it
     */
    private long beginSegment() {
        if (!rewrite.activeIsEmpty()) {
            log.rotate();
        }
        return rewrite.activeSeq() - 1;
    }

    /**
     * Drops the rewrite queue's segments without live data, as far as no atomic group needs them.
     */
    private long dropRewritten() {
        PurgeIndex index = parts.index();
        GroupLook look = new GroupLook();
        long kept = rewrite.activeSeq();
        IntArrayList settled = new IntArrayList();
        for (int place = index.firstRewritten(); place != 0; place = index.nextRewritten(place)) {
            long first = index.spanFirst(place);
            if (first == Long.MAX_VALUE) {
                continue;
            }
            index.look(index.groupAt(place), look);
            long needed = look.exists() ? plan.oldestNeeded(look, place) : Long.MAX_VALUE;
            if (needed <= first) {
                kept = Math.min(kept, Math.max(first, rewrite.firstSeq()));
            } else {
                settled.addInt(place);
            }
        }
        forgetSpans(settled);
        return drop(rewrite, QueueKind.REWRITE, kept);
    }

    private void forgetSpans(IntArrayList places) {
        for (int from = 0; from < places.size(); from += SWEEP_STEP) {
            int begin = from;
            int end = Math.min(places.size(), from + SWEEP_STEP);
            parts.exclusively(() -> {
                for (int i = begin; i < end; i++) {
                    parts.index().forgetSpan(places.getInt(i));
                }
            });
        }
    }

    // ---- both ----------------------------------------------------------------------------------

    /** Drops segments below {@code kept} that hold nothing live. */
    private long drop(SegmentQueue queue, QueueKind kind, long kept) {
        long first = queue.firstSeq();
        long limit = Math.max(first, Math.min(kept, queue.activeSeq()));
        parts.exclusively(() -> {
            // Removals of the meantime may need segments that those carried did not.
            long needed =
                    kind == QueueKind.APPEND
                            ? Math.max(first, Math.min(limit, parts.index().firstNotCarried()))
                            : limit;
            firstLive = parts.index().firstLive(kind, first, needed);
        });
        if (firstLive <= first) {
            return 0;
        }
        // What is dead may be so because of a write that nobody has synced: a power cut would take
        // that, and what it removed must still be there.
        parts.syncAppended();
        try {
            return queue.purgeTo(firstLive);
        } finally {
            long now = queue.firstSeq();
            parts.exclusivelyAtEnd(() -> parts.index().forgetBelow(kind, now));
        }
    }

    private void sweep() {
        parts.index().beginSweep();
        do {
            parts.exclusively(() -> more = parts.index().sweep(SWEEP_STEP));
        } while (more);
    }

    /** What a purge did so far. */
    private final class Figures {
        final List<PurgeOutcome.Blocking> blocking = new ArrayList<>();
        long appendDropped;
        long rewriteDropped;
        long bytesWritten;
        private final LongHashSet asked = new LongHashSet();

        /** Names a group once. */
        void ask(long group, long bytes) {
            if (asked.add(group)) {
                blocking.add(new PurgeOutcome.Blocking(group, bytes));
            }
        }

        /** Names a group that an earlier purge has named, if there is anything left of it. */
        void askStill(PurgeOutcome.Blocking before) {
            if (parts.memtables().first(before.groupId()) != Memtables.NO_INDEX) {
                ask(before.groupId(), before.bytes());
            }
        }

        PurgeOutcome outcome() {
            return new PurgeOutcome(
                    List.copyOf(blocking), appendDropped, rewriteDropped, bytesWritten);
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
