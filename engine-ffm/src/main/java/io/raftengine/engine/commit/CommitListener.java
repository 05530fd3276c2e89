package io.raftengine.engine.commit;

import io.raftengine.log.format.QueueKind;

/**
 * What the pipeline tells about each batch; called by the leader with the write token held, so
 * return quickly.
 */
public interface CommitListener {
    /**
     * A batch was written, and is not applied yet.
     *
     * @param queue the queue
     * @param segmentSeq number of the segment
     * @param offset file offset of the batch
     * @param bytes its length
     */
    void batchWritten(QueueKind queue, long segmentSeq, long offset, long bytes);

    /**
     * A batch was applied and is visible.
     *
     * @param queue the queue
     * @param segmentSeq number of the segment it was written to
     */
    void batchApplied(QueueKind queue, long segmentSeq);
}
