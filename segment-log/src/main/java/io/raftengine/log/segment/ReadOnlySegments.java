package io.raftengine.log.segment;

import io.raftengine.log.io.Closing;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.io.FileSystem.OpenMode;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * A queue that is only looked at: its segments as recovery found them, each open for reading,
 * nothing else. Changes nothing on disk. Safe for all threads.
 */
public final class ReadOnlySegments implements SegmentSource, AutoCloseable {
    private final SegmentTable table;

    private ReadOnlySegments(SegmentTable table) {
        this.table = table;
    }

    /**
     * Opens the segments of a queue for reading.
     *
     * @param fs where it lives
     * @param recovered its segments, contiguous, oldest first; may be empty
     * @return the open segments
     * @throws io.raftengine.error.StorageException if a file cannot be opened
     */
    public static ReadOnlySegments open(FileSystem fs, List<RecoveredSegment> recovered) {
        SegmentTable table = null;
        try {
            for (RecoveredSegment segment : recovered) {
                SegmentReader reader = openOne(fs, segment);
                if (table == null) {
                    table = new SegmentTable(reader);
                } else {
                    table.add(reader);
                }
            }
        } catch (Throwable failure) {
            Closing.all(closers(table), failure);
            throw failure;
        }
        return new ReadOnlySegments(table);
    }

    private static SegmentReader openOne(FileSystem fs, RecoveredSegment segment) {
        SegmentFile file = segment.file();
        return new SegmentReader(
                file.seq(),
                file.path(),
                segment.version(),
                fs.open(file.path(), OpenMode.READ),
                file.symlink());
    }

    @Override
    public long firstSeq() {
        return table == null ? 0 : table.first();
    }

    @Override
    public long activeSeq() {
        return table == null ? 0 : table.active();
    }

    @Override
    public SegmentReader acquire(long seq) {
        SegmentReader segment = table == null ? null : table.find(seq);
        return segment != null && segment.tryAcquire() ? segment : null;
    }

    /** Gives all descriptors back; nobody reads any more. */
    @Override
    public void close() {
        Closing.all(closers(table));
    }

    /** A descriptor that reports an error when it is closed must not keep the others open. */
    private static Deque<Runnable> closers(SegmentTable table) {
        Deque<Runnable> closers = new ArrayDeque<>();
        if (table != null) {
            table.forEach(segment -> closers.addLast(segment::closeNow));
        }
        return closers;
    }
}
