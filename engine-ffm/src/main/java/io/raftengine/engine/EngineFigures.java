package io.raftengine.engine;

import io.raftengine.engine.commit.CommitCounters;
import io.raftengine.engine.purge.PurgeCounters;
import io.raftengine.log.segment.QueueStatistics;

/**
 * Gathers what the parts of an engine have counted. An engine that cannot write counted nothing.
 */
final class EngineFigures {
    private EngineFigures() {}

    /** By a caller inside the engine's gate. */
    static EngineStatistics of(EngineOpener parts, EngineConfig config) {
        CommitCounters.Snapshot commits =
                parts.committer == null ? CommitCounters.NOTHING : parts.committer.counters();
        PurgeCounters purges = parts.purge == null ? new PurgeCounters() : parts.purge.counters();
        QueueStatistics queue = parts.appendQueue == null ? null : parts.appendQueue.statistics();
        return new EngineStatistics(
                parts.memtables.groupCount(),
                parts.budget.reservedBytes(),
                config.memoryLimitBytes(),
                parts.budget.peakBytes(),
                commits.batches(),
                commits.batchBytes(),
                commits.refusedBatches(),
                commits.groups(),
                commits.syncedGroups(),
                commits.syncedBatches(),
                commits.encodeNanos(),
                commits.waitNanos(),
                commits.writeNanos(),
                commits.syncNanos(),
                commits.applyNanos(),
                queue == null ? 0 : queue.syncs(),
                queue == null ? 0 : queue.syncNanosLongest(),
                queue == null ? 0 : queue.rotations(),
                queue == null ? 0 : queue.rotationNanosLongest(),
                commits.watermarks(),
                SegmentSpan.of(parts.append).segmentCount(),
                SegmentSpan.of(parts.rewrite).segmentCount(),
                queue == null ? 0 : queue.reserveCount(),
                purges.purges(),
                purges.nanosLongest(),
                purges.segmentsDropped(),
                purges.bytesWritten());
    }
}
