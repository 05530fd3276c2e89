package io.raftengine.recovery;

/**
 * An atomic group of the rewrite queue without its end: its batches were ignored, the originals are
 * in older segments.
 *
 * @param id id of the atomic group, not of a Raft group
 * @param firstSeq segment that holds its first batch
 * @param firstOffset offset of that batch
 * @param batches number of batches that were ignored
 */
public record UnfinishedGroup(long id, long firstSeq, long firstOffset, int batches) {}
