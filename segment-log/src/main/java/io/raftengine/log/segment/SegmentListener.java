package io.raftengine.log.segment;

import io.raftengine.log.format.QueueKind;

/**
 * Told when segments come and go. Called by the writer, the purger or the opening thread, under the
 * queue's locks: must return quickly, must not call the queue and must not throw.
 */
public interface SegmentListener {
    /** A listener that does nothing. */
    SegmentListener NONE = new SegmentListener() {};

    /**
     * A segment became the active one; nothing but its header is in it yet. Also called for each
     * segment found at open.
     *
     * @param kind the queue
     * @param seq the segment's number
     */
    default void segmentAdded(QueueKind kind, long seq) {}

    /**
     * All segments up to a number were purged.
     *
     * @param kind the queue
     * @param lastSeq the highest purged number
     */
    default void segmentsPurged(QueueKind kind, long lastSeq) {}
}
