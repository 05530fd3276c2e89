package io.raftengine.log.format;

import io.raftengine.allocator.Memory;
import io.raftengine.error.StorageException;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileInfo;
import java.nio.file.Path;

/** A file that is an array, for reading; counts what is asked of it and fails on demand. */
final class MemoryFile implements FileHandle {
    byte[] bytes;
    long readBytes;
    int reads;
    int failAt = -1; // fails the read with this number
    int shortReads = Integer.MAX_VALUE; // most bytes one call returns

    MemoryFile(byte[] bytes) {
        this.bytes = bytes;
    }

    @Override
    public int read(long address, int length, long offset) {
        if (reads++ == failAt) {
            throw new StorageException("memory", "read at " + offset, 5, "planted");
        }
        int n = (int) Math.min(Math.min(length, shortReads), bytes.length - offset);
        if (n <= 0) {
            return 0;
        }
        Memory.copyFromArray(bytes, (int) offset, address, n);
        readBytes += n;
        return n;
    }

    @Override
    public long write(long address, long length, long offset) {
        throw new UnsupportedOperationException();
    }

    @Override
    public long writeVector(long iovecAddress, int count, long offset) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void sync() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void truncate(long size) {
        throw new UnsupportedOperationException();
    }

    @Override
    public long size() {
        return bytes.length;
    }

    @Override
    public void allocate(long offset, long length) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void startWriteback(long offset, long length) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void dropCache(long offset, long length) {}

    @Override
    public void willNeed(long offset, long length) {}

    @Override
    public FileInfo info() {
        throw new UnsupportedOperationException();
    }

    @Override
    public Path path() {
        return Path.of("memory");
    }

    @Override
    public void close() {}
}
