package io.raftengine.engine;

import io.raftengine.engine.purge.PurgeOutcome;
import java.util.Comparator;
import java.util.List;

/**
 * What a purge did, and what keeps it from doing more.
 *
 * @param groups the groups that hold old segments, most bytes first; compacting them frees space. A
 *     group is named when it still needs an entry or key of a segment that purge would like to drop
 * @param appendSegmentsDropped segments of the append queue that are gone
 * @param rewriteSegmentsDropped segments of the rewrite queue that are gone
 * @param bytesRewritten bytes written to the rewrite queue to make that possible
 */
public record PurgeResult(
        List<BlockingGroup> groups,
        long appendSegmentsDropped,
        long rewriteSegmentsDropped,
        long bytesRewritten) {

    /** The result of a purge that found nothing to do, or another one at work. */
    public static final PurgeResult NOTHING = new PurgeResult(List.of(), 0, 0, 0);

    /** Keeps its own copy of the list. */
    public PurgeResult {
        groups = List.copyOf(groups);
    }

    static PurgeResult of(PurgeOutcome outcome) {
        return new PurgeResult(
                outcome.blocking().stream()
                        .map(group -> new BlockingGroup(group.groupId(), group.bytes()))
                        .sorted(Comparator.comparingLong(BlockingGroup::bytes).reversed())
                        .toList(),
                outcome.appendDropped(),
                outcome.rewriteDropped(),
                outcome.bytesWritten());
    }

    /**
     * A group that should be compacted.
     *
     * @param groupId the group
     * @param bytes bytes of its entries in the segments that purge would like to drop
     */
    public record BlockingGroup(long groupId, long bytes) {}
}
