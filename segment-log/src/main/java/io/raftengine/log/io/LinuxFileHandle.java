package io.raftengine.log.io;

import io.raftengine.error.ClosedException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A file descriptor. Texts of errors are built only when something fails; no method allocates
 * otherwise.
 */
final class LinuxFileHandle implements FileHandle {
    private static final int CLOSED = -1;
    private static final boolean CHECKED = LinuxFileHandle.class.desiredAssertionStatus();
    private static final VarHandle FD;

    static {
        try {
            FD = MethodHandles.lookup().findVarHandle(LinuxFileHandle.class, "fd", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Path path;

    /**
     * The descriptor, or {@link #CLOSED}. A number is reused by the system at once, so nobody may
     * keep a copy.
     */
    private volatile int fd;

    /** Checked mode only: calls that have not returned. */
    private final AtomicInteger inFlight = CHECKED ? new AtomicInteger() : null;

    /** Checked mode only: syncs that have not returned. */
    private final AtomicInteger syncing = CHECKED ? new AtomicInteger() : null;

    LinuxFileHandle(Path path, int fd) {
        this.path = path;
        this.fd = fd;
    }

    @Override
    public int read(long address, int length, long offset) {
        int descriptor = enter();
        try {
            long n = LinuxCalls.pread(descriptor, address, length, offset);
            if (n < 0) {
                throw Failures.of(path, "read of " + length + " bytes at " + offset, n);
            }
            return (int) n;
        } finally {
            leave();
        }
    }

    @Override
    public long write(long address, long length, long offset) {
        int descriptor = enter();
        try {
            long n = LinuxCalls.pwrite(descriptor, address, length, offset);
            if (n < 0) {
                throw Failures.of(path, "write of " + length + " bytes at " + offset, n);
            }
            return n;
        } finally {
            leave();
        }
    }

    @Override
    public long writeVector(long iovecAddress, int count, long offset) {
        int descriptor = enter();
        try {
            long n = LinuxCalls.pwritev(descriptor, iovecAddress, count, offset);
            if (n < 0) {
                throw Failures.of(path, "write of " + count + " pieces at " + offset, n);
            }
            return n;
        } finally {
            leave();
        }
    }

    @Override
    public void sync() {
        int descriptor = enter();
        try {
            if (CHECKED && syncing.getAndIncrement() != 0) {
                throw new AssertionError(
                        path + ": two syncs at once on one handle; one can lose the other's error");
            }
            int result = LinuxCalls.fdatasync(descriptor);
            if (result < 0) {
                throw Failures.of(path, "sync", result);
            }
        } finally {
            if (CHECKED) {
                syncing.getAndDecrement();
            }
            leave();
        }
    }

    @Override
    public void truncate(long size) {
        int descriptor = enter();
        try {
            int result = LinuxCalls.ftruncate(descriptor, size);
            if (result < 0) {
                throw Failures.of(path, "truncate to " + size + " bytes", result);
            }
        } finally {
            leave();
        }
    }

    @Override
    public long size() {
        int descriptor = enter();
        try {
            int result = LinuxCalls.statx(descriptor);
            if (result < 0) {
                throw Failures.of(path, "size", result);
            }
            return Statx.size(LinuxCalls.scratch().buffer);
        } finally {
            leave();
        }
    }

    @Override
    public long dataFrom(long offset) {
        int descriptor = enter();
        try {
            long at = LinuxCalls.seekData(descriptor, offset);
            if (at == -LinuxCalls.ENXIO) {
                return Math.max(offset, size());
            }
            if (at < 0 && at != -LinuxCalls.EINVAL && at != -LinuxCalls.EOPNOTSUPP) {
                throw Failures.of(path, "search for data from " + offset, at);
            }
            return Math.max(offset, at);
        } finally {
            leave();
        }
    }

    @Override
    public long dataBytes() {
        int descriptor = enter();
        try {
            int result = LinuxCalls.statx(descriptor);
            if (result < 0) {
                throw Failures.of(path, "size", result);
            }
            return Statx.dataBytes(LinuxCalls.scratch().buffer);
        } finally {
            leave();
        }
    }

    @Override
    public void allocate(long offset, long length) {
        int descriptor = enter();
        try {
            int result = LinuxCalls.fallocate(descriptor, offset, length);
            if (result < 0 && result != -LinuxCalls.EOPNOTSUPP && result != -LinuxCalls.ENOSYS) {
                throw Failures.of(path, "allocate " + length + " bytes at " + offset, result);
            }
        } finally {
            leave();
        }
    }

    @Override
    public void startWriteback(long offset, long length) {
        int descriptor = enter();
        try {
            int result = LinuxCalls.syncFileRangeWrite(descriptor, offset, length);
            // A real I/O error must not be lost here, since the system may report it only once.
            if (result < 0
                    && result != -LinuxCalls.ENOSYS
                    && result != -LinuxCalls.EINVAL
                    && result != -LinuxCalls.ESPIPE) {
                throw Failures.of(
                        path, "start of writeback of " + length + " bytes at " + offset, result);
            }
        } finally {
            leave();
        }
    }

    @Override
    public void dropCache(long offset, long length) {
        int descriptor = enter();
        try {
            LinuxCalls.fadviseDontNeed(descriptor, offset, length);
        } finally {
            leave();
        }
    }

    @Override
    public void willNeed(long offset, long length) {
        int descriptor = enter();
        try {
            LinuxCalls.fadviseWillNeed(descriptor, offset, length);
        } finally {
            leave();
        }
    }

    @Override
    public FileInfo info() {
        int descriptor = enter();
        try {
            int result = LinuxCalls.statx(descriptor);
            if (result < 0) {
                throw Failures.of(path, "stat", result);
            }
            return Statx.info(LinuxCalls.scratch().buffer, false);
        } finally {
            leave();
        }
    }

    @Override
    public Path path() {
        return path;
    }

    @Override
    public void close() {
        int descriptor = (int) FD.getAndSet(this, CLOSED);
        if (descriptor == CLOSED) {
            return;
        }
        if (CHECKED && inFlight.get() != 0) {
            // Closed all the same would let the call in flight hit whatever file gets the number
            // next.
            fd = descriptor;
            throw new AssertionError(path + ": closed during " + inFlight.get() + " calls");
        }
        int result = LinuxCalls.close(descriptor);
        if (result < 0) {
            throw Failures.of(path, "close", result);
        }
    }

    @Override
    public String toString() {
        return "LinuxFileHandle[" + path + ", fd " + fd + "]";
    }

    private int enter() {
        if (CHECKED) {
            inFlight.getAndIncrement();
        }
        int descriptor = fd;
        if (descriptor == CLOSED) {
            if (CHECKED) {
                inFlight.getAndDecrement();
            }
            throw new ClosedException(path + ": the file is closed");
        }
        return descriptor;
    }

    private void leave() {
        if (CHECKED) {
            inFlight.getAndDecrement();
        }
    }
}
