package io.raftengine.log.io;

import java.nio.file.Path;

/**
 * An open file in front of another one, which does everything the same until a subclass says
 * otherwise. As safe for threads as the one behind it; closing it closes that one.
 */
public abstract class ForwardingFileHandle implements FileHandle {
    private final FileHandle inner;

    /**
     * Stands in front of one open file.
     *
     * @param inner the open file that does the work
     */
    protected ForwardingFileHandle(FileHandle inner) {
        this.inner = inner;
    }

    @Override
    public int read(long address, int length, long offset) {
        return inner.read(address, length, offset);
    }

    @Override
    public long write(long address, long length, long offset) {
        return inner.write(address, length, offset);
    }

    @Override
    public long writeVector(long iovecAddress, int count, long offset) {
        return inner.writeVector(iovecAddress, count, offset);
    }

    @Override
    public void sync() {
        inner.sync();
    }

    @Override
    public void truncate(long size) {
        inner.truncate(size);
    }

    @Override
    public long size() {
        return inner.size();
    }

    @Override
    public long dataFrom(long offset) {
        return inner.dataFrom(offset);
    }

    @Override
    public long dataBytes() {
        return inner.dataBytes();
    }

    @Override
    public void allocate(long offset, long length) {
        inner.allocate(offset, length);
    }

    @Override
    public void startWriteback(long offset, long length) {
        inner.startWriteback(offset, length);
    }

    @Override
    public void dropCache(long offset, long length) {
        inner.dropCache(offset, length);
    }

    @Override
    public void willNeed(long offset, long length) {
        inner.willNeed(offset, length);
    }

    @Override
    public FileInfo info() {
        return inner.info();
    }

    @Override
    public Path path() {
        return inner.path();
    }

    @Override
    public void close() {
        inner.close();
    }
}
