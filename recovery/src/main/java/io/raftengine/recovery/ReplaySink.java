package io.raftengine.recovery;

import io.raftengine.log.format.QueueKind;

/**
 * Where recovery delivers what it read.
 *
 * <p>The state after {@link #merge} must equal the sequential application of all rewrite partitions
 * and then all append partitions, each in ascending {@code order}, however the log was split into
 * partitions.
 */
public interface ReplaySink {
    /**
     * Opens a partition. Called by any replay thread, also several at once; partitions of one queue
     * may be opened in another sequence than their {@code order}.
     *
     * @param kind the queue the partition's batches are from
     * @param order place among the partitions of the same queue, unique, ascending in log order
     * @return the partition; used by one thread at a time
     */
    PartitionSink newPartition(QueueKind kind, long order);

    /**
     * Joins all partitions; every one of them is complete. Called once, by the thread that runs the
     * recovery, before any file is changed, so that after a refusal all of them read as before.
     *
     * @param threads most threads to use
     * @throws io.raftengine.error.CorruptionException a hole or overlap that live validation would
     *     have refused (decision D6)
     */
    void merge(int threads);
}
