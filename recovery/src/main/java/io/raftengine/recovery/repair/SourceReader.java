package io.raftengine.recovery.repair;

import io.raftengine.allocator.GrowableBuffer;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.StorageException;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileIo;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.segment.DirectoryScan;
import io.raftengine.log.segment.SegmentFile;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * The bytes of the damaged directory, read only, through one window that moves forwards. One thread
 * at a time.
 */
final class SourceReader implements AutoCloseable {
    static final int WINDOW_BYTES = 1 << 20;

    private final FileSystem fs;
    private final DirectoryScan scan;
    private final GrowableBuffer window;
    private FileHandle handle;
    private SegmentFile open;
    private long windowStart;
    private long windowEnd;

    SourceReader(FileSystem fs, DirectoryScan scan, MemoryBudget budget) {
        this.fs = fs;
        this.scan = scan;
        this.window = new GrowableBuffer(budget, WINDOW_BYTES, WINDOW_BYTES);
    }

    /** Goes to a segment; nothing happens if it is the open one. */
    void open(QueueKind kind, long seq) {
        if (open != null && open.kind() == kind && open.seq() == seq) {
            return;
        }
        closeFile();
        List<SegmentFile> queue = scan.queue(kind);
        SegmentFile file = queue.get((int) (seq - queue.get(0).seq()));
        handle = fs.open(file.path(), FileSystem.OpenMode.READ);
        open = file;
    }

    String name() {
        return open.path().toString();
    }

    /**
     * Makes a range available.
     *
     * @param length at most {@link #WINDOW_BYTES}
     * @return address of its first byte, until the next call
     */
    long load(long offset, int length) {
        if (offset < windowStart || offset + length > windowEnd) {
            windowStart = 0;
            windowEnd = 0;
            int read = FileIo.readUpTo(handle, window.address(), WINDOW_BYTES, offset);
            if (read < length) {
                throw new StorageException(
                        name(),
                        "read of " + length + " bytes at " + offset,
                        0,
                        "they were there when the segment was scanned");
            }
            windowStart = offset;
            windowEnd = offset + read;
        }
        return window.address() + (offset - windowStart);
    }

    /** Copies a range of any length. */
    void copy(long offset, long length, long address) {
        long done = 0;
        while (done < length) {
            int n = (int) Math.min(length - done, 1 << 30);
            FileIo.readFully(handle, address + done, n, offset + done);
            done += n;
        }
    }

    /** The window, and where in it the range is that was loaded last. */
    ByteBuffer view() {
        return window.view();
    }

    int indexOf(long offset) {
        return (int) (offset - windowStart);
    }

    private void closeFile() {
        windowStart = 0;
        windowEnd = 0;
        open = null;
        if (handle != null) {
            FileHandle closing = handle;
            handle = null;
            closing.close();
        }
    }

    @Override
    public void close() {
        try (window) {
            closeFile();
        }
    }
}
