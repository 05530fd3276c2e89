package io.raftengine.log.segment;

import io.raftengine.allocator.Mapping;
import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.StorageException;
import io.raftengine.log.format.SegmentName;
import io.raftengine.log.io.Closing;
import io.raftengine.log.io.DirectoryHandle;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileIo;
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
 * <p>Background agent only, except {@link #take}, which is the writer's.
 */
final class NextSegmentPreparer implements AutoCloseable {
    /**
     * Zeros are written in pieces of this size: large pieces make large folios, which make small
     * appends 3x slower.
     */
    static final int PIECE_BYTES = 64 << 10;

    /** What one step writes at most. */
    private static final int STEP_BYTES = 256 << 10;

    /** AUTO fills while a sync covers fewer appends than this on average. */
    private static final double FILL_BELOW_APPENDS = 4;

    /**
     * How long no reserve is begun after one that failed, doubled with each that fails after it: a
     * second without descriptors is soon over, a full disk may stay full.
     */
    static final long RETRY_NANOS_MIN = TimeUnit.SECONDS.toNanos(1);

    static final long RETRY_NANOS_MAX = TimeUnit.MINUTES.toNanos(5);

    private final QueueContext context;
    private final Mapping zeros;
    private final Pace reservePace;
    private final Pace reserveRetry;
    private final AtomicReference<PreparedFile> ready = new AtomicReference<>();

    // All guarded by the agent's lock in SegmentQueue.
    private PreparedFile building;
    private boolean buildingReserve;
    private long number;
    private long failedFor = -1;
    private long retryNanos = RETRY_NANOS_MIN;

    NextSegmentPreparer(QueueContext context, long firstNumber) {
        this.context = context;
        this.number = firstNumber;
        this.reservePace = new Pace(context.settings().clock());
        this.reserveRetry = new Pace(context.settings().clock());
        this.zeros = Mapping.map(context.settings().budget(), PIECE_BYTES, "segment-prefill-zeros");
    }

    long zerosAddress() {
        return zeros.address();
    }

    boolean isReady() {
        return ready.get() != null;
    }

    /** Hands the next segment to the writer, or null. */
    PreparedFile take() {
        return ready.getAndSet(null);
    }

    /**
     * Does one bounded step.
     *
     * @return whether another step is due now
     */
    boolean step(ActiveSegment active, int segmentsInUse) {
        if (building != null) {
            return continueBuilding(active);
        }
        if (wantsNext(active)) {
            return begin(active);
        }
        return wantsReserve(segmentsInUse) && beginNew(true, active);
    }

    private boolean wantsNext(ActiveSegment active) {
        return context.settings().prepareAhead()
                && ready.get() == null
                && failedFor != active.seq()
                && active.end() >= context.settings().targetBytes() / 2;
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
        long bytes = fileBytes();
        Path dir = context.chooser().choose();
        // Never where space is short: the active segment needs it more.
        if (!context.chooser().hasRoom(dir, 2 * bytes)) {
            giveUp(asReserve, active);
            return false;
        }
        Path path = dir.resolve(SegmentName.prepared(number++));
        try {
            building = new PreparedFile(path, context.fs().open(path, OpenMode.CREATE), null);
            buildingReserve = asReserve;
            building.handle.truncate(0);
            building.handle.allocate(0, bytes);
            building.allocatedTo = bytes;
        } catch (StorageException | OutOfSpaceException e) {
            giveUp(asReserve, active);
            return false;
        }
        return true;
    }

    private boolean continueBuilding(ActiveSegment active) {
        try {
            if (building.filledTo < bytesToFill()) {
                if (buildingReserve && !reservePace.due()) {
                    return false;
                }
                fillStep(bytesToFill());
                return true;
            }
            // Now, so that the rotation's own sync finds only the header to write.
            building.handle.sync();
            if (buildingReserve) {
                addReserve();
            } else {
                publish(building);
            }
            building = null;
        } catch (StorageException | OutOfSpaceException e) {
            giveUp(buildingReserve, active);
            return false;
        }
        return true;
    }

    /**
     * A reserve may be used at any time and is filled whole, in its own time. A next segment gets a
     * beginning, and what follows when it is written to: zeros on their way to the disk are in the
     * way of syncs, so never more of them than are needed soon.
     */
    private long bytesToFill() {
        if (buildingReserve) {
            return fileBytes();
        }
        return policyFills() ? Math.min(fileBytes(), BackgroundWriter.FILL_AHEAD_BYTES) : 0;
    }

    private boolean policyFills() {
        PrefillPolicy policy = context.settings().prefill();
        return policy == PrefillPolicy.ALWAYS
                || (policy == PrefillPolicy.AUTO
                        && context.counters().appendsPerSync < FILL_BELOW_APPENDS);
    }

    /**
     * Whether the segment that is being written should be filled ahead: one that was neither
     * prepared filled nor recycled.
     */
    boolean fillsActive(ActiveSegment active) {
        return policyFills() && active.filledTo() < context.settings().targetBytes();
    }

    private void fillStep(long limit) {
        long from = building.filledTo;
        long to = Math.min(from + STEP_BYTES, limit);
        for (long at = from; at < to; at += PIECE_BYTES) {
            int piece = (int) Math.min(PIECE_BYTES, to - at);
            FileIo.writeFully(building.handle, zeros.address(), piece, at);
        }
        building.handle.startWriteback(from, to - from);
        building.filledTo = to;
        building.allocatedTo = Math.max(building.allocatedTo, to);
        context.counters().bytesPrefilled += to - from;
        if (buildingReserve) {
            reservePace.pauseFor(to - from, context.settings().prefillBytesPerSecond());
        }
    }

    private void addReserve() {
        long reserveNumber = context.reserves().nextNumber();
        Path target = building.path.resolveSibling(SegmentName.reserved(reserveNumber));
        building.handle.close();
        try (DirectoryHandle dir = context.openDirectory(target.getParent())) {
            context.fs().rename(building.path, target);
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
            reserveRetry.pause(retryNanos);
            retryNanos = Math.min(2 * retryNanos, RETRY_NANOS_MAX);
        } else {
            failedFor = active.seq();
        }
        giveUpBuilding();
    }

    /** The target, in whole pages: a filled file is written in whole pages. */
    private long fileBytes() {
        return WriteBuffer.pageCeiling(context.settings().targetBytes());
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
        if (!room || file.filledTo < fileBytes()) {
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
            FileHandle handle = building.handle;
            Path path = building.path;
            building = null;
            Closing.quietly(handle);
            context.deleteQuietly(path);
        }
    }

    @Override
    public void close() {
        zeros.close();
    }
}
