package io.raftengine.engine.purge;

import io.raftengine.allocator.Mapping;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.engine.commit.CommitListener;
import io.raftengine.engine.commit.GatherList;
import io.raftengine.engine.commit.SyncedWatermark;
import io.raftengine.error.InvalidArgumentException;
import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.PoisonedException;
import io.raftengine.error.RaftEngineException;
import io.raftengine.error.StorageException;
import io.raftengine.log.format.BatchHeader;
import io.raftengine.log.format.EncodedBatch;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.format.WatermarkBatch;
import io.raftengine.log.segment.SegmentQueue;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * The writer of the rewrite queue: rotates, signs, writes a batch with one call, and accounts
 * exactly for what is not on disk yet.
 *
 * <p>Sealing. Segments are dropped only because their live data was copied here, so the copy must
 * be on disk before (I6), and be known to be: {@link #seal} ends the log with a synced watermark
 * that covers every byte. A copy that rots later is then told from a torn tail and never cut (P6).
 *
 * <p>Failures. A write that fails leaves nothing of itself, and the log goes on. A full disk is
 * answered once by a rotation, which may reach a reserve or the spill directory. A failed sync or
 * cut poisons the queue, and <em>both</em> queues are one engine: {@code onPoison} is called before
 * any method here throws a {@link PoisonedException}, and poisons the append queue.
 *
 * <p>For the purger's thread only. Allocates nothing while all goes well. Does not own the queue.
 */
final class RewriteLog implements AutoCloseable {
    /** Positions inside a segment are kept in 32 bits, so no batch may reach beyond this offset. */
    private static final long SEGMENT_BYTES_MAX = 0xFFFF_0000L;

    /**
     * Told where a batch will be, before it is written: what can fail for want of memory, such as
     * an index of it, fails before there is anything to be indexed.
     */
    interface Placing {
        /**
         * The batch is about to be written; once more, with another place, if it does not fit
         * there.
         *
         * @param segment the segment
         * @param blockOffset where its entries block will begin
         */
        void placed(long segment, long blockOffset);
    }

    /** The watermark, then header with entries block, then the items. */
    private static final int PIECES_MAX = 3;

    private final SegmentQueue queue;
    private final CommitListener listener;
    private final LongSupplier clock;
    private final Consumer<PoisonedException> onPoison;
    private final long segmentBytesMax;
    private final SyncedWatermark watermark = new SyncedWatermark();
    private final WatermarkBatch watermarkBatch = new WatermarkBatch();
    private final GatherList pieces;
    private final Mapping watermarkMemory;

    private long batchOffset = -1;
    private long unsyncedBytes;

    /**
     * A writer that goes on where the queue ends.
     *
     * @param budget what its two pages of memory are charged to
     * @param queue the rewrite queue, which has no other writer
     * @param listener told about each batch after it was written; may be null. That it is applied
     *     is for the caller to say
     * @param clock nanoseconds, as {@link System#nanoTime}
     * @param onPoison gets each {@link PoisonedException} before it is thrown, to poison the append
     *     queue as well; must not throw
     */
    RewriteLog(
            MemoryBudget budget,
            SegmentQueue queue,
            CommitListener listener,
            LongSupplier clock,
            Consumer<PoisonedException> onPoison) {
        this(budget, queue, listener, clock, onPoison, SEGMENT_BYTES_MAX);
    }

    /** With another limit of a segment's length, for tests without a segment of 4 GiB. */
    RewriteLog(
            MemoryBudget budget,
            SegmentQueue queue,
            CommitListener listener,
            LongSupplier clock,
            Consumer<PoisonedException> onPoison,
            long segmentBytesMax) {
        assert queue.kind() == QueueKind.REWRITE : queue.kind();
        this.queue = queue;
        this.listener = listener;
        this.clock = clock;
        this.onPoison = onPoison;
        this.segmentBytesMax = segmentBytesMax;
        this.pieces = new GatherList(budget, PIECES_MAX);
        try {
            this.watermarkMemory = Mapping.map(budget, WatermarkBatch.BYTES, "rewrite watermark");
        } catch (RaftEngineException refused) {
            pieces.close();
            throw refused;
        }
        watermark.segment(queue.activeSeq(), queue.end(), clock.getAsLong());
    }

    /**
     * Appends a batch of which nobody needs to know the place, otherwise as {@link
     * #append(EncodedBatch, Placing)}.
     *
     * @param batch finished and not empty
     */
    void append(EncodedBatch batch) {
        append(batch, (segment, blockOffset) -> {});
    }

    /**
     * Appends one batch, not synced; it is in {@link #segment()} at {@link #blockOffset()} then.
     * The batch is unsigned again afterwards, whatever happened.
     *
     * @param batch finished and not empty
     * @param placing told where it will be; what it throws is thrown here, and nothing is written
     * @throws OutOfSpaceException no space, not in a new segment either; nothing of it is left
     * @throws StorageException the write failed; nothing of it is left
     * @throws PoisonedException a failed write could not be cut off, or a sync failed on the way or
     *     before; its fate is unknown
     */
    void append(EncodedBatch batch, Placing placing) {
        long bytes = batch.bytes();
        if (bytes == 0) {
            throw new InvalidArgumentException("an empty batch was to be rewritten");
        }
        try {
            rotateIfDue(bytes);
            try {
                writeOnce(batch, bytes, placing);
            } catch (OutOfSpaceException full) {
                // What was written is cut back. A new segment may find room where this one did not.
                // Behind an empty segment that must be certain, or every refused batch would leave
                // one more empty file.
                if (queue.activeIsEmpty() && !queue.rotationFindsRoom()) {
                    throw full;
                }
                beginSegment();
                writeOnce(batch, bytes, placing);
            }
        } catch (PoisonedException poison) {
            onPoison.accept(poison);
            throw poison;
        }
        if (listener != null) {
            try {
                listener.batchWritten(queue.kind(), queue.activeSeq(), batchOffset, bytes);
            } catch (Throwable thrown) {
                throw poison("a listener broke off after a batch was written", thrown);
            }
        }
    }

    /**
     * For what breaks off between the write of a batch and the moment the index knows of it: what
     * is in the rewrite queue without the index knowing could come back one day.
     *
     * @return the error to throw; both queues refuse writes from now on
     */
    PoisonedException poison(String what, Throwable cause) {
        PoisonedException poison = queue.poison(what, cause);
        onPoison.accept(poison);
        return poison;
    }

    private void rotateIfDue(long bytes) {
        if (queue.rotateBefore(bytes)
                || queue.end() + bytes + WatermarkBatch.BYTES > segmentBytesMax) {
            beginSegment();
        }
    }

    private void writeOnce(EncodedBatch batch, long bytes, Placing placing) {
        long end = queue.end();
        int signature = queue.signature();
        long now = clock.getAsLong();
        pieces.clear();
        long due =
                queue.activeVersion().signed()
                        ? watermark.dueBeforeGroup(true, now)
                        : SyncedWatermark.NONE;
        long offset = end;
        if (due != SyncedWatermark.NONE) {
            watermarkBatch.write(watermarkMemory.address(), offset, due, signature);
            pieces.add(watermarkMemory.address(), WatermarkBatch.BYTES);
            offset += WatermarkBatch.BYTES;
        }
        placing.placed(queue.activeSeq(), offset + BatchHeader.BYTES);
        long tail = batch.itemSectionAddress();
        long tailBytes = batch.itemSectionBytes() + BatchHeader.CRC_BYTES;
        pieces.add(batch.frontAddress(), batch.frontBytes());
        pieces.add(tail, tailBytes);
        EncodedBatch.sign(tail, tailBytes, signature);
        try {
            queue.appendVector(pieces.address(), pieces.count(), pieces.totalBytes());
        } finally {
            EncodedBatch.sign(tail, tailBytes, signature);
        }
        assert queue.end() == offset + bytes : "the end is " + queue.end() + ", not behind it";
        batchOffset = offset;
        unsyncedBytes += queue.end() - end;
        if (due != SyncedWatermark.NONE) {
            watermark.said(due, now);
        }
    }

    /**
     * Segment of the batch appended last.
     *
     * @return its number
     */
    long segment() {
        assert batchOffset >= 0 : "nothing was appended to this segment";
        return queue.activeSeq();
    }

    /**
     * Where the entries block of the batch appended last begins.
     *
     * @return offset in {@link #segment()}
     */
    long blockOffset() {
        assert batchOffset >= 0 : "nothing was appended to this segment";
        return batchOffset + BatchHeader.BYTES;
    }

    /**
     * What a power cut could take.
     *
     * @return bytes appended and not synced since, watermarks included
     */
    long unsyncedBytes() {
        return unsyncedBytes;
    }

    /**
     * Whether everything appended is on disk.
     *
     * @return false also if nobody can know any more
     */
    boolean isSynced() {
        return unsyncedBytes == 0 && !queue.poisoned();
    }

    /**
     * Returns once everything appended is on disk; does nothing if it is.
     *
     * @throws PoisonedException the sync failed, now or before
     */
    void sync() {
        if (isSynced()) {
            return;
        }
        try {
            syncAll();
        } catch (PoisonedException poison) {
            onPoison.accept(poison);
            throw poison;
        }
    }

    private void syncAll() {
        long end = queue.end();
        queue.sync();
        watermark.synced(end);
        unsyncedBytes = 0;
    }

    /**
     * Syncs, and ends the log with a watermark that covers everything before it and is itself
     * synced. Must have returned before a segment is dropped whose data was copied here. Where the
     * mark finds no room it is left out; everything else is on disk all the same.
     *
     * @throws PoisonedException a sync failed, now or before
     */
    void seal() {
        sync();
        // A half-done rotation has cut and synced the active segment, which takes no more bytes.
        if (queue.rotationPending()
                || queue.activeVersion() == FormatVersion.V1
                || !watermark.dueWhenIdle(queue.end())) {
            return;
        }
        try {
            mark();
        } catch (PoisonedException poison) {
            onPoison.accept(poison);
            throw poison;
        }
    }

    private void mark() {
        long end = queue.end();
        assert watermark.syncedBytes() == end : "a mark must cover all";
        watermarkBatch.write(watermarkMemory.address(), end, end, queue.signature());
        try {
            queue.append(watermarkMemory.address(), WatermarkBatch.BYTES);
        } catch (StorageException | OutOfSpaceException noMark) {
            // Not again before the log has grown: each try costs a write, a cut and a sync.
            watermark.markRefused(end);
            return;
        }
        unsyncedBytes += WatermarkBatch.BYTES;
        queue.sync();
        unsyncedBytes = 0;
        watermark.marked(end, queue.end(), clock.getAsLong());
    }

    /**
     * Begins a new segment; what is in the old one is on disk then.
     *
     * @throws OutOfSpaceException no space for it; the old one stays the active one, try again
     * @throws StorageException the new file could not be made; try again
     * @throws PoisonedException a cut or a sync failed, now or before
     */
    void rotate() {
        try {
            beginSegment();
        } catch (PoisonedException poison) {
            onPoison.accept(poison);
            throw poison;
        }
    }

    private void beginSegment() {
        try {
            watermark.rotate(queue, clock);
        } finally {
            if (queue.activeIsEmpty()) {
                batchOffset = -1;
                unsyncedBytes = 0;
            }
        }
    }

    /** Gives its memory back. Syncs nothing: whoever drops nothing owes nothing. */
    @Override
    public void close() {
        pieces.close();
        watermarkMemory.close();
    }
}
