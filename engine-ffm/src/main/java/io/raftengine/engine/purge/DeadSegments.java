package io.raftengine.engine.purge;

import io.raftengine.engine.memtable.GroupLook;
import io.raftengine.engine.memtable.PurgeIndex;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.segment.SegmentQueue;
import org.agrona.collections.IntArrayList;

/**
 * Drops the oldest segments of a queue as far as they hold nothing live and nothing else keeps
 * them: in the append queue removals that were not carried, and listeners; in the rewrite queue
 * atomic groups, of which replay needs the beginning.
 *
 * <p>Whatever was copied from them must be on disk and sealed before (I6). For the purger's thread.
 */
final class DeadSegments {
    /** Groups looked at with one hold of the write token. */
    private static final int STEP = 512;

    private final PurgeParts parts;
    private final PurgeIndex index;
    private final SqueezePlan plan;

    // Of a step with the write token.
    private boolean more;
    private long firstLive;
    private boolean synced;

    DeadSegments(PurgeParts parts, SqueezePlan plan) {
        this.parts = parts;
        this.plan = plan;
        index = parts.index();
    }

    /**
     * Drops segments of the append queue.
     *
     * @param barrier the first one with removals that were not carried
     * @return how many
     */
    long dropAppended(long barrier) {
        long kept = Math.min(barrier, parts.settings().listenersGate().getAsLong());
        return drop(parts.append(), QueueKind.APPEND, kept);
    }

    /**
     * Drops segments of the rewrite queue.
     *
     * @return how many
     */
    long dropRewritten() {
        SegmentQueue rewrite = parts.rewrite();
        GroupLook look = new GroupLook();
        long kept = rewrite.activeSeq();
        IntArrayList settled = new IntArrayList();
        for (int place = index.firstRewritten(); place != 0; place = index.nextRewritten(place)) {
            long first = index.spanFirst(place);
            if (first == Long.MAX_VALUE) {
                continue;
            }
            index.look(index.groupAt(place), look);
            long needed = look.exists() ? plan.oldestNeeded(look, place) : Long.MAX_VALUE;
            if (needed <= first) {
                kept = Math.min(kept, Math.max(first, rewrite.firstSeq()));
            } else {
                settled.addInt(place);
            }
        }
        forgetSpans(settled);
        return drop(rewrite, QueueKind.REWRITE, kept);
    }

    private void forgetSpans(IntArrayList places) {
        for (int from = 0; from < places.size(); from += STEP) {
            int begin = from;
            int end = Math.min(places.size(), from + STEP);
            parts.exclusively(() -> {
                for (int i = begin; i < end; i++) {
                    index.forgetSpan(places.getInt(i));
                }
            });
        }
    }

    /** Drops segments below {@code kept} that hold nothing live. */
    private long drop(SegmentQueue queue, QueueKind kind, long kept) {
        long first = queue.firstSeq();
        long limit = Math.max(first, Math.min(kept, queue.activeSeq()));
        if (limit == first) {
            return 0;
        }
        parts.exclusively(() -> {
            // Removals of the meantime may need segments that those carried did not.
            long needed =
                    kind == QueueKind.APPEND
                            ? Math.max(first, Math.min(limit, index.firstNotCarried()))
                            : limit;
            firstLive = index.firstLive(kind, first, needed);
            synced = firstLive > first && parts.isAppendedSynced();
        });
        if (firstLive <= first) {
            return 0;
        }
        // What is dead may be so because of a write that nobody has synced: a power cut would take
        // that, and what it removed must still be there.
        if (!synced) {
            parts.commitSync();
        }
        try {
            return queue.purgeTo(firstLive, parts.pacer()::waitABit);
        } finally {
            long now = queue.firstSeq();
            parts.exclusivelyAtEnd(() -> index.forgetBelow(kind, now));
        }
    }

    /** Lets go of groups that had something in the segments dropped, and nothing elsewhere. */
    void sweepGroups() {
        if (index.firstRewritten() == 0) {
            return;
        }
        index.beginSweep();
        do {
            parts.exclusively(() -> more = index.sweep(STEP));
        } while (more);
    }
}
