package io.raftengine.engine.fork;

import io.raftengine.error.InvalidArgumentException;
import io.raftengine.log.format.SegmentName;
import io.raftengine.log.io.DirectoryEntry;
import io.raftengine.log.io.DirectoryLock;
import io.raftengine.log.io.FileInfo;
import io.raftengine.log.io.FileKind;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.io.LockMode;
import java.nio.file.Path;
import java.util.List;

/**
 * A directory in the making. It grows beside its final place under a name of its own, locked, and
 * gets its final name when all that is in it is on disk: whoever finds the final name finds a whole
 * fork, whenever the power went.
 *
 * <pre>
 *   absent --create--> T.forking, locked --publish--> T, locked --close--> T
 *                          |                  | parent cannot be synced
 *                          +---close--> absent &lt;--+
 * </pre>
 *
 * <p>What a process that died left under the name in between is taken over by the next fork to the
 * same target. The lock tells it from a fork under way.
 */
public final class ForkTarget implements AutoCloseable {
    /** Appended to the target's name while it is being made. */
    public static final String SUFFIX = ".forking";

    private final FileSystem fs;
    private final Path target;
    private final Path dir;
    private DirectoryLock lock;
    private boolean published;

    private ForkTarget(FileSystem fs, Path target) {
        this.fs = fs;
        this.target = target;
        this.dir = target.resolveSibling(target.getFileName() + SUFFIX);
    }

    /**
     * Begins a directory.
     *
     * @param fs where it is
     * @param path where it shall be: nothing is there, or an empty directory; its parent exists
     * @return the directory, to be published or closed
     * @throws InvalidArgumentException something is there already, or something that no fork left
     *     is in the way under the name in between
     * @throws io.raftengine.error.LockedException another fork to the same target is under way
     * @throws io.raftengine.error.StorageException the parent is missing or may not be written
     */
    public static ForkTarget create(FileSystem fs, Path path) {
        Path target = path.toAbsolutePath().normalize();
        if (target.getFileName() == null) {
            throw new InvalidArgumentException(path + ": cannot be the target of a fork");
        }
        ForkTarget made = new ForkTarget(fs, target);
        made.demandFree();
        boolean fresh = !made.begunBefore();
        if (fresh) {
            fs.createDirectory(made.dir);
        }
        try {
            made.lock = fs.lock(made.dir, LockMode.EXCLUSIVE);
            made.takeOver();
            made.demandFree();
        } catch (Throwable failed) {
            made.giveUp(fresh, failed);
            throw failed;
        }
        return made;
    }

    /**
     * Between the making of the directory and its lock another fork may have come first: without
     * the lock, what is in it is not ours.
     */
    private void giveUp(boolean fresh, Throwable failed) {
        try {
            if (fresh && lock != null) {
                remove();
            } else if (fresh) {
                fs.deleteDirectory(dir); // which fails unless it is empty
            }
        } catch (RuntimeException further) {
            failed.addSuppressed(further);
        } finally {
            unlock();
        }
    }

    private void demandFree() {
        FileInfo info = fs.info(target);
        if (info == null) {
            return;
        }
        if (info.kind() != FileKind.DIRECTORY || info.symlink()) {
            throw new InvalidArgumentException(
                    target + " exists and is no directory; a fork needs a new or empty one");
        }
        if (!fs.list(target).isEmpty()) {
            throw new InvalidArgumentException(
                    target + " is not empty; a fork needs a new or empty directory");
        }
    }

    /** Whether a fork left its directory, or makes it now; nothing else is touched. */
    private boolean begunBefore() {
        FileInfo info = fs.info(dir);
        // A symbolic link would lead the take-over, which deletes, to somebody else's segments.
        if (info != null && (info.kind() != FileKind.DIRECTORY || info.symlink())) {
            throw new InvalidArgumentException(
                    dir + " is in the way: no directory, so no fork left that; remove it first");
        }
        return info != null;
    }

    /** Removes what a fork that died left; refuses to touch anything else. */
    private void takeOver() {
        List<DirectoryEntry> left = fs.list(dir);
        for (DirectoryEntry entry : left) {
            if (!isOurs(entry)) {
                throw new InvalidArgumentException(
                        entry.path() + " is in the way: no fork left that; remove it first");
            }
        }
        left.forEach(this::deleteSegment);
    }

    private static boolean isOurs(DirectoryEntry entry) {
        SegmentName name = SegmentName.parse(entry.name());
        return entry.kind() == FileKind.FILE
                && (name != null || entry.name().equals(FileSystem.LOCK_NAME));
    }

    private void deleteSegment(DirectoryEntry entry) {
        if (!entry.name().equals(FileSystem.LOCK_NAME)) {
            fs.delete(entry.path());
        }
    }

    /**
     * Where the segments go.
     *
     * @return a directory that is empty but for its lock
     */
    public Path dir() {
        return dir;
    }

    /**
     * Gives the directory its name, durably. All files in it were synced before.
     *
     * @throws io.raftengine.error.StorageException a name could not be synced, or something took
     *     the target's name meanwhile; {@link #close} removes everything then
     */
    public void publish() {
        fs.syncDirectory(dir);
        fs.rename(dir, target);
        try {
            fs.syncDirectory(target.getParent());
        } catch (Throwable notDurable) {
            try {
                fs.rename(target, dir);
            } catch (RuntimeException stuck) {
                notDurable.addSuppressed(stuck);
            }
            throw notDurable;
        }
        published = true;
    }

    /** Unlocks the directory; removes it with all it holds unless it was published. */
    @Override
    public void close() {
        try {
            if (!published) {
                remove();
            }
        } finally {
            unlock();
        }
    }

    private void remove() {
        if (fs.info(dir) == null) {
            return;
        }
        for (DirectoryEntry entry : fs.list(dir)) {
            deleteSegment(entry);
        }
        Path lockFile = dir.resolve(FileSystem.LOCK_NAME);
        // The lock file goes while it is locked: who waits for it finds its directory gone.
        if (fs.info(lockFile) != null) {
            fs.delete(lockFile);
        }
        fs.deleteDirectory(dir);
    }

    private void unlock() {
        if (lock != null) {
            lock.close();
            lock = null;
        }
    }
}
