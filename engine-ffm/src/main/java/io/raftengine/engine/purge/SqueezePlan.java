package io.raftengine.engine.purge;

import io.raftengine.engine.memtable.EntryLocation;
import io.raftengine.engine.memtable.GroupLook;
import io.raftengine.engine.memtable.PlacedKeys;
import io.raftengine.engine.memtable.PurgeIndex;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.segment.SegmentQueue;

/**
 * Which part of the rewrite queue to squeeze. A part is all segments up to one; the groups that
 * need any of them move to the end as a whole, so the price of a part is what these groups hold,
 * wherever it lies.
 *
 * <p>For the purger's thread.
 */
final class SqueezePlan {
    /** Share of the rewrite queue's garbage that a squeeze frees at least. */
    private static final double SQUEEZED_SHARE = 0.4;

    private final PurgeParts parts;
    private final PurgeSettings settings;
    private final SegmentQueue rewrite;
    private final EntryLocation location = new EntryLocation();

    SqueezePlan(PurgeParts parts) {
        this.parts = parts;
        this.settings = parts.settings();
        this.rewrite = parts.rewrite();
    }

    /**
     * The last segment of the oldest part of the rewrite queue that frees most for what has to be
     * copied: at least two fifths of all garbage, so that the queue is well below its limit
     * afterwards.
     */
    long mostGarbage() {
        long all = 0;
        for (long segment = rewrite.firstSeq(); segment <= rewrite.activeSeq(); segment++) {
            all += garbageBytes(segment);
        }
        long best = rewrite.activeSeq();
        double bestGain = 0;
        long garbage = 0;
        long live = 0;
        for (long segment = rewrite.firstSeq(); segment <= rewrite.activeSeq(); segment++) {
            garbage += garbageBytes(segment);
            live += parts.memtables().liveBytes(QueueKind.REWRITE, segment);
            // What has to be copied besides the live bytes: marks, and the newer data of the
            // groups.
            double gain = garbage / (live + settings.targetBytes() / 4.0);
            if (garbage >= all * SQUEEZED_SHARE && gain > bestGain) {
                bestGain = gain;
                best = segment;
            }
        }
        return best;
    }

    private long garbageBytes(long segment) {
        return parts.memtables().addedBytes(QueueKind.REWRITE, segment)
                - parts.memtables().liveBytes(QueueKind.REWRITE, segment);
    }

    /**
     * As {@link #mostGarbage}, among the parts whose copies are not larger than {@code bytesMax}.
     * Each group is asked what it holds, since it moves as a whole: more of it may lie behind the
     * part than in it, and nothing is gained by copying more than is freed.
     *
     * @return the last segment of the part, or one before the first if there is none
     */
    long mostGarbageWithin(long bytesMax) {
        long first = rewrite.firstSeq();
        long[] copies = copiesByOldest(first, Math.toIntExact(rewrite.activeSeq() - first + 1));
        long best = first - 1;
        double bestGain = 0;
        long garbage = 0;
        long copied = 0;
        long freed = 0;
        for (int i = 0; i < copies.length; i++) {
            garbage += garbageBytes(first + i);
            copied += copies[i];
            freed += parts.memtables().addedBytes(QueueKind.REWRITE, first + i);
            double gain = garbage / (copied + settings.targetBytes() / 4.0);
            if (copied <= bytesMax && copied < freed && gain > bestGain) {
                bestGain = gain;
                best = first + i;
            }
        }
        return best;
    }

    /** By the oldest segment that groups need: what they hold in the rewrite queue. */
    private long[] copiesByOldest(long first, int segments) {
        long[] bytes = new long[segments];
        PurgeIndex index = parts.index();
        GroupLook look = new GroupLook();
        HeldBytes held = new HeldBytes(parts.memtables());
        for (int place = index.firstRewritten(); place != 0; place = index.nextRewritten(place)) {
            index.look(index.groupAt(place), look);
            long oldest = look.exists() ? oldestNeeded(look, place) : Long.MAX_VALUE;
            if (oldest != Long.MAX_VALUE) {
                int slot = Math.clamp(oldest - first, 0, segments - 1);
                bytes[slot] += held.rewritten(look) + keyBytes(look);
            }
        }
        return bytes;
    }

    private long keyBytes(GroupLook look) {
        long bytes = 0;
        if (look.hasKeys()) {
            PlacedKeys keys = parts.keys();
            keys.open(look.groupId(), QueueKind.REWRITE, Long.MAX_VALUE);
            while (keys.next()) {
                bytes += (long) keys.keyLength() + keys.valueLength();
            }
            keys.trim();
        }
        return bytes;
    }

    /**
     * The oldest segment of the rewrite queue that a group needs: that of its oldest data, or of
     * the begin of the atomic group that this is of.
     */
    long oldestNeeded(GroupLook look, int place) {
        long oldest = oldestRewritten(look);
        PurgeIndex index = parts.index();
        boolean spans = index.spanFirst(place) != Long.MAX_VALUE;
        return spans && oldest <= index.spanLast(place)
                ? Math.min(oldest, index.spanFirst(place))
                : oldest;
    }

    private long oldestRewritten(GroupLook look) {
        long oldest = Long.MAX_VALUE;
        if (look.rewrittenEnd() != look.first()) {
            // If it is gone meanwhile the group may have anything.
            boolean there = parts.memtables().locate(look.groupId(), look.first(), location);
            oldest = there && location.queue() == QueueKind.REWRITE ? location.segment() : 0;
        }
        return look.hasKeys()
                ? Math.min(oldest, parts.keys().oldest(look.groupId(), QueueKind.REWRITE))
                : oldest;
    }
}
