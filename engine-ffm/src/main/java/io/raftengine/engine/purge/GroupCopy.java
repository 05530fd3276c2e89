package io.raftengine.engine.purge;

import io.raftengine.engine.memtable.PlacedKeys;
import io.raftengine.log.format.QueueKind;
import java.util.BitSet;
import org.agrona.collections.LongArrayList;

/**
 * Copies whole groups to the rewrite queue: their entries through a window, then their keys. What
 * is done with the copies, group by group, is the {@link Target}'s.
 *
 * <pre>
 *   copy(group)*  ->  window full  ->  read  ->  begin (run)* end | begin (run)* end | begin (run)* ...
 *   finish
 * </pre>
 *
 * <p>For the purger's thread.
 */
final class GroupCopy implements AutoCloseable {
    /**
     * Memory for what is read before it is written, small beside any limit. Groups that take turns
     * in a segment are copied one behind the other, so the segment is gone through once for each
     * window that is filled from it.
     */
    static final long WINDOW_BYTES = 16L << 20;

    static final int RUNS_MAX = FileOrder.RUNS_MAX;

    /** Groups wait for a window to fill up to here. */
    private static final int GROUPS_MAX = 4096;

    /** Gets the copies. */
    interface Target {
        /** A group comes. */
        void begin(long group);

        /** A run of the group, in index order. */
        void run(EntryWindow window, int run);

        /** One of its key-values, behind all entries. */
        void key(long group, PlacedKeys keys);

        /** The group is complete. */
        void end(long group);
    }

    private final EntryWindow window;
    private final PlacedKeys keys;
    private final PurgeParts parts;
    private final Target target;
    private final QueueKind queue;
    private final long gate;

    /** Groups whose places are all in the window, or were in one before. */
    private final LongArrayList complete = new LongArrayList();

    /** Which of them exist still; those that do not are left out. */
    private final BitSet admitted = new BitSet();

    private long openGroup;
    private boolean open;
    private boolean copying;

    /**
     * A copy of one purge.
     *
     * @param parts window, keys and pacer; stay the owner's
     * @param queue where the data is
     * @param gate newer segments are left alone
     * @param target gets the copies
     */
    GroupCopy(PurgeParts parts, QueueKind queue, long gate, Target target) {
        this.window = parts.window();
        this.keys = parts.keys();
        this.parts = parts;
        this.queue = queue;
        this.gate = gate;
        this.target = target;
        window.clear();
    }

    /**
     * Copies the entries [from, to) of a group, as far as they are in the queue and not too new,
     * and its keys there.
     */
    void copy(long group, long from, long to) {
        long next = from;
        while (next != to) {
            next = window.collect(group, next, to, queue, gate);
            if (!window.full()) {
                break;
            }
            drain(group, true);
        }
        complete.addLong(group);
        if (complete.size() >= GROUPS_MAX) {
            drain(0, false);
        }
    }

    /** Copies what is waiting. */
    void finish() {
        drain(0, false);
    }

    private void drain(long partial, boolean hasPartial) {
        int count = complete.size();
        if (hasPartial) {
            complete.addLong(partial);
        }
        parts.admit(complete, admitted);
        parts.syncEntryRemovals();
        window.read(parts.pacer());
        int run = 0;
        for (int i = 0; i < complete.size(); i++) {
            long group = complete.getLong(i);
            run = runsOf(group, run, admitted.get(i));
            if (i < count) {
                end(group);
            }
        }
        complete.clear();
        window.clear();
    }

    private int runsOf(long group, int from, boolean exists) {
        if (!open) {
            open = true;
            openGroup = group;
            copying = exists;
            if (copying) {
                target.begin(group);
            }
        }
        assert openGroup == group : "the last group was not ended";
        int run = from;
        while (run < window.runs() && window.groupId(run) == group) {
            if (copying) {
                demandThere(run);
                target.run(window, run);
            }
            run++;
        }
        return run;
    }

    private void demandThere(int run) {
        if (window.lost(run)) {
            throw new IllegalStateException(
                    "breaks I6: a segment with live entries of group "
                            + Long.toUnsignedString(window.groupId(run))
                            + " was dropped by somebody else");
        }
    }

    private void end(long group) {
        open = false;
        if (!copying) {
            return;
        }
        keys.open(group, queue, gate);
        while (keys.next()) {
            target.key(group, keys);
        }
        keys.trim();
        target.end(group);
    }

    @Override
    public void close() {
        window.clear();
        keys.trim();
    }
}
