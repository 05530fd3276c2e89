package io.raftengine.engine.fork;

import io.raftengine.allocator.Mapping;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.StorageException;
import io.raftengine.log.format.SegmentName;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileIo;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.io.FileSystem.OpenMode;
import java.nio.file.Path;

/**
 * Brings segments into another directory, one after the other, each the cheapest way that is
 * allowed: a link, a clone that shares blocks, a copy. A clone or copy is synced; names are not.
 */
public final class ForkWriter implements AutoCloseable {
    /** Larger pieces make large folios in the page cache, which slow later appends threefold. */
    private static final int PIECE_BYTES = 64 << 10;

    private static final int ENOENT = 2;

    private final FileSystem fs;
    private final boolean link;
    private final Mapping buffer;
    private boolean clones = true;
    private int linked;
    private int cloned;
    private int copied;
    private long copiedBytes;

    /**
     * A writer with its buffer.
     *
     * @param fs where source and target are
     * @param budget pays for the buffer
     * @param link whether sealed segments are linked where possible
     */
    public ForkWriter(FileSystem fs, MemoryBudget budget, boolean link) {
        this.fs = fs;
        this.link = link;
        this.buffer = Mapping.map(budget, PIECE_BYTES, "fork");
    }

    /**
     * Brings one segment over.
     *
     * @param piece the segment
     * @param dir the directory it goes to, where it has no file yet
     * @throws StorageException the source cannot be read or the target not be written
     * @throws io.raftengine.error.OutOfSpaceException the target's file system is full
     */
    public void write(ForkPiece piece, Path dir) {
        Path target = dir.resolve(SegmentName.segment(piece.queue(), piece.seq()));
        if (link && piece.sealed() && !piece.symlink() && linked(piece, target)) {
            linked++;
        } else if (clones && mayClone(piece) && cloned(piece, target)) {
            cloned++;
        } else {
            copy(piece, target);
            copied++;
        }
    }

    /**
     * Cloning a file makes the system write out its dirty pages and keeps writers of it waiting
     * meanwhile: not for the segment that a running engine writes.
     */
    private static boolean mayClone(ForkPiece piece) {
        return piece.sealed() || piece.held() == null;
    }

    private boolean linked(ForkPiece piece, Path target) {
        try {
            return fs.link(piece.path(), target);
        } catch (StorageException gone) {
            return purgedMeanwhile(piece, gone);
        }
    }

    private boolean cloned(ForkPiece piece, Path target) {
        try {
            clones = fs.cloneFile(piece.path(), target);
        } catch (StorageException gone) {
            return purgedMeanwhile(piece, gone);
        }
        if (!clones) {
            return false;
        }
        try (FileHandle file = fs.open(target, OpenMode.WRITE)) {
            long size = file.size();
            if (size < piece.bytes()) {
                throw shrunk(piece, size);
            }
            if (size > piece.bytes()) {
                file.truncate(piece.bytes());
            }
            file.sync();
        }
        return true;
    }

    /** The bytes of a held segment stay readable after its name has gone. */
    private static boolean purgedMeanwhile(ForkPiece piece, StorageException gone) {
        if (piece.held() == null || gone.errno() != ENOENT) {
            throw gone;
        }
        return false;
    }

    private void copy(ForkPiece piece, Path path) {
        try (FileHandle target = fs.open(path, OpenMode.CREATE)) {
            if (piece.held() != null) {
                copyHeld(piece, target);
            } else {
                copyFile(piece, target);
            }
            target.sync();
            // Nobody is going to read it soon; the running engine needs the page cache more.
            target.dropCache(0, 0);
        }
    }

    private void copyHeld(ForkPiece piece, FileHandle target) {
        for (long at = 0; at < piece.bytes(); ) {
            int n = (int) Math.min(PIECE_BYTES, piece.bytes() - at);
            int read = piece.held().read(buffer.address(), n, at);
            if (read < n) {
                throw shrunk(piece, at + read);
            }
            at = written(target, n, at);
        }
    }

    /** Holes stay holes: what was preallocated for a segment takes no space in the fork. */
    private void copyFile(ForkPiece piece, FileHandle target) {
        try (FileHandle source = fs.open(piece.path(), OpenMode.READ)) {
            for (long at = source.dataFrom(0); at < piece.bytes(); at = source.dataFrom(at)) {
                int n = (int) Math.min(PIECE_BYTES, piece.bytes() - at);
                FileIo.readFully(source, buffer.address(), n, at);
                at = written(target, n, at);
            }
            if (target.size() < piece.bytes()) {
                target.truncate(piece.bytes());
            }
        }
    }

    private long written(FileHandle target, int bytes, long at) {
        FileIo.writeFully(target, buffer.address(), bytes, at);
        target.startWriteback(at, bytes);
        copiedBytes += bytes;
        return at + bytes;
    }

    private static StorageException shrunk(ForkPiece piece, long size) {
        return new StorageException(
                piece.path().toString(),
                "fork of " + piece.bytes() + " bytes",
                0,
                "the file has only " + size + " bytes");
    }

    /**
     * Segments that share their file with the source.
     *
     * @return how many so far
     */
    public int linked() {
        return linked;
    }

    /**
     * Segments that share blocks with the source.
     *
     * @return how many so far
     */
    public int cloned() {
        return cloned;
    }

    /**
     * Segments that were copied byte by byte.
     *
     * @return how many so far
     */
    public int copied() {
        return copied;
    }

    /**
     * Bytes read and written again.
     *
     * @return how many so far
     */
    public long copiedBytes() {
        return copiedBytes;
    }

    @Override
    public void close() {
        buffer.close();
    }
}
