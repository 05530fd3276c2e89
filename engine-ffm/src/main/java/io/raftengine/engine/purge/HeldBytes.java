package io.raftengine.engine.purge;

import io.raftengine.engine.memtable.EntryCursor;
import io.raftengine.engine.memtable.EntryLocation;
import io.raftengine.engine.memtable.GroupLook;
import io.raftengine.engine.memtable.Memtables;
import io.raftengine.log.format.QueueKind;

/**
 * How many bytes of entries a group holds where purge would like to have none. Walks the entries:
 * for groups that are named to the user only.
 */
final class HeldBytes {
    private final Memtables memtables;
    private final EntryCursor cursor = new EntryCursor();
    private final EntryLocation scratch = new EntryLocation();

    HeldBytes(Memtables memtables) {
        this.memtables = memtables;
    }

    /** In the rewrite queue, and in segments of the append queue up to the watermark. */
    long old(GroupLook look, long watermark) {
        return sum(look, look.end(), watermark);
    }

    /** In the rewrite queue. */
    long rewritten(GroupLook look) {
        return sum(look, look.rewrittenEnd(), -1);
    }

    private long sum(GroupLook look, long end, long watermark) {
        long bytes = 0;
        long next = look.first();
        while (next != end) {
            int found = memtables.locateRange(look.groupId(), next, end, cursor, scratch);
            if (found == Memtables.RANGE_COMPACTED
                    && Long.compareUnsigned(cursor.groupFirst(), end) < 0) {
                next = cursor.groupFirst();
                continue;
            }
            if (found != Memtables.RANGE_FOUND || cursor.count() == 0) {
                break;
            }
            for (int i = 0; i < cursor.count(); i++) {
                if (cursor.queue(i) == QueueKind.APPEND && cursor.segment(i) > watermark) {
                    return bytes;
                }
                bytes += cursor.entryLength(i);
            }
            next += cursor.count();
        }
        return bytes;
    }
}
