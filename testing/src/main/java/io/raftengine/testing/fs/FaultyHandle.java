package io.raftengine.testing.fs;

import io.raftengine.allocator.Mapping;
import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileInfo;
import io.raftengine.log.io.Iovecs;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;

/** An open file of a {@link FaultyFileSystem}. */
final class FaultyHandle implements FileHandle {
    private final FaultyFileSystem owner;
    private final FileHandle inner;

    /** 0: bytes are passed on as they are. Above: they are shifted by one, so many at a time. */
    private final int byteShiftTransferMax;

    private final AtomicBoolean closed = new AtomicBoolean();

    /**
     * Where bytes are shifted on their way to the file; null before the first write. Guarded by
     * {@link #closed}.
     */
    private Mapping shifted;

    FaultyHandle(FaultyFileSystem owner, FileHandle inner, int byteShiftTransferMax) {
        this.owner = owner;
        this.inner = inner;
        this.byteShiftTransferMax = byteShiftTransferMax;
    }

    @Override
    public int read(long address, int length, long offset) {
        Call call = owner.enter(Operation.READ, path(), offset, length);
        Fault fault = owner.faultFor(call);
        FaultyFileSystem.failBefore(call, fault);
        return switch (fault) {
            case Fault.ShortTransfer s when s.bytes() == 0 -> 0;
            case Fault.ShortTransfer s -> readShifted(address, Math.min(length, s.bytes()), offset);
            case Fault.ErrorAfterBytes e -> {
                readShifted(address, Math.min(length, e.bytes()), offset);
                throw Fault.exception(call, e.errno());
            }
            case Fault.FlipBit flip -> {
                int n = readShifted(address, length, offset);
                if (flip.position() < n) {
                    long at = address + flip.position();
                    Memory.putByte(at, (byte) (Memory.getByte(at) ^ 1 << flip.bit()));
                }
                yield n;
            }
            case Fault.Skip skip -> length;
            case null, default -> {
                int n = readShifted(address, length, offset);
                FaultyFileSystem.failAfter(call, fault);
                yield n;
            }
        };
    }

    @Override
    public long write(long address, long length, long offset) {
        Call call = owner.enter(Operation.WRITE, path(), offset, length);
        Fault fault = owner.faultFor(call);
        FaultyFileSystem.failBefore(call, fault);
        return switch (fault) {
            case Fault.ShortTransfer s when s.bytes() == 0 -> 0;
            case Fault.ShortTransfer s ->
                    writeShifted(address, Math.min(length, s.bytes()), offset);
            case Fault.ErrorAfterBytes e -> {
                writeAll(address, Math.min(length, e.bytes()), offset);
                throw Fault.exception(call, e.errno());
            }
            case Fault.ErrorAfter e -> {
                writeAll(address, length, offset);
                throw Fault.exception(call, e.errno());
            }
            case Fault.Skip skip -> length;
            case null, default -> writeShifted(address, length, offset);
        };
    }

    /**
     * Pieces go out one by one where the whole cannot be passed on as it is: as many as a short
     * call would write.
     */
    @Override
    public long writeVector(long iovecAddress, int count, long offset) {
        long total = 0;
        for (int i = 0; i < count; i++) {
            total += Iovecs.length(iovecAddress, i);
        }
        Call call = owner.enter(Operation.WRITE, path(), offset, total);
        Fault fault = owner.faultFor(call);
        FaultyFileSystem.failBefore(call, fault);
        return switch (fault) {
            case Fault.ShortTransfer s when s.bytes() == 0 -> 0;
            case Fault.ShortTransfer s -> writePieces(iovecAddress, count, offset, s.bytes());
            case Fault.ErrorAfterBytes e -> {
                writePieces(iovecAddress, count, offset, e.bytes());
                throw Fault.exception(call, e.errno());
            }
            case Fault.ErrorAfter e -> {
                writePieces(iovecAddress, count, offset, total);
                throw Fault.exception(call, e.errno());
            }
            case Fault.Skip skip -> total;
            case null, default ->
                    byteShiftTransferMax == 0
                            ? inner.writeVector(iovecAddress, count, offset)
                            : writePieces(iovecAddress, count, offset, byteShiftTransferMax);
        };
    }

    private long writePieces(long iovecAddress, int count, long offset, long most) {
        long done = 0;
        for (int i = 0; i < count && done < most; i++) {
            long address = Iovecs.base(iovecAddress, i);
            long length = Iovecs.length(iovecAddress, i);
            long n = Math.min(length, most - done);
            writeAll(address, n, offset + done);
            done += n;
        }
        return done;
    }

    private void writeAll(long address, long length, long offset) {
        long done = 0;
        while (done < length) {
            done += writeShifted(address + done, length - done, offset + done);
        }
    }

    private int readShifted(long address, int length, long offset) {
        if (byteShiftTransferMax == 0 || length == 0) {
            return inner.read(address, length, offset);
        }
        int n = inner.read(address, Math.min(length, byteShiftTransferMax), offset);
        for (int i = 0; i < n; i++) {
            Memory.putByte(address + i, (byte) (Memory.getByte(address + i) - 1));
        }
        return n;
    }

    private long writeShifted(long address, long length, long offset) {
        if (byteShiftTransferMax == 0 || length == 0) {
            return inner.write(address, length, offset);
        }
        int n = (int) Math.min(length, byteShiftTransferMax);
        synchronized (closed) {
            if (shifted == null) {
                shifted = Mapping.map(MemoryBudget.unlimited(), byteShiftTransferMax, "byte shift");
            }
            // The caller's memory is not ours to change, and others may be reading it.
            for (int i = 0; i < n; i++) {
                Memory.putByte(shifted.address() + i, (byte) (Memory.getByte(address + i) + 1));
            }
            return inner.write(shifted.address(), n, offset);
        }
    }

    @Override
    public void sync() {
        owner.run(owner.enter(Operation.SYNC, path(), 0, 0), inner::sync);
    }

    @Override
    public void truncate(long size) {
        owner.run(owner.enter(Operation.TRUNCATE, path(), 0, size), () -> inner.truncate(size));
    }

    @Override
    public long size() {
        return owner.number(owner.enter(Operation.SIZE, path(), 0, 0), inner::size);
    }

    /** Where bytes are shifted nothing is known of holes: they do not read as zeros there. */
    @Override
    public long dataFrom(long offset) {
        return owner.number(
                owner.enter(Operation.DATA_FROM, path(), offset, 0),
                () -> byteShiftTransferMax == 0 ? inner.dataFrom(offset) : offset);
    }

    @Override
    public long dataBytes() {
        return owner.number(
                owner.enter(Operation.DATA_BYTES, path(), 0, 0),
                () -> byteShiftTransferMax == 0 ? inner.dataBytes() : inner.size());
    }

    @Override
    public void allocate(long offset, long length) {
        owner.run(
                owner.enter(Operation.ALLOCATE, path(), offset, length),
                () -> inner.allocate(offset, length));
    }

    @Override
    public void startWriteback(long offset, long length) {
        owner.run(
                owner.enter(Operation.START_WRITEBACK, path(), offset, length),
                () -> inner.startWriteback(offset, length));
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
        return owner.answer(owner.enter(Operation.INFO, path(), 0, 0), inner::info);
    }

    @Override
    public Path path() {
        return inner.path();
    }

    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        owner.handleClosed();
        synchronized (closed) {
            if (shifted != null) {
                shifted.close();
            }
        }
        Call call = owner.enter(Operation.CLOSE, path(), 0, 0);
        Fault fault = owner.faultFor(call);
        // Closed whatever is reported, or every test of a failing close would leak a descriptor.
        inner.close();
        FaultyFileSystem.failBefore(call, fault);
        FaultyFileSystem.failAfter(call, fault);
    }

    @Override
    public String toString() {
        return "FaultyHandle[" + inner + "]";
    }
}
