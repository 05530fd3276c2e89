package io.raftengine.ctl.check;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.engine.EngineConfig;
import io.raftengine.engine.RaftEngine;
import io.raftengine.error.CorruptionException;
import io.raftengine.error.RaftEngineException;
import io.raftengine.log.io.DirectoryLock;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.io.LockMode;
import io.raftengine.log.segment.DirectoryScan;
import io.raftengine.log.segment.SegmentFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Checks a directory, strictly read-only (defect 8): every segment of both queues, past all damage,
 * and what it means for the groups.
 */
public final class DirectoryCheck {
    private final EngineConfig config;
    private final FileSystem fs;
    private final boolean deep;
    private final Tally tally;

    private DirectoryCheck(EngineConfig config, FileSystem fs, boolean deep, Findings findings) {
        this.config = config;
        this.fs = fs;
        this.deep = deep;
        this.tally = new Tally(findings);
    }

    /**
     * Checks a directory. Takes a shared lock where there is a lock file; creates and changes
     * nothing. In depth, the entries of every batch are verified and unfolded, and if all is well
     * the directory is opened for reading and every live entry read back.
     *
     * @param config names the directory, and the spill directory if there is one
     * @param fs where they are
     * @param deep whether to check in depth
     * @param findings is told everything that is found
     * @return what was looked at and found
     * @throws io.raftengine.error.LockedException an engine has the directory open
     * @throws io.raftengine.error.StorageException a directory cannot be listed
     */
    public static CheckSummary run(
            EngineConfig config, FileSystem fs, boolean deep, Findings findings) {
        return new DirectoryCheck(config, fs, deep, findings).run();
    }

    private CheckSummary run() {
        List<Path> dirs = new ArrayList<>();
        dirs.add(config.dir());
        config.spillDir().ifPresent(dirs::add);
        List<DirectoryLock> locks = new ArrayList<>();
        try {
            dirs.forEach(dir -> locks.add(fs.lock(dir, LockMode.SHARED)));
            return check(DirectoryScan.scan(fs, dirs));
        } finally {
            locks.forEach(DirectoryLock::close);
        }
    }

    private CheckSummary check(DirectoryScan scan) {
        scan.anomalies().forEach(tally::numbering);
        GroupStates groups = new GroupStates(tally);
        try (SegmentCheck segments =
                new SegmentCheck(fs, MemoryBudget.unlimited(), tally, groups, deep)) {
            queue(segments, scan.rewrite());
            queue(segments, scan.append());
            groups.report();
            long count = (long) scan.rewrite().size() + scan.append().size();
            long live = deep && summary(segments, count, -1).wholeLog() ? readAll() : -1;
            return summary(segments, count, live);
        }
    }

    private CheckSummary summary(SegmentCheck segments, long count, long live) {
        return tally.summary(count, segments.bytes(), segments.batches(), segments.blocks(), live);
    }

    private static void queue(SegmentCheck segments, List<SegmentFile> files) {
        for (SegmentFile file : files) {
            segments.check(file, file == files.getLast());
        }
    }

    /** Reads every live entry the way a user would; returns how many there are. */
    private long readAll() {
        long[] entries = {0};
        try (RaftEngine engine = RaftEngine.openReadOnly(config, fs)) {
            engine.forEachGroup(group -> entries[0] += readGroup(engine, group));
        } catch (CorruptionException refusal) {
            tally.refused(config.dir().toString(), refusal);
        }
        return entries[0];
    }

    private long readGroup(RaftEngine engine, long group) {
        long first = engine.firstIndex(group);
        if (first == RaftEngine.NO_INDEX) {
            return 0;
        }
        try {
            return engine.fetchEntries(
                    group,
                    first,
                    engine.lastIndex(group) + 1,
                    Long.MAX_VALUE,
                    (index, memory, offset, bytes) -> true);
        } catch (RaftEngineException failed) {
            tally.refused("group " + Long.toUnsignedString(group), failed);
            return 0;
        }
    }
}
