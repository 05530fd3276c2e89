package io.raftengine.engine;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.engine.fork.ForkPiece;
import io.raftengine.engine.fork.ForkSource;
import io.raftengine.engine.fork.ForkTarget;
import io.raftengine.engine.fork.ForkWriter;
import io.raftengine.error.ConfigException;
import io.raftengine.error.InvalidArgumentException;
import io.raftengine.error.StorageException;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.io.DirectoryLock;
import io.raftengine.log.io.FileInfo;
import io.raftengine.log.io.FileKind;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.io.LockMode;
import io.raftengine.log.segment.DirectoryScan;
import io.raftengine.log.segment.ScanAnomaly;
import io.raftengine.log.segment.SegmentQueue;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Makes forks, of a running engine and of a closed directory. */
final class Forks {
    private static final int ENOENT = 2;
    private static final int ENOTDIR = 20;

    private Forks() {}

    /** See {@link RaftEngine#fork(Path, ForkMode)}. */
    static ForkReport ofRunning(
            FileSystem fs,
            MemoryBudget budget,
            SegmentQueue append,
            SegmentQueue rewrite,
            Path target,
            ForkMode mode,
            Runnable betweenLooks) {
        try (ForkTarget made = ForkTarget.create(fs, target);
                ForkWriter writer = new ForkWriter(fs, budget, mode == ForkMode.LINK);
                ForkSource source = ForkSource.ofRunning(append, rewrite, betweenLooks)) {
            source.pieces().forEach(piece -> writer.write(piece, made.dir()));
            // What was read since may have been what a failed sync left.
            ForkSource.demandIntact(append, rewrite);
            made.publish();
            return report(target, source, writer, List.of());
        }
    }

    /** See {@link RaftEngine#fork(EngineConfig, FileSystem, Path, ForkMode)}. */
    static ForkReport ofDirectory(EngineConfig config, FileSystem fs, Path target, ForkMode mode) {
        List<Path> dirs = directories(config, fs);
        demandEngine(config, fs, dirs);
        List<DirectoryLock> locks = new ArrayList<>();
        try {
            dirs.forEach(dir -> locks.add(fs.lock(dir, LockMode.EXCLUSIVE)));
            DirectoryScan scan = DirectoryScan.scan(fs, dirs);
            try (ForkTarget made = ForkTarget.create(fs, target);
                    ForkWriter writer =
                            new ForkWriter(fs, MemoryBudget.unlimited(), mode == ForkMode.LINK);
                    ForkSource source = ForkSource.ofDirectory(scan)) {
                source.pieces().forEach(piece -> writer.write(piece, made.dir()));
                made.publish();
                return report(target, source, writer, scan.anomalies());
            }
        } finally {
            locks.forEach(DirectoryLock::close);
        }
    }

    private static List<Path> directories(EngineConfig config, FileSystem fs) {
        config.demandDir();
        List<Path> dirs = new ArrayList<>();
        dirs.add(config.dir());
        config.spillDir().ifPresent(dirs::add);
        FileInfo main = null;
        for (Path dir : dirs) {
            FileInfo info = fs.info(dir);
            if (info == null) {
                throw new StorageException(dir.toString(), "fork", ENOENT, "no such directory");
            }
            if (info.kind() != FileKind.DIRECTORY) {
                throw new StorageException(dir.toString(), "fork", ENOTDIR, "not a directory");
            }
            if (main != null && main.sameFile(info)) {
                throw new ConfigException(
                        "spill-dir", "is the same directory as dir, " + config.dir());
            }
            main = info;
        }
        return dirs;
    }

    /** Locking makes a lock file; not in a directory that was named by mistake. */
    private static void demandEngine(EngineConfig config, FileSystem fs, List<Path> dirs) {
        DirectoryScan scan = DirectoryScan.scan(fs, dirs);
        if (scan.append().isEmpty()
                && scan.rewrite().isEmpty()
                && fs.info(config.dir().resolve(FileSystem.LOCK_NAME)) == null) {
            throw new InvalidArgumentException(
                    config.dir() + ": neither a segment nor a lock file; no engine's directory");
        }
    }

    private static ForkReport report(
            Path target, ForkSource source, ForkWriter writer, List<ScanAnomaly> anomalies) {
        int rewrites = 0;
        long bytes = 0;
        for (ForkPiece piece : source.pieces()) {
            rewrites += piece.queue() == QueueKind.REWRITE ? 1 : 0;
            bytes += piece.bytes();
        }
        return new ForkReport(
                target,
                source.pieces().size() - rewrites,
                rewrites,
                writer.linked(),
                writer.cloned(),
                writer.copied(),
                writer.copiedBytes(),
                bytes,
                anomalies);
    }
}
