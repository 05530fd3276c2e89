package io.raftengine.log.io;

import io.raftengine.error.ClosedException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;

/** A descriptor of a directory. For one thread at a time, except {@link #close}. */
final class LinuxDirectoryHandle implements DirectoryHandle {
    private final Path path;
    private final int fd;
    private final AtomicBoolean closed = new AtomicBoolean();

    private LinuxDirectoryHandle(Path path, int fd) {
        this.path = path;
        this.fd = fd;
    }

    static LinuxDirectoryHandle open(Path dir) {
        try (Arena arena = Arena.ofConfined()) {
            int fd =
                    LinuxCalls.open(
                            NativePath.allocate(arena, dir),
                            LinuxCalls.O_RDONLY | LinuxCalls.O_DIRECTORY,
                            0);
            if (fd < 0) {
                throw Failures.of(dir, "open directory", fd);
            }
            return new LinuxDirectoryHandle(dir, fd);
        }
    }

    @Override
    public void sync() {
        if (closed.get()) {
            throw new ClosedException(path + ": the directory is closed");
        }
        int result = LinuxCalls.fsync(fd);
        if (result < 0) {
            throw Failures.of(path, "sync directory", result);
        }
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            LinuxCalls.close(fd);
        }
    }

    @Override
    public Path path() {
        return path;
    }
}
