package io.raftengine.engine.commit;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.engine.waiting.Backoff;
import io.raftengine.error.ClosedException;
import io.raftengine.error.PoisonedException;
import io.raftengine.error.RaftEngineException;
import io.raftengine.log.format.EncodedBatch;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * From many callers to one write and one sync.
 *
 * <pre>
 *   caller     claim a slot, copy the batch, count ready          (group n+1, while group n syncs)
 *   leader     the last of those expected who finds the write token: closes the group
 *              validate, rotate, sign, write once, sync once, apply, lay the token down, wake all
 *   caller     read the outcome, leave
 * </pre>
 *
 * <p>One group is in flight at a time. Two syncs at once on one open file description lose errors,
 * and two half-sized groups are slower than one: the next group collects while this one syncs, and
 * its leader waits for those just woken.
 *
 * <p>Guarantees: a batch is validated when the fate of everything before it is known; nothing is
 * visible before it is as durable as its caller asked for; a batch that was refused or whose write
 * failed leaves no trace; once a sync has failed nothing is ever acknowledged again by this
 * pipeline (P7).
 *
 * <p>{@link #commit} may be called by any thread, platform or virtual. Virtual threads never lead:
 * a blocking system call would pin their carrier for the length of a sync, so a platform thread
 * leads for them.
 */
public final class CommitPipeline implements AutoCloseable {
    /**
     * Batches up to this size are copied into the group's buffer while it has room; others are
     * gathered from their own memory.
     */
    static final int COPIED_BYTES_MAX = 16 << 10;

    private static final int BUFFER_BYTES = 128 << 10;

    /** One collects, one syncs, and the callers of a third may still be leaving. */
    private static final int GROUPS_MIN = 3;

    private static final int GROUPS_MAX = 16;

    /** A few microseconds: a write without sync takes about one. Longer waits sleep. */
    private static final int BUFFERED_SPINS = 64;

    /**
     * How often the end looks whether callers have left who may never do so: half a second or more.
     * What they might still touch is then left to them for good.
     */
    private static final int BROKEN_PATIENCE = 5_000;

    private static final long VIRTUAL_PARK_NANOS = 100_000_000L;

    private final MemoryBudget budget;
    private final GroupCommitter committer;
    private final WriteToken token = new WriteToken();
    private final Gathering gathering = new Gathering();
    private final Latecomers latecomers = new Latecomers();

    /** Leads for virtual threads; started by the first of them. Written under this. */
    private volatile PlatformLeader platformLeader;

    /** All groups ever made; a handful. Guarded by the write token. */
    private final List<CommitGroup> groups = new ArrayList<>();

    /** What is to be run with the token between two groups; null for nothing. */
    private final AtomicReference<ExclusiveStep> step = new AtomicReference<>();

    private volatile CommitGroup open;
    private volatile boolean closed;

    /**
     * A pipeline that collects its first group.
     *
     * @param budget what the groups' buffers are charged to
     * @param committer what a leader does with a closed group
     */
    public CommitPipeline(MemoryBudget budget, GroupCommitter committer) {
        this.budget = budget;
        this.committer = committer;
        try {
            for (int i = 0; i < GROUPS_MIN; i++) {
                groups.add(new CommitGroup(budget, BUFFER_BYTES));
            }
        } catch (RaftEngineException refused) {
            groups.forEach(CommitGroup::release);
            throw refused;
        }
        this.open = nextGroup();
    }

    /**
     * Writes a finished batch and returns once it is visible, and durable if asked for.
     *
     * @param batch a finished batch, unchanged until this returns; null or empty for a bare sync
     * @param sync whether to return only once the batch, and all written before it, is on disk
     * @return entries that this batch's compactions removed
     * @throws RaftEngineException nothing of the batch is visible; a {@link PoisonedException} says
     *     its fate is unknown
     */
    public long commit(EncodedBatch batch, boolean sync) {
        return commit(batch, sync, sync ? committer.now() : 0);
    }

    /**
     * As above, for a batch that its caller has just encoded.
     *
     * @param batch as above
     * @param sync as above
     * @param begunNanos when the caller began to encode it, by {@link #now}; counted for batches
     *     that are to be synced only
     * @return as above
     */
    public long commit(EncodedBatch batch, boolean sync, long begunNanos) {
        // A write without sync takes about a microsecond, of which the time of day would be a part.
        long handedInNanos = sync ? committer.now() : 0;
        long bytes = batch == null ? 0 : batch.bytes();
        int copied = bytes <= COPIED_BYTES_MAX ? (int) bytes : 0;
        if (Thread.currentThread().isVirtual()) {
            // Before the claim: who has claimed must not fail for want of a thread.
            platformLeader();
        }
        for (; ; ) {
            if (closed) {
                throw new ClosedException("the engine is closed");
            }
            committer.refuseIfPoisoned();
            CommitGroup group = open;
            long claimed = group.claim(copied);
            if (claimed >= 0) {
                boolean left = false;
                try {
                    int toBuffer = CommitGroup.hasRoom(claimed) ? copied : 0;
                    CommitSlot slot = group.slot(CommitGroup.slotOf(claimed));
                    slot.begunNanos = begunNanos;
                    slot.handedInNanos = handedInNanos;
                    long compacted = commitIn(group, claimed, batch, bytes, toBuffer, sync);
                    left = true;
                    return compacted;
                } catch (RaftEngineException refused) {
                    left = true;
                    throw refused;
                } finally {
                    if (!left) {
                        // Out of stack, at worst, so not one call: who waits for this slot to be
                        // filled or left need not any longer.
                        committer.broken = true;
                        group.abandoned = true;
                    }
                }
            }
            if (claimed == CommitGroup.FULL) {
                latecomers.await(() -> open.isFull() && !closed && !committer.broken);
            }
        }
    }

    private long commitIn(
            CommitGroup group,
            long claimed,
            EncodedBatch batch,
            long bytes,
            int copied,
            boolean sync) {
        int index = CommitGroup.slotOf(claimed);
        CommitSlot slot = group.slot(index);
        int offset = CommitGroup.offsetOf(claimed);
        slot.prepare(batch, copied > 0 || bytes == 0 ? offset : -1, bytes, sync);
        try {
            if (copied > 0) {
                batch.copyTo(group.bufferAddress() + offset);
            }
        } catch (Throwable notCopied) {
            // The slot is claimed, so the leader waits for it: hand over the failure instead of
            // vanishing.
            slot.failure = new ClosedException("the batch could not be read", notCopied);
        }
        if (sync) {
            group.wantSync();
        }
        int generation = group.generation();
        group.countReady();
        boolean done = false;
        try {
            await(group, slot, generation, index == 0, sync);
            done = true;
        } finally {
            if (!done) {
                // The group's leader may be reading the batch in its owner's memory. Not one call:
                // there may be no stack for it.
                committer.broken = true;
                while (group.doneGeneration == generation && !group.abandoned) {
                    // not even a hint to the processor: that is a call as well
                }
            }
        }
        GroupCommitter.unsign(slot);
        RaftEngineException failure = slot.failure;
        // Not the caller's own: others throw it too, or its stack trace is that of another thread.
        boolean foreign =
                failure != null && (slot.failureShared || group.leader != Thread.currentThread());
        boolean settled = slot.settled;
        long compacted = slot.compactedEntries;
        group.leave(slot);
        if (foreign) {
            try {
                failure = failure.forAnotherCaller();
            } catch (VirtualMachineError noHeapOrStack) {
                // Then the one that all of them share says it as well.
            }
        }
        if (failure != null) {
            throw failure;
        }
        if (!settled) {
            throw committer.brokenOff();
        }
        return compacted;
    }

    private void await(
            CommitGroup group, CommitSlot slot, int generation, boolean first, boolean sync) {
        if (Thread.currentThread().isVirtual()) {
            awaitVirtual(group, slot, generation, first);
        } else if (!leadOrSpin(group, generation, sync)) {
            leadOrAwait(group, generation, first);
        }
    }

    /**
     * The short way: lead at once if everyone is here, or see a write without sync through that is
     * over in microseconds.
     */
    private boolean leadOrSpin(CommitGroup group, int generation, boolean sync) {
        int spins = sync ? 1 : BUFFERED_SPINS;
        for (int i = 0; i < spins; i++) {
            if (group.done(generation) || gathering.patience(group) == 0 && leadIfOpen(group)) {
                return true;
            }
            Thread.onSpinWait();
        }
        return false;
    }

    /**
     * The long way: sleep until the group is done, or until this thread is to lead it. While the
     * token lies there and others are expected, one caller watches the time: the first one, or
     * whoever was woken when the token was laid down.
     */
    private void leadOrAwait(CommitGroup group, int generation, boolean first) {
        group.announceWaiter();
        boolean watches = first;
        long since = 0;
        for (; ; ) {
            int event = group.event();
            if (group.done(generation)) {
                return;
            }
            long left = 0;
            if (!token.isHeld()) {
                left = gathering.patience(group);
                if (left > 0 && watches) {
                    long now = System.nanoTime();
                    since = since == 0 ? now : since;
                    left -= now - since;
                }
                if (left <= 0 && leadIfOpen(group)) {
                    return;
                }
            }
            if (left > 0 && watches) {
                group.awaitEvent(event, left);
            } else {
                group.awaitEvent(event);
                watches = true;
            }
        }
    }

    /** Leads the group if the token lies there and nobody has closed the group yet. */
    private boolean leadIfOpen(CommitGroup group) {
        Thread me = Thread.currentThread();
        boolean whole = false;
        if (!token.tryTake()) {
            return false;
        }
        try {
            boolean mine = !group.isClosed();
            if (mine) {
                lead(group);
            } else {
                // Somebody else leads it, or has: only its end is left to wait for.
                layTokenDown();
            }
            whole = true;
            return mine;
        } finally {
            if (!whole) {
                // Without a call as well. With the token in a dead hand, or callers left asleep,
                // everything would hang.
                committer.broken = true;
                group.abandoned = true;
                if (token.holder == me) {
                    token.holder = null;
                }
            }
        }
    }

    private void awaitVirtual(CommitGroup group, CommitSlot slot, int generation, boolean first) {
        group.announceVirtualWaiter(slot);
        if (!token.isHeld() && (first || gathering.patience(group) == 0)) {
            platformLeader().wake();
        }
        boolean interrupted = false;
        while (!group.done(generation)) {
            LockSupport.parkNanos(this, VIRTUAL_PARK_NANOS);
            // A set flag would make every further park return at once and keep the carrier busy.
            interrupted |= Thread.interrupted();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Leads the open group if it has callers and the token lies there. By the platform leader. */
    boolean leadOpenGroup() {
        awaitExpected();
        return leadClaimed();
    }

    private boolean leadClaimed() {
        CommitGroup group = open;
        return group.claimedSlots() > 0 && leadIfOpen(group);
    }

    /** Sleeps while others are expected in the open group; the last of them wakes this thread. */
    private void awaitExpected() {
        CommitGroup group = open;
        long since = System.nanoTime();
        long left = group.claimedSlots() == 0 ? 0 : gathering.patience(group);
        while (left > 0 && !token.isHeld()) {
            LockSupport.parkNanos(this, left);
            left = gathering.patience(group) - (System.nanoTime() - since);
        }
    }

    private void layTokenDown() {
        token.layDown();
        // After the token lies there: a caller that announced itself before either sees it or is
        // seen here.
        CommitGroup collecting = open;
        if (!collecting.wakeOne() && collecting.hasVirtualWaiter()) {
            platformLeader().wake();
        }
    }

    /**
     * Everything between taking the token and laying it down. By the group's leader, with the
     * token.
     */
    private void lead(CommitGroup group) {
        gathering.groupLed(group);
        group.leader = Thread.currentThread();
        // Before the group is closed, so that whoever finds it closed finds the next one open.
        open = nextGroup();
        latecomers.wakeAll();
        int callers = group.close();
        group.awaitReady(committer);
        try {
            committer.commit(group, callers);
        } finally {
            // Come what may: with the token in a dead hand, or callers left asleep, everything
            // would hang.
            gathering.groupEnded(callers, open.claimedSlots());
            if (step.get() == null) {
                layTokenDown();
                group.complete();
            } else {
                group.complete();
                runStep();
                layTokenDown();
            }
        }
    }

    // ---- steps between groups ------------------------------------------------------------------

    /**
     * Runs something that needs the write token, between two groups. Where groups follow each other
     * without a pause, the leader of the next one runs it, so nobody waits for more than a group.
     *
     * <p>What runs must be short and must not wait for anything; the one exception is beginning a
     * new segment, for which writers wait in any case. For background work, by a platform or
     * virtual thread that calls nothing else of this class meanwhile.
     *
     * @param work what to run; what it throws is thrown here
     * @throws ClosedException the engine is closed; nothing was run
     */
    public void exclusively(Runnable work) {
        Thread me = Thread.currentThread();
        ExclusiveStep mine = new ExclusiveStep(work);
        try {
            awaitRun(mine);
        } finally {
            // Without a call, as in leadIfOpen. What a leader is running needs what its owner would
            // give back.
            mine.revoked = true;
            while (mine.begun && !mine.done) {
                // as above
            }
            if (token.holder == me) {
                committer.broken = true;
                token.holder = null;
            }
        }
        mine.rethrow();
    }

    private void awaitRun(ExclusiveStep mine) {
        for (int attempt = 0; !step.compareAndSet(null, mine); attempt++) {
            demandOpen();
            ExclusiveStep other = step.get();
            if (other != null && other.revoked) {
                step.compareAndSet(other, null);
            }
            Backoff.pause(attempt);
        }
        for (int attempt = 0; !mine.done; attempt++) {
            if (token.tryTake()) {
                runStep();
                layTokenDown();
            } else if (closed && step.compareAndSet(mine, null)) {
                demandOpen();
            } else {
                Backoff.pause(attempt);
            }
        }
    }

    private void demandOpen() {
        if (closed) {
            throw new ClosedException("the engine is closed");
        }
    }

    /** Runs the step that somebody is waiting for, if there is one. By the holder of the token. */
    private void runStep() {
        ExclusiveStep next = step.get();
        if (next != null && step.compareAndSet(next, null)) {
            next.run();
            if (next.brokeOff()) {
                committer.broken = true;
            }
        }
    }

    /**
     * Whether everything written so far is on disk, so that a bare sync would change nothing. In a
     * step of {@link #exclusively}.
     *
     * @return false if something waits for a sync
     * @throws PoisonedException nobody knows, since a sync failed or a commit broke off
     */
    public boolean isSynced() {
        return committer.isSynced();
    }

    /**
     * Refuses early what could only fail; by any thread.
     *
     * @throws PoisonedException a sync failed or a commit broke off earlier
     */
    public void demandSound() {
        committer.refuseIfPoisoned();
    }

    /**
     * The time by which batches are measured; by any thread.
     *
     * @return nanoseconds, as {@link System#nanoTime}
     */
    public long now() {
        return committer.now();
    }

    /**
     * Whether somebody leads a group right now; by any thread.
     *
     * @return true while the write token is held
     */
    public boolean busy() {
        return token.isHeld();
    }

    /** Whether a step waits to be run; for tests that must know when it does. */
    boolean hasStep() {
        return step.get() != null;
    }

    /** Callers that wait for a group with slots; for tests. */
    int latecomers() {
        return latecomers.count();
    }

    /** Callers that wait in the open group; for tests that must know when all have arrived. */
    int collecting() {
        return open.claimedSlots();
    }

    /**
     * A group that nobody uses, opened. By the holder of the token; waits where all are in use and
     * no more may be made.
     */
    private CommitGroup nextGroup() {
        for (int attempt = 0; ; attempt++) {
            for (int i = 0; i < groups.size(); i++) {
                CommitGroup group = groups.get(i);
                if (group.isFree()) {
                    group.open();
                    return group;
                }
            }
            // Their callers may still touch them: they are nobody's any more, and never given back.
            groups.removeIf(group -> group.abandoned);
            if (groups.size() >= GROUPS_MAX || !addGroup()) {
                // Callers of a finished group have yet to run and leave it.
                Backoff.pause(attempt);
            }
        }
    }

    private boolean addGroup() {
        try {
            groups.add(new CommitGroup(budget, BUFFER_BYTES));
            return true;
        } catch (RaftEngineException | OutOfMemoryError noRoom) {
            // Over the limit, or the system has no memory. Either way those in use come back.
            return false;
        }
    }

    private PlatformLeader platformLeader() {
        PlatformLeader leader = platformLeader;
        return leader != null ? leader : startPlatformLeader();
    }

    private synchronized PlatformLeader startPlatformLeader() {
        if (closed) {
            throw new ClosedException("the engine is closed");
        }
        if (platformLeader == null) {
            platformLeader = new PlatformLeader(this::leadOpenGroup);
        }
        return platformLeader;
    }

    /**
     * Leaves a mark at the end of an idle log, see {@link GroupCommitter#idleMark}. Does nothing
     * while somebody writes. Meant to be called every now and then by a background thread.
     *
     * @throws RaftEngineException the mark could not be written or synced
     */
    public void idleMark() {
        if (committer.isPoisoned()) {
            // Callers that ran out of stack lead nothing: somebody must tell them how it ended.
            leadClaimed();
            return;
        }
        if (!token.tryTake()) {
            return;
        }
        try {
            committer.idleMark();
        } finally {
            layTokenDown();
        }
    }

    /**
     * Refuses further commits, waits for those under way, marks the log as complete, and gives all
     * memory back. Calling it again changes nothing.
     *
     * @throws RaftEngineException the final mark could not be written or synced; everything was
     *     given back all the same
     */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        // Callers that claimed before they could see the flag still get their turn: their group is
        // led first.
        Thread me = Thread.currentThread();
        boolean idle = false;
        try {
            awaitIdle();
            idle = true;
        } finally {
            if (!idle && token.holder == me) {
                committer.broken = true;
                token.holder = null;
            }
        }
        try {
            committer.finalMark();
        } finally {
            synchronized (this) {
                if (platformLeader != null) {
                    platformLeader.close();
                }
            }
            for (CommitGroup group : groups) {
                if (!group.abandoned) {
                    group.release();
                }
            }
        }
    }

    /** Takes the token for good, at a moment when no caller is inside any group. */
    private void awaitIdle() {
        for (int attempt = 0; ; attempt++) {
            token.takeExclusively();
            CommitGroup collecting = open;
            boolean othersFree = true;
            for (CommitGroup group : groups) {
                othersFree &= group == collecting || group.isFree() || group.abandoned;
            }
            if (othersFree && (collecting.abandoned || collecting.closeIfUnclaimed())) {
                return;
            }
            if (committer.broken && attempt > BROKEN_PATIENCE) {
                giveUpOnCallers();
            }
            layTokenDown();
            if (committer.broken) {
                leadClaimed();
            }
            Backoff.pause(attempt);
        }
    }

    /** Some ran out of stack before they could leave their group, or before it was opened. */
    private void giveUpOnCallers() {
        for (CommitGroup group : groups) {
            if (!group.isFree()) {
                group.abandoned = true;
            }
        }
    }
}
