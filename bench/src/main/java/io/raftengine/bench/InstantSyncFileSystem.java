package io.raftengine.bench;

import io.raftengine.log.io.DirectoryEntry;
import io.raftengine.log.io.DirectoryLock;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileInfo;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.io.LockMode;
import java.nio.file.Path;
import java.util.List;

/**
 * The local file system with syncs that return at once, without having done anything: what is left
 * of a synced write is what the engine itself costs. Promises nothing and is good for nothing else.
 */
final class InstantSyncFileSystem implements FileSystem {
    private final FileSystem local = FileSystem.local();

    @Override
    public FileHandle open(Path file, OpenMode mode) {
        return new Handle(local.open(file, mode));
    }

    @Override
    public void createDirectory(Path dir) {
        local.createDirectory(dir);
    }

    @Override
    public List<DirectoryEntry> list(Path dir) {
        return local.list(dir);
    }

    @Override
    public FileInfo info(Path path) {
        return local.info(path);
    }

    @Override
    public void delete(Path file) {
        local.delete(file);
    }

    @Override
    public void rename(Path source, Path target) {
        local.rename(source, target);
    }

    @Override
    public void syncDirectory(Path dir) {}

    @Override
    public long availableBytes(Path dir) {
        return local.availableBytes(dir);
    }

    @Override
    public DirectoryLock lock(Path dir, LockMode mode) {
        return local.lock(dir, mode);
    }

    private record Handle(FileHandle file) implements FileHandle {
        @Override
        public int read(long address, int length, long offset) {
            return file.read(address, length, offset);
        }

        @Override
        public long write(long address, long length, long offset) {
            return file.write(address, length, offset);
        }

        @Override
        public long writeVector(long iovecAddress, int count, long offset) {
            return file.writeVector(iovecAddress, count, offset);
        }

        @Override
        public void sync() {}

        @Override
        public void truncate(long size) {
            file.truncate(size);
        }

        @Override
        public long size() {
            return file.size();
        }

        @Override
        public void allocate(long offset, long length) {
            file.allocate(offset, length);
        }

        @Override
        public void startWriteback(long offset, long length) {
            file.startWriteback(offset, length);
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
