package io.raftengine.recovery.repair;

import io.raftengine.error.InvalidArgumentException;
import io.raftengine.error.RaftEngineException;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.format.SegmentName;
import io.raftengine.log.io.DirectoryEntry;
import io.raftengine.log.io.FileInfo;
import io.raftengine.log.io.FileKind;
import io.raftengine.log.io.FileSystem;
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
 *        any failure -> discard(): the files are deleted
 * </pre>
 */
final class StagedTarget {
    private static final String SUFFIX = ".repairing";
    private static final String TMP = ".tmp";

    private final FileSystem fs;
    private final Path target;
    private final Path staging;
    private final List<Path> files = new ArrayList<>();
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
        FileInfo left = fs.info(staged.staging);
        if (left != null) {
            checkEmpty(fs, staged.staging, left);
        }
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

    private static InvalidArgumentException refused(Path target, String why) {
        return new InvalidArgumentException("target " + target + ": " + why);
    }

    Path staging() {
        return staging;
    }

    Path target() {
        return target;
    }

    void create() {
        if (fs.info(staging) == null) {
            fs.createDirectory(staging);
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
        return file.resolveSibling("s" + file.getFileName() + TMP);
    }

    /** All segments are complete: gives them their names. */
    void reveal() {
        for (Path file : files) {
            fs.rename(hidden(file), file);
        }
        fs.syncDirectory(staging);
    }

    /** Gives the directory its name; durable when this returns. */
    void publish() {
        fs.rename(staging, target);
        published = true;
        fs.syncDirectory(target.getParent());
    }

    /** Takes back what was done, as far as the disk allows. */
    void discard(RuntimeException failure) {
        if (published) {
            attempt(failure, () -> fs.rename(target, staging));
        }
        for (Path file : files) {
            attempt(failure, () -> deleteIfThere(file));
            attempt(failure, () -> deleteIfThere(hidden(file)));
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
