package io.raftengine.log.io;

import io.raftengine.error.LockedException;
import io.raftengine.error.StorageException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A {@code flock} on a directory's lock file, and a mark in this process.
 *
 * <p>Why {@code flock}: the reference engine takes one, and it belongs to the open file
 * description. The lock that {@link java.nio.channels.FileChannel} takes belongs to the process: it
 * does not see ours, and any code that opens and closes the file drops it. Why the mark as well:
 * some file systems turn {@code flock} into exactly that kind of lock, which never excludes a
 * second engine of the same process.
 */
final class LinuxDirectoryLock implements DirectoryLock {
    /** Device and inode of a lock file; a path is no identity. */
    private record Key(long device, long inode) {
        // Written out: what a record gets by itself is linked while the first open waits for it.

        @Override
        public boolean equals(Object other) {
            return other instanceof Key key && key.device == device && key.inode == inode;
        }

        @Override
        public int hashCode() {
            return 31 * Long.hashCode(device) + Long.hashCode(inode);
        }
    }

    /**
     * Owners of lock files in this process: -1 = one exclusive, else the number of shared ones.
     * Guarded by itself.
     */
    private static final Map<Key, Integer> OWNERS = new HashMap<>();

    private static final int EXCLUSIVE_OWNER = -1;

    private final Path directory;
    private final Path file;
    private final LockMode mode;
    private final Key key;
    private final int fd;
    private final AtomicBoolean held;

    private LinuxDirectoryLock(
            Path directory, Path file, LockMode mode, Key key, int fd, boolean held) {
        this.directory = directory;
        this.file = file;
        this.mode = mode;
        this.key = key;
        this.fd = fd;
        this.held = new AtomicBoolean(held);
    }

    /** A shared lock of a directory without a lock file. */
    static LinuxDirectoryLock ofNothing(Path directory) {
        return new LinuxDirectoryLock(directory, null, LockMode.SHARED, null, -1, false);
    }

    /** Locks an open lock file; the descriptor is closed if that fails. */
    static LinuxDirectoryLock take(Path directory, Path file, LockMode mode, int fd) {
        boolean taken = false;
        try {
            int result = LinuxCalls.statx(fd);
            if (result < 0) {
                throw Failures.of(file, "stat", result);
            }
            if (!Statx.isRegular(LinuxCalls.scratch().buffer)) {
                throw new StorageException(
                        file.toString(), "lock", LinuxCalls.EINVAL, "is not a regular file");
            }
            FileInfo info = Statx.info(LinuxCalls.scratch().buffer, false);
            Key key = new Key(info.device(), info.inode());
            mark(directory, key, mode);
            try {
                flock(directory, file, mode, fd);
                taken = true;
            } finally {
                if (!taken) {
                    unmark(key);
                }
            }
            return new LinuxDirectoryLock(directory, file, mode, key, fd, true);
        } finally {
            if (!taken) {
                LinuxCalls.close(fd);
            }
        }
    }

    private static void flock(Path directory, Path file, LockMode mode, int fd) {
        int operation = mode == LockMode.EXCLUSIVE ? LinuxCalls.LOCK_EX : LinuxCalls.LOCK_SH;
        int result = LinuxCalls.flock(fd, operation | LinuxCalls.LOCK_NB);
        if (result == -LinuxCalls.EAGAIN) {
            throw new LockedException(
                    directory.toString(), "another instance (in another process) holds the lock");
        }
        if (result < 0) {
            throw Failures.of(file, "flock", result);
        }
    }

    private static void mark(Path directory, Key key, LockMode mode) {
        synchronized (OWNERS) {
            int owners = OWNERS.getOrDefault(key, 0);
            if (owners == EXCLUSIVE_OWNER || mode == LockMode.EXCLUSIVE && owners > 0) {
                throw new LockedException(
                        directory.toString(), "another instance (in this process) holds the lock");
            }
            OWNERS.put(key, mode == LockMode.EXCLUSIVE ? EXCLUSIVE_OWNER : owners + 1);
        }
    }

    private static void unmark(Key key) {
        synchronized (OWNERS) {
            int owners = OWNERS.get(key);
            if (owners > 1) {
                OWNERS.put(key, owners - 1);
            } else {
                OWNERS.remove(key);
            }
        }
    }

    @Override
    public Path directory() {
        return directory;
    }

    @Override
    public LockMode mode() {
        return mode;
    }

    @Override
    public boolean held() {
        return held.get();
    }

    @Override
    public boolean intact() {
        if (!held.get()) {
            return false;
        }
        try (Arena arena = Arena.ofConfined()) {
            int result =
                    LinuxCalls.statx(
                            NativePath.allocate(arena, file), LinuxCalls.AT_SYMLINK_NOFOLLOW);
            if (result == -LinuxCalls.ENOENT || result == -LinuxCalls.ENOTDIR) {
                return false;
            }
            if (result < 0) {
                throw Failures.of(file, "stat", result);
            }
            FileInfo now = Statx.info(LinuxCalls.scratch().buffer, false);
            return now.device() == key.device() && now.inode() == key.inode();
        }
    }

    @Override
    public void close() {
        if (!held.compareAndSet(true, false)) {
            return;
        }
        // Unlocked by name and not only by closing: a child forked meanwhile may still share the
        // description.
        LinuxCalls.flock(fd, LinuxCalls.LOCK_UN);
        LinuxCalls.close(fd);
        unmark(key);
    }
}
