package io.raftengine.log.segment;

import io.raftengine.error.ClosedException;
import io.raftengine.error.InvalidArgumentException;
import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.StorageException;
import io.raftengine.log.format.SegmentName;
import io.raftengine.log.io.Closing;
import io.raftengine.log.io.DirectoryHandle;
import io.raftengine.log.io.FileInfo;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * Takes the oldest segments off a queue, one by one: first the name leaves the log's name space,
 * durably, then readers stop finding the segment, and only when the last one has left its bytes may
 * be overwritten.
 *
 * <pre>
 *     sealed --rename to a reserved name--> reserve, busy --last reader left--> reserve, free --> another segment
 *     sealed --delete the name------------> nameless ------last reader left--> space given back in steps, descriptors closed
 * </pre>
 *
 * <p>Each name is made durable before the next one goes: after a crash a younger file missing below
 * an older one would be a hole, and the older one would lie there for ever (I4). It also keeps an
 * old number from coming back over an inode that already serves another segment.
 *
 * <p>One purger at a time, beside the writer and the agent: a purge holds the monitor of this
 * object over all its syncs. The agent has both queues to serve and waits for none of it.
 */
final class SegmentPurger {
    private final QueueContext context;
    private final SegmentTable table;

    private final ReentrantLock leavingLock = new ReentrantLock();
    // Guarded by leavingLock: purged, descriptor still open.
    private final ArrayDeque<SegmentReader> leaving = new ArrayDeque<>();
    // Guarded by `this`.
    private final ReserveNeed need = new ReserveNeed();
    // Guarded by `this`.
    private boolean closed;

    SegmentPurger(QueueContext context, SegmentTable table) {
        this.context = context;
        this.table = table;
    }

    /** See {@link SegmentQueue#purgeTo}. */
    synchronized int purgeTo(long seq, BooleanSupplier waits) {
        if (closed) {
            throw new ClosedException(context.settings().kind() + " queue is closed");
        }
        long first = table.first();
        long active = table.active();
        if (seq < first || seq > active) {
            throw new InvalidArgumentException(
                    "purge to segment "
                            + Long.toUnsignedString(seq)
                            + " outside of "
                            + Long.toUnsignedString(first)
                            + " to "
                            + Long.toUnsignedString(active));
        }
        if (seq > first) {
            need.purged(active);
            context.headRoom().restore(HeadRoom.Demand.PLENTY);
        }
        int purged = 0;
        DeletionRoom room = new DeletionRoom(context, waits);
        while (table.first() < seq) {
            // The name first: if that fails, the segment is still whole and part of the queue.
            SegmentReader oldest = table.find(table.first());
            if (!removeName(oldest, Math.toIntExact(table.active() - seq + 1), room)) {
                break;
            }
            table.removeFirst();
            oldest.purge();
            letGo(oldest);
            purged++;
            if (context.headRoom().isWanted()) {
                // Before the writers get the space: the next purge may need it more.
                reap();
                context.deletions().finishNow();
                context.headRoom().restore(HeadRoom.Demand.WHAT_THERE_IS);
            }
        }
        context.counters().segmentsPurged += purged;
        reap();
        context.finishDeletionsIfShort();
        if (purged > 0) {
            long last = table.first() - 1;
            context.settings().listener().segmentsPurged(context.settings().kind(), last);
        }
        return purged;
    }

    private void letGo(SegmentReader purged) {
        leavingLock.lock();
        try {
            leaving.add(purged);
        } finally {
            leavingLock.unlock();
        }
    }

    /** Gives back the descriptors of purged segments whose readers have left. */
    private void reap() {
        leavingLock.lock();
        try {
            leaving.removeIf(SegmentReader::reap);
        } finally {
            leavingLock.unlock();
        }
    }

    /** As {@link #reap}, unless somebody is at it: a close can take as long as a deletion. */
    void tryReap() {
        if (leavingLock.tryLock()) {
            try {
                reap();
            } finally {
                leavingLock.unlock();
            }
        }
    }

    /** False if the purge is to end instead; then nothing has changed. */
    private boolean removeName(SegmentReader segment, int remaining, DeletionRoom room) {
        Path path = segment.path();
        try (DirectoryHandle dir = context.openDirectory(path.getParent())) {
            if (!reserve(segment, remaining)) {
                if (!room.await(path)) {
                    return false;
                }
                if (context.fs().info(path) != null) {
                    context.deletions().delete(path, segment);
                }
            }
            context.sync(dir);
        }
        return true;
    }

    /**
     * Renames to a reserved name in the same directory, hence in the same file system; false if it
     * must be deleted.
     */
    private boolean reserve(SegmentReader segment, int remaining) {
        if (!segment.version().signed() || segment.symlink()) {
            return false;
        }
        if (context.reserves().size() >= context.reserveLimit(remaining)
                || context.reserves().freeSize() >= reservesNeeded()) {
            return false;
        }
        if (context.headRoom().missing() && context.headRoom().isIn(segment.path().getParent())) {
            return false; // its space is wanted
        }
        try {
            FileInfo info = context.fs().info(segment.path());
            if (info == null || info.symlink() || info.linkCount() != 1) {
                return false;
            }
            long number = context.reserves().nextNumber();
            Path target = segment.path().resolveSibling(SegmentName.reserved(number));
            context.fs().rename(segment.path(), target);
            context.reserves().add(new ReservePool.Reserve(target, number, segment));
        } catch (StorageException | OutOfSpaceException e) {
            return false; // deleting it does the job as well
        }
        return true;
    }

    /**
     * Where each write is synced a new file costs its zeros, or a change of the file's map with
     * every sync: then a burst is provided for. Else it costs no more than a reserve, which takes
     * space all the time.
     */
    private long reservesNeeded() {
        long needed = context.counters().syncsFewAppends() ? need.always() : need.mostly();
        return Math.max(needed, context.settings().prefillCapacity());
    }

    /** Gives back all descriptors, whoever reads. */
    synchronized void close() {
        closed = true;
        Deque<Runnable> closers = new ArrayDeque<>();
        leavingLock.lock();
        try {
            leaving.forEach(segment -> closers.addLast(segment::closeNow));
            leaving.clear();
        } finally {
            leavingLock.unlock();
        }
        Closing.all(closers);
    }
}
