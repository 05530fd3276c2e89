package io.raftengine.engine.purge;

import io.raftengine.engine.memtable.EntryLocation;
import io.raftengine.engine.memtable.GroupLook;
import io.raftengine.engine.memtable.Memtables;
import io.raftengine.engine.memtable.PurgeIndex;
import io.raftengine.log.format.QueueKind;
import java.util.ArrayList;
import java.util.List;
import org.agrona.collections.IntArrayList;
import org.agrona.collections.LongHashSet;

/**
 * Looks at the groups that have data in old segments of the append queue, decides which of them are
 * copied away and which the user is asked to compact, and hands the former to a {@link
 * SegmentSweep}.
 *
 * <p>The rules are those of the real engine, so that a user's loop behaves alike. A group that lags
 * with many entries is not copied at once: nine times the user is asked to compact it, the tenth
 * time he is asked and it is copied.
 *
 * <pre>
 *   lagging   data in the oldest fifth of the segments, or some of it rewritten already
 *   heavy     its 32nd entry is old, too
 *   lagging and heavy             ask; copy it when that was asked nine times before
 *   32 of its entries to be copied, or more       leave it to next time, its user compacts
 *   else                          copy
 * </pre>
 *
 * <p>For the purger's thread; one instance for one purge.
 */
final class OldGroupVisit {
    private static final int HEAVY_ENTRIES = 32;
    private static final int ASKED_MAX = 9;

    /** Groups put in order with one hold of the write token. */
    private static final int STEP = 256;

    /**
     * Which groups are spared.
     *
     * @param everything whether none is, whatever the rest says
     * @param heavyThrough entries of segments up to here make a group heavy; at least as far as is
     *     copied
     * @param laggingBelow groups with data below this segment lag
     * @param namesRewritten whether heavy groups without old data in the append queue are named
     */
    record Rules(boolean everything, long heavyThrough, long laggingBelow, boolean namesRewritten) {
        /** All that is old is copied. */
        static final Rules NONE = new Rules(true, -1, 0, false);

        /** Those of the real engine. */
        Rules(long heavyThrough, long laggingBelow, boolean namesRewritten) {
            this(false, heavyThrough, laggingBelow, namesRewritten);
        }
    }

    /** Gets the groups to be copied. */
    interface Copies {
        /** A group will be added: makes what copying takes, or fails before the group is noted. */
        void prepare();

        /**
         * The entries [from, to) of a group, and its keys, are to be copied as far as they are old.
         */
        void add(long group, long from, long to);
    }

    private final PurgeParts parts;
    private final PurgeIndex index;
    private final Memtables memtables;
    private final long watermark;
    private final long seenThrough;
    private final Rules rules;
    private final GroupLook look = new GroupLook();
    private final EntryLocation location = new EntryLocation();
    private final HeldBytes held;
    private final List<PurgeOutcome.Blocking> blocking = new ArrayList<>();
    private final LongHashSet asked = new LongHashSet();

    // Lists taken and not looked at yet, then the rest of the one being looked at.
    private final IntArrayList lists = new IntArrayList();
    private int rest;

    // The one being looked at, until it is noted.
    private int visited;

    // Groups looked at that have to be put in order; before the first of them, those that are named
    // for what was rewritten.
    private final int[] handles = new int[STEP];
    private final int[] versions = new int[STEP];
    private final int[] times = new int[STEP];
    private final long[] segments = new long[STEP];
    private final boolean[] released = new boolean[STEP];
    private int count;

    /**
     * A visit.
     *
     * @param watermark data of newer segments is left alone
     * @param rules which groups are spared
     */
    OldGroupVisit(PurgeParts parts, long watermark, Rules rules) {
        this.parts = parts;
        this.index = parts.index();
        this.memtables = parts.memtables();
        this.held = new HeldBytes(memtables);
        this.watermark = watermark;
        this.rules = rules;
        // Who lags is asked, whether his data has its turn now or later.
        this.seenThrough = Math.max(watermark, rules.laggingBelow - 1);
    }

    /** Groups the user is asked to compact. */
    List<PurgeOutcome.Blocking> blocking() {
        return blocking;
    }

    /** Visits all, and hands over those to be copied. */
    void run(Copies copies) {
        try {
            if (rules.namesRewritten()) {
                askRewritten();
            }
            parts.exclusively(this::takeLists);
            for (int i = 0; i < lists.size(); i++) {
                rest = lists.getInt(i);
                lists.setInt(i, 0);
                while (rest != 0) {
                    int handle = rest;
                    rest = index.nextOld(handle);
                    visited = handle;
                    visit(handle, copies);
                }
            }
        } finally {
            parts.exclusivelyAtEnd(this::putAllInOrder);
        }
    }

    private void putAllInOrder() {
        try {
            putInOrder();
        } finally {
            listRest();
        }
    }

    private void takeLists() {
        for (int head = index.takeOld(seenThrough); head != 0; head = index.takeOld(seenThrough)) {
            lists.addInt(head);
        }
    }

    private void listRest() {
        if (visited != 0) {
            index.list(visited, parts.append().firstSeq());
        }
        index.listAgain(rest);
        for (int i = 0; i < lists.size(); i++) {
            index.listAgain(lists.getInt(i));
        }
    }

    private void putInOrder() {
        while (count > 0) {
            int i = --count; // not twice, whatever happens
            if (released[i]) {
                index.release(handles[i], versions[i], segments[i]);
            } else {
                index.setAsked(handles[i], times[i]);
                index.list(handles[i], segments[i]);
            }
        }
    }

    private void note(long segment, boolean release, int askedTimes) {
        handles[count] = PurgeIndex.handle(look);
        versions[count] = PurgeIndex.version(look);
        segments[count] = segment;
        released[count] = release;
        times[count] = askedTimes;
        count++;
        visited = 0;
        if (count == STEP) {
            parts.exclusively(this::putInOrder);
        }
    }

    // ---- one group -----------------------------------------------------------------------------

    /**
     * Until it is noted, the group is in no list; if something fails before that it is listed with
     * the rest, or its old data would not be found again before the next open.
     */
    private void visit(int handle, Copies copies) {
        long active = parts.append().activeSeq();
        index.look(handle, look);
        long oldest = look.exists() ? oldestAppended() : Long.MAX_VALUE;
        if (oldest == Long.MAX_VALUE) {
            note(active, true, 0);
            return;
        }
        if (oldest > seenThrough) {
            // It does not lag any more, unless for what was rewritten: that is counted elsewhere.
            note(oldest, false, isRewrittenAndHeavy() ? look.asked() : 0);
            return;
        }
        long group = look.groupId();
        long from = look.rewrittenEnd();
        long to = look.end();
        boolean copied = (rules.everything() || decide(oldest)) && oldest <= watermark;
        // Who is not copied as far as he is judged would be asked nine times more for the rest.
        boolean whole = copied && watermark >= rules.heavyThrough;
        if (copied) {
            copies.prepare();
        }
        // Listed before it is copied: if that fails the group is found again.
        note(oldest, false, whole ? 0 : look.asked());
        if (copied) {
            copies.add(group, from, to);
        }
    }

    /** Whether to copy the group; remembers to ask for its compaction. */
    private boolean decide(long oldest) {
        boolean lagging = oldest < rules.laggingBelow || look.rewrittenEnd() != look.first();
        if (lagging && isHeavy(look.first())) {
            ask();
            if (look.asked() < ASKED_MAX) {
                look.countAsked();
                return false;
            }
            return true;
        }
        look.forgetAsked();
        return !isHeavy(look.rewrittenEnd());
    }

    /** Groups all of whose old data is in the rewrite queue hold that one back. */
    private void askRewritten() {
        int named = 0;
        for (int place = index.firstRewritten(); place != 0; place = index.nextRewritten(place)) {
            index.look(index.groupAt(place), look);
            if (!look.exists() || !isRewrittenAndHeavy()) {
                continue;
            }
            long oldest = oldestAppended();
            if (oldest > seenThrough) {
                ask();
                // Where it would have been copied now, it will be when its data has its turn.
                int again = oldest > rules.heavyThrough ? 0 : ASKED_MAX;
                times[named] = look.asked() < ASKED_MAX ? look.asked() + 1 : again;
                handles[named] = PurgeIndex.handle(look);
                named++;
            }
            if (named == STEP) {
                setAsked(named);
                named = 0;
            }
        }
        if (named > 0) {
            setAsked(named);
        }
    }

    private void setAsked(int named) {
        parts.exclusively(() -> {
            for (int i = 0; i < named; i++) {
                index.setAsked(handles[i], times[i]);
            }
        });
    }

    private boolean isRewrittenAndHeavy() {
        return look.rewrittenEnd() != look.first() && isHeavy(look.first());
    }

    /** Whether so many entries from an index on are old. */
    private boolean isHeavy(long from) {
        if (Long.compareUnsigned(look.end() - from, HEAVY_ENTRIES) < 0) {
            return false;
        }
        // The number alone, whichever queue it is of: as the real engine has it.
        return memtables.locate(look.groupId(), from + HEAVY_ENTRIES - 1, location)
                && location.segment() <= rules.heavyThrough;
    }

    private long oldestAppended() {
        long oldest = Long.MAX_VALUE;
        if (look.end() != look.rewrittenEnd()) {
            // If it is gone meanwhile this is a bound that is never too high.
            oldest = parts.append().firstSeq();
            if (memtables.locate(look.groupId(), look.rewrittenEnd(), location)
                    && location.queue() == QueueKind.APPEND) {
                oldest = location.segment();
            }
        }
        return look.hasKeys()
                ? Math.min(oldest, parts.keys().oldest(look.groupId(), QueueKind.APPEND))
                : oldest;
    }

    private void ask() {
        if (asked.add(look.groupId())) {
            blocking.add(
                    new PurgeOutcome.Blocking(look.groupId(), held.old(look, rules.heavyThrough)));
        }
    }
}
