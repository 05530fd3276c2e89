package io.raftengine.engine;

/**
 * What an engine did since it was opened, and what it holds now. A snapshot; values of neighbouring
 * moments may be mixed.
 *
 * @param groups groups that exist
 * @param memoryBytes off-heap bytes reserved by the engine, exact
 * @param memoryLimitBytes the limit, or {@link EngineConfig#UNLIMITED}
 * @param memoryPeakBytes highest value of {@code memoryBytes}
 * @param batches batches written
 * @param batchBytes their encoded bytes
 * @param refusedBatches batches refused before anything was written
 * @param commitGroups commit groups
 * @param syncedGroups commit groups that were synced
 * @param syncedBatches batches in them; divided by {@code syncedGroups} this says how well group
 *     commit works
 * @param encodeNanos time callers spent encoding and compressing batches that were to be synced
 * @param waitNanos time they then waited for their commit group to begin
 * @param writeNanos time leaders spent validating and writing groups that were synced
 * @param syncNanos time leaders spent in syncs
 * @param applyNanos time leaders spent making groups visible that were synced
 * @param syncs syncs of the append queue
 * @param syncNanosLongest the longest of them
 * @param rotations rotations of the append queue
 * @param rotationNanosLongest how long writers stood still in the longest
 * @param watermarks synced watermarks written
 * @param appendSegments segments of the append queue
 * @param rewriteSegments segments of the rewrite queue
 * @param reservedSegments segments kept for reuse
 * @param purges purges that ended well, forced ones included
 * @param purgeNanosLongest how long the longest of them took
 * @param purgedSegments segments of both queues that purges dropped, those that failed later as
 *     well
 * @param rewrittenBytes bytes that purges wrote to the rewrite queue, those that failed as well
 */
public record EngineStatistics(
        long groups,
        long memoryBytes,
        long memoryLimitBytes,
        long memoryPeakBytes,
        long batches,
        long batchBytes,
        long refusedBatches,
        long commitGroups,
        long syncedGroups,
        long syncedBatches,
        long encodeNanos,
        long waitNanos,
        long writeNanos,
        long syncNanos,
        long applyNanos,
        long syncs,
        long syncNanosLongest,
        long rotations,
        long rotationNanosLongest,
        long watermarks,
        long appendSegments,
        long rewriteSegments,
        long reservedSegments,
        long purges,
        long purgeNanosLongest,
        long purgedSegments,
        long rewrittenBytes) {}
