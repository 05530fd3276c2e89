package io.raftengine.recovery.repair;

import io.raftengine.error.InvalidArgumentException;
import io.raftengine.error.RaftEngineException;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.format.SegmentName;
import io.raftengine.log.io.DirectoryEntry;
import io.raftengine.log.io.DirectoryLock;
import io.raftengine.log.io.FileInfo;
import io.raftengine.log.io.FileKind;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.io.LockMode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The directory in which the result grows, beside the target and under another name. Its files have
 * names that no engine takes for segments until all of them are complete; then they get their own,
 * the result is proven, and the directory gets the target's name, in one step.
 *
 * <pre>
 *   create() -> files under *.tmp, each synced -> reveal() -> (proof) -> publish()
 *        any failure -> discard(): all of it is deleted
 * </pre>
 *
 * <p>What a process that died left is taken over by the next repair into the same target; the lock
 * tells it from one under way.
 */
final class StagedTarget {
    private static final String SUFFIX = ".repairing";
    private static final String HIDDEN = "s";
    private static final String TMP = ".tmp";

    private final FileSystem fs;
    private final Path target;
    private final Path staging;
    private final List<Path> files = new ArrayList<>();
    private DirectoryLock lock;
    private boolean created;
    private boolean locked;
    private boolean published;

    private StagedTarget(FileSystem fs, Path target) {
        this.fs = fs;
        this.target = target;
        this.staging = target.resolveSibling(target.getFileName() + SUFFIX);
    }

    /**
     * Looks whether a target can be written, changing nothing.
     *
     * @throws InvalidArgumentException it exists and is not empty, lies within a source, or has no
     *     parent
     */
    static StagedTarget check(FileSystem fs, List<Path> sources, Path path) {
        Path target = path.toAbsolutePath().normalize();
        if (target.getFileName() == null) {
            throw refused(target, "expected a directory that can be created");
        }
        FileInfo parent = fs.info(target.getParent());
        if (parent == null) {
            throw refused(target, "expected its parent directory to exist");
        }
        for (Path source : sources) {
            checkOutside(fs, source, target);
        }
        FileInfo present = fs.info(target);
        if (present != null) {
            checkEmpty(fs, target, present);
            if (present.device() != parent.device()) {
                throw refused(
                        target,
                        "it is a mount point, which cannot be put in place in one step; expected a"
                                + " directory within it");
            }
        }
        StagedTarget staged = new StagedTarget(fs, target);
        staged.checkLeftovers();
        return staged;
    }

    private static void checkOutside(FileSystem fs, Path source, Path target) {
        FileInfo inside = fs.info(source);
        for (Path up = target; up != null; up = up.getParent()) {
            FileInfo info = fs.info(up);
            if (info != null && inside != null && info.sameFile(inside)) {
                throw refused(
                        target,
                        up.equals(target)
                                ? "it is the directory to be repaired; expected another"
                                : "it lies within " + source + "; expected a place outside");
            }
        }
    }

    private static void checkEmpty(FileSystem fs, Path dir, FileInfo info) {
        if (info.kind() != FileKind.DIRECTORY || info.symlink()) {
            throw refused(dir, "expected a directory, or nothing");
        }
        List<DirectoryEntry> entries = fs.list(dir);
        if (!entries.isEmpty()) {
            throw refused(
                    dir, "expected an empty directory, or nothing; found " + entries.get(0).name());
        }
    }

    /** What an interrupted repair left may go; anything else is somebody's. */
    private void checkLeftovers() {
        FileInfo left = fs.info(staging);
        if (left == null) {
            return;
        }
        if (left.kind() != FileKind.DIRECTORY || left.symlink()) {
            throw refused(staging, "expected nothing, or what an interrupted repair left");
        }
        for (DirectoryEntry entry : fs.list(staging)) {
            if (!isOurs(entry)) {
                throw refused(
                        staging,
                        "expected nothing, or what an interrupted repair left; found "
                                + entry.name());
            }
        }
    }

    private static boolean isOurs(DirectoryEntry entry) {
        String name = entry.name();
        boolean hidden = name.startsWith(HIDDEN) && name.endsWith(TMP);
        String shown =
                hidden ? name.substring(HIDDEN.length(), name.length() - TMP.length()) : name;
        return entry.kind() == FileKind.FILE
                && (name.equals(FileSystem.LOCK_NAME) || SegmentName.parse(shown) != null);
    }

    private static InvalidArgumentException refused(Path target, String why) {
        return new InvalidArgumentException("target " + target + ": " + why);
    }

    Path staging() {
        return staging;
    }

    Path target() {
        return target;
    }

    /**
     * Makes the directory, empty but for its lock.
     *
     * @throws io.raftengine.error.LockedException another repair into the same target is under way
     */
    void create() {
        if (fs.info(staging) == null) {
            fs.createDirectory(staging);
        }
        created = true;
        lock = fs.lock(staging, LockMode.EXCLUSIVE);
        locked = true;
        checkLeftovers();
        deleteFiles();
    }

    private void deleteFiles() {
        for (DirectoryEntry entry : fs.list(staging)) {
            if (!entry.name().equals(FileSystem.LOCK_NAME)) {
                fs.delete(entry.path());
            }
        }
    }

    /** Where a segment is to be written; it is deleted if the work fails. */
    Path fileFor(QueueKind kind, long seq) {
        Path file = staging.resolve(SegmentName.segment(kind, seq));
        files.add(file);
        return hidden(file);
    }

    private static Path hidden(Path file) {
        // Behind a letter, so that no scanner reads a number from it.
        return file.resolveSibling(HIDDEN + file.getFileName() + TMP);
    }

    /**
     * All segments are complete: gives them their names, and lets readers in, the proof among them.
     */
    void reveal() {
        for (Path file : files) {
            fs.rename(hidden(file), file);
        }
        fs.syncDirectory(staging);
        lock.close();
        lock = fs.lock(staging, LockMode.SHARED);
    }

    /** Gives the directory its name; durable when this returns. */
    void publish() {
        fs.rename(staging, target);
        published = true;
        fs.syncDirectory(target.getParent());
        unlock();
    }

    /** Takes back what was done, as far as the disk allows. */
    void discard(RuntimeException failure) {
        if (published) {
            attempt(failure, () -> fs.rename(target, staging));
        }
        if (locked) {
            attempt(failure, this::deleteFiles);
            // The lock file goes while it is locked: who waits for it finds its directory gone.
            attempt(failure, () -> deleteIfThere(staging.resolve(FileSystem.LOCK_NAME)));
        }
        if (created) {
            attempt(failure, () -> fs.deleteDirectory(staging));
        }
        attempt(failure, this::unlock);
    }

    private void unlock() {
        if (lock != null) {
            DirectoryLock closing = lock;
            lock = null;
            closing.close();
        }
    }

    private void deleteIfThere(Path file) {
        if (fs.info(file) != null) {
            fs.delete(file);
        }
    }

    private static void attempt(RuntimeException failure, Runnable step) {
        try {
            step.run();
        } catch (RaftEngineException e) {
            failure.addSuppressed(e);
        }
    }
}
