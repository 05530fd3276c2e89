package io.raftengine.ctl;

import io.raftengine.ctl.check.Findings;
import io.raftengine.ctl.check.IndexRanges;
import io.raftengine.error.CorruptionException;
import io.raftengine.error.RaftEngineException;
import io.raftengine.log.segment.ScanAnomaly;
import io.raftengine.log.segment.SegmentFile;

/** Makes the first finding of a check an error: for directories that must be sound. */
final class SoundOrFailure implements Findings {
    @Override
    public void numbering(ScanAnomaly anomaly) {
        throw unsound("", -1, "numbering of the segments", "contiguous", anomaly.message());
    }

    @Override
    public void damage(
            SegmentFile file, long from, long to, String what, String expected, String found) {
        throw unsound(file.path().toString(), from, what, expected, found);
    }

    @Override
    public void tail(SegmentFile file, long end, Tail tail) {
        throw unsound(
                file.path().toString(), end, "end of the log", "the end of the file", tail.text());
    }

    @Override
    public void unreadable(SegmentFile file, RaftEngineException failure) {
        throw failure;
    }

    @Override
    public void hole(SegmentFile file, long offset, long group, long expected, long found) {
        throw unsound(
                file.path().toString(),
                offset,
                "next index of group " + Long.toUnsignedString(group),
                Long.toUnsignedString(expected),
                Long.toUnsignedString(found));
    }

    @Override
    public void group(long group, long first, IndexRanges lost) {
        throw unsound(
                "", -1, "entries of group " + Long.toUnsignedString(group), "all", "lost: " + lost);
    }

    @Override
    public void refused(String where, RaftEngineException failure) {
        throw failure;
    }

    private static CorruptionException unsound(
            String file, long offset, String what, String expected, String found) {
        return new CorruptionException(file, offset, what, expected, found);
    }
}
