package io.raftengine.log.io;

import java.nio.file.Path;
import java.util.List;

/**
 * A file system in front of another one, which does everything the same until a subclass says
 * otherwise. As safe for threads as the one behind it.
 */
public abstract class ForwardingFileSystem implements FileSystem {
    private final FileSystem inner;

    /**
     * Stands in front of one file system.
     *
     * @param inner the file system that does the work
     */
    protected ForwardingFileSystem(FileSystem inner) {
        this.inner = inner;
    }

    @Override
    public FileHandle open(Path file, OpenMode mode) {
        return inner.open(file, mode);
    }

    @Override
    public void createDirectory(Path dir) {
        inner.createDirectory(dir);
    }

    @Override
    public List<DirectoryEntry> list(Path dir) {
        return inner.list(dir);
    }

    @Override
    public FileInfo info(Path path) {
        return inner.info(path);
    }

    @Override
    public void delete(Path file) {
        inner.delete(file);
    }

    @Override
    public void rename(Path source, Path target) {
        inner.rename(source, target);
    }

    @Override
    public boolean cloneFile(Path source, Path target) {
        return inner.cloneFile(source, target);
    }

    @Override
    public boolean link(Path existing, Path link) {
        return inner.link(existing, link);
    }

    @Override
    public void deleteDirectory(Path dir) {
        inner.deleteDirectory(dir);
    }

    @Override
    public DirectoryHandle openDirectory(Path dir) {
        return inner.openDirectory(dir);
    }

    @Override
    public long availableBytes(Path dir) {
        return inner.availableBytes(dir);
    }

    @Override
    public DirectoryLock lock(Path dir, LockMode mode) {
        return inner.lock(dir, mode);
    }
}
