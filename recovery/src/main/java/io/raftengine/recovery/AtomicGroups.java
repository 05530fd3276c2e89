package io.raftengine.recovery;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.CorruptionException;
import io.raftengine.log.format.AtomicMarker;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The atomic groups of the rewrite queue, as far as one contiguous stretch of it can tell. Used by
 * one thread.
 *
 * <p>Read from the start of the queue, a group counts exactly if a begin, any number of middles and
 * an end of one id follow each other without a further begin of that id; all its items then take
 * effect at the end's place. (The reference's state table says the same: an end or middle without a
 * begin before it never counts.) A stretch that does not start at the beginning of the queue cannot
 * judge the middles and the end of an id in front of that id's first begin: these leading fragments
 * are kept, and {@link #join} judges them when all stretches are known.
 *
 * <pre>
 *    id is    | begin          | middle           | end
 *    ---------+----------------+------------------+-------------------------------------
 *    unknown  | open, known    | keep as leading  | undecided with all leading, known
 *    known    | open           | ignore           | ignore
 *    open     | drop, reopen   | keep             | complete, no longer open
 * </pre>
 *
 * <p>Where bytes of a segment were lost, a batch of any group that is open there may have been
 * among them: {@link #interrupt}. From there on every id is known to have no group open.
 */
final class AtomicGroups implements AutoCloseable {
    /**
     * Most ids whose group is unfinished at the same time; an engine leaves one per crash at most.
     */
    static final int OPEN_MAX = 16 << 10;

    /**
     * Batches of unfinished groups that nobody accounts for. There may be any number of them: a
     * squeeze can write one for each small block it copies. The budget pays for the others, which
     * cost less than the index of what they hold.
     */
    static final int FRAGMENTS_FREE = 256 << 10;

    /** Batches that are paid for at once. */
    private static final int FRAGMENTS_STEP = 64 << 10;

    private static final String NAME = "batches of atomic groups";

    /** What became of a marked batch. */
    enum Outcome {
        /** It waits, or was ignored: nothing is to be applied. */
        NOTHING,
        /**
         * It completes a group that began in this stretch: {@link #takeCompleted} is to be applied.
         */
        COMPLETE,
        /**
         * It ends a group that may have begun in an earlier stretch: the order needs a hole here.
         */
        UNDECIDED
    }

    /**
     * A group that is complete if an earlier stretch ends with it open.
     *
     * @param id id of the atomic group
     * @param fragments its batches in this stretch, the end included
     * @param order place of the hole that was left for it
     */
    record Undecided(long id, FragmentList fragments, long order) {}

    /** Receives groups whose batches lie in several stretches. */
    interface Completion {
        /**
         * A group is complete.
         *
         * @param fragments all its batches in log order
         * @param order where its items take effect
         */
        void complete(FragmentList fragments, long order);
    }

    /**
     * Groups that were open where bytes of a segment were lost.
     *
     * @param segment index of the segment in the queue
     * @param groups their batches so far, by id
     * @param leading batches of groups that an earlier stretch may have left open
     */
    private record Interruption(
            int segment, Map<Long, FragmentList> groups, Map<Long, FragmentList> leading) {}

    private boolean first;
    private final IdIndex known = new IdIndex();
    private final Map<Long, FragmentList> open = new LinkedHashMap<>();
    private final Map<Long, FragmentList> leading = new HashMap<>();
    private final List<Undecided> undecided = new ArrayList<>();
    private final List<Interruption> interruptions = new ArrayList<>();
    private final MemoryBudget budget;
    private FragmentList completed;
    private long waiting;
    private long paid = FRAGMENTS_FREE;

    /**
     * An empty state.
     *
     * @param first whether the stretch starts at the beginning of the queue: every id is known to
     *     have no group open
     * @param budget pays for long lists of batches, until {@link #close}
     */
    AtomicGroups(boolean first, MemoryBudget budget) {
        this.first = first;
        this.budget = budget;
    }

    /**
     * Takes note of a marked batch.
     *
     * @param marker its marker
     * @param id id of the atomic group
     * @param segment index of its segment in the queue
     * @param offset its offset there
     * @param order place of a hole in the order, used only if the outcome is {@link
     *     Outcome#UNDECIDED}
     * @param file name for an error
     * @return what is to be done about it
     * @throws CorruptionException more unfinished groups than any engine writes
     * @throws io.raftengine.error.MemoryLimitException their batches do not fit into the budget
     */
    Outcome marked(
            AtomicMarker marker, long id, int segment, long offset, long order, String file) {
        if (open.size() + leading.size() + undecided.size() >= OPEN_MAX) {
            throw new CorruptionException(
                    file,
                    offset,
                    "unfinished atomic groups",
                    "fewer than " + OPEN_MAX,
                    Integer.toString(open.size() + leading.size() + undecided.size()));
        }
        return switch (marker) {
            case BEGIN -> begin(id, segment, offset);
            case MIDDLE -> middle(id, segment, offset);
            case END -> end(id, segment, offset, order);
        };
    }

    private Outcome begin(long id, int segment, long offset) {
        if (!first) {
            known.findOrAdd(id);
            drop(leading.remove(id)); // what an earlier stretch left open is void, too
        }
        FragmentList group = new FragmentList();
        keep(group, segment, offset);
        drop(open.put(id, group));
        return Outcome.NOTHING;
    }

    private Outcome middle(long id, int segment, long offset) {
        FragmentList group = open.get(id);
        if (group != null) {
            keep(group, segment, offset);
        } else if (!isKnown(id)) {
            keep(leading.computeIfAbsent(id, key -> new FragmentList()), segment, offset);
        }
        return Outcome.NOTHING;
    }

    private Outcome end(long id, int segment, long offset, long order) {
        FragmentList group = open.remove(id);
        if (group != null) {
            drop(group);
            group.add(segment, offset);
            completed = group;
            return Outcome.COMPLETE;
        }
        if (isKnown(id)) {
            return Outcome.NOTHING;
        }
        FragmentList fragments = leading.remove(id);
        if (fragments == null) {
            fragments = new FragmentList();
        }
        keep(fragments, segment, offset);
        undecided.add(new Undecided(id, fragments, order));
        known.findOrAdd(id);
        return Outcome.UNDECIDED;
    }

    private boolean isKnown(long id) {
        return first || known.find(id) >= 0;
    }

    private void keep(FragmentList group, int segment, long offset) {
        if (waiting == paid) {
            budget.reserve(NAME, FRAGMENTS_STEP * FragmentList.BYTES_MAX);
            paid += FRAGMENTS_STEP;
        }
        group.add(segment, offset);
        waiting++;
    }

    private void drop(FragmentList group) {
        if (group != null) {
            waiting -= group.size();
        }
    }

    /**
     * The group the last {@link Outcome#COMPLETE} was about.
     *
     * @return its batches in log order, the end included
     */
    FragmentList takeCompleted() {
        FragmentList group = completed;
        completed = null;
        return group;
    }

    /** The lists are not needed any more. */
    @Override
    public void close() {
        budget.release(NAME, (paid - FRAGMENTS_FREE) * FragmentList.BYTES_MAX);
        paid = FRAGMENTS_FREE;
    }

    /**
     * Takes note that bytes at the end of a segment with a successor are lost: no group that is
     * open there counts, whatever follows.
     *
     * @param segment index of the segment in the queue
     */
    void interrupt(int segment) {
        interruptions.add(
                new Interruption(segment, new LinkedHashMap<>(open), new HashMap<>(leading)));
        open.clear();
        leading.clear();
        first = true;
    }

    /**
     * The groups that never were.
     *
     * @param unfinished their ids and batches; an id may occur more than once
     * @param interrupted ids of those that lost bytes may belong to, by the index of the segment
     *     that lost them
     */
    record Joined(
            List<Map.Entry<Long, FragmentList>> unfinished, Map<Integer, List<Long>> interrupted) {
        private void addUnfinished(Map<Long, FragmentList> groups) {
            groups.forEach((id, batches) -> unfinished.add(Map.entry(id, batches)));
        }
    }

    /**
     * Judges what the stretches could not judge alone.
     *
     * @param stretches all stretches of the queue in log order
     * @param completion told about every group that is complete after all
     * @return the groups that never were
     */
    static Joined join(List<AtomicGroups> stretches, Completion completion) {
        Joined joined = new Joined(new ArrayList<>(), new HashMap<>());
        Map<Long, FragmentList> open = new LinkedHashMap<>();
        for (AtomicGroups stretch : stretches) {
            for (Undecided end : stretch.undecided) {
                FragmentList group = open.get(end.id);
                if (group != null) {
                    group.addAll(end.fragments);
                    completion.complete(group, end.order);
                }
            }
            open.keySet().removeIf(id -> stretch.known.find(id) >= 0);
            for (Interruption interruption : stretch.interruptions) {
                extend(open, interruption.leading);
                open.putAll(interruption.groups);
                joined.interrupted.put(interruption.segment, List.copyOf(open.keySet()));
                joined.addUnfinished(open);
                open = new LinkedHashMap<>();
            }
            extend(open, stretch.leading);
            open.putAll(stretch.open);
        }
        joined.addUnfinished(open);
        return joined;
    }

    /** Adds middles without a begin to the groups that were open in front of their stretch. */
    private static void extend(Map<Long, FragmentList> open, Map<Long, FragmentList> leading) {
        for (Map.Entry<Long, FragmentList> middles : leading.entrySet()) {
            FragmentList group = open.get(middles.getKey());
            if (group != null) {
                group.addAll(middles.getValue());
            }
        }
    }
}
