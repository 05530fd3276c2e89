package io.raftengine.log.segment;

import io.raftengine.allocator.Memory;
import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.StorageException;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.format.SegmentHeader;
import io.raftengine.log.io.Closing;
import io.raftengine.log.io.DirectoryHandle;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileInfo;
import io.raftengine.log.io.FileIo;
import io.raftengine.log.io.FileSystem.OpenMode;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Set;

/**
 * Turns a file into segment {@code n}: final name, header, sync of the file, sync of the directory.
 * The caller has cut and synced segment {@code n - 1} before, since from the moment the name exists
 * a crash makes that one a segment that is not the last (I3). Writer only.
 *
 * <p>A failure on the way leaves a half-made file under the final name. It is kept and finished by
 * the next attempt; until then {@link #pending} is true and nothing may be appended to the old
 * segment, whose end must stay exact.
 *
 * <pre>
 *                prepared file ---rename--+
 *                reserve ---------rename--+--> half-made --header, sync, sync dir--> installed
 *                nothing ---------create--+        |
 *                   ^                              | no space left here, room elsewhere or in a reserve
 *                   +-----delete, sync dir---------+
 * </pre>
 */
final class SegmentInstaller {
    /** ENFILE and EMFILE. */
    private static final Set<Integer> NO_DESCRIPTOR = Set.of(23, 24);

    private static final int ENOMEM = 12;

    private final QueueContext context;
    private final WriteBuffer buffer;

    // All writer only. A visible name without finished header; the file may be null if creating it
    // failed half-way.
    private boolean pending;
    private PreparedFile halfMade;
    private boolean outOfSpace;
    // The name a failed creation or renaming may have left behind.
    private Path attempted;

    SegmentInstaller(QueueContext context, WriteBuffer buffer) {
        this.context = context;
        this.buffer = buffer;
    }

    /** Whether a file may exist under the next segment's name. */
    boolean pending() {
        return pending;
    }

    /** Whether another file would be of use to what is pending: it has none, or no space for it. */
    boolean pendingForLackOfSpace() {
        return pending && (outOfSpace || halfMade == null);
    }

    /**
     * Makes segment {@code seq} durable and empty.
     *
     * @param prepared a file made ready ahead, or null
     */
    ActiveSegment install(long seq, PreparedFile prepared) {
        try {
            return attempt(seq, prepared);
        } catch (OutOfSpaceException full) {
            if (context.deletions().finishNow()) {
                return install(seq, null);
            }
            if (!context.hasHeadRoom()) {
                throw full;
            }
            return attemptInHeadRoom(seq, full);
        } catch (StorageException refused) {
            // What is deleted in steps holds a descriptor each. One will do.
            if (!NO_DESCRIPTOR.contains(refused.errno()) || !context.deletions().finishOne()) {
                throw refused;
            }
            return install(seq, null);
        }
    }

    /** The file that found no space gives way to one that has its space. */
    private ActiveSegment attemptInHeadRoom(long seq, OutOfSpaceException full) {
        giveUpHalfMade();
        removeAttempt();
        PreparedFile kept = context.headRoom().take();
        if (kept == null) {
            throw full;
        }
        return attempt(seq, kept);
    }

    private ActiveSegment attempt(long seq, PreparedFile prepared) {
        try {
            clearTheWay(prepared);
        } catch (RuntimeException | Error failure) {
            Closing.all(new ArrayDeque<>(List.of(() -> putBack(prepared))), failure);
            throw failure;
        }
        if (halfMade != null) {
            putBack(prepared);
        } else {
            rename(prepared, seq);
        }
        if (halfMade == null) {
            recycle(seq);
        }
        if (halfMade == null) {
            halfMade = create(seq);
        }
        FormatVersion version = context.settings().version();
        writeHeader(halfMade, version);
        syncFile(halfMade);
        context.syncDirectory(halfMade.path.getParent());
        return installed(seq, version);
    }

    /** What an earlier attempt left goes first, unless it is to be finished. */
    private void clearTheWay(PreparedFile prepared) {
        if (halfMade != null && outOfSpace && findsRoomElsewhere(prepared)) {
            giveUpHalfMade();
        }
        if (halfMade == null) {
            removeAttempt();
        }
    }

    private ActiveSegment installed(long seq, FormatVersion version) {
        PreparedFile file = halfMade;
        SegmentReader segment = new SegmentReader(seq, file.path, version, file.handle, false);
        ActiveSegment active =
                new ActiveSegment(
                        segment,
                        buffer,
                        context.counters(),
                        context.poison(),
                        context.settings().targetBytes(),
                        version.headerBytes(),
                        file.allocatedTo,
                        file.filledTo);
        buffer.headerBecomesTail(version.headerBytes());
        halfMade = null;
        pending = false;
        outOfSpace = false;
        return active;
    }

    /**
     * Gives a prepared or reserved file its final name, by which it is half-made. If that is not
     * possible the file is gone.
     */
    private void rename(PreparedFile file, long seq) {
        if (file == null) {
            return;
        }
        if (!onlyName(file)) {
            discard(file);
            return;
        }
        Path target = context.segmentPath(file.path.getParent(), seq);
        pending = true;
        attempted = target;
        try {
            context.fs().rename(file.path, target);
        } catch (StorageException | OutOfSpaceException e) {
            // A reserve that resists is worth nothing; a new file does the same job.
            discard(file);
            removeAttempt();
            return;
        }
        // Known before anything else can fail: a next attempt in another directory would make a
        // second file of this number (I4).
        halfMade = renamed(file, target, file.handle);
        attempted = null;
        context.headRoom().left(file.path);
        if (file.recycled()) {
            context.counters().rotationsRecycled++;
        }
        reopenHalfMade();
    }

    private static PreparedFile renamed(PreparedFile file, Path path, FileHandle handle) {
        PreparedFile renamed = new PreparedFile(path, handle, file.reserve);
        renamed.filledTo = file.filledTo;
        renamed.allocatedTo = file.allocatedTo;
        return renamed;
    }

    /**
     * Errors should name the file as it is called now; where the new descriptor fails the old one
     * does as well.
     */
    private void reopenHalfMade() {
        PreparedFile old = halfMade;
        FileHandle handle;
        try {
            handle = context.fs().open(old.path, OpenMode.WRITE);
        } catch (StorageException | OutOfSpaceException e) {
            return;
        }
        halfMade = renamed(old, old.path, handle);
        try {
            old.handle.close();
        } catch (StorageException | OutOfSpaceException e) {
            // Nothing that counts was written through it since its last sync.
        }
    }

    /** D10: bytes that somebody else's name shares are never overwritten. */
    private static boolean onlyName(PreparedFile file) {
        try {
            return file.handle.info().linkCount() == 1;
        } catch (StorageException | OutOfSpaceException e) {
            return false;
        }
    }

    /** Renames the first reserve that lets itself be renamed, if there is one. */
    private void recycle(long seq) {
        while (halfMade == null) {
            ReservePool.Reserve reserve = context.reserves().take();
            if (reserve == null) {
                return;
            }
            rename(openReserve(context, reserve), seq);
        }
    }

    /**
     * Opens a reserve for writing; null, and the name deleted, if it cannot be used.
     *
     * @throws StorageException for want of descriptors or memory; it is as good as it was and back
     *     in its place
     */
    static PreparedFile openReserve(QueueContext context, ReservePool.Reserve reserve) {
        try {
            FileInfo info = context.fs().info(reserve.path());
            if (info == null) {
                return null;
            }
            if (info.symlink() || info.linkCount() != 1) {
                context.deleteQuietly(reserve.path());
                return null;
            }
            FileHandle handle = context.fs().open(reserve.path(), OpenMode.WRITE);
            PreparedFile file = new PreparedFile(reserve.path(), handle, reserve);
            file.filledTo = info.sizeBytes() & -WriteBuffer.PAGE_BYTES;
            file.allocatedTo = info.sizeBytes();
            return file;
        } catch (StorageException e) {
            if (isPassing(e)) {
                context.reserves().addFirst(reserve);
                throw e;
            }
            context.deleteQuietly(reserve.path());
            return null;
        }
    }

    /** Whether an error says nothing about the file that was to be opened. */
    private static boolean isPassing(StorageException e) {
        return e.errno() == ENOMEM || NO_DESCRIPTOR.contains(e.errno());
    }

    private PreparedFile create(long seq) {
        Path path = context.segmentPath(context.chooser().choose(), seq);
        pending = true;
        attempted = path;
        FileHandle handle = context.fs().open(path, OpenMode.CREATE);
        try {
            // A stranger's bytes under this very name would carry valid signatures for it.
            if (handle.size() > 0) {
                handle.truncate(0);
            }
        } catch (StorageException | OutOfSpaceException e) {
            handle.close();
            throw e;
        }
        attempted = null;
        return new PreparedFile(path, handle, null);
    }

    /**
     * The next attempt may choose another directory: two files of one number would hide every older
     * one after a crash (I4), so what a failed one left goes first, durably.
     */
    private void removeAttempt() {
        if (attempted == null) {
            return;
        }
        try (DirectoryHandle dir = context.openDirectory(attempted.getParent())) {
            if (context.fs().info(attempted) != null) {
                context.fs().delete(attempted);
            }
            // Also where it is gone: it may be so since an earlier call, which was not synced.
            context.sync(dir);
        }
        attempted = null;
    }

    private void writeHeader(PreparedFile file, FormatVersion version) {
        long address = buffer.headerAddress();
        Memory.fill(address, WriteBuffer.PAGE_BYTES, (byte) 0);
        int headerBytes = SegmentHeader.encode(address, version);
        boolean wholePage = file.filledTo >= WriteBuffer.PAGE_BYTES;
        try {
            FileIo.writeFully(
                    file.handle, address, wholePage ? WriteBuffer.PAGE_BYTES : headerBytes, 0);
        } catch (OutOfSpaceException e) {
            outOfSpace = true;
            throw e;
        }
    }

    private void syncFile(PreparedFile file) {
        try {
            file.handle.sync();
        } catch (StorageException | OutOfSpaceException e) {
            throw context.poison().poison(file.path + ": sync of the new segment failed", e);
        }
    }

    /**
     * Whether a file whose header found no space had better give way: to one that has its space
     * already, or to a new one in a directory with room.
     */
    private boolean findsRoomElsewhere(PreparedFile prepared) {
        return prepared != null
                || context.reserves().hasFree()
                || !context.chooser().choose().equals(halfMade.path.getParent());
    }

    /**
     * From here on there is only a name that may be left. Not the file: a deletion may report a
     * failure and have happened all the same, and who finished a file without a name would lose all
     * that is written to it.
     */
    private void giveUpHalfMade() {
        PreparedFile file = halfMade;
        if (file == null) {
            return;
        }
        attempted = file.path;
        outOfSpace = false;
        halfMade = null;
        try {
            removeAttempt();
        } finally {
            file.handle.close();
        }
    }

    private void discard(PreparedFile file) {
        try {
            Closing.quietly(file.handle);
            context.deleteQuietly(file.path);
        } finally {
            context.headRoom().left(file.path);
        }
    }

    /**
     * A half-made file goes first; what was prepared meanwhile waits for the next rotation if it
     * has a reserved name.
     */
    private void putBack(PreparedFile prepared) {
        if (prepared == null) {
            return;
        }
        if (prepared.recycled()) {
            Closing.quietly(prepared.handle);
            context.reserves().addFirst(prepared.reserve);
        } else {
            discard(prepared);
        }
    }

    /**
     * Takes over an empty file under the next segment's name whose header found no space when the
     * queue was opened.
     */
    void adoptHalfMade(Path path, FileHandle handle) {
        halfMade = new PreparedFile(path, handle, null);
        pending = true;
        outOfSpace = true;
    }

    /**
     * The half-made file as a segment without anything in it, or null if there is no such file.
     * Whoever gets it closes the file by it, unless a rotation finishes it first.
     */
    SegmentReader readerOfHalfMade(long seq) {
        if (halfMade == null) {
            return null;
        }
        FormatVersion version = context.settings().version();
        return new SegmentReader(seq, halfMade.path, version, halfMade.handle, false);
    }

    /** Closes what is half-made; the name stays and is found by the next open. */
    void close() {
        if (halfMade != null) {
            halfMade.handle.close();
            halfMade = null;
        }
    }
}
