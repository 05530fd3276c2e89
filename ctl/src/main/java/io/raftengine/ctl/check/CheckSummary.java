package io.raftengine.ctl.check;

/**
 * What a check looked at and found.
 *
 * @param segments segments that were walked
 * @param bytes their length
 * @param batches whole batches
 * @param blocks entries blocks that were verified
 * @param damagedRanges damaged ranges of bytes
 * @param damagedBytes their length
 * @param damagedGroups groups that lost live entries
 * @param holes places where entries do not follow each other
 * @param anomalies holes and duplicates in the numbering of the segments
 * @param unreadable segments that could not be read to their end
 * @param refused what could not be read although all batches are good
 * @param liveEntries entries that were read back from the directory as a whole; -1 where that was
 *     not tried
 */
public record CheckSummary(
        long segments,
        long bytes,
        long batches,
        long blocks,
        long damagedRanges,
        long damagedBytes,
        long damagedGroups,
        long holes,
        long anomalies,
        long unreadable,
        long refused,
        long liveEntries) {

    /**
     * Whether nothing was found.
     *
     * @return true for a sound directory
     */
    public boolean sound() {
        return wholeLog() && anomalies == 0 && refused == 0;
    }

    /** Whether every segment is whole, so that it makes sense to open the directory. */
    boolean wholeLog() {
        return damagedRanges == 0 && damagedGroups == 0 && holes == 0 && unreadable == 0;
    }
}
