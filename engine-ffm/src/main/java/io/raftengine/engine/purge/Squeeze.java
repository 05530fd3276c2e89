package io.raftengine.engine.purge;

import io.raftengine.engine.memtable.GroupLook;
import io.raftengine.engine.memtable.PurgeIndex;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.segment.SegmentQueue;

/**
 * Copies the groups with live data in the oldest segments of the rewrite queue to its end, whole,
 * and drops these segments. A group that has data in newer ones only stays where it is: a group's
 * copy must not be younger than what follows it.
 *
 * <p>For the purger's thread.
 */
final class Squeeze {
    /** A group with more rewritten entries than this should be compacted. */
    private static final long REWRITTEN_MAX = 32;

    private final PurgeParts parts;
    private final PurgeIndex index;
    private final SqueezePlan plan;
    private final DeadSegments dead;

    Squeeze(PurgeParts parts, SqueezePlan plan, DeadSegments dead) {
        this.parts = parts;
        this.plan = plan;
        this.dead = dead;
        index = parts.index();
    }

    /**
     * Copies and drops, and names the groups that should be compacted.
     *
     * @param through the last segment to be freed
     */
    void run(long through, PurgeFigures figures) {
        long old = beginSegment();
        CopyWriter writer = new CopyWriter(parts, QueueKind.REWRITE, old);
        SqueezeTarget target = new SqueezeTarget(parts, writer);
        GroupLook look = new GroupLook();
        HeldBytes held = new HeldBytes(parts.memtables());
        parts.exclusively(() -> index.beginCopying(parts.append().activeSeq()));
        try (writer;
                GroupCopy copy = new GroupCopy(parts, QueueKind.REWRITE, old, target)) {
            for (int place = index.firstRewritten();
                    place != 0;
                    place = index.nextRewritten(place)) {
                index.look(index.groupAt(place), look);
                if (look.exists()) {
                    if (plan.oldestNeeded(look, place) <= through) {
                        copy.copy(look.groupId(), look.first(), look.rewrittenEnd());
                    }
                    if (look.rewrittenEnd() - look.first() > REWRITTEN_MAX) {
                        figures.ask(look.groupId(), held.rewritten(look));
                    }
                }
            }
            copy.finish();
            target.finish();
        } finally {
            figures.bytesWritten += writer.bytesWritten();
        }
        parts.log().seal();
        figures.rewriteDropped += dead.dropRewritten();
        dead.sweepGroups();
    }

    /**
     * Copies begin in a segment of their own: an empty one will do, which a squeeze that failed may
     * have left.
     *
     * @return the last segment before it
     */
    private long beginSegment() {
        SegmentQueue rewrite = parts.rewrite();
        if (!rewrite.activeIsEmpty()) {
            parts.log().rotate();
        }
        return rewrite.activeSeq() - 1;
    }
}
