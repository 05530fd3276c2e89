package io.raftengine.log.segment;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Supplier;

/**
 * All segments of a queue, held as they were at one moment: whatever is appended, rotated or purged
 * meanwhile, their bytes up to {@link #end} stay what they were, and no purged file among them is
 * used again before {@link #close}. Neither writers nor a purge wait for it.
 *
 * <p>Why bytes below the end never change: a write begins at the end or rewrites the same bytes in
 * front of it (whole pages), and a failed write is cut back to the end, never below.
 *
 * <p>For one thread at a time.
 */
public final class PinnedSegments implements AutoCloseable {
    private final SegmentTable table;
    private final Supplier<ActiveSegment> active;
    private final List<SegmentReader> pinned = new ArrayList<>();
    private long end;

    PinnedSegments(SegmentTable table, Supplier<ActiveSegment> active) {
        this.table = table;
        this.active = active;
    }

    /**
     * Takes hold of all segments up to the active one as it is now; of those that came since, if
     * some are held already.
     *
     * @return false if a purge was faster: what is held is not all of the queue, let go and begin
     *     again
     */
    public boolean extend() {
        // The active segment first: it is published behind its place in the table, and its end
        // is whole batches whenever it is read.
        ActiveSegment last = active.get();
        long next = pinned.isEmpty() ? table.first() : pinned.getLast().seq() + 1;
        for (; next <= last.seq(); next++) {
            SegmentReader segment = table.find(next);
            if (segment == null || !segment.tryAcquire()) {
                return false;
            }
            pinned.add(segment);
        }
        end = last.end();
        return true;
    }

    /**
     * What is held.
     *
     * @return contiguous segments, oldest first; the last one was the active one
     */
    public List<SegmentReader> segments() {
        return Collections.unmodifiableList(pinned);
    }

    /**
     * Where the last segment ended; all others end where their files end.
     *
     * @return logical end in bytes, behind a whole batch
     */
    public long end() {
        return end;
    }

    /** Lets everything go; may be used again. */
    @Override
    public void close() {
        pinned.forEach(SegmentReader::release);
        pinned.clear();
    }
}
