package io.raftengine.log.io;

import io.raftengine.error.LockedException;
import io.raftengine.error.StorageException;
import io.raftengine.error.UnsupportedFeatureException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Files by system calls of Linux, on x86-64 and aarch64.
 *
 * <p>Every open carries O_NONBLOCK, so that a pipe named like a segment cannot hold the process
 * until somebody writes into it; what turns out not to be a regular file is closed again. On
 * regular files the flag means nothing.
 */
final class LinuxFileSystem implements FileSystem {
    private static final int FILE_MODE = 0600;
    private static final int DIRECTORY_MODE = 0700;
    private static final int OPEN_FLAGS = LinuxCalls.O_NONBLOCK | LinuxCalls.O_NOCTTY;

    /** How often names that change under our hands are looked at again. */
    private static final int RACE_ATTEMPTS = 16;

    private final NetworkFileSystems network;

    private LinuxFileSystem(NetworkFileSystems network) {
        this.network = network;
    }

    /**
     * Created when first asked for: on other platforms even looking at it must not fail before it
     * is needed.
     */
    private static final class Shared {
        static final FileSystem INSTANCE =
                create(
                        Boolean.getBoolean("raftengine.allowNetworkFileSystem")
                                ? NetworkFileSystems.ALLOW
                                : NetworkFileSystems.REFUSE);
    }

    static FileSystem shared() {
        refuseWhereImpossible();
        return Shared.INSTANCE;
    }

    static FileSystem create(NetworkFileSystems network) {
        refuseWhereImpossible();
        return new LinuxFileSystem(network);
    }

    private static void refuseWhereImpossible() {
        if (!LinuxCalls.supported()) {
            throw new UnsupportedFeatureException(
                    "files need Linux on x86-64 or aarch64, this is "
                            + System.getProperty("os.name")
                            + " on "
                            + System.getProperty("os.arch"));
        }
        try {
            LinuxCalls.requireNativeAccess();
        } catch (IllegalCallerException e) {
            throw new UnsupportedFeatureException(
                    "files need native access: --enable-native-access=io.raftengine.log, or"
                            + " ALL-UNNAMED on the class path",
                    e);
        }
    }

    @Override
    public FileHandle open(Path file, OpenMode mode) {
        try (Arena arena = Arena.ofConfined()) {
            long name = NativePath.allocate(arena, file);
            int fd =
                    switch (mode) {
                        case READ -> LinuxCalls.open(name, LinuxCalls.O_RDONLY | OPEN_FLAGS, 0);
                        case WRITE -> openForWrite(name, 0);
                        case CREATE -> openOrCreate(name, file);
                        case DIRECT -> openForWrite(name, LinuxCalls.O_DIRECT);
                    };
            if (fd < 0) {
                throw openFailure(file, mode, fd);
            }
            return accept(file, fd);
        }
    }

    /** Wraps a descriptor of a regular file, closes any other. */
    private static FileHandle accept(Path file, int fd) {
        int result = LinuxCalls.statx(fd);
        MemorySegment statx = LinuxCalls.scratch().buffer;
        if (result >= 0 && Statx.isRegular(statx)) {
            return new LinuxFileHandle(file, fd);
        }
        boolean directory = result >= 0 && Statx.isDirectory(statx);
        LinuxCalls.close(fd);
        if (result < 0) {
            throw Failures.of(file, "stat", result);
        }
        throw new StorageException(
                file.toString(),
                "open",
                directory ? LinuxCalls.EISDIR : LinuxCalls.EINVAL,
                directory ? "is a directory" : "is not a regular file");
    }

    private static int openForWrite(long name, int flags) {
        return LinuxCalls.open(
                name, LinuxCalls.O_RDWR | LinuxCalls.O_NOFOLLOW | OPEN_FLAGS | flags, 0);
    }

    /**
     * Opens what exists, or creates it exclusively, so that permissions of existing files are left
     * alone.
     */
    private static int openOrCreate(long name, Path file) {
        int fd = -LinuxCalls.EEXIST;
        for (int attempt = 0; attempt < RACE_ATTEMPTS; attempt++) {
            fd =
                    LinuxCalls.open(
                            name,
                            LinuxCalls.O_RDWR
                                    | LinuxCalls.O_CREAT
                                    | LinuxCalls.O_EXCL
                                    | LinuxCalls.O_NOFOLLOW
                                    | OPEN_FLAGS,
                            FILE_MODE);
            if (fd >= 0) {
                return withoutUmask(fd, file);
            }
            if (fd != -LinuxCalls.EEXIST) {
                return fd;
            }
            fd = openForWrite(name, 0);
            if (fd != -LinuxCalls.ENOENT) {
                return fd;
            }
        }
        return fd;
    }

    /** The umask may have taken permissions from the owner. */
    private static int withoutUmask(int fd, Path file) {
        int result = LinuxCalls.statx(fd);
        if (result >= 0 && Statx.permissions(LinuxCalls.scratch().buffer) != FILE_MODE) {
            result = LinuxCalls.fchmod(fd, FILE_MODE);
        }
        if (result < 0) {
            LinuxCalls.close(fd);
            throw Failures.of(file, "set permissions", result);
        }
        return fd;
    }

    private static RuntimeException openFailure(Path file, OpenMode mode, int result) {
        if (result == -LinuxCalls.ELOOP && mode != OpenMode.READ) {
            return new StorageException(
                    file.toString(),
                    "open",
                    LinuxCalls.ELOOP,
                    "is a symbolic link, which is never written through");
        }
        return Failures.of(file, "open", result);
    }

    @Override
    public void createDirectory(Path dir) {
        try (Arena arena = Arena.ofConfined()) {
            long name = NativePath.allocate(arena, dir);
            int result = LinuxCalls.mkdir(name, DIRECTORY_MODE);
            if (result >= 0) {
                result = LinuxCalls.statx(name, LinuxCalls.AT_SYMLINK_NOFOLLOW);
                if (result >= 0
                        && Statx.permissions(LinuxCalls.scratch().buffer) != DIRECTORY_MODE) {
                    result = LinuxCalls.chmod(name, DIRECTORY_MODE);
                }
            }
            if (result < 0) {
                throw Failures.of(dir, "create directory", result);
            }
        }
    }

    @Override
    public List<DirectoryEntry> list(Path dir) {
        List<DirectoryEntry> entries = new ArrayList<>();
        try (DirectoryStream<Path> names = Files.newDirectoryStream(dir)) {
            for (Path path : names) {
                String name = path.getFileName().toString();
                // What the platform's encoding cannot express was replaced while reading the
                // directory.
                if (name.indexOf('\ufffd') >= 0) {
                    continue;
                }
                FileInfo info = info(path);
                if (info != null) {
                    entries.add(new DirectoryEntry(name, path, info.kind()));
                }
            }
        } catch (DirectoryIteratorException e) {
            throw listFailure(dir, e.getCause());
        } catch (IOException e) {
            throw listFailure(dir, e);
        }
        return entries;
    }

    private static StorageException listFailure(Path dir, IOException e) {
        int errno =
                switch (e) {
                    case java.nio.file.NoSuchFileException absent -> LinuxCalls.ENOENT;
                    case java.nio.file.NotDirectoryException file -> LinuxCalls.ENOTDIR;
                    case java.nio.file.AccessDeniedException denied -> LinuxCalls.EACCES;
                    default -> 0;
                };
        String text = errno == 0 ? String.valueOf(e.getMessage()) : LinuxCalls.text(errno);
        return new StorageException(dir.toString(), "list", errno, text, e);
    }

    @Override
    public FileInfo info(Path path) {
        try (Arena arena = Arena.ofConfined()) {
            long name = NativePath.allocate(arena, path);
            MemorySegment statx = LinuxCalls.scratch().buffer;
            int result = LinuxCalls.statx(name, LinuxCalls.AT_SYMLINK_NOFOLLOW);
            if (result == -LinuxCalls.ENOENT || result == -LinuxCalls.ENOTDIR) {
                return null;
            }
            if (result < 0) {
                throw Failures.of(path, "stat", result);
            }
            if (!Statx.isLink(statx)) {
                return Statx.info(statx, false);
            }
            FileInfo link = Statx.info(statx, true);
            result = LinuxCalls.statx(name, 0);
            // A link that leads nowhere or in circles, or whose target is out of reach, is no file
            // but does exist.
            return result < 0 ? link : Statx.info(statx, true);
        }
    }

    @Override
    public void delete(Path file) {
        try (Arena arena = Arena.ofConfined()) {
            int result = LinuxCalls.unlink(NativePath.allocate(arena, file));
            if (result < 0) {
                throw Failures.of(file, "delete", result);
            }
        }
    }

    @Override
    public void rename(Path source, Path target) {
        try (Arena arena = Arena.ofConfined()) {
            int result =
                    LinuxCalls.rename(
                            NativePath.allocate(arena, source), NativePath.allocate(arena, target));
            if (result < 0) {
                throw Failures.of(source, "rename to " + target, result);
            }
        }
    }

    @Override
    public boolean cloneFile(Path source, Path target) {
        try (Arena arena = Arena.ofConfined()) {
            int in =
                    LinuxCalls.open(
                            NativePath.allocate(arena, source),
                            LinuxCalls.O_RDONLY | OPEN_FLAGS,
                            0);
            if (in < 0) {
                throw openFailure(source, OpenMode.READ, in);
            }
            try {
                return cloneInto(in, NativePath.allocate(arena, target), source, target);
            } finally {
                LinuxCalls.close(in);
            }
        }
    }

    private static boolean cloneInto(int in, long name, Path source, Path target) {
        int out =
                LinuxCalls.open(
                        name,
                        LinuxCalls.O_RDWR
                                | LinuxCalls.O_CREAT
                                | LinuxCalls.O_EXCL
                                | LinuxCalls.O_NOFOLLOW
                                | OPEN_FLAGS,
                        FILE_MODE);
        if (out < 0) {
            throw Failures.of(target, "create", out);
        }
        withoutUmask(out, target);
        int result = LinuxCalls.fileClone(out, in);
        LinuxCalls.close(out);
        if (result >= 0) {
            return true;
        }
        LinuxCalls.unlink(name);
        return switch (-result) {
            // What file systems say that share no blocks, or not these; some answer EPERM or
            // EINVAL for good reasons of their own, and a copy tells whether one may write at all.
            case LinuxCalls.EOPNOTSUPP,
                    LinuxCalls.ENOTTY,
                    LinuxCalls.ENOSYS,
                    LinuxCalls.EXDEV,
                    LinuxCalls.EINVAL,
                    LinuxCalls.EPERM ->
                    false;
            default -> throw Failures.of(source, "clone to " + target, result);
        };
    }

    @Override
    public boolean link(Path existing, Path link) {
        try (Arena arena = Arena.ofConfined()) {
            int result =
                    LinuxCalls.hardLink(
                            NativePath.allocate(arena, existing), NativePath.allocate(arena, link));
            if (result >= 0) {
                return true;
            }
            return switch (-result) {
                case LinuxCalls.EXDEV,
                        LinuxCalls.EMLINK,
                        LinuxCalls.EPERM,
                        LinuxCalls.EOPNOTSUPP,
                        LinuxCalls.ENOSYS ->
                        false;
                default ->
                        throw Failures.of(
                                result == -LinuxCalls.EEXIST ? link : existing,
                                "link as " + link,
                                result);
            };
        }
    }

    @Override
    public void deleteDirectory(Path dir) {
        try (Arena arena = Arena.ofConfined()) {
            int result = LinuxCalls.rmdir(NativePath.allocate(arena, dir));
            if (result < 0) {
                throw Failures.of(dir, "delete directory", result);
            }
        }
    }

    @Override
    public DirectoryHandle openDirectory(Path dir) {
        return LinuxDirectoryHandle.open(dir);
    }

    @Override
    public long availableBytes(Path dir) {
        return Statfs.availableBytes(statfs(dir));
    }

    private static MemorySegment statfs(Path dir) {
        try (Arena arena = Arena.ofConfined()) {
            int result = LinuxCalls.statfs(NativePath.allocate(arena, dir));
            if (result < 0) {
                throw Failures.of(dir, "statfs", result);
            }
            return LinuxCalls.scratch().buffer;
        }
    }

    // ---- lock ---------------------------------------------------------------------------------

    @Override
    public DirectoryLock lock(Path dir, LockMode mode) {
        refuseRemote(dir);
        Path file = dir.resolve(LOCK_NAME);
        for (int attempt = 0; attempt < RACE_ATTEMPTS; attempt++) {
            int fd = openLockFile(file, mode);
            if (fd == -LinuxCalls.ENOENT && mode == LockMode.SHARED) {
                return LinuxDirectoryLock.ofNothing(dir);
            }
            LinuxDirectoryLock lock = LinuxDirectoryLock.take(dir, file, mode, fd);
            // Between our open and our flock somebody may have replaced the file; then we hold the
            // wrong one.
            if (lock.intact()) {
                return lock;
            }
            lock.close();
        }
        throw new LockedException(
                dir.toString(), "the file " + LOCK_NAME + " keeps being replaced");
    }

    private void refuseRemote(Path dir) {
        if (network == NetworkFileSystems.ALLOW) {
            return;
        }
        String remote = Statfs.remoteName(Statfs.type(statfs(dir)));
        if (remote != null) {
            throw new UnsupportedFeatureException(
                    dir
                            + " is on "
                            + remote
                            + ", where locks and syncs cannot be relied on; the system property"
                            + " raftengine.allowNetworkFileSystem=true accepts that risk");
        }
    }

    private static int openLockFile(Path file, LockMode mode) {
        try (Arena arena = Arena.ofConfined()) {
            long name = NativePath.allocate(arena, file);
            int fd =
                    mode == LockMode.EXCLUSIVE
                            ? openOrCreate(name, file)
                            : LinuxCalls.open(
                                    name,
                                    LinuxCalls.O_RDONLY | LinuxCalls.O_NOFOLLOW | OPEN_FLAGS,
                                    0);
            if (fd == -LinuxCalls.ENOENT && mode == LockMode.SHARED) {
                return fd;
            }
            if (fd < 0) {
                throw openFailure(file, OpenMode.WRITE, fd);
            }
            return fd;
        }
    }
}
