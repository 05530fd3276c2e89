package io.raftengine.log.segment;

import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.StorageException;
import io.raftengine.log.io.Closing;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileInfo;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.io.FileSystem.OpenMode;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/**
 * Deletes files without stalling those who sync: the name goes at once, the space in steps. The
 * file is kept open, nameless, and cut shorter from its end by {@value #STEP_BYTES} bytes or more,
 * with a pause after each step; the death of the process finishes the job.
 *
 * <p>Why: what one call frees is one transaction of the file system's journal, and whoever syncs
 * meanwhile waits for it. Measured on ext4: a file of 128 MiB at once held a sync up for 17 to 22
 * ms, in steps of 16 MiB for 3 to 5, in steps of 1 MiB for 1 to 2.4; one of 8 MiB at once for 1 to
 * 3, in steps of 1 MiB for less than 1. Where much waits a step is a thousandth of it.
 *
 * <p>Safe for all threads. Only {@link #stepIfDue} never waits for another call.
 */
final class GradualDeletion {
    static final long STEP_BYTES = 1L << 20;
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(4);

    /** Of what waits and nobody reads, a step takes one part in so many, if that is more. */
    private static final long WAITING_PARTS = 1024;

    /** No step is longer, however much waits. */
    private static final long STEP_BYTES_MAX = 16 << 20;

    /**
     * Each file that waits holds a descriptor. What is one too many goes at once, so whoever
     * deletes large files asks for {@link #hasRoom room} before.
     */
    private static final int BACKLOG_MAX = 64;

    /** While so many wait somebody may be waiting for room, and no step is shorter. */
    private static final long FULL_STEP_BYTES = 8 << 20;

    /** A nameless file and, if it was a segment, whose readers have to leave first. */
    private record Doomed(FileHandle handle, long bytes, SegmentReader former) {
        boolean free() {
            return former == null || former.abandoned();
        }
    }

    private final FileSystem fs;
    private final Pace pace;

    private final ReentrantLock lock = new ReentrantLock();
    // All guarded by the lock.
    private final ArrayDeque<Doomed> backlog = new ArrayDeque<>();
    private Doomed current;
    private long currentBytes;
    private long steps;

    GradualDeletion(FileSystem fs, LongSupplier clock) {
        this.fs = fs;
        this.pace = new Pace(clock);
    }

    /**
     * Removes a name, and begins to give its space back.
     *
     * @param former the segment it was, or null
     * @throws StorageException if the name cannot be removed
     */
    void delete(Path file, SegmentReader former) {
        lock.lock();
        try {
            deleteName(file, former);
        } finally {
            lock.unlock();
        }
    }

    private void deleteName(Path file, SegmentReader former) {
        long bytes = bytesGivenBack(file);
        FileHandle handle = bytes > STEP_BYTES ? openOrNull(file) : null;
        try {
            fs.delete(file);
        } catch (StorageException | OutOfSpaceException e) {
            Closing.quietly(handle);
            throw e;
        }
        if (handle == null) {
            return;
        }
        if (backlog.size() < BACKLOG_MAX && isNameless(handle)) {
            backlog.add(new Doomed(handle, bytes, former));
        } else {
            Closing.quietly(handle);
        }
    }

    /** What a link leads to, or has another name, is not deleted with it. */
    private long bytesGivenBack(Path file) {
        try {
            FileInfo info = fs.info(file);
            return info == null || info.symlink() || info.linkCount() > 1 ? 0 : info.sizeBytes();
        } catch (StorageException | OutOfSpaceException e) {
            return 0;
        }
    }

    private FileHandle openOrNull(Path file) {
        try {
            return fs.open(file, OpenMode.WRITE);
        } catch (StorageException | OutOfSpaceException e) {
            return null;
        }
    }

    /** Whoever has another name for it keeps its bytes (D10). */
    private static boolean isNameless(FileHandle handle) {
        try {
            return handle.info().linkCount() == 0;
        } catch (StorageException | OutOfSpaceException e) {
            return false;
        }
    }

    /**
     * Whether another file can wait here, or none of those that do is free to go: steps take
     * nothing from what is still read, so waiting for room would be in vain.
     */
    boolean hasRoom() {
        lock.lock();
        try {
            return backlog.size() < BACKLOG_MAX || backlog.stream().noneMatch(Doomed::free);
        } finally {
            lock.unlock();
        }
    }

    /** Whether a file needs {@link #hasRoom room}: at once, more would go than in any step. */
    boolean needsRoom(Path file) {
        return bytesGivenBack(file) > STEP_BYTES_MAX;
    }

    /** Steps done so far: while it grows, waiting for room is not in vain. */
    long steps() {
        lock.lock();
        try {
            return steps;
        } finally {
            lock.unlock();
        }
    }

    /** Whether there is space to be given back. */
    boolean pending() {
        lock.lock();
        try {
            return isPending();
        } finally {
            lock.unlock();
        }
    }

    private boolean isPending() {
        return current != null || !backlog.isEmpty();
    }

    /**
     * Does one step if there is one to do and the pause after the last one is over, unless somebody
     * is at it.
     *
     * @param isSpaceShort asked before a step; if so all space is given back at once
     */
    void stepIfDue(BooleanSupplier isSpaceShort) {
        if (!lock.tryLock()) {
            return;
        }
        try {
            if (isPending() && pace.due()) {
                if (isSpaceShort.getAsBoolean()) {
                    finishNow();
                }
                step();
            }
        } finally {
            lock.unlock();
        }
    }

    private void step() {
        if (current != null || takeNext()) {
            cut();
        }
        pace.pause(PAUSE_NANOS);
    }

    private boolean takeNext() {
        Iterator<Doomed> all = backlog.iterator();
        while (all.hasNext()) {
            Doomed doomed = all.next();
            if (doomed.free()) {
                all.remove();
                current = doomed;
                currentBytes = doomed.bytes;
                return true;
            }
        }
        return false;
    }

    private void cut() {
        steps++;
        long least = backlog.size() < BACKLOG_MAX ? STEP_BYTES : FULL_STEP_BYTES;
        currentBytes -= Math.clamp(waitingBytes() / WAITING_PARTS, least, STEP_BYTES_MAX);
        try {
            if (currentBytes > 0) {
                current.handle.truncate(currentBytes);
                return;
            }
        } catch (StorageException | OutOfSpaceException e) {
            // Closing it gives back the rest.
        }
        Closing.quietly(current.handle);
        current = null;
    }

    /** What somebody still reads is not pressing. */
    private long waitingBytes() {
        long bytes = currentBytes;
        for (Doomed doomed : backlog) {
            bytes += doomed.free() ? doomed.bytes : 0;
        }
        return bytes;
    }

    /**
     * Gives all space back at once that nobody reads.
     *
     * @return whether there was any
     */
    boolean finishNow() {
        lock.lock();
        try {
            boolean any = false;
            while (finishOne()) {
                any = true;
            }
            return any;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Gives one file's space back at once, and its descriptor.
     *
     * @return whether there was any that nobody reads
     */
    boolean finishOne() {
        lock.lock();
        try {
            if (current == null && !takeNext()) {
                return false;
            }
            Closing.quietly(current.handle);
            current = null;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Gives all descriptors back, whoever reads. */
    void close() {
        lock.lock();
        try {
            finishNow();
            backlog.forEach(doomed -> Closing.quietly(doomed.handle));
            backlog.clear();
        } finally {
            lock.unlock();
        }
    }
}
