package io.raftengine.log.segment;

/** The readers' side of a queue: counted references to segments by number. Safe for all threads. */
public interface SegmentSource {
    /**
     * The oldest segment's number.
     *
     * @return as in its name; 0 where there is no segment at all
     */
    long firstSeq();

    /**
     * The newest segment's number.
     *
     * @return as in its name; 0 where there is no segment at all
     */
    long activeSeq();

    /**
     * Takes a reference to a segment.
     *
     * @param seq its number
     * @return the segment, to be given back by {@link SegmentReader#release}; null if it was purged
     *     or never existed
     */
    SegmentReader acquire(long seq);
}
