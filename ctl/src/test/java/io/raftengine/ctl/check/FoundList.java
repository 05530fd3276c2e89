package io.raftengine.ctl.check;

import io.raftengine.engine.EngineConfig;
import io.raftengine.error.RaftEngineException;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.segment.ScanAnomaly;
import io.raftengine.log.segment.SegmentFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Findings as lines that a test can read. */
final class FoundList implements Findings {
    final List<String> lines = new ArrayList<>();
    CheckSummary summary;

    static FoundList of(Path dir, boolean deep) {
        return of(EngineConfig.builder(dir).build(), FileSystem.local(), deep);
    }

    static FoundList of(EngineConfig config, FileSystem fs, boolean deep) {
        FoundList found = new FoundList();
        found.summary = DirectoryCheck.run(config, fs, deep, found);
        return found;
    }

    private static String name(SegmentFile file) {
        return file.path().getFileName().toString().replaceFirst("^0+", "");
    }

    @Override
    public void numbering(ScanAnomaly anomaly) {
        lines.add("numbering " + anomaly.kind());
    }

    @Override
    public void damage(
            SegmentFile file, long from, long to, String what, String expected, String found) {
        lines.add(name(file) + " [" + from + ", " + to + ") " + what);
    }

    @Override
    public void tail(SegmentFile file, long end, Tail tail) {
        lines.add(name(file) + " ends at " + end + ": " + tail.text());
    }

    @Override
    public void unreadable(SegmentFile file, RaftEngineException failure) {
        lines.add(name(file) + " unreadable");
    }

    @Override
    public void hole(SegmentFile file, long offset, long group, long expected, long found) {
        lines.add("hole in " + group + ": " + expected + " expected, " + found + " found");
    }

    @Override
    public void group(long group, long first, IndexRanges lost) {
        StringBuilder line = new StringBuilder("group " + group + " lost");
        for (int i = 0; i < lost.size(); i++) {
            line.append(' ').append(lost.first(i)).append("..").append(lost.last(i));
        }
        lines.add(line.toString());
    }

    @Override
    public void refused(String where, RaftEngineException failure) {
        lines.add("refused " + where + ": " + failure.getMessage());
    }
}
