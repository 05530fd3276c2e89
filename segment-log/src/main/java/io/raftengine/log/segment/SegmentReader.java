package io.raftengine.log.segment;

import io.raftengine.error.StorageException;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.io.Closing;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileIo;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.file.Path;

/**
 * One segment as readers see it: a counted reference to a shared descriptor. There is one object
 * per segment; whoever got it from {@link SegmentQueue#acquire} may read until {@link #release},
 * whatever a purge does meanwhile. Safe for all threads, allocates nothing, takes no lock.
 *
 * <p>The count and the fate of the segment share one word, so that "still alive" and "one more
 * reader" are decided by one compare-and-set:
 *
 * <pre>
 *     bit 31   purged: nobody gets in any more
 *     bit 30   closed: the last reader left after the purge and the descriptor was given back
 *     0..29    readers inside
 *
 *     0|n --acquire--> 0|n+1 --release--> 0|n
 *     0|n --purge----> P|n --release--> P|0 --reap--> PC|0      the bytes stay until P|0 (I6)
 * </pre>
 */
public final class SegmentReader {
    private static final int PURGED = 1 << 31;
    private static final int CLOSED = 1 << 30;
    private static final int READERS = CLOSED - 1;
    private static final VarHandle STATE;

    static {
        try {
            STATE = MethodHandles.lookup().findVarHandle(SegmentReader.class, "state", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final long seq;
    private final Path path;
    private final FormatVersion version;
    private final FileHandle handle;
    private final boolean symlink;

    /** See the class comment; changed through {@link #STATE} only. */
    @SuppressWarnings("unused")
    private volatile int state;

    SegmentReader(long seq, Path path, FormatVersion version, FileHandle handle, boolean symlink) {
        this.seq = seq;
        this.path = path;
        this.version = version;
        this.handle = handle;
        this.symlink = symlink;
    }

    /**
     * The segment's number.
     *
     * @return as in the file name, unsigned
     */
    public long seq() {
        return seq;
    }

    /**
     * The segment's format.
     *
     * @return its own version, whatever the queue writes now
     */
    public FormatVersion version() {
        return version;
    }

    /**
     * Where the segment was when it belonged to the queue; for messages. After a purge the name may
     * be gone or another.
     *
     * @return a path
     */
    public Path path() {
        return path;
    }

    /**
     * Reads up to {@code length} bytes, in as many system calls as it takes.
     *
     * @param address off-heap memory for at least {@code length} bytes
     * @param length how many bytes are wanted
     * @param offset where they start in the file
     * @return how many were read; fewer only at the end of the file
     * @throws StorageException if a read fails
     */
    public int read(long address, int length, long offset) {
        assert (state & READERS) != 0 : "read of segment " + seq + " without a reference";
        return FileIo.readUpTo(handle, address, length, offset);
    }

    /**
     * Advises that a range will be read soon; never fails.
     *
     * @param offset start of the range
     * @param length bytes of the range
     */
    public void willNeed(long offset, long length) {
        assert (state & READERS) != 0 : "use of segment " + seq + " without a reference";
        handle.willNeed(offset, length);
    }

    /**
     * The file's present length. For the active segment more than its logical end.
     *
     * @return bytes
     * @throws StorageException if the system refuses
     */
    public long sizeBytes() {
        assert (state & READERS) != 0 : "use of segment " + seq + " without a reference";
        return handle.size();
    }

    /** Gives the reference back; exactly once per {@link SegmentQueue#acquire}. */
    public void release() {
        int before = (int) STATE.getAndAdd(this, -1);
        assert (before & READERS) != 0 : "segment " + seq + " released more often than acquired";
    }

    /**
     * Whether the name is a symbolic link, whose target is somebody else's (D10).
     *
     * @return true for a link
     */
    public boolean symlink() {
        return symlink;
    }

    /** Adds a reader unless the segment was purged. */
    boolean tryAcquire() {
        int s = state;
        while ((s & PURGED) == 0) {
            int seen = (int) STATE.compareAndExchange(this, s, s + 1);
            if (seen == s) {
                return true;
            }
            s = seen;
        }
        return false;
    }

    /** Lets nobody in any more. */
    void purge() {
        STATE.getAndBitwiseOr(this, PURGED);
    }

    /** True once purged and left by all: the bytes are nobody's any more. */
    boolean abandoned() {
        int s = state;
        return (s & PURGED) != 0 && (s & READERS) == 0;
    }

    /** Gives the descriptor back if the segment is abandoned. */
    boolean reap() {
        if (!abandoned()) {
            return false;
        }
        if (((int) STATE.getAndBitwiseOr(this, CLOSED) & CLOSED) == 0) {
            // No reason to tell a purge that has dropped it that it failed.
            Closing.quietly(handle);
        }
        return true;
    }

    /** Gives the descriptor back whether or not readers are inside: the queue is being closed. */
    void closeNow() {
        if (((int) STATE.getAndBitwiseOr(this, PURGED | CLOSED) & CLOSED) == 0) {
            handle.close();
        }
    }

    FileHandle handle() {
        return handle;
    }

    @Override
    public String toString() {
        return "segment " + Long.toUnsignedString(seq) + " at " + path;
    }
}
