package io.raftengine.engine.purge;

import io.raftengine.engine.memtable.Memtables;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.segment.SegmentQueue;

/**
 * Whether the garbage in a queue is worth a purge. How much of the queue goes then is said by
 * {@link AppendPlan}, which also knows when the append queue has become too long, and by {@link
 * SqueezePlan}.
 *
 * <p>Garbage is what was ever added to the segments of a queue and nobody needs any more, as a
 * share of all that was added. For the purger's thread.
 */
final class PurgeThresholds {
    private final PurgeSettings settings;
    private final SegmentQueue append;
    private final SegmentQueue rewrite;
    private final Memtables memtables;
    private final CopyRoom room;

    PurgeThresholds(
            PurgeSettings settings,
            SegmentQueue append,
            SegmentQueue rewrite,
            Memtables memtables,
            CopyRoom room) {
        this.settings = settings;
        this.append = append;
        this.rewrite = rewrite;
        this.memtables = memtables;
        this.room = room;
    }

    /** Below its threshold, for the garbage in it or since there is no space. */
    boolean isAppendDueEarly() {
        return settings.appendGarbageRatio() < 1
                        && isOver(append, settings.rewriteThresholdBytes())
                        && garbage(append, QueueKind.APPEND) > settings.appendGarbageRatio()
                || append.activeSeq() > append.firstSeq() && room.helps();
    }

    /**
     * Whether the rewrite queue is to be squeezed.
     *
     * @param spaceIsShort whether space is to be gained, however short the queue is
     */
    boolean isRewriteDue(boolean spaceIsShort) {
        double garbage = garbage(rewrite, QueueKind.REWRITE);
        return spaceIsShort
                ? rewrite.activeSeq() > rewrite.firstSeq() && room.helps(garbage)
                : isOver(rewrite, settings.rewriteThresholdBytes())
                        && garbage > settings.garbageRatio();
    }

    private double garbage(SegmentQueue queue, QueueKind kind) {
        long live = 0;
        long added = 0;
        for (long segment = queue.firstSeq(); segment <= queue.activeSeq(); segment++) {
            live += memtables.liveBytes(kind, segment);
            added += memtables.addedBytes(kind, segment);
        }
        return added == 0 ? 0 : (double) (added - live) / added;
    }

    private boolean isOver(SegmentQueue queue, long threshold) {
        long segments = queue.activeSeq() - queue.firstSeq() + 1;
        return segments > 1 && segments * settings.targetBytes() > threshold;
    }
}
