package io.raftengine.engine.commit;

import io.raftengine.log.segment.SegmentQueue;
import java.util.function.LongSupplier;

/**
 * Decides when the log is told how much of the active segment is on disk.
 *
 * <p>A watermark says: the bytes below W were written before a sync began that succeeded. It is
 * what lets recovery tell a torn tail from rot (D1, D3). Writing one costs some forty bytes and no
 * extra call, since it rides in front of a synced group; still it is left out while fewer than 64
 * KiB <em>and</em> less than 10 ms have passed since the last one.
 *
 * <p>The first write to a segment, and the first after an open, carries one in any case, synced or
 * not: it says where the unsynced part begins. Without it a crash before the first sync would leave
 * a segment that looks as if the real engine had written it, of which recovery verifies no entries
 * but the last batch's, and a torn batch would stay in the middle.
 *
 * <p>Used by the writer of the segment only: the holder of the write token, or the purger.
 */
public final class SyncedWatermark {
    private static final long BYTES_BETWEEN = 64 << 10;
    private static final long NANOS_BETWEEN = 10_000_000L;

    /** Nothing to say. */
    public static final long NONE = -1;

    private long segmentSeq = -1;
    private long startBytes;
    private long syncedBytes;
    private long saidBytes;
    private long saidNanos;
    private boolean saidAny;
    private long markEndBytes = NONE;

    /** Knows no segment yet, see {@link #segment}. */
    public SyncedWatermark() {}

    /**
     * Starts anew for a segment whose first {@code bytes} are on disk.
     *
     * @param seq its number
     * @param bytes where it ends
     * @param nowNanos time
     */
    public void segment(long seq, long bytes, long nowNanos) {
        segmentSeq = seq;
        startBytes = bytes;
        syncedBytes = bytes;
        saidBytes = bytes;
        saidNanos = nowNanos;
        markEndBytes = NONE;
        saidAny = false;
    }

    /**
     * Begins the queue's next segment, and anew with it. Also where a listener breaks off: marks of
     * the old segment must not get into the new one. A first segment that had no header keeps its
     * number.
     *
     * @param queue the queue whose watermark this is
     * @param clock nanoseconds
     */
    public void rotate(SegmentQueue queue, LongSupplier clock) {
        long before = queue.activeSeq();
        try {
            queue.rotate();
        } finally {
            if (queue.activeSeq() != before || queue.activeIsEmpty()) {
                segment(queue.activeSeq(), queue.end(), clock.getAsLong());
            }
        }
    }

    long segmentSeq() {
        return segmentSeq;
    }

    /**
     * A sync that began after everything below {@code bytes} was written has succeeded.
     *
     * @param bytes end of the segment when the sync began
     */
    public void synced(long bytes) {
        assert bytes >= syncedBytes : "synced bytes of a segment shrank";
        syncedBytes = bytes;
    }

    /**
     * Bytes of the segment known to be on disk.
     *
     * @return a file offset
     */
    public long syncedBytes() {
        return syncedBytes;
    }

    /**
     * The watermark to write in front of the next group.
     *
     * @param sync whether that group is to be synced
     * @param nowNanos time
     * @return a file offset, or {@link #NONE}
     */
    public long dueBeforeGroup(boolean sync, long nowNanos) {
        if (!saidAny) {
            return syncedBytes;
        }
        if (!sync || syncedBytes == saidBytes) {
            return NONE;
        }
        boolean soon =
                syncedBytes - saidBytes < BYTES_BETWEEN && nowNanos - saidNanos < NANOS_BETWEEN;
        return soon ? NONE : syncedBytes;
    }

    /**
     * Whether an idle mark would say something new about a segment that ends at {@code end}.
     *
     * @param end where it ends
     * @return true if bytes were added since the last mark
     */
    public boolean dueWhenIdle(long end) {
        return end > startBytes && end != markEndBytes;
    }

    /**
     * The mark at {@code end} found no room.
     *
     * @param end where the segment ends
     */
    public void markRefused(long end) {
        markEndBytes = end;
    }

    /**
     * A watermark was written.
     *
     * @param watermark what it says
     * @param nowNanos time
     */
    public void said(long watermark, long nowNanos) {
        saidBytes = watermark;
        saidNanos = nowNanos;
        saidAny = true;
    }

    /**
     * A mark that covers every byte before it was written and synced.
     *
     * @param watermark what it says
     * @param end where it ends
     * @param nowNanos time
     */
    public void marked(long watermark, long end, long nowNanos) {
        said(watermark, nowNanos);
        syncedBytes = end;
        markEndBytes = end;
    }
}
