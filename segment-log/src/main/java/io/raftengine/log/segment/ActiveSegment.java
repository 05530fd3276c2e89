package io.raftengine.log.segment;

import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.StorageException;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileIo;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The segment that is written: knows its logical end, what lies behind it, and how to get rid of a
 * write that failed.
 *
 * <pre>
 *     0        header           end                filledTo / allocatedTo
 *     +--------+----------------+------------------+
 *     | header | whole batches  | zeros or, in a   |     only [0, end) means anything
 *     |        |                | recycled file,   |
 *     |        |                | an older life    |
 *     +--------+----------------+------------------+
 * </pre>
 *
 * <p>Threads: all methods but {@link #fill} belong to the writer. {@link #fill} is the background
 * agent's: it writes zeros ahead of the end. The two meet in one place only. The writer announces
 * how far it will write in {@link #claimedTo} and then looks at {@link #fillingFrom}; the agent
 * announces where it will write in {@link #fillingFrom} and then looks at {@link #claimedTo}. Both
 * are volatile, so at least one sees the other: the agent gives way, or the writer waits for the
 * one small piece under way. A writer that is not about to run into the agent's piece never touches
 * the lock.
 */
final class ActiveSegment {
    /**
     * Preallocation step: what the reference uses; larger steps cost a fresh directory space,
     * smaller ones calls.
     */
    private static final long ALLOCATE_STEP = 2L << 20;

    private final SegmentReader segment;
    private final FileHandle handle;
    private final WriteBuffer buffer;
    private final QueueCounters counters;
    private final PoisonSwitch poison;
    private final long targetBytes;
    private final long preparedTo;

    // Written by the writer, read by all.
    private volatile long end;
    // Written by the writer, read by the background agent: bytes below are on disk.
    private volatile long syncedEnd;
    // Written by the writer: no byte at or behind it is being written.
    private volatile long claimedTo;

    // Writer only: space up to here was asked for.
    private long allocatedTo;
    // Writer only: space up to here was given.
    private long securedTo;
    // The file's own bytes in [filledFrom, filledTo) were written before, so a write there
    // allocates nothing. Written under
    // fillLock (and before publication); the writer may read a stale pair, which costs speed only:
    // whole pages are always
    // right, since what is padded lies behind the end.
    private volatile long filledFrom;
    private volatile long filledTo;
    // Written by the background agent: where its piece begins; MAX_VALUE while it writes none.
    private volatile long fillingFrom = Long.MAX_VALUE;
    // Written under fillLock, which decides; without it only a hint.
    private volatile boolean sealed;
    private final ReentrantLock fillLock = new ReentrantLock();

    /**
     * Takes over a file whose header is written.
     *
     * @param end logical end; the buffer's tail holds the bytes from the start of its page
     * @param allocatedTo physical length
     * @param filledTo how far the file was written in an earlier life, rounded down to a page
     */
    ActiveSegment(
            SegmentReader segment,
            WriteBuffer buffer,
            QueueCounters counters,
            PoisonSwitch poison,
            long targetBytes,
            long end,
            long allocatedTo,
            long filledTo) {
        this.segment = segment;
        this.handle = segment.handle();
        this.buffer = buffer;
        this.counters = counters;
        this.poison = poison;
        this.targetBytes = targetBytes;
        this.end = end;
        this.syncedEnd = end;
        this.claimedTo = end;
        this.allocatedTo = allocatedTo;
        this.securedTo = allocatedTo;
        this.preparedTo = filledTo;
        this.filledTo = filledTo;
    }

    /**
     * A segment that is read and never written: it is there because the one that should be written
     * has no header, for lack of space (Q10).
     *
     * @param end what is live of it; 0 if it is that very segment
     */
    static ActiveSegment standIn(
            SegmentReader segment,
            WriteBuffer buffer,
            QueueCounters counters,
            PoisonSwitch poison,
            long end) {
        ActiveSegment standIn =
                new ActiveSegment(segment, buffer, counters, poison, end, end, end, 0);
        // A segment with a successor is whole (I3), and what finishes the header knows nothing of
        // zeros that are on their way into the same file.
        standIn.sealed = true;
        return standIn;
    }

    SegmentReader segment() {
        return segment;
    }

    long seq() {
        return segment.seq();
    }

    long end() {
        return end;
    }

    /** Whether its end is exact and stays so. */
    boolean isSealed() {
        return sealed;
    }

    /** A stand-in for itself: found at open, and there was no space for its header (Q10). */
    boolean isWithoutHeader() {
        return end == 0;
    }

    /** Bytes that can be appended although the disk is full. Writer only. */
    long securedBytes() {
        return Math.max(0, securedTo - end);
    }

    long syncedEnd() {
        return syncedEnd;
    }

    long filledTo() {
        return filledTo;
    }

    /** How far it was written in an earlier life, or filled, before its first batch. */
    long preparedTo() {
        return preparedTo;
    }

    /**
     * Writes {@code bytes} at the end and moves it; after an error the end is the old one and
     * nothing of it is left.
     */
    long append(long address, long bytes) {
        long start = end;
        boolean pages = prepareWrite(start, start + bytes);
        try {
            if (pages) {
                buffer.writePages(handle, start, address, bytes);
            } else {
                FileIo.writeFully(handle, address, bytes, start);
            }
        } catch (Throwable failure) {
            throw cutBack(failure);
        }
        buffer.keepTail(start, address, bytes);
        finishWrite(start, bytes, pages);
        return start;
    }

    /**
     * As {@link #append}, for {@code count} pairs of address and length that make {@code bytes}
     * together.
     */
    long appendVector(long iovecs, int count, long bytes) {
        long start = end;
        boolean pages = prepareWrite(start, start + bytes);
        try {
            if (pages) {
                buffer.writePagesVector(handle, start, iovecs, count, bytes);
            } else {
                buffer.writeVector(handle, start, iovecs, count);
            }
        } catch (Throwable failure) {
            throw cutBack(failure);
        }
        buffer.keepTailVector(start, iovecs, count);
        finishWrite(start, bytes, pages);
        return start;
    }

    /** Announces the write and says whether it is done in whole pages. */
    private boolean prepareWrite(long start, long newEnd) {
        long pagesEnd = WriteBuffer.pageCeiling(newEnd);
        claimedTo = pagesEnd;
        if (fillingFrom < pagesEnd) {
            awaitFill();
        }
        if (WriteBuffer.pageFloor(start) >= filledFrom && pagesEnd <= filledTo) {
            return true;
        }
        preallocate(newEnd);
        return false;
    }

    private void finishWrite(long start, long bytes, boolean pages) {
        counters.appended(bytes);
        if (pages) {
            long written = WriteBuffer.pageCeiling(start + bytes) - WriteBuffer.pageFloor(start);
            counters.bytesPadded += written - bytes;
        }
        end = start + bytes;
    }

    private void awaitFill() {
        fillLock.lock();
        fillLock.unlock();
    }

    private void preallocate(long newEnd) {
        long from = Math.max(allocatedTo, end);
        if (newEnd <= from) {
            return;
        }
        long step = Math.max(newEnd - from, Math.min(ALLOCATE_STEP, targetBytes - from));
        counters.preallocations++;
        try {
            handle.allocate(from, step);
            securedTo = from + step;
        } catch (StorageException | OutOfSpaceException e) {
            // Only the speed of the next writes was asked for. If there is no space, the write
            // itself will say so.
        }
        allocatedTo = from + step;
    }

    /**
     * Takes a failed write off the file. Synced, because the refused bytes may be on disk already
     * while the cut is not: a power cut would then bring back what was refused (I2).
     *
     * @return what to throw
     */
    private RuntimeException cutBack(Throwable failure) {
        fillLock.lock();
        try {
            filledTo = 0;
            filledFrom = 0;
            handle.truncate(end);
            handle.sync();
        } catch (Throwable cutFailure) {
            cutFailure.addSuppressed(failure);
            throw poison.poison(
                    segment + ": a write failed and could not be cut back to " + end, cutFailure);
        } finally {
            fillLock.unlock();
        }
        allocatedTo = end;
        securedTo = end;
        claimedTo = end;
        syncedEnd = end;
        if (failure instanceof Error error) {
            throw error;
        }
        return (RuntimeException) failure;
    }

    /** Returns once everything up to the end is on disk. */
    void sync() {
        if (isWithoutHeader()) {
            return; // there is nothing in it
        }
        long upTo = end;
        long began = System.nanoTime();
        syncOrPoison("sync failed");
        counters.synced(System.nanoTime() - began);
        syncedEnd = upTo;
    }

    /** Cuts to the exact end, syncs, and keeps the background agent out for good. */
    void seal() {
        fillLock.lock();
        try {
            sealed = true;
            filledTo = 0;
            filledFrom = 0;
            handle.truncate(end);
        } catch (StorageException | OutOfSpaceException e) {
            throw poison.poison(segment + ": cut to " + end + " failed", e);
        } finally {
            fillLock.unlock();
        }
        allocatedTo = end;
        securedTo = end;
        syncOrPoison("sync of the exact end failed");
        syncedEnd = end;
    }

    private void syncOrPoison(String what) {
        try {
            handle.sync();
        } catch (StorageException | OutOfSpaceException e) {
            throw poison.poison(segment + ": " + what, e);
        }
    }

    /**
     * Writes one piece of zeros ahead of the end, through the agent's own descriptor. Called by the
     * background agent.
     *
     * @param own the agent's descriptor of this file
     * @param zeros address of {@code pieceBytes} zeros
     * @param margin how far ahead of the writer a first piece must begin
     * @param limit where filling stops, at the end of a page
     * @return bytes filled; 0 if there is nothing to do
     */
    long fill(FileHandle own, long zeros, int pieceBytes, long margin, long limit) {
        fillLock.lock();
        try {
            if (sealed) {
                return 0;
            }
            long ahead = WriteBuffer.pageCeiling(claimedTo);
            boolean jump = filledTo < ahead;
            long from = jump ? ahead + margin : filledTo;
            long to = Math.min(from + pieceBytes, limit);
            if (to <= from) {
                return 0;
            }
            fillingFrom = from;
            if (claimedTo > from) {
                return 0; // the writer came first
            }
            FileIo.writeFully(own, zeros, to - from, from);
            if (jump) {
                filledFrom = from;
            }
            filledTo = to;
            return to - from;
        } finally {
            fillingFrom = Long.MAX_VALUE;
            fillLock.unlock();
        }
    }
}
