package io.raftengine.log.segment;

import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.StorageException;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileInfo;
import io.raftengine.log.io.FileKind;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.io.FileSystem.OpenMode;
import java.nio.file.Path;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/**
 * Space set aside so that a purge can run on a full disk (defect 15): a file in the main directory
 * that is allocated and never written. It does not turn into free space when it is needed, which
 * the writers that filled the disk would take at once; it is renamed and <em>becomes</em> the next
 * segment of the rewrite queue, whose blocks are there already.
 *
 * <pre>
 *     absent --allocate, where there is room--> held --rename, the rewrite queue lacks space--> rewrite segment
 *        ^                                                                                          |
 *        +-- the purge that this made possible frees a segment; its space is taken first -----------+
 * </pre>
 *
 * <p>A little larger than a segment, so what is live in the oldest append segment always fits: one
 * step of a purge can always free one segment. Kept across restarts and deaths of the process; its
 * name means nothing to the reference engine. Contains nothing, hence nothing that an old signature
 * could make valid: a used append segment would not do, since signatures carry the number of a
 * segment but not its queue.
 *
 * <p>Losing it is no error. No method throws for what the system refuses; then it is absent.
 *
 * <p>Safe for all threads. Whoever makes it or takes it may wait for the other; {@link #tryRestore}
 * and all questions about it wait for nobody.
 */
public final class HeadRoom {
    /** Its name in the main directory. */
    public static final String FILE_NAME = "purge-head-room.tmp";

    /**
     * Segments smaller than this are for tests and toys; one more file beside them is out of
     * proportion.
     */
    private static final long SEGMENT_BYTES_MIN = 64 << 10;

    /** How much must be free for it to be made. */
    public enum Demand {
        /** Twice its size: nobody is short of space. It gets its full size. */
        PLENTY,
        /** Half its size: somebody just freed some. It gets what there is, up to its full size. */
        WHAT_THERE_IS
    }

    private final FileSystem fs;
    private final Path path;
    private final long bytes;

    // Held over the allocation of the file, which can take its time.
    private final ReentrantLock lock = new ReentrantLock();
    // Written under the lock.
    private volatile long heldBytes;
    // Written under the lock.
    private volatile boolean useless;
    // Set under the lock: given away, and its file still has our name, which must not be taken for
    // a new one.
    private volatile boolean leaving;
    // Set once, before anybody writes.
    private volatile BooleanSupplier donor = () -> false;
    private volatile LongSupplier donorBytes = () -> 0;

    private HeadRoom(FileSystem fs, Path path, long bytes) {
        this.fs = fs;
        this.path = path;
        this.bytes = bytes;
    }

    /**
     * No head-room: a purge on a full disk fails with a typed error.
     *
     * @return one that is never held
     */
    public static HeadRoom none() {
        return new HeadRoom(null, Path.of(FILE_NAME), 0);
    }

    /**
     * What is sensible for segments of a size.
     *
     * @param targetBytes size at which segments are rotated
     * @return one segment and an eighth, in whole pages, since a segment may exceed its target and
     *     what is live in it may need a little more when it is grouped anew; 0 for tiny segments
     */
    public static long defaultBytes(long targetBytes) {
        return targetBytes < SEGMENT_BYTES_MIN
                ? 0
                : WriteBuffer.pageCeiling(targetBytes + targetBytes / 8);
    }

    /**
     * Adopts what an earlier run left. Makes nothing new.
     *
     * @param fs where the directory is
     * @param dir the main directory
     * @param bytes its size; 0 for none, then a file that is there is deleted
     * @return the head-room, held or absent
     */
    public static HeadRoom open(FileSystem fs, Path dir, long bytes) {
        HeadRoom room =
                new HeadRoom(
                        fs,
                        dir.resolve(FILE_NAME),
                        WriteBuffer.pageCeiling(Math.min(bytes, QueueSettings.TARGET_BYTES_MAX)));
        room.adopt();
        return room;
    }

    private void adopt() {
        lock.lock();
        try {
            FileInfo info = fs.info(path);
            if (info == null) {
                return;
            }
            long found = Math.min(info.sizeBytes() & -WriteBuffer.PAGE_BYTES, bytes);
            boolean own = info.kind() == FileKind.FILE && info.linkCount() == 1;
            if (own && isWorthwhile(found)) {
                make(found);
            } else if (info.kind() != FileKind.DIRECTORY) {
                // Somebody's backup may share the bytes, and those must not become a segment.
                fs.delete(path);
            }
        } catch (StorageException | OutOfSpaceException e) {
            heldBytes = 0;
        } finally {
            lock.unlock();
        }
    }

    private boolean isWorthwhile(long size) {
        return bytes > 0 && size >= bytes / 2;
    }

    /**
     * Who gives up space for it when it is absent and needed: files that are kept for speed only.
     *
     * @param giveUpOne frees about a segment's space; false if it has none
     * @param bytes how much it could free in all
     */
    void donor(BooleanSupplier giveUpOne, LongSupplier bytes) {
        donor = giveUpOne;
        donorBytes = bytes;
    }

    /**
     * How much space is set aside now.
     *
     * @return bytes; 0 if it is absent
     */
    public long heldBytes() {
        return heldBytes;
    }

    /** Whether its file is in that directory. */
    boolean isIn(Path dir) {
        return dir.equals(path.getParent());
    }

    /** Whether it should be there and is not. */
    boolean missing() {
        return heldBytes == 0 && isWanted();
    }

    /** Whether it is not there in its full size. */
    boolean isWanted() {
        return heldBytes < bytes && !useless;
    }

    /**
     * Makes it, or makes it larger, if it is smaller than it should be and enough space is free.
     *
     * @param demand how much is enough
     * @return whether it is there now
     */
    public boolean restore(Demand demand) {
        lock.lock();
        try {
            return restoreHeld(demand);
        } finally {
            lock.unlock();
        }
    }

    /**
     * As {@link #restore}, unless somebody is at it or just takes it away.
     *
     * @return whether it was tried
     */
    boolean tryRestore(Demand demand) {
        if (!lock.tryLock()) {
            return false;
        }
        try {
            boolean possible = !leaving;
            restoreHeld(demand);
            return possible;
        } finally {
            lock.unlock();
        }
    }

    private boolean restoreHeld(Demand demand) {
        if (leaving || !isWanted()) {
            return heldBytes > 0;
        }
        long free = freeBytes();
        try {
            if (demand == Demand.WHAT_THERE_IS) {
                long size = Math.min(heldBytes + free, bytes) & -WriteBuffer.PAGE_BYTES;
                if (isWorthwhile(size)) {
                    make(size);
                }
            } else if (free >= 2 * bytes) {
                make(bytes);
            }
        } catch (StorageException | OutOfSpaceException e) {
            // It stays as it was.
        }
        return heldBytes > 0;
    }

    /** Whether there is so much space that nobody is in a hurry. */
    boolean isPlentyFree() {
        return freeBytes() >= 2 * bytes;
    }

    private long freeBytes() {
        try {
            return fs.availableBytes(path.getParent());
        } catch (StorageException | OutOfSpaceException e) {
            return 0;
        }
    }

    /**
     * Allocates the file, or what is missing of it: a copied directory may hold it with holes. Not
     * synced: a power cut may take it, and then it is made again.
     */
    private void make(long size) {
        long kept = heldBytes;
        boolean whole = false;
        try (FileHandle handle = fs.open(path, OpenMode.CREATE)) {
            try {
                if (handle.size() > size) {
                    handle.truncate(size);
                }
                handle.allocate(0, size);
                whole = handle.size() == size;
                // Where the file system cannot allocate there is nothing to hold.
                useless = !whole;
            } finally {
                if (!whole && kept > 0) {
                    handle.truncate(kept);
                }
            }
        } finally {
            if (!whole && kept == 0) {
                deleteIfThere();
            }
        }
        heldBytes = whole ? size : kept;
    }

    /** What is not held must not take space either; the failure of the call is the one to tell. */
    private void deleteIfThere() {
        try {
            if (fs.info(path) != null) {
                fs.delete(path);
            }
        } catch (StorageException | OutOfSpaceException e) {
            // The next attempt finds it and goes on with it.
        }
    }

    /** Whether {@link #take} has something to give, or somebody to ask. */
    boolean canGive() {
        return heldBytes() > 0 || bytes > 0 && donatedBytes() > 0;
    }

    private long donatedBytes() {
        return donorBytes.getAsLong();
    }

    /** How much {@link #take} gives if it is called as often as it gives something. */
    long givableBytes() {
        return bytes == 0 ? 0 : heldBytes() + donatedBytes();
    }

    /**
     * Hands it over, to be renamed; {@link #left} says when that is done. Where it is absent, what
     * is kept for speed only gives way. For the writer of the rewrite queue.
     *
     * @return an allocated file without content; null if there is none
     */
    PreparedFile take() {
        PreparedFile file = takeHeld();
        // While it is held no reserve is given up: it cannot be opened now, and nor could another.
        while (file == null && heldBytes == 0 && bytes > 0 && donor.getAsBoolean()) {
            restore(Demand.WHAT_THERE_IS);
            file = takeHeld();
        }
        return file;
    }

    /**
     * A file has another name now, or is gone.
     *
     * @param former its name until now; any, only that of the head-room matters
     */
    void left(Path former) {
        if (former.equals(path)) {
            leaving = false;
        }
    }

    private PreparedFile takeHeld() {
        lock.lock();
        try {
            long size = heldBytes;
            FileHandle handle = size == 0 ? null : openHeld();
            if (handle == null) {
                return null;
            }
            PreparedFile file = new PreparedFile(path, handle, null);
            file.allocatedTo = size;
            heldBytes = 0;
            leaving = true;
            return file;
        } finally {
            lock.unlock();
        }
    }

    /** Null if it cannot be opened; for want of a descriptor, say, it is as good as it was. */
    private FileHandle openHeld() {
        try {
            return fs.open(path, OpenMode.WRITE);
        } catch (StorageException | OutOfSpaceException e) {
            if (isGone()) {
                heldBytes = 0;
            }
            return null;
        }
    }

    private boolean isGone() {
        try {
            return fs.info(path) == null;
        } catch (StorageException | OutOfSpaceException e) {
            return false;
        }
    }
}
