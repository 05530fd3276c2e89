package io.raftengine.engine.purge;

import io.raftengine.engine.memtable.Memtables;
import java.util.ArrayList;
import java.util.List;
import org.agrona.collections.LongHashSet;

/** What a purge did so far, also if it fails in the end. For the purger's thread. */
final class PurgeFigures {
    private final Memtables memtables;
    private final List<PurgeOutcome.Blocking> blocking = new ArrayList<>();
    private final LongHashSet asked = new LongHashSet();
    long appendDropped;
    long rewriteDropped;
    long bytesWritten;

    PurgeFigures(Memtables memtables) {
        this.memtables = memtables;
    }

    /** Names a group once. */
    void ask(long group, long bytes) {
        if (asked.add(group)) {
            blocking.add(new PurgeOutcome.Blocking(group, bytes));
        }
    }

    /** Names a group that an earlier purge has named, if there is anything left of it. */
    void askStill(PurgeOutcome.Blocking before) {
        if (memtables.first(before.groupId()) != Memtables.NO_INDEX) {
            ask(before.groupId(), before.bytes());
        }
    }

    /** The groups named so far. */
    List<PurgeOutcome.Blocking> blocking() {
        return blocking;
    }

    PurgeOutcome outcome() {
        return new PurgeOutcome(List.copyOf(blocking), appendDropped, rewriteDropped, bytesWritten);
    }
}
