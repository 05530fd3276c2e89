package io.raftengine.log.segment;

import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.StorageException;
import io.raftengine.log.format.SegmentName;
import io.raftengine.log.io.Closing;
import io.raftengine.log.io.DirectoryHandle;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileSystem.OpenMode;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Makes the next segment ready while the active one fills (D21), and creates reserves ahead where
 * that was asked for. One step at a time, each of a bounded size, so that the caller decides the
 * pace.
 *
 * <p>A failure here costs nobody anything: the half-made file is deleted and the rotation makes its
 * own. Reserves are tried again later.
 *
 * <p>Background agent only, except {@link #take} and {@link #takeAsItIs}, which are the writer's.
 */
final class NextSegmentPreparer implements AutoCloseable {
    /**
     * How long no reserve is begun after one that failed, doubled with each that fails after it: a
     * second without descriptors is soon over, a full disk may stay full.
     */
    static final long RETRY_NANOS_MIN = TimeUnit.SECONDS.toNanos(1);

    static final long RETRY_NANOS_MAX = TimeUnit.MINUTES.toNanos(5);

    private final QueueContext context;
    private final Zeros zeros;
    private final FillSchedule schedule;
    private final Pace reservePace;
    private final Pace reserveRetry;
    private final AtomicReference<PreparedFile> ready = new AtomicReference<>();

    // Changed with the agent's lock; a writer without space looks at it without.
    private volatile FileUnderConstruction building;

    // All guarded by the agent's lock in SegmentQueue.
    private long number;
    private long failedFor = -1;
    private boolean failedEarly;
    private long retryNanos = RETRY_NANOS_MIN;

    NextSegmentPreparer(QueueContext context, long firstNumber) {
        this.context = context;
        this.schedule = new FillSchedule(context.settings().targetBytes());
        this.number = firstNumber;
        this.reservePace = new Pace(context.settings().clock());
        this.reserveRetry = new Pace(context.settings().clock());
        this.zeros = new Zeros(context.settings().budget());
    }

    Zeros zeros() {
        return zeros;
    }

    boolean isReady() {
        return ready.get() != null;
    }

    /** Whether {@link #takeAsItIs} may find something. Any thread. */
    boolean isUnderWay() {
        FileUnderConstruction file = building;
        return file != null && !file.asReserve();
    }

    /**
     * Hands a next segment that is still being built to the writer, or null: the disk is full,
     * whatever its file system says is free, and what was allocated for it is a way out. By the
     * writer, with the agent's lock.
     */
    PreparedFile takeAsItIs(ActiveSegment active) {
        if (isUnderWay()) {
            try {
                finish();
            } catch (StorageException | OutOfSpaceException e) {
                giveUp(false, active);
            }
        }
        return take();
    }

    /** Hands the next segment to the writer, or null. */
    PreparedFile take() {
        return ready.getAndSet(null);
    }

    /**
     * Does one bounded step.
     *
     * @param rotationStuck whether the active segment is sealed and the attempt to follow it failed
     * @return whether another step is due now
     */
    boolean step(ActiveSegment active, int segmentsInUse, boolean rotationStuck) {
        if (building != null && building.asReserve()) {
            return continueReserve(active);
        }
        boolean reserveWanted = wantsReserve(segmentsInUse) && hasRoomForReserve();
        if (building != null) {
            return continueNext(active, reserveWanted);
        }
        if (wantsNext(active, rotationStuck, reserveWanted)) {
            return begin(active);
        }
        return reserveWanted && beginNew(true, active);
    }

    private boolean wantsNext(ActiveSegment active, boolean rotationStuck, boolean reserveWanted) {
        // In this order: the writer seals the active segment before it takes what is ready. From
        // then on there is no next one to be made beside it, unless its rotation failed.
        return context.settings().prepareAhead()
                && ready.get() == null
                && (!active.isSealed() || rotationStuck)
                && isTime(active, reserveWanted);
    }

    /**
     * What has to be filled takes its time; a reserve was, in an earlier life, or is as soon as
     * those that are wanted are made. What failed is tried once more when the active segment is
     * half full.
     */
    private boolean isTime(ActiveSegment active, boolean reserveWanted) {
        boolean failed = failedFor == active.seq();
        if (isLate(active)) {
            return !failed || failedEarly;
        }
        return !failed
                && !reserveWanted
                && policyFills()
                && schedule.begins(active.end())
                && !context.reserves().hasFree();
    }

    private boolean isLate(ActiveSegment active) {
        return active.end() >= context.settings().targetBytes() / 2;
    }

    private boolean wantsReserve(int segmentsInUse) {
        if (context.settings().prefillCapacity() == 0 || !reserveRetry.due()) {
            return false;
        }
        int held = context.reserves().size() + (ready.get() != null ? 1 : 0);
        return held
                < Math.min(
                        context.settings().prefillCapacity(), context.reserveLimit(segmentsInUse));
    }

    /**
     * Before anything gives way to a reserve: one that cannot be made is waited for, as is one that
     * failed.
     */
    private boolean hasRoomForReserve() {
        boolean room = hasRoomForNew(context.chooser().choose());
        if (!room) {
            pauseReserves();
        }
        return room;
    }

    /** Never where space is short: the active segment needs it more. */
    private boolean hasRoomForNew(Path dir) {
        return context.chooser().hasRoom(dir, 2 * schedule.fileBytes());
    }

    private void pauseReserves() {
        reserveRetry.pause(retryNanos);
        retryNanos = Math.min(2 * retryNanos, RETRY_NANOS_MAX);
    }

    private boolean begin(ActiveSegment active) {
        ReservePool.Reserve reserve =
                context.settings().recycleCapacity() > 0 ? context.reserves().take() : null;
        return reserve == null ? beginNew(false, active) : beginWith(reserve, active);
    }

    private boolean beginWith(ReservePool.Reserve reserve, ActiveSegment active) {
        PreparedFile file;
        try {
            file = SegmentInstaller.openReserve(context, reserve);
        } catch (StorageException notNow) {
            giveUp(false, active);
            return false;
        }
        if (file != null) {
            publish(file);
        }
        return file == null;
    }

    private boolean beginNew(boolean asReserve, ActiveSegment active) {
        long bytes = schedule.fileBytes();
        Path dir = context.chooser().choose();
        if (!hasRoomForNew(dir)) {
            giveUp(asReserve, active);
            return false;
        }
        Path path = dir.resolve(SegmentName.prepared(number++));
        try {
            FileHandle handle = context.fs().open(path, OpenMode.CREATE);
            PreparedFile file = new PreparedFile(path, handle, null);
            // Known before anything else can fail.
            building = new FileUnderConstruction(context, file, active, asReserve, zeros);
            building.allocate(bytes);
        } catch (StorageException | OutOfSpaceException e) {
            giveUp(asReserve, active);
            return false;
        } catch (Throwable unexpected) {
            // The heap being exhausted, say: a file without its space would be taken for one with.
            giveUpBuilding();
            throw unexpected;
        }
        return true;
    }

    private boolean continueReserve(ActiveSegment active) {
        try {
            if (building.filledTo() < schedule.fileBytes()) {
                return fillReserve();
            }
            finish();
        } catch (StorageException | OutOfSpaceException e) {
            giveUp(true, active);
            return false;
        }
        return true;
    }

    private boolean continueNext(ActiveSegment active, boolean reserveWanted) {
        try {
            if (fillsOn(active) && !reserveWanted) {
                return fillNext(active);
            }
            finish();
        } catch (StorageException | OutOfSpaceException e) {
            giveUp(false, active);
            return false;
        }
        return true;
    }

    /** It may be used at any time and is filled whole, at a pace of its own. */
    private boolean fillReserve() {
        if (!reservePace.due()) {
            return false;
        }
        long filled = fillStep(schedule.fileBytes());
        reservePace.pauseFor(filled, context.settings().prefillBytesPerSecond());
        return true;
    }

    /**
     * Whether more of the next segment is to be filled before it is handed over. What was begun
     * beside an earlier segment is late, and one that is sealed waits for the next. A policy that
     * does not want it now may want it again while there is time. Where reserves are to be made it
     * is handed over as it is: they are filled at a pace of their own, whether the log grows or
     * not, and one of them comes first then.
     */
    private boolean fillsOn(ActiveSegment active) {
        return building.filledTo() < schedule.fileBytes()
                && building.isBeside(active)
                && (schedule.isOnePiece() || !isOver(active))
                && (policyFills() || !isLate(active));
    }

    private boolean isOver(ActiveSegment active) {
        return schedule.isOver(active.end(), context.counters().longAppendBytes);
    }

    private boolean fillNext(ActiveSegment active) {
        long due = schedule.dueTo(active.end(), active.preparedTo(), building.begunAt());
        if (building.filledTo() >= due || !policyFills()) {
            return false;
        }
        if (isBetterHandedOver()) {
            finish();
        } else {
            fillStep(due);
        }
        return true;
    }

    /**
     * Where space is short it may be needed at any moment. Where there are reserves by now, the one
     * after it needs no zeros, and this one no more of them.
     */
    private boolean isBetterHandedOver() {
        return context.reserves().hasFree() || building.lacksRoomBeside(schedule.fileBytes());
    }

    private void finish() {
        building.complete();
        if (building.asReserve()) {
            addReserve(building.file());
        } else {
            publish(building.file());
        }
        // Last: a writer that lacks space finds it ready, or finds that it has to wait for it.
        building = null;
    }

    private boolean policyFills() {
        PrefillPolicy policy = context.settings().prefill();
        return policy == PrefillPolicy.ALWAYS
                || (policy == PrefillPolicy.AUTO && context.counters().syncsFewAppends());
    }

    /**
     * Whether the segment that is being written should be filled ahead: one that was neither
     * prepared filled nor recycled.
     */
    boolean fillsActive(ActiveSegment active) {
        return policyFills() && active.filledTo() < context.settings().targetBytes();
    }

    private long fillStep(long limit) {
        return building.fillTo(Math.min(building.filledTo() + schedule.pieceBytes(), limit));
    }

    private void addReserve(PreparedFile file) {
        long reserveNumber = context.reserves().nextNumber();
        Path target = file.path.resolveSibling(SegmentName.reserved(reserveNumber));
        file.handle.close();
        try (DirectoryHandle dir = context.openDirectory(target.getParent())) {
            context.fs().rename(file.path, target);
            context.sync(dir);
        }
        context.reserves().add(new ReservePool.Reserve(target, reserveNumber, null));
        retryNanos = RETRY_NANOS_MIN;
    }

    private void publish(PreparedFile file) {
        ready.set(file);
    }

    private void giveUp(boolean asReserve, ActiveSegment active) {
        if (asReserve) {
            pauseReserves();
        } else {
            failedFor = active.seq();
            failedEarly = !isLate(active);
        }
        giveUpBuilding();
    }

    /**
     * Keeps what is worth keeping: a filled file becomes a reserve while there is room for one,
     * anything else is cheap to make again and would only hold space.
     */
    void release(int segmentsInUse) {
        giveUpBuilding();
        PreparedFile file = take();
        if (file == null) {
            return;
        }
        Closing.quietly(file.handle);
        if (file.recycled()) {
            return; // still has its reserved name
        }
        boolean room = context.reserves().size() < context.reserveLimit(segmentsInUse);
        if (!room || file.filledTo < schedule.fileBytes()) {
            context.deleteQuietly(file.path);
            return;
        }
        Path target =
                file.path.resolveSibling(SegmentName.reserved(context.reserves().nextNumber()));
        try {
            context.fs().rename(file.path, target);
        } catch (StorageException | OutOfSpaceException e) {
            context.deleteQuietly(file.path);
        }
    }

    private void giveUpBuilding() {
        if (building != null) {
            FileUnderConstruction given = building;
            building = null;
            given.discard();
        }
    }

    @Override
    public void close() {
        zeros.close();
    }
}
