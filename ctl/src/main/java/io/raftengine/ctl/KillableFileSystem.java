package io.raftengine.ctl;

import io.raftengine.log.io.DirectoryHandle;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.io.ForwardingDirectoryHandle;
import io.raftengine.log.io.ForwardingFileHandle;
import io.raftengine.log.io.ForwardingFileSystem;
import io.raftengine.log.io.Iovecs;
import java.nio.file.Path;

/**
 * A file system that can be switched off: from then on nothing reaches the disk any more, while the
 * engine above it closes and gives back its lock and memory. What stays on disk is what the death
 * of the process would have left.
 */
final class KillableFileSystem extends ForwardingFileSystem {
    private volatile boolean killed;

    KillableFileSystem(FileSystem real) {
        super(real);
    }

    void kill() {
        killed = true;
    }

    @Override
    public FileHandle open(Path file, OpenMode mode) {
        // A file that does not exist may not come into being; what a dead engine does with the
        // error is nobody's concern.
        return new Handle(super.open(file, killed ? OpenMode.READ : mode));
    }

    @Override
    public void createDirectory(Path dir) {
        if (!killed) {
            super.createDirectory(dir);
        }
    }

    @Override
    public void delete(Path file) {
        if (!killed) {
            super.delete(file);
        }
    }

    @Override
    public void rename(Path source, Path target) {
        if (!killed) {
            super.rename(source, target);
        }
    }

    @Override
    public boolean cloneFile(Path source, Path target) {
        return !killed && super.cloneFile(source, target);
    }

    @Override
    public boolean link(Path existing, Path link) {
        return killed || super.link(existing, link);
    }

    @Override
    public void deleteDirectory(Path dir) {
        if (!killed) {
            super.deleteDirectory(dir);
        }
    }

    @Override
    public DirectoryHandle openDirectory(Path dir) {
        return new KillableDirectory(super.openDirectory(dir));
    }

    private final class KillableDirectory extends ForwardingDirectoryHandle {
        KillableDirectory(DirectoryHandle dir) {
            super(dir);
        }

        @Override
        public void sync() {
            if (!killed) {
                super.sync();
            }
        }
    }

    /**
     * Writes claim success: an engine that met errors might try to repair what it believes it did.
     */
    private final class Handle extends ForwardingFileHandle {
        Handle(FileHandle file) {
            super(file);
        }

        @Override
        public long write(long address, long length, long offset) {
            return killed ? length : super.write(address, length, offset);
        }

        @Override
        public long writeVector(long iovecAddress, int count, long offset) {
            if (!killed) {
                return super.writeVector(iovecAddress, count, offset);
            }
            // struct iovec { void *base; size_t length; }
            long sum = 0;
            for (int i = 0; i < count; i++) {
                sum += Iovecs.length(iovecAddress, i);
            }
            return sum;
        }

        @Override
        public void sync() {
            if (!killed) {
                super.sync();
            }
        }

        @Override
        public void truncate(long size) {
            if (!killed) {
                super.truncate(size);
            }
        }

        @Override
        public void allocate(long offset, long length) {
            if (!killed) {
                super.allocate(offset, length);
            }
        }

        @Override
        public void startWriteback(long offset, long length) {
            if (!killed) {
                super.startWriteback(offset, length);
            }
        }
    }
}
