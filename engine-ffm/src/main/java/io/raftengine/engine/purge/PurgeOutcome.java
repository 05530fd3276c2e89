package io.raftengine.engine.purge;

import java.util.List;

/**
 * What a purge did.
 *
 * @param blocking groups that hold old segments
 * @param appendDropped segments of the append queue that are gone
 * @param rewriteDropped segments of the rewrite queue that are gone
 * @param bytesWritten bytes appended to the rewrite queue
 */
public record PurgeOutcome(
        List<Blocking> blocking, long appendDropped, long rewriteDropped, long bytesWritten) {
    /** Of a purge that did nothing. */
    static final PurgeOutcome NOTHING = new PurgeOutcome(List.of(), 0, 0, 0);

    /**
     * A group that holds old segments.
     *
     * @param groupId the group
     * @param bytes of its entries in them
     */
    public record Blocking(long groupId, long bytes) {}
}
