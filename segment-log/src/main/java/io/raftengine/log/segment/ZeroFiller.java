package io.raftengine.log.segment;

import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.StorageException;
import io.raftengine.log.io.Closing;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileIo;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.io.FileSystem.OpenMode;

/**
 * Writes zeros into a file that nobody else writes to yet, past the page cache: on their way
 * through it they would be copied once more, by a processor that writers may need, drive other
 * pages out, and leave large folios behind, of which every small append writes the whole. Where the
 * file system or the device has no such way, or one with rules of its own, or descriptors are
 * short, all of the file goes through the cache. Background agent only.
 */
final class ZeroFiller implements AutoCloseable {
    private static final int EIO = 5;

    private final Zeros zeros;
    private final FileHandle cached;
    private FileHandle direct;

    /**
     * @param cached of the file, for writing; stays its owner's
     */
    ZeroFiller(FileSystem fs, FileHandle cached, Zeros zeros) {
        this.zeros = zeros;
        this.cached = cached;
        try {
            direct = fs.open(cached.path(), OpenMode.DIRECT);
        } catch (StorageException | OutOfSpaceException notNow) {
            // No such way, or no descriptor; the file has one already.
        }
    }

    /**
     * Writes one piece. Durable with the next sync of the file, by whichever descriptor.
     *
     * @param from start of a page
     * @param to end of a page, or of the file
     */
    void write(long from, long to) {
        long at = from;
        while (at < to && direct != null) {
            at += writeDirect(Math.min(to - at, Zeros.CALL_BYTES), at);
        }
        for (; at < to; at += Zeros.PIECE_BYTES) {
            // In small pieces: large ones make large folios, which make small appends 3x slower.
            FileIo.writeFully(cached, zeros.address(), Math.min(Zeros.PIECE_BYTES, to - at), at);
        }
        // Also after direct writes, which some file systems take and put into the cache.
        cached.startWriteback(from, to - from);
    }

    /** Writes whole pages, or nothing: then the other way is to be taken. */
    private long writeDirect(long bytes, long at) {
        try {
            long written = zeros.write(direct, bytes, at);
            // The rest of a page would be refused.
            if (written == WriteBuffer.pageFloor(written) && written > 0) {
                return written;
            }
        } catch (StorageException refused) {
            // Blocks are larger here, say. What is wrong with the disk stays wrong the other way.
            if (refused.errno() == EIO) {
                throw refused;
            }
        }
        close();
        return 0;
    }

    @Override
    public void close() {
        FileHandle handle = direct;
        direct = null;
        if (handle != null) {
            // What was written counts for nothing before the other descriptor's sync.
            Closing.quietly(handle);
        }
    }
}
