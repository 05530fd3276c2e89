package io.raftengine.engine;

/**
 * The segments of a queue that are in use.
 *
 * @param firstSeq number of the oldest one
 * @param activeSeq number of the one being written, at least {@code firstSeq}
 */
public record SegmentSpan(long firstSeq, long activeSeq) {
    /**
     * How many segments that is.
     *
     * @return at least 1
     */
    public long segmentCount() {
        return activeSeq - firstSeq + 1;
    }
}
