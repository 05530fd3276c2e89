package io.raftengine.ctl.check;

import io.raftengine.error.RaftEngineException;
import io.raftengine.log.segment.ScanAnomaly;
import io.raftengine.log.segment.SegmentFile;

/** Is told what a check finds, as it finds it. */
public interface Findings {
    /**
     * The numbering of the segments has a hole, or a number twice.
     *
     * @param anomaly which, and the files that are ignored because of it
     */
    void numbering(ScanAnomaly anomaly);

    /**
     * Bytes of a segment are damaged.
     *
     * @param file the segment
     * @param from offset of the first byte
     * @param to offset behind the last byte
     * @param what what is wrong there
     * @param expected what should be there
     * @param found what is there
     */
    void damage(SegmentFile file, long from, long to, String what, String expected, String found);

    /**
     * What lies behind the live end of the last segment of a queue. No finding.
     *
     * @param file the segment
     * @param end where the live part ends
     * @param tail what lies behind it
     */
    void tail(SegmentFile file, long end, Tail tail);

    /**
     * A segment could not be read to its end.
     *
     * @param file the segment
     * @param failure why
     */
    void unreadable(SegmentFile file, RaftEngineException failure);

    /**
     * Entries of a group do not follow the ones before: an open refuses that (D6), or something
     * damaged lies between.
     *
     * @param file the segment
     * @param offset of the batch
     * @param group the group
     * @param expected index that would follow
     * @param found index that does
     */
    void hole(SegmentFile file, long offset, long group, long expected, long found);

    /**
     * A group has lost entries that it should have.
     *
     * @param group the group
     * @param first its first live index
     * @param lost ranges of its live indexes, ascending, never empty
     */
    void group(long group, long first, IndexRanges lost);

    /**
     * All batches are good, and still the directory or a group of it cannot be read as a whole.
     *
     * @param where the directory or the group
     * @param failure why
     */
    void refused(String where, RaftEngineException failure);

    /** What can lie behind the live end of a queue's last segment. */
    enum Tail {
        /** Preallocated space, or a file that was never begun. */
        ZEROS("zeros"),
        /** What a recycled file held in an earlier life, or the remains of one write. */
        STALE("stale"),
        /** A write that did not reach the disk as a whole, and that nobody was promised. */
        TORN("torn");

        private final String text;

        Tail(String text) {
            this.text = text;
        }

        /**
         * As it is printed.
         *
         * @return one word
         */
        public String text() {
            return text;
        }
    }
}
