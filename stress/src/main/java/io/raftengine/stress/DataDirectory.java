package io.raftengine.stress;

import io.raftengine.error.ConfigException;
import io.raftengine.error.LockedException;
import io.raftengine.log.format.SegmentName;
import io.raftengine.log.io.DirectoryLock;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.io.LockMode;
import io.raftengine.tools.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Empties data directories, provided an engine wrote all of it: the path may be a mistake. */
final class DataDirectory {
    private static final Set<String> ENDINGS = Set.of(".raftlog", ".rewrite", ".reserved", ".tmp");

    /** What recovery cut off a segment and kept aside. */
    private static final Pattern SIDE_FILE =
            Pattern.compile("cut-(.+)-at-\\d+(-\\d+)?\\.bytes", Pattern.DOTALL);

    private DataDirectory() {}

    /**
     * Deletes everything but the lock files, under the locks that a running engine would hold: its
     * files cannot vanish under it. Nothing is deleted before all of the directories were found to
     * be an engine's, and were locked.
     *
     * @param dirs those of one engine, main directory first; missing ones are empty
     * @throws LockedException if somebody has one of them open
     * @throws ConfigException if the second is the first
     * @throws UsageException if a file is no engine's
     */
    static void empty(FileSystem fs, List<Path> dirs) throws IOException {
        List<Path> present = dirs.stream().filter(Files::isDirectory).toList();
        if (present.size() > 1 && Files.isSameFile(present.get(0), present.get(1))) {
            throw new ConfigException(
                    "spill-dir", "is the same directory as dir, " + present.get(0));
        }
        // Before the locks, too: taking one leaves a file in a directory that is not ours.
        filesOf(present);
        List<DirectoryLock> locks = new ArrayList<>();
        try {
            for (Path dir : present) {
                locks.add(fs.lock(dir, LockMode.EXCLUSIVE));
            }
            for (Path file : filesOf(present)) {
                Files.delete(file);
            }
        } finally {
            locks.forEach(DirectoryLock::close);
        }
    }

    /**
     * Whether a file is, or would be made, in a directory or one below it, by whatever names and
     * links; neither of them need be there.
     */
    static boolean contains(Path dir, Path file) {
        return real(file).startsWith(real(dir));
    }

    private static Path real(Path path) {
        Path whole = path.toAbsolutePath();
        try {
            return whole.toRealPath();
        } catch (IOException notThere) {
            Path parent = whole.getParent();
            return parent == null ? whole : real(parent).resolve(whole.getFileName()).normalize();
        }
    }

    /** All files but the lock files, whose inodes are what engines exclude each other by. */
    private static List<Path> filesOf(List<Path> dirs) throws IOException {
        List<Path> files = new ArrayList<>();
        for (Path dir : dirs) {
            try (Stream<Path> listing = Files.list(dir)) {
                listing.filter(file -> !isLock(file)).forEach(files::add);
            }
        }
        for (Path file : files) {
            if (!isEngineFile(file)) {
                throw new UsageException(
                        "refusing to empty the directory: " + file + " is no engine's file");
            }
        }
        return files;
    }

    private static boolean isLock(Path file) {
        return file.getFileName().toString().equals(FileSystem.LOCK_NAME)
                && !Files.isDirectory(file);
    }

    private static boolean isEngineFile(Path file) {
        String name = file.getFileName().toString();
        return !Files.isDirectory(file)
                && (ENDINGS.stream().anyMatch(name::endsWith) || isSideFile(name));
    }

    private static boolean isSideFile(String name) {
        Matcher side = SIDE_FILE.matcher(name);
        return side.matches() && SegmentName.parse(side.group(1)) != null;
    }
}
