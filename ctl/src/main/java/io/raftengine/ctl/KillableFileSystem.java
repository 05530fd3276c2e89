package io.raftengine.ctl;

import io.raftengine.allocator.Memory;
import io.raftengine.log.io.DirectoryEntry;
import io.raftengine.log.io.DirectoryLock;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileInfo;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.io.LockMode;
import java.nio.file.Path;
import java.util.List;

/**
 * A file system that can be switched off: from then on nothing reaches the disk any more, while the
 * engine above it closes and gives back its lock and memory. What stays on disk is what the death
 * of the process would have left.
 */
final class KillableFileSystem implements FileSystem {
    private final FileSystem real;
    private volatile boolean killed;

    KillableFileSystem(FileSystem real) {
        this.real = real;
    }

    void kill() {
        killed = true;
    }

    @Override
    public FileHandle open(Path file, OpenMode mode) {
        // A file that does not exist may not come into being; what a dead engine does with the
        // error is nobody's concern.
        return new Handle(real.open(file, killed ? OpenMode.READ : mode));
    }

    @Override
    public void createDirectory(Path dir) {
        if (!killed) {
            real.createDirectory(dir);
        }
    }

    @Override
    public List<DirectoryEntry> list(Path dir) {
        return real.list(dir);
    }

    @Override
    public FileInfo info(Path path) {
        return real.info(path);
    }

    @Override
    public void delete(Path file) {
        if (!killed) {
            real.delete(file);
        }
    }

    @Override
    public void rename(Path source, Path target) {
        if (!killed) {
            real.rename(source, target);
        }
    }

    @Override
    public void syncDirectory(Path dir) {
        if (!killed) {
            real.syncDirectory(dir);
        }
    }

    @Override
    public long availableBytes(Path dir) {
        return real.availableBytes(dir);
    }

    @Override
    public DirectoryLock lock(Path dir, LockMode mode) {
        return real.lock(dir, mode);
    }

    /**
     * Writes claim success: an engine that met errors might try to repair what it believes it did.
     */
    private final class Handle implements FileHandle {
        private final FileHandle file;

        Handle(FileHandle file) {
            this.file = file;
        }

        @Override
        public int read(long address, int length, long offset) {
            return file.read(address, length, offset);
        }

        @Override
        public long write(long address, long length, long offset) {
            return killed ? length : file.write(address, length, offset);
        }

        @Override
        public long writeVector(long iovecAddress, int count, long offset) {
            if (!killed) {
                return file.writeVector(iovecAddress, count, offset);
            }
            // struct iovec { void *base; size_t length; }
            long sum = 0;
            for (int i = 0; i < count; i++) {
                sum += Memory.getLong(iovecAddress + 16L * i + 8);
            }
            return sum;
        }

        @Override
        public void sync() {
            if (!killed) {
                file.sync();
            }
        }

        @Override
        public void truncate(long size) {
            if (!killed) {
                file.truncate(size);
            }
        }

        @Override
        public long size() {
            return file.size();
        }

        @Override
        public void allocate(long offset, long length) {
            if (!killed) {
                file.allocate(offset, length);
            }
        }

        @Override
        public void startWriteback(long offset, long length) {
            if (!killed) {
                file.startWriteback(offset, length);
            }
        }

        @Override
        public void dropCache(long offset, long length) {
            file.dropCache(offset, length);
        }

        @Override
        public void willNeed(long offset, long length) {
            file.willNeed(offset, length);
        }

        @Override
        public FileInfo info() {
            return file.info();
        }

        @Override
        public Path path() {
            return file.path();
        }

        @Override
        public void close() {
            file.close();
        }
    }
}
