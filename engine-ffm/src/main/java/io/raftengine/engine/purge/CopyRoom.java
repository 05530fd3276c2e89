package io.raftengine.engine.purge;

import io.raftengine.engine.memtable.Memtables;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.segment.SegmentQueue;

/**
 * How much a purge may copy at once. Where space is short it copies no more than is secured for it,
 * the oldest segment first, so that each step ends with a segment dropped: a purge that began all
 * its work and found no space half-way would have used up the head-room and freed nothing.
 *
 * <p>For the purger's thread.
 */
final class CopyRoom {
    /**
     * Share of what is secured that live data may take; the rest is for what surrounds it, which in
     * small entries and values is not little, and for removals.
     */
    private static final double USABLE_SHARE = 0.75;

    /** Share of the old segments that must be garbage for a purge to be worth its copies. */
    private static final int GARBAGE_SHARE_MIN = 8;

    /** More garbage than data is too much for a full disk. */
    private static final double GARBAGE_RATIO_MAX = 0.5;

    private final SegmentQueue append;
    private final SegmentQueue rewrite;
    private final Memtables memtables;

    CopyRoom(SegmentQueue append, SegmentQueue rewrite, Memtables memtables) {
        this.append = append;
        this.rewrite = rewrite;
        this.memtables = memtables;
    }

    boolean isShort() {
        return rewrite.isSpaceShort();
    }

    /** Whether all that is live in the rewrite queue can be squeezed at once. */
    boolean fitsRewritten() {
        long live = 0;
        for (long segment = rewrite.firstSeq(); segment <= rewrite.activeSeq(); segment++) {
            live += memtables.liveBytes(QueueKind.REWRITE, segment);
        }
        return live <= copyable();
    }

    /** Bytes that are sure to find room in a squeeze, which begins with a segment of its own. */
    long copyable() {
        long secured =
                rewrite.activeIsEmpty() ? rewrite.securedBytes() : rewrite.securedBeyondActive();
        // Writers take from what is free, too.
        long free = Math.max(0, rewrite.freeBytes() - rewrite.settings().targetBytes());
        return (long) (secured * USABLE_SHARE) + free / 2;
    }

    private long usable() {
        return (long) (rewrite.securedBytes() * USABLE_SHARE);
    }

    /**
     * The last segment of the append queue up to which all live data fits; the first segment if not
     * even that does.
     */
    long fitting(long watermark) {
        if (!isShort()) {
            return watermark;
        }
        long usable = usable();
        long first = append.firstSeq();
        long live = 0;
        for (long segment = first; segment <= watermark; segment++) {
            live += memtables.liveBytes(QueueKind.APPEND, segment);
            if (live > usable) {
                return Math.max(first, segment - 1);
            }
        }
        return watermark;
    }

    /** Whether that share of garbage in the rewrite queue is too much where space is short. */
    boolean helps(double garbage) {
        return garbage > GARBAGE_RATIO_MAX;
    }

    /** Whether the sealed segments hold enough garbage for a purge, whatever the thresholds say. */
    boolean helps() {
        if (!isShort()) {
            return false;
        }
        long garbage = 0;
        long added = 0;
        for (long segment = append.firstSeq(); segment < append.activeSeq(); segment++) {
            long here = memtables.addedBytes(QueueKind.APPEND, segment);
            added += here;
            garbage += here - memtables.liveBytes(QueueKind.APPEND, segment);
        }
        return added > 0 && garbage >= added / GARBAGE_SHARE_MIN;
    }
}
