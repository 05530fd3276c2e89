package io.raftengine.engine.commit;

import io.raftengine.error.RaftEngineException;
import io.raftengine.log.format.EncodedBatch;

/**
 * One caller's place in a commit group. Written by its caller until the group counts it ready, then
 * by the leader until the group is done, then read by its caller; these hand-overs order all plain
 * fields.
 */
final class CommitSlot {
    /** The caller's finished batch, or null for a bare sync. */
    EncodedBatch batch;

    /**
     * Where the batch was copied to inside the group's buffer, or -1 where the leader gathers it
     * from its own memory.
     */
    int bufferOffset;

    /** Encoded length of the batch; 0 for a bare sync. */
    long batchBytes;

    /** Whether the caller waits for the disk. */
    boolean sync;

    /** When the caller of a synced batch began to encode it, by the committer's clock. */
    long begunNanos;

    /** When it handed the batch in. */
    long handedInNanos;

    /** Set by the leader: the batch passed validation and belongs to the write. */
    boolean accepted;

    /** Set by the leader: what the batch's item checksum is signed with; 0 for not at all. */
    int signature;

    /** Set by the leader: file offset of the batch. */
    long fileOffset;

    /** Set by the leader: entries removed by this batch's compactions. */
    long compactedEntries;

    /**
     * Set by the leader or by a caller that could not copy: why nothing of the batch is visible;
     * null on success.
     */
    RaftEngineException failure;

    /** Set by the leader: others failed of the same, so it is nobody's to be thrown. */
    boolean failureShared;

    /**
     * Set by the leader: the caller has what it asked for. What is neither settled nor failed is of
     * a commit that broke off, see {@link GroupCommitter#brokenOff}: silence is no success.
     */
    boolean settled;

    /** A virtual thread that parked to wait for the group, else null. */
    volatile Thread parked;

    void prepare(EncodedBatch newBatch, int newBufferOffset, long newBatchBytes, boolean newSync) {
        batch = newBatch;
        bufferOffset = newBufferOffset;
        batchBytes = newBatchBytes;
        sync = newSync;
        accepted = false;
        signature = 0;
        fileOffset = -1;
        compactedEntries = 0;
        failure = null;
        failureShared = false;
        settled = false;
        forgetParked();
    }

    /** Drops what would keep the caller's objects reachable. */
    void clear() {
        batch = null;
        failure = null;
        forgetParked();
    }

    /** A volatile store is not made for nothing: platform threads never park here. */
    private void forgetParked() {
        if (parked != null) {
            parked = null;
        }
    }
}
