package io.raftengine.engine;

import io.raftengine.log.format.QueueKind;

/**
 * Told about the life of segments and batches. Methods are called by whatever thread does the work,
 * most of them while it holds the write token: they must return quickly, be safe for all threads,
 * and not call the engine. An exception they throw, checked or not, is logged and otherwise
 * ignored. An {@link Error} is not: what it interrupts fails, and where its fate is unknown then
 * the engine refuses further writes.
 */
public interface EngineListener {
    /**
     * A segment exists: once for each at open, then for each new one after a rotation.
     *
     * @param queue the queue
     * @param segmentSeq its number
     */
    default void onNewSegment(QueueKind queue, long segmentSeq) {}

    /**
     * A batch was written and is not visible yet.
     *
     * @param queue the queue
     * @param segmentSeq number of the segment
     * @param offset where the batch begins in it
     * @param bytes its encoded length
     */
    default void onBatchWritten(QueueKind queue, long segmentSeq, long offset, long bytes) {}

    /**
     * A batch was applied and is visible to readers; or, in the rewrite queue, it is a copy that
     * was given up, and never will be.
     *
     * @param queue the queue
     * @param segmentSeq number of the segment it was written to
     */
    default void onBatchApplied(QueueKind queue, long segmentSeq) {}

    /**
     * Segments were purged.
     *
     * @param queue the queue
     * @param highestPurgedSeq number of the newest one among them
     */
    default void onPurged(QueueKind queue, long highestPurgedSeq) {}

    /**
     * Asked by a purge: segments of the append queue from this one on must stay, because what was
     * written there is not yet where the listener wants it to be. A purge asks each time. Where a
     * listener throws instead of answering, even an {@link Error}, nothing of that queue is dropped
     * this time.
     *
     * @return a segment number, {@link Long#MAX_VALUE} if purge need not wait
     */
    default long firstSegmentNotReadyForPurge() {
        return Long.MAX_VALUE;
    }

    /**
     * A purge that the engine did by itself has ended; see {@link
     * EngineConfig#backgroundPurgeInterval()}. Called without any lock; may call the engine, for
     * instance to compact the groups that hold old segments, but not close it.
     *
     * @param result what it did, and the groups to be compacted
     */
    default void onBackgroundPurge(PurgeResult result) {}
}
