package io.raftengine.ctl.check;

import io.raftengine.error.RaftEngineException;
import io.raftengine.log.segment.ScanAnomaly;
import io.raftengine.log.segment.SegmentFile;

/** Counts findings on their way to whoever wants to know them. */
final class Tally implements Findings {
    private final Findings to;
    private long anomalies;
    private long ranges;
    private long bytes;
    private long holes;
    private long groups;
    private long unreadable;
    private long refused;

    Tally(Findings to) {
        this.to = to;
    }

    CheckSummary summary(
            long segments, long fileBytes, long batches, long blocks, long liveEntries) {
        return new CheckSummary(
                segments,
                fileBytes,
                batches,
                blocks,
                ranges,
                bytes,
                groups,
                holes,
                anomalies,
                unreadable,
                refused,
                liveEntries);
    }

    @Override
    public void numbering(ScanAnomaly anomaly) {
        anomalies++;
        to.numbering(anomaly);
    }

    @Override
    public void damage(
            SegmentFile file, long from, long end, String what, String expected, String found) {
        ranges++;
        bytes += end - from;
        to.damage(file, from, end, what, expected, found);
    }

    @Override
    public void tail(SegmentFile file, long end, Tail tail) {
        to.tail(file, end, tail);
    }

    @Override
    public void unreadable(SegmentFile file, RaftEngineException failure) {
        unreadable++;
        to.unreadable(file, failure);
    }

    @Override
    public void hole(SegmentFile file, long offset, long group, long expected, long found) {
        holes++;
        to.hole(file, offset, group, expected, found);
    }

    @Override
    public void group(long group, long first, IndexRanges lost) {
        groups++;
        to.group(group, first, lost);
    }

    @Override
    public void refused(String where, RaftEngineException failure) {
        refused++;
        to.refused(where, failure);
    }
}
