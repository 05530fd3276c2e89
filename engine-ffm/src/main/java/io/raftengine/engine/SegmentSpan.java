package io.raftengine.engine;

import io.raftengine.log.segment.SegmentSource;

/**
 * The segments of a queue that are in use.
 *
 * @param firstSeq number of the oldest one
 * @param activeSeq number of the one being written, at least {@code firstSeq}
 */
public record SegmentSpan(long firstSeq, long activeSeq) {
    static SegmentSpan of(SegmentSource queue) {
        return new SegmentSpan(queue.firstSeq(), queue.activeSeq());
    }

    /**
     * How many segments that is.
     *
     * @return at least 1
     */
    public long segmentCount() {
        return activeSeq - firstSeq + 1;
    }
}
