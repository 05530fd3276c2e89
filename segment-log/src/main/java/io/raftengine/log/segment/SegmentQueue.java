package io.raftengine.log.segment;

import io.raftengine.error.ClosedException;
import io.raftengine.error.InvalidArgumentException;
import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.PoisonedException;
import io.raftengine.error.StorageException;
import io.raftengine.error.UnsupportedFeatureException;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.format.SegmentName;
import io.raftengine.log.io.Closing;
import io.raftengine.log.io.FileSystem;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * One queue of segments on disk: appends to the active one, rotates, serves readers, drops the
 * oldest.
 *
 * <p><b>Threads.</b> Four roles, each taken by one thread at a time unless said otherwise, all at
 * once:
 *
 * <ul>
 *   <li>the <em>writer</em> (holder of the write token): {@link #append}, {@link #appendVector},
 *       {@link #sync}, {@link #rotate}, {@link #rotateBefore}, {@link #end}; where space has run
 *       out it waits for a step of the agent, to take the next segment as far as that is made;
 *   <li>the <em>agent</em>: {@link #prepareNext}; a second caller returns at once;
 *   <li>the <em>purger</em>: {@link #purgeTo}; a second caller waits;
 *   <li><em>readers</em>, any number: {@link #acquire} and what it returns; they never wait for any
 *       of the others.
 * </ul>
 *
 * All other methods are for any thread. {@link #close} comes after the writer's last call and waits
 * for agent and purger.
 *
 * <p><b>Durability.</b> What was appended survives the death of the process at once, and a power
 * cut after {@link #sync} returned. Segments other than the last are on disk, whole, before the
 * next one's name exists (I3).
 *
 * <p><b>Errors.</b> A failed append leaves nothing of itself (D14). A failed sync, directory sync
 * or cut poisons the queue: the writer's methods throw {@link PoisonedException} from then on,
 * readers go on. A sync is never tried again. Whoever runs several queues as one engine poisons
 * all: see {@link #poison}.
 */
public final class SegmentQueue implements SegmentSource, AutoCloseable {
    private final QueueContext context;
    private final WriteBuffer buffer;
    private final SegmentInstaller installer;
    private final SegmentTable table;
    private final SegmentPurger purger;
    private final NextSegmentPreparer preparer;
    private final BackgroundWriter background;
    private final HeadRoomKeeper headRoomKeeper;
    // Made once: it is handed on in every step of the agent.
    private final BooleanSupplier isSpaceShort;

    // Replaced by the writer; read by all.
    private volatile ActiveSegment active;
    private volatile boolean closed;
    // Written by the writer, read by the agent: the last rotation failed.
    private volatile boolean rotationStuck;

    // Writer only: the last append found no space, and there was no rotation since.
    private boolean lacksSpace;

    // Held by the agent during a step, by close, and by a writer that takes what the agent builds.
    private final ReentrantLock agentLock = new ReentrantLock();

    private SegmentQueue(
            QueueContext context,
            WriteBuffer buffer,
            SegmentInstaller installer,
            SegmentTable table,
            ActiveSegment active) {
        this.context = context;
        this.buffer = buffer;
        this.installer = installer;
        this.table = table;
        this.active = active;
        this.purger = new SegmentPurger(context, table);
        this.preparer = new NextSegmentPreparer(context, active.seq() + 1);
        this.background = new BackgroundWriter(context);
        this.headRoomKeeper = new HeadRoomKeeper(context, table);
        this.isSpaceShort = context::isSpaceShort;
    }

    /**
     * Opens a queue on what recovery found, or makes its first segment. What it shows when it
     * returns is durable: the active segment is cut to its live end and synced, and so are the
     * directories (Q12, P8).
     *
     * @param settings how it behaves
     * @param fs where it lives
     * @param recovered its segments, contiguous, oldest first; empty for a fresh queue
     * @param scan the directories' other files: reserves are adopted and trimmed, left-over
     *     prepared files deleted, by the append queue only
     * @return an open queue
     * @throws StorageException if a file cannot be opened, cut or synced
     * @throws OutOfSpaceException if the first segment of a fresh append queue finds no space
     * @throws io.raftengine.error.UnsupportedFeatureException if the last segment is a symbolic
     *     link (D10)
     * @throws PoisonedException if a sync fails
     */
    public static SegmentQueue open(
            QueueSettings settings,
            FileSystem fs,
            List<RecoveredSegment> recovered,
            DirectoryScan scan) {
        return open(settings, fs, recovered, scan, HeadRoom.none());
    }

    /**
     * Opens a queue that shares a head-room with the engine's other one: the append queue keeps it
     * up and gives up reserves for it, the rewrite queue uses it when it lacks space.
     *
     * @param settings how it behaves
     * @param fs where it lives
     * @param recovered its segments, contiguous, oldest first; empty for a fresh queue
     * @param scan the directories' other files
     * @param headRoom the engine's
     * @return an open queue
     * @throws StorageException if a file cannot be opened, cut or synced
     * @throws OutOfSpaceException if the first segment of a fresh append queue finds no space
     * @throws io.raftengine.error.UnsupportedFeatureException if the last segment is a symbolic
     *     link (D10)
     * @throws PoisonedException if a sync fails
     */
    public static SegmentQueue open(
            QueueSettings settings,
            FileSystem fs,
            List<RecoveredSegment> recovered,
            DirectoryScan scan,
            HeadRoom headRoom) {
        QueueContext context =
                new QueueContext(
                        settings,
                        fs,
                        new DirectoryChooser(fs, settings.directories(), settings.targetBytes()),
                        new ReservePool(),
                        new QueueCounters(),
                        new PoisonSwitch(),
                        headRoom,
                        new GradualDeletion(fs, settings.clock()));
        WriteBuffer buffer = new WriteBuffer(settings.budget());
        SegmentInstaller installer = new SegmentInstaller(context, buffer);
        QueueOpener opener = new QueueOpener(context, buffer, installer);
        try {
            ActiveSegment active = opener.open(recovered, scan);
            return new SegmentQueue(context, buffer, installer, opener.table(), active);
        } catch (Throwable failure) {
            Deque<Runnable> steps = new ArrayDeque<>();
            if (opener.table() != null) {
                opener.table().forEach(segment -> steps.addLast(segment::closeNow));
            }
            steps.addLast(installer::close);
            steps.addLast(context.deletions()::close);
            steps.addLast(buffer::close);
            // A file that cannot even be closed must not keep the memory.
            Closing.all(steps, failure);
            throw failure;
        }
    }

    /**
     * Which queue this is.
     *
     * @return append or rewrite
     */
    public QueueKind kind() {
        return context.settings().kind();
    }

    /**
     * How this queue behaves.
     *
     * @return the settings it was opened with
     */
    public QueueSettings settings() {
        return context.settings();
    }

    /**
     * The oldest segment's number.
     *
     * @return as in its name
     */
    @Override
    public long firstSeq() {
        return table.first();
    }

    /**
     * The active segment's number.
     *
     * @return as in its name
     */
    @Override
    public long activeSeq() {
        return active.seq();
    }

    // --- writer

    /**
     * Where the next byte goes. Any thread may ask; only the writer gets an answer that stays true.
     *
     * @return logical end of the active segment in bytes
     */
    public long end() {
        return active.end();
    }

    /**
     * What batches in the active segment are signed with.
     *
     * @return the low 32 bits of its number; 0 in a V1 segment
     */
    public int signature() {
        ActiveSegment a = active;
        return a.segment().version().signature(a.seq());
    }

    /**
     * Format of the active segment.
     *
     * @return its own version, which after an open may differ from the configured one
     */
    public FormatVersion activeVersion() {
        return active.segment().version();
    }

    /**
     * Whether the writer must call {@link #rotate} before it appends: the active segment is at its
     * target size, or an earlier rotation was left half done. A segment may exceed its target by
     * one group, and a new one takes a group of any size.
     *
     * @param bytes size of the group to be appended; 0 is never a reason
     * @return true to rotate first
     */
    public boolean rotateBefore(long bytes) {
        return bytes > 0
                && (installer.pending() || active.end() >= context.settings().targetBytes());
    }

    /**
     * Whether an earlier rotation was left half done: nothing may be appended before {@link
     * #rotate} finished it (I3).
     *
     * @return true to rotate first
     */
    public boolean rotationPending() {
        return installer.pending();
    }

    /**
     * Whether the active segment holds nothing but its header.
     *
     * @return true if no batch was appended to it, ever
     */
    public boolean activeIsEmpty() {
        return active.end() <= active.segment().version().headerBytes();
    }

    /**
     * Whether a rotation would find space that the active segment does not have: in a file that is
     * there already and that nobody reads, in another directory or, for the rewrite queue, in the
     * head-room. Whoever got an {@link OutOfSpaceException} from an append rotates if so, signs
     * again and appends again.
     *
     * @return false if it would compete for the space that just ran out
     */
    public boolean rotationFindsRoom() {
        // Under way first: what is finished meanwhile is ready.
        return preparer.isUnderWay()
                || preparer.isReady()
                || context.reserves().hasFree()
                || context.hasHeadRoom()
                || !context.chooser().choose().equals(active.segment().path().getParent());
    }

    /**
     * How much can be appended although the disk is full and others wait for every byte of it: what
     * the active segment has allocated, and for the rewrite queue the head-room.
     *
     * @return bytes
     */
    public long securedBytes() {
        long headRoom = kind() == QueueKind.REWRITE ? context.headRoom().givableBytes() : 0;
        return active.securedBytes() + headRoom;
    }

    /**
     * As {@link #securedBytes}, for what comes after a rotation, which gives back what the active
     * segment has and does not need.
     *
     * @return bytes
     */
    public long securedBeyondActive() {
        return securedBytes() - active.securedBytes();
    }

    /**
     * Space that anybody may take.
     *
     * @return bytes free in the directory that a new segment would be made in; 0 if it cannot be
     *     asked
     */
    public long freeBytes() {
        return context.chooser().freeBytes();
    }

    /**
     * Whether so little space is left that it may be gone at any moment.
     *
     * @return true if one of the directories has room for less than two segments
     */
    public boolean isSpaceShort() {
        return context.isSpaceShort();
    }

    /**
     * Seals the active segment and begins the next: cut to the exact end, sync, final name (a
     * prepared file, else a reserve, else a new one, in the first directory with room), header,
     * sync, sync of the directory, publication.
     *
     * <p>If it fails before publication the old segment stays the current one, and {@link
     * #rotateBefore} says true until a later attempt finished the half-made file: nothing is
     * appended to a segment that a crash could make the last but one.
     *
     * <p>After an append that found no space, or where the new file finds none, the rewrite queue
     * goes on in the {@link HeadRoom}.
     *
     * @throws StorageException if the new file cannot be made; try again
     * @throws OutOfSpaceException if there is no space for it; try again
     * @throws PoisonedException if a cut or a sync failed, now or before
     * @throws UnsupportedFeatureException if the numbers have run out
     */
    public void rotate() {
        checkWritable();
        if (active.seq() >= SegmentName.SEQ_MAX) {
            throw new UnsupportedFeatureException(
                    active.segment().path()
                            + " has the last number of "
                            + kind()
                            + " segments; a longer one would be misread");
        }
        rotationStuck = false;
        try {
            rotateNow();
        } catch (Throwable failure) {
            rotationStuck = true;
            throw failure;
        }
    }

    private void rotateNow() {
        // Once the next segment is there nothing may keep it from being published: whoever went on
        // writing to this one would write behind the exact end of a segment that has a successor.
        table.makeRoom();
        long began = System.nanoTime();
        ActiveSegment old = active;
        if (!installer.pending()) {
            old.seal();
        }
        PreparedFile prepared = preparer.take();
        if (prepared == null && (lacksSpace || installer.pendingForLackOfSpace())) {
            prepared = takeAsItIs(old);
        }
        boolean ahead = prepared != null;
        if (!ahead && lacksSpace && !installer.pending() && nowhereElse()) {
            prepared = context.headRoom().take();
        }
        // The first segment of all may be waiting for its own header.
        boolean first = old.isWithoutHeader();
        ActiveSegment next = installer.install(first ? old.seq() : old.seq() + 1, prepared);
        if (first) {
            table.replaceActive(next.segment());
        } else {
            table.add(next.segment());
        }
        active = next;
        lacksSpace = false;
        context.counters().rotated(System.nanoTime() - began);
        if (ahead) {
            context.counters().rotationsPrepared++;
        }
        context.settings().listener().segmentAdded(kind(), next.seq());
    }

    /** Waits for one step of the agent; a writer without space has nothing better to do. */
    private PreparedFile takeAsItIs(ActiveSegment old) {
        if (!preparer.isUnderWay()) {
            return preparer.take(); // it may have been finished since we looked
        }
        agentLock.lock();
        try {
            return preparer.takeAsItIs(old);
        } finally {
            agentLock.unlock();
        }
    }

    private boolean nowhereElse() {
        return context.hasHeadRoom()
                && context.chooser().choose().equals(active.segment().path().getParent());
    }

    /**
     * Appends bytes to the active segment, in one write where the system allows. Not synced.
     *
     * @param address off-heap memory
     * @param bytes how many, at least 1
     * @return where in the active segment they begin
     * @throws StorageException if the write failed; nothing of it is left, the end is where it was
     * @throws OutOfSpaceException as above, for lack of space: {@link #rotate} may find some
     *     elsewhere
     * @throws PoisonedException if the failed write could not be cut off, or the queue was poisoned
     *     before
     */
    public long append(long address, long bytes) {
        checkAppend(bytes);
        try {
            long at = active.append(address, bytes);
            lacksSpace = false;
            return at;
        } catch (OutOfSpaceException full) {
            throw lackOfSpace(full);
        }
    }

    /**
     * Appends bytes that lie in several places, otherwise as {@link #append}. Up to 1,022 places
     * are one write.
     *
     * @param iovecs off-heap array of {@code struct iovec}: pairs of 64-bit address and 64-bit
     *     length, lengths at least 1
     * @param count number of pairs, at least 1
     * @param bytes sum of their lengths
     * @return where in the active segment they begin
     * @throws StorageException if the write failed; nothing of it is left, the end is where it was
     * @throws OutOfSpaceException as above, for lack of space: {@link #rotate} may find some
     *     elsewhere
     * @throws PoisonedException if the failed write could not be cut off, or the queue was poisoned
     *     before
     */
    public long appendVector(long iovecs, int count, long bytes) {
        checkAppend(bytes);
        try {
            long at = active.appendVector(iovecs, count, bytes);
            lacksSpace = false;
            return at;
        } catch (OutOfSpaceException full) {
            throw lackOfSpace(full);
        }
    }

    /** Nothing is deleted slowly while a writer waits for the space. */
    private OutOfSpaceException lackOfSpace(OutOfSpaceException full) {
        lacksSpace = true;
        context.deletions().finishNow();
        return full;
    }

    /**
     * Returns once everything appended is on disk. A failure poisons the queue for good: the system
     * may have dropped the data and a second sync would report success.
     *
     * @throws PoisonedException if the sync failed, now or before
     */
    public void sync() {
        checkWritable();
        active.sync();
    }

    /**
     * Whether everything appended is on disk, so that a sync would change nothing. For whoever may
     * append.
     *
     * @return false if some bytes wait for a sync
     * @throws PoisonedException if nobody knows, since a sync failed
     */
    public boolean isSynced() {
        checkWritable();
        return active.syncedEnd() == active.end();
    }

    private void checkAppend(long bytes) {
        checkWritable();
        if (bytes <= 0) {
            throw new InvalidArgumentException("append of " + bytes + " bytes");
        }
        if (installer.pending()) {
            throw new IllegalStateException("breaks I3: rotation is half done, rotate first");
        }
    }

    private void checkWritable() {
        context.poison().check();
        if (closed) {
            throw new ClosedException(kind() + " queue is closed");
        }
    }

    /**
     * Whether writes are refused for good.
     *
     * @return true after a failed sync, directory sync, cut or background write-out
     */
    public boolean poisoned() {
        return context.poison().poisoned();
    }

    /**
     * Makes this queue refuse writes because another part of the engine cannot vouch for what is on
     * disk any more.
     *
     * @param what what failed
     * @param cause the error
     * @return the error for the caller to throw
     */
    public PoisonedException poison(String what, Throwable cause) {
        return context.poison().poison(what, cause);
    }

    // --- readers

    /**
     * Gets a segment for reading. Takes no lock and allocates nothing. Whoever gets one calls
     * {@link SegmentReader#release}.
     *
     * @param seq the segment's number
     * @return the segment with one more reference; null if there is none with that number, or not
     *     any more
     */
    @Override
    public SegmentReader acquire(long seq) {
        SegmentReader segment = table.find(seq);
        return segment != null && segment.tryAcquire() ? segment : null;
    }

    /**
     * For holding all segments of a moment; holds none yet.
     *
     * @return to be extended, and closed, by the caller
     */
    public PinnedSegments pin() {
        return new PinnedSegments(table, () -> active);
    }

    /** For tests. */
    SegmentTable table() {
        return table;
    }

    // --- purger

    /**
     * Drops all segments below a number, oldest first. Whoever calls has synced everything that
     * replaces their live data (I6). Files of format V2 get reserved names while there is room for
     * reserves, others are deleted; readers inside keep their bytes until they leave.
     *
     * <p>Where more large files were deleted than can be given back in steps, and space is not
     * short, this waits before each further one: to free it at once would hold up whoever syncs.
     *
     * @param seq the first segment to keep
     * @param waits waits a moment; false if the rest is to stay in the queue instead
     * @return how many were dropped
     * @throws InvalidArgumentException if {@code seq} is below the first or above the active
     *     segment
     * @throws StorageException if a name cannot be removed, for lack of descriptors, say; that
     *     segment and all younger ones are still there
     * @throws PoisonedException if a directory sync fails, or the queue was poisoned before
     */
    public int purgeTo(long seq, BooleanSupplier waits) {
        checkWritable();
        return purger.purgeTo(seq, waits);
    }

    /**
     * Lets this queue's reserves give way when the head-room is needed and absent, and makes the
     * head-room if it is missing because the last run used it up and space is still short. Called
     * once, when all queues of the engine are open: what their opening cut off is free now, and
     * nobody writes yet.
     */
    public void servesHeadRoom() {
        headRoomKeeper.serve();
    }

    // --- agent

    /**
     * Does one bounded step of the work that keeps writers from waiting: starts writing out dirty
     * pages, prepares the next segment, fills ahead, creates reserves, gives back descriptors and
     * space of purged segments, the last two also where the queue is poisoned. At most about half a
     * MiB of zeros is written; space goes in steps, but all at once where it is short.
     *
     * @return true if another step is due now; false if there is nothing to do, or another thread
     *     is doing it
     * @throws PoisonedException if the background write-out failed: what it was to write may be
     *     lost
     */
    public boolean prepareNext() {
        if (!agentLock.tryLock()) {
            return false;
        }
        try {
            if (closed) {
                return false;
            }
            // Also of a poisoned queue, which may long be read.
            purger.tryReap();
            context.deletions().stepIfDue(isSpaceShort);
            if (poisoned()) {
                return false;
            }
            ActiveSegment a = active;
            if (kind() == QueueKind.APPEND) {
                headRoomKeeper.keep(a.seq());
            }
            boolean more = background.step(a, preparer.fillsActive(a), preparer.zeros());
            return preparer.step(a, table.count(), rotationStuck) || more;
        } finally {
            agentLock.unlock();
        }
    }

    // --- all

    /**
     * A snapshot of the counters.
     *
     * @return counters since open
     */
    public QueueStatistics statistics() {
        QueueCounters c = context.counters();
        return new QueueStatistics(
                table.count(),
                context.reserves().size(),
                preparer.isReady(),
                c.rotations,
                c.rotationNanosLongest,
                c.rotationsPrepared,
                c.rotationsRecycled,
                c.appends,
                c.bytesAppended,
                c.bytesPadded,
                c.syncs,
                c.syncNanosLongest,
                c.preallocations,
                c.writebacks,
                c.bytesPrefilled,
                c.segmentsPurged);
    }

    /**
     * Cuts and syncs the active segment and gives everything back, whatever fails on the way. A
     * poisoned queue is left as it is on disk: the next open decides. Repeated calls do nothing. No
     * reader may be inside.
     *
     * @throws StorageException if a file could not be closed
     * @throws PoisonedException if the cut or the sync failed
     */
    @Override
    public void close() {
        agentLock.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            Deque<Runnable> steps = new ArrayDeque<>();
            // With a rotation half done the active segment is cut and synced already.
            if (!poisoned() && !installer.pending()) {
                steps.addLast(active::seal);
            }
            steps.addLast(background::close);
            steps.addLast(() -> preparer.release(table.count()));
            steps.addLast(installer::close);
            table.forEach(segment -> steps.addLast(segment::closeNow));
            steps.addLast(purger::close);
            steps.addLast(context.deletions()::close);
            steps.addLast(preparer::close);
            steps.addLast(buffer::close);
            synchronized (purger) { // a purge under way ends first
                Closing.all(steps);
            }
        } finally {
            agentLock.unlock();
        }
    }
}
