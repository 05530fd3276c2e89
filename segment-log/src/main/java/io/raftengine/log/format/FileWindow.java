package io.raftengine.log.format;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.log.io.FileHandle;

/**
 * The part of a file that a scan looks at in place: an array, and where in the file its bytes are.
 *
 * <pre>
 *    file   0             start()               end()          fileBytes()
 *           +-------------+---------------------+--------------+
 *           |             | array()[0 ..        |              |
 *           +-------------+---------------------+--------------+
 * </pre>
 *
 * <p>Each filling is one positional read, of all that fits or, after a {@link #jump}, of little
 * that is doubled as long as the scan goes on from there. Between the beginning of a read and its
 * success the window holds nothing, so whatever it holds may be believed. Others may use the array
 * for themselves once it was told to {@link #forget} what is in it.
 *
 * <p>Pays for the array and for as much off-heap memory to read through; the file is the caller's.
 * One thread at a time. Nothing is allocated after construction.
 */
final class FileWindow implements AutoCloseable {
    private final MemoryBudget budget;
    private final byte[] array;
    private final FileSource source;

    /** How much the first read after a jump asks for. */
    private final int jumpBytes;

    private long fileBytes;
    private long start;
    private long end;

    /** How much the next {@link #refillAhead} asks for. */
    private int readAhead;

    private boolean closed;

    /**
     * An empty window, without a file yet.
     *
     * @param budget pays for it until it is closed
     * @param bytes its size
     * @param jumpBytes how much the first read after a jump asks for, if the window has that much
     */
    FileWindow(MemoryBudget budget, int bytes, int jumpBytes) {
        this.budget = budget;
        this.source = new FileSource(budget, bytes);
        try {
            budget.reserve(bytes);
        } catch (RuntimeException e) {
            source.close();
            throw e;
        }
        this.array = new byte[bytes];
        this.jumpBytes = Math.min(jumpBytes, bytes);
    }

    /** Goes to another file; nothing is read yet, and nothing behind {@code bytes} ever is. */
    void open(FileHandle file, long bytes) {
        source.open(file, bytes);
        fileBytes = bytes;
        forget();
        jump();
    }

    /** Where the bytes are, from the first index on. */
    byte[] array() {
        return array;
    }

    /** The file itself, for reading past the window. */
    FileSource source() {
        return source;
    }

    long fileBytes() {
        return fileBytes;
    }

    /** File offset of the first byte. */
    long start() {
        return start;
    }

    /** File offset behind the last byte. */
    long end() {
        return end;
    }

    /** Index in the array of a byte of the file. */
    int index(long offset) {
        return (int) (offset - start);
    }

    /** Whether all these bytes of the file are there. */
    boolean holds(long offset, long bytes) {
        return offset >= start && offset + bytes <= end;
    }

    /** Makes some bytes of the file available; they are not behind its end. */
    void load(long offset, int bytes) {
        if (!holds(offset, bytes)) {
            refill(offset);
        }
    }

    /** Moves to an offset, with as many bytes as fit and are there. */
    void refill(long offset) {
        refill(offset, left(offset, array.length));
    }

    /** Moves to an offset, with so many bytes. */
    void refill(long offset, int bytes) {
        forget();
        if (bytes > 0) {
            source.read(offset, array, 0, bytes);
        }
        start = offset;
        end = offset + bytes;
    }

    /** Moves to an offset, with more bytes each time since the last jump. */
    void refillAhead(long offset) {
        refill(offset, left(offset, readAhead));
        readAhead = Math.min(array.length, 2 * readAhead);
    }

    /** Moves to an offset, with so many bytes, and more once nobody has jumped for a while. */
    void refillAtLeast(long offset, int bytes) {
        refill(offset, readAhead < array.length ? bytes : left(offset, array.length));
    }

    private int left(long offset, int most) {
        return (int) Math.min(most, Math.max(0, fileBytes - offset));
    }

    /** Says that what comes next need not follow what was read. */
    void jump() {
        readAhead = jumpBytes;
    }

    /** Forgets what is in the array. */
    void forget() {
        start = 0;
        end = 0;
    }

    /** Whether there are only zeros from one offset to another, which is not behind the file. */
    boolean isZero(long from, long to) {
        long at = from;
        while (at < to) {
            load(at, 1);
            int stop = index(Math.min(to, end));
            int found = zerosEnd(index(at), stop);
            if (found < stop) {
                return false;
            }
            at = start + stop;
        }
        return true;
    }

    /** Where zeros end, or the file; holes are stepped over without reading them. */
    long zerosUntil(long offset) {
        long from = source.dataFrom(offset);
        while (from < fileBytes) {
            load(from, 1);
            int stop = index(end);
            int found = zerosEnd(index(from), stop);
            if (found < stop) {
                return start + found;
            }
            from = source.dataFrom(end);
        }
        return fileBytes;
    }

    private int zerosEnd(int from, int to) {
        int at = from;
        while (at < to && array[at] == 0) {
            at++;
        }
        return at;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            source.close();
            budget.release(array.length);
        }
    }
}
