package io.raftengine.testing.fs;

import io.raftengine.error.ClosedException;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileInfo;
import io.raftengine.log.io.FileSystem.OpenMode;
import io.raftengine.log.io.Iovecs;
import io.raftengine.testing.fs.SimulatedNode.File;
import java.nio.file.Path;

/** An open file of the simulated disk; one open file description. */
final class SimulatedHandle implements FileHandle {
    private static final int EBADF = 9;
    private static final int EINVAL = 22;
    private static final int BLOCK_BYTES = 4096;
    private static final int IOVECS_MAX = 1024;

    private final SimulatedFileSystem disk;
    private final File file;
    private final Path path;
    private final boolean writable;
    private final boolean direct;
    private final int life;

    /** Write-back errors this description need not report any more. Guarded by the disk. */
    long errorsSeen;

    private boolean closed; // guarded by the disk

    SimulatedHandle(SimulatedFileSystem disk, File file, Path path, OpenMode mode, int life) {
        this.disk = disk;
        this.file = file;
        this.path = path;
        this.writable = mode != OpenMode.READ;
        this.direct = mode == OpenMode.DIRECT;
        this.life = life;
        errorsSeen = file.content.errors;
    }

    @Override
    public int read(long address, int length, long offset) {
        synchronized (disk) {
            check();
            if (offset < 0 || length < 0) {
                throw NameTree.failure(
                        path,
                        "read of " + length + " bytes at " + offset,
                        EINVAL,
                        "Invalid argument");
            }
            long left = file.content.size() - offset;
            if (left <= 0 || length == 0) {
                return 0;
            }
            int n = disk.transfer(Math.min(length, left));
            file.content.cache().read(offset, address, n);
            return n;
        }
    }

    @Override
    public long write(long address, long length, long offset) {
        synchronized (disk) {
            checkWritable("write of " + length + " bytes at " + offset, offset);
            return writePiece(address, length, offset, disk.tick());
        }
    }

    @Override
    public long writeVector(long iovecAddress, int count, long offset) {
        synchronized (disk) {
            String operation = "write of " + count + " pieces at " + offset;
            checkWritable(operation, offset);
            if (count < 1 || count > IOVECS_MAX) {
                throw NameTree.failure(path, operation, EINVAL, "Invalid argument");
            }
            long total = 0;
            for (int i = 0; i < count; i++) {
                total += Iovecs.length(iovecAddress, i);
            }
            demandBlocks(total, operation);
            long tick = disk.tick();
            long done = 0;
            for (int i = 0; i < count; i++) {
                long address = Iovecs.base(iovecAddress, i);
                long length = Iovecs.length(iovecAddress, i);
                if (length == 0) {
                    continue;
                }
                if (done > 0 && disk.fitting(file, offset + done, 1) == 0) {
                    break;
                }
                long n = writePiece(address, length, offset + done, tick);
                done += n;
                if (n < length) {
                    break;
                }
            }
            return done;
        }
    }

    private void demandBlocks(long multiple, String operation) {
        if (direct && (multiple & (BLOCK_BYTES - 1)) != 0) {
            throw NameTree.failure(
                    path,
                    operation,
                    EINVAL,
                    "Invalid argument: past the cache, but not in whole blocks");
        }
    }

    private long writePiece(long address, long length, long offset, long tick) {
        if (length == 0) {
            return 0;
        }
        // Not the length: a call that is broken off half-way arrives as a shorter one.
        demandBlocks(address | offset, "write of " + length + " bytes at " + offset);
        int n = disk.fitting(file, offset, disk.transfer(length));
        if (n == 0) {
            throw SimulatedFileSystem.noSpace(path, "write of " + length + " bytes at " + offset);
        }
        file.content.write(address, n, offset, tick);
        file.modifiedTick = tick;
        return n;
    }

    @Override
    public void sync() {
        synchronized (disk) {
            check();
            disk.sync(file, this);
        }
    }

    @Override
    public void truncate(long size) {
        synchronized (disk) {
            checkWritable("truncate to " + size + " bytes", size);
            file.modifiedTick = disk.tick();
            file.content.truncate(size, file.modifiedTick);
        }
    }

    @Override
    public long size() {
        synchronized (disk) {
            check();
            return file.content.size();
        }
    }

    @Override
    public long dataFrom(long offset) {
        synchronized (disk) {
            check();
            return file.content.cache().dataFrom(offset);
        }
    }

    @Override
    public long dataBytes() {
        synchronized (disk) {
            check();
            return Math.min(file.content.size(), file.content.cache().spaceBytes());
        }
    }

    @Override
    public void allocate(long offset, long length) {
        synchronized (disk) {
            String operation = "allocate " + length + " bytes at " + offset;
            checkWritable(operation, Math.min(offset, length - 1));
            int chunk = (int) Math.min(length, Integer.MAX_VALUE - 4096);
            if (chunk < length || disk.fitting(file, offset, chunk) < chunk) {
                throw SimulatedFileSystem.noSpace(path, operation);
            }
            file.content.allocate(offset, length, disk.tick());
        }
    }

    @Override
    public void startWriteback(long offset, long length) {
        synchronized (disk) {
            // Promises nothing, so it changes nothing: pending work may land at any time anyway.
            check();
        }
    }

    @Override
    public void dropCache(long offset, long length) {
        synchronized (disk) {
            check();
        }
    }

    @Override
    public void willNeed(long offset, long length) {
        synchronized (disk) {
            check();
        }
    }

    @Override
    public FileInfo info() {
        synchronized (disk) {
            check();
            return disk.info(file);
        }
    }

    @Override
    public Path path() {
        return path;
    }

    @Override
    public void close() {
        synchronized (disk) {
            if (!closed) {
                closed = true;
                if (!disk.dead(life)) {
                    disk.closed(file);
                }
            }
        }
    }

    @Override
    public String toString() {
        return "SimulatedHandle[" + path + "]";
    }

    private void check() {
        if (closed || disk.dead(life)) {
            throw new ClosedException(
                    path + (closed ? ": the file is closed" : ": the program was ended"));
        }
    }

    private void checkWritable(String operation, long mustNotBeNegative) {
        check();
        if (!writable) {
            throw NameTree.failure(path, operation, EBADF, "Bad file descriptor");
        }
        if (mustNotBeNegative < 0) {
            throw NameTree.failure(path, operation, EINVAL, "Invalid argument");
        }
    }
}
