package io.raftengine.engine.commit;

import io.raftengine.allocator.Mapping;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.engine.memtable.Memtables;
import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.PoisonedException;
import io.raftengine.error.RaftEngineException;
import io.raftengine.error.StorageException;
import io.raftengine.log.format.BatchHeader;
import io.raftengine.log.format.EncodedBatch;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.format.ItemReader;
import io.raftengine.log.format.WatermarkBatch;
import io.raftengine.log.segment.SegmentQueue;
import java.util.function.LongSupplier;

/**
 * What a leader does with a closed group: validate, rotate, sign, write once, sync once, apply.
 *
 * <p>Used by the holder of the write token only, except where a method says otherwise. Allocates
 * nothing while all goes well.
 *
 * <p>Failures: a batch that is refused fails its own caller and is left out of the write. A failed
 * write is cut back by the queue and fails all whose batches were to be written with it; who wanted
 * nothing but a sync gets it, and the engine stays usable (D14). A full disk is answered once by a
 * rotation, which may reach a reserve or the spill directory. A failed sync, or anything unexpected
 * after the write began, poisons (P7).
 */
public final class GroupCommitter implements AutoCloseable {
    /** Positions inside a segment are kept in 32 bits, so no group may reach beyond this offset. */
    private static final long SEGMENT_BYTES_MAX = 0xFFFF_0000L;

    /**
     * What one write holds at most, unless a single batch is larger: a thousand large batches must
     * not be one segment.
     */
    static final long RUN_BYTES_MAX = 256L << 20;

    /** Made before it is needed: where the heap is exhausted no error can be made any more. */
    private final PoisonedException withoutDetails =
            new PoisonedException(
                    "the commit of a group broke off; the outcome is unknown until the log is reopened");

    private final SegmentQueue queue;
    private final Memtables memtables;
    private final CommitListener listener;
    private final LongSupplier clock;
    private final long runBytesMax;
    private final ItemReader items = new ItemReader();
    private final WatermarkBatch watermarkBatch = new WatermarkBatch();
    private final SyncedWatermark watermark = new SyncedWatermark();
    private final GatherList pieces;

    /** Room for an idle mark, which no group carries. */
    private final Mapping markMemory;

    private final CommitCounters counters = new CommitCounters();

    /**
     * Something ended in the middle, and perhaps without what it takes to poison the queue. Whoever
     * sets it may have so little stack left that it can call nothing; whoever reads it does the
     * rest.
     */
    volatile boolean broken;

    /**
     * End of the active segment when {@link #idleMark} last looked; an idle engine is one whose end
     * stands still.
     */
    private long lastSeenEnd = -1;

    /**
     * A committer for one queue.
     *
     * @param budget what its few pages of memory are charged to
     * @param queue the append queue
     * @param memtables what accepted batches are applied to
     * @param listener told about each batch; may be null
     * @param clock nanoseconds, as {@link System#nanoTime}
     */
    public GroupCommitter(
            MemoryBudget budget,
            SegmentQueue queue,
            Memtables memtables,
            CommitListener listener,
            LongSupplier clock) {
        this(budget, queue, memtables, listener, clock, RUN_BYTES_MAX);
    }

    GroupCommitter(
            MemoryBudget budget,
            SegmentQueue queue,
            Memtables memtables,
            CommitListener listener,
            LongSupplier clock,
            long runBytesMax) {
        this.queue = queue;
        this.memtables = memtables;
        this.listener = listener;
        this.clock = clock;
        this.runBytesMax = runBytesMax;
        this.pieces = new GatherList(budget);
        try {
            this.markMemory = Mapping.map(budget, WatermarkBatch.BYTES, "idle mark");
        } catch (RaftEngineException refused) {
            pieces.close();
            throw refused;
        }
        watermark.segment(queue.activeSeq(), queue.end(), clock.getAsLong());
    }

    /** The time as this measures it; by any thread. */
    long now() {
        return clock.getAsLong();
    }

    /** Refuses early what could only fail; by any thread. */
    void refuseIfPoisoned() {
        if (isPoisoned()) {
            throw poisonedEarlier();
        }
    }

    /** Whether a sync would change nothing. By the token holder. */
    boolean isSynced() {
        refuseIfPoisoned();
        return queue.isSynced();
    }

    /** Whether nothing is ever written again; by any thread. */
    boolean isPoisoned() {
        if (broken && !queue.poisoned()) {
            queue.poison("commit group", withoutDetails);
        }
        return queue.poisoned();
    }

    /** The error for a caller whose outcome nobody could write down. */
    PoisonedException brokenOff() {
        return new PoisonedException(
                "the commit of a group broke off; the outcome is unknown until the log is reopened",
                withoutDetails);
    }

    /**
     * Commits a closed group, all of whose slots are filled or which is abandoned. The outcome is
     * in the slots, also where this throws for want of stack: what is not settled there is not
     * acknowledged.
     */
    void commit(CommitGroup group, int callers) {
        int from = 0;
        try {
            while (from < callers) {
                int to = endOfRun(group, from, callers);
                try {
                    commitRun(group, from, to);
                } catch (StorageException | OutOfSpaceException notWritten) {
                    memtables.abandonGroup();
                    if (failBatches(group, from, callers, notWritten)) {
                        // A purge that is to free space must not wait for those who find none.
                        commitRun(group, from, callers);
                    }
                    break;
                }
                from = to;
            }
        } catch (RaftEngineException failed) {
            fail(group, from, callers, failed);
            if (!broken) {
                memtables.abandonGroup();
            }
        } catch (Throwable unexpected) {
            // Whatever it was, the callers must not hang and nobody may believe in a half-applied
            // group. First without a call: where the stack has run out the next one throws again.
            broken = true;
            fail(group, from, callers, poison(unexpected));
        }
    }

    private PoisonedException poison(Throwable unexpected) {
        try {
            return queue.poison("commit group", unexpected);
        } catch (VirtualMachineError noHeapOrStack) {
            return withoutDetails;
        }
    }

    /**
     * Where a group of large batches has to be divided; each part is committed on its own. Usually
     * there is one.
     */
    private int endOfRun(CommitGroup group, int from, int callers) {
        long bytes = group.slot(from).batchBytes;
        for (int i = from + 1; i < callers; i++) {
            bytes += group.slot(i).batchBytes;
            if (bytes > runBytesMax) {
                return i;
            }
        }
        return callers;
    }

    private void commitRun(CommitGroup group, int from, int to) {
        // Nobody wants to know when a write without sync began, and to ask costs a part of it.
        long started = group.syncWanted() ? clock.getAsLong() : 0;
        boolean sync = false;
        long bytes = 0;
        int accepted = 0;
        long encodeNanos = 0;
        long waitNanos = 0;
        // First: nothing is read of callers that may be gone.
        refuseIfPoisoned();
        memtables.beginGroup(queue.activeSeq());
        for (int i = from; i < to; i++) {
            CommitSlot slot = group.slot(i);
            if (slot.failure == null && slot.batchBytes > 0) {
                validate(slot);
                if (slot.accepted) {
                    accepted++;
                    bytes += slot.batchBytes;
                }
            }
            if (slot.sync && slot.failure == null) {
                sync = true;
                encodeNanos += slot.handedInNanos - slot.begunNanos;
                waitNanos += started - slot.handedInNanos;
            }
        }
        if (accepted > 0) {
            write(group, from, to, bytes, sync, started);
        }
        long written = sync ? clock.getAsLong() : started;
        if (sync) {
            long end = queue.end();
            queue.sync();
            watermark.synced(end);
        }
        long synced = sync ? clock.getAsLong() : written;
        applyOrPoison(group, from, to);
        memtables.endGroup();
        counters.group(to - from, accepted, bytes, sync, written - started, synced - written);
        if (sync) {
            counters.timesOfSynced(encodeNanos, waitNanos, clock.getAsLong() - synced);
        }
    }

    private void validate(CommitSlot slot) {
        openItems(slot.batch);
        if (memtables.validate(items) == Memtables.ACCEPTED) {
            slot.accepted = true;
        } else {
            slot.failure = memtables.refusal();
            counters.refused();
        }
    }

    private void write(CommitGroup group, int from, int to, long bytes, boolean sync, long now) {
        if (queue.rotateBefore(bytes)
                || queue.end() + bytes + WatermarkBatch.BYTES > SEGMENT_BYTES_MAX) {
            rotate();
        }
        try {
            writeOnce(group, from, to, sync, now);
        } catch (OutOfSpaceException full) {
            // The group is cut back. A new segment may find room where this one did not: a reserve,
            // the spill directory.
            // Behind an empty segment that must be certain, or every refused batch would leave one
            // more empty file.
            if (queue.activeIsEmpty() && !queue.rotationFindsRoom()) {
                throw full;
            }
            rotate();
            writeOnce(group, from, to, sync, now);
        }
    }

    /** Assigns positions, signs and writes all accepted batches with one call. */
    private void writeOnce(CommitGroup group, int from, int to, boolean sync, long now) {
        long offset = queue.end();
        int signature = queue.signature();
        pieces.clear();
        long due =
                queue.activeVersion().signed()
                        ? watermark.dueBeforeGroup(sync, now)
                        : SyncedWatermark.NONE;
        if (due != SyncedWatermark.NONE) {
            long address = group.bufferAddress() - WatermarkBatch.BYTES;
            watermarkBatch.write(address, offset, due, signature);
            pieces.add(address, WatermarkBatch.BYTES);
            offset += WatermarkBatch.BYTES;
        }
        for (int i = from; i < to; i++) {
            CommitSlot slot = group.slot(i);
            if (slot.accepted) {
                slot.fileOffset = offset;
                addPieces(group, slot, signature);
                offset += slot.batchBytes;
            }
        }
        if (pieces.count() == 1) {
            queue.append(pieces.firstAddress(), pieces.totalBytes());
        } else {
            queue.appendVector(pieces.address(), pieces.count(), pieces.totalBytes());
        }
        assert queue.end() == offset : "the segment ends at " + queue.end() + ", not " + offset;
        if (due != SyncedWatermark.NONE) {
            watermark.said(due, sync ? now : clock.getAsLong());
            counters.watermark();
        }
    }

    private void addPieces(CommitGroup group, CommitSlot slot, int signature) {
        EncodedBatch batch = slot.batch;
        if (slot.bufferOffset >= 0) {
            long address = group.bufferAddress() + slot.bufferOffset;
            sign(slot, address, slot.batchBytes, signature);
            pieces.add(address, slot.batchBytes);
        } else {
            long tailBytes = batch.itemSectionBytes() + BatchHeader.CRC_BYTES;
            sign(slot, batch.itemSectionAddress(), tailBytes, signature);
            pieces.add(batch.frontAddress(), batch.frontBytes());
            pieces.add(batch.itemSectionAddress(), tailBytes);
        }
    }

    /** Signs the bytes that end a batch, whatever they were signed for in an attempt before. */
    private static void sign(CommitSlot slot, long address, long bytes, int signature) {
        EncodedBatch.sign(address, bytes, slot.signature ^ signature);
        slot.signature = signature;
    }

    /**
     * Takes the signature out of a batch that was gathered from its owner's memory: it may be
     * written again. By the owner, when the group is done.
     */
    static void unsign(CommitSlot slot) {
        if (slot.signature != 0 && slot.bufferOffset < 0) {
            EncodedBatch batch = slot.batch;
            long tailBytes = batch.itemSectionBytes() + BatchHeader.CRC_BYTES;
            sign(slot, batch.itemSectionAddress(), tailBytes, 0);
        }
    }

    /**
     * The bytes are in the log: what cannot be applied now would come back at the next open,
     * although it was refused.
     */
    private void applyOrPoison(CommitGroup group, int from, int to) {
        try {
            apply(group, from, to);
        } catch (RaftEngineException notApplied) {
            throw queue.poison("a written batch could not be applied", notApplied);
        }
    }

    private void apply(CommitGroup group, int from, int to) {
        long seq = queue.activeSeq();
        for (int i = from; i < to; i++) {
            CommitSlot slot = group.slot(i);
            if (!slot.accepted) {
                slot.settled = true;
                continue;
            }
            EncodedBatch batch = slot.batch;
            if (listener != null) {
                listener.batchWritten(queue.kind(), seq, slot.fileOffset, slot.batchBytes);
            }
            openItems(batch);
            memtables.apply(
                    seq,
                    slot.fileOffset + BatchHeader.BYTES,
                    (int) batch.blockBytes(),
                    batch.compressed(),
                    items);
            slot.compactedEntries = memtables.entriesCompacted();
            if (listener != null) {
                listener.batchApplied(queue.kind(), seq);
            }
            slot.settled = true;
        }
    }

    private void openItems(EncodedBatch batch) {
        items.openMemory(
                batch.itemSectionAddress(), batch.itemSectionBytes(), batch.contentBytes());
    }

    /**
     * Begins a new segment. For the holder of the write token, between two groups.
     *
     * @throws OutOfSpaceException no space for it; the old one stays the active one
     * @throws StorageException the new file cannot be made; the old one stays the active one
     * @throws PoisonedException a cut or a sync failed, now or before
     */
    public void rotate() {
        watermark.rotate(queue, clock);
    }

    /**
     * Writes and syncs a final watermark if the segment has not grown since the last call and does
     * not end with one already, so that after a crash of an idle engine every byte is known to have
     * been acknowledged.
     */
    void idleMark() {
        long end = queue.end();
        boolean idle = end == lastSeenEnd;
        lastSeenEnd = end;
        if (idle) {
            finalMark();
        }
    }

    /**
     * Syncs, then writes and syncs a watermark that covers everything before it. Where the mark
     * itself finds no room it is left out: it only helps to tell damage from a torn tail.
     */
    void finalMark() {
        // A half-done rotation has sealed and synced the active segment; it takes no more bytes.
        if (isPoisoned()
                || queue.rotationPending()
                || queue.activeVersion() == FormatVersion.V1
                || !watermark.dueWhenIdle(queue.end())) {
            return;
        }
        long end = queue.end();
        if (watermark.syncedBytes() < end) {
            queue.sync();
            watermark.synced(end);
        }
        watermarkBatch.write(markMemory.address(), end, end, queue.signature());
        try {
            queue.append(markMemory.address(), WatermarkBatch.BYTES);
        } catch (StorageException | OutOfSpaceException noMark) {
            // Not again before the log has grown: each try costs a write, a cut and a sync.
            watermark.markRefused(end);
            return;
        }
        queue.sync();
        lastSeenEnd = queue.end();
        watermark.marked(end, lastSeenEnd, clock.getAsLong());
        counters.watermark();
    }

    /**
     * Fails those who have something to be written.
     *
     * @return whether others wait for the disk
     */
    private static boolean failBatches(
            CommitGroup group, int from, int to, RaftEngineException failure) {
        boolean bareSync = false;
        for (int i = from; i < to; i++) {
            CommitSlot slot = group.slot(i);
            slot.accepted = false;
            if (slot.failure == null && slot.batchBytes > 0) {
                slot.failure = failure;
                slot.failureShared = to - from > 1;
            }
            if (slot.failure == null) {
                bareSync |= slot.sync;
                slot.settled |= !slot.sync; // it wanted nothing
            }
        }
        return bareSync;
    }

    private static void fail(CommitGroup group, int from, int to, RaftEngineException failure) {
        for (int i = from; i < to; i++) {
            CommitSlot slot = group.slot(i);
            if (slot.failure == null) {
                slot.failure = failure;
                slot.failureShared = to - from > 1;
            }
        }
    }

    private static PoisonedException poisonedEarlier() {
        return new PoisonedException(
                "a sync failed earlier; close the engine and open the directory again");
    }

    /**
     * Counters; by any thread.
     *
     * @return a snapshot that may mix values of neighbouring groups
     */
    public CommitCounters.Snapshot counters() {
        return counters.snapshot();
    }

    /**
     * Groups committed so far; by any thread, at the price of a load.
     *
     * @return a total that only grows
     */
    public long groups() {
        return counters.groups();
    }

    /**
     * Groups among them that were synced; by any thread.
     *
     * @return a total that only grows
     */
    public long syncedGroups() {
        return counters.syncedGroups();
    }

    /**
     * Time that synced groups took to be validated, written and synced; by any thread.
     *
     * @return nanoseconds, a total that only grows
     */
    public long syncedNanos() {
        return counters.syncedNanos();
    }

    @Override
    public void close() {
        pieces.close();
        markMemory.close();
    }
}
