package io.raftengine.recovery;

import io.raftengine.log.format.ItemReader;
import io.raftengine.log.format.SingleEntryBatches;

/** A contiguous stretch of one queue; batches arrive in log order. Used by one thread at a time. */
public interface PartitionSink {
    /**
     * Applies one batch: the same interpreter as a live apply. The reader is positioned before the
     * first item and is valid during the call only. Internal keys are to be ignored.
     *
     * @param segmentSeq number of the segment
     * @param blockOffset offset of the entries block in the segment
     * @param blockBytes length of the entries block with its checksum, 0 if the batch has none
     * @param compressed whether the block is LZ4
     * @param items the batch's items
     * @throws io.raftengine.error.CorruptionException the items are malformed (decision D8)
     */
    void apply(
            long segmentSeq,
            long blockOffset,
            int blockBytes,
            boolean compressed,
            ItemReader items);

    /**
     * Applies several batches of one segment in log order, each of one entry; the same as {@link
     * #apply} for one after the other.
     *
     * @param segmentSeq number of the segment
     * @param batches the batches, valid during the call only
     */
    default void applySingles(long segmentSeq, SingleEntryBatches batches) {
        for (int i = 0; i < batches.count(); i++) {
            long offset = Integer.toUnsignedLong(batches.blockOffsets()[i]);
            apply(segmentSeq, offset, batches.blockBytes()[i], false, batches.items(i));
        }
    }

    /**
     * An atomic group of the rewrite queue was completed: while the Raft group has live data in the
     * rewrite queue at or before {@code lastSeq}, the segments from {@code firstSeq} on must stay.
     * Called after the items were applied; the last call for a Raft group counts.
     *
     * @param groupId the Raft group
     * @param firstSeq segment that holds the begin marker
     * @param lastSeq segment that holds the end marker
     */
    void atomicSpan(long groupId, long firstSeq, long lastSeq);

    /** No batch follows. Nothing is called afterwards. */
    void complete();
}
