package io.raftengine.engine.memtable;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.allocator.MemoryBudget;
import java.util.Arrays;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * What validation sets aside is enough for apply, whatever the shape of the index (D20): between
 * the two somebody else takes all the memory there is.
 */
class ReservationTest {
    private static final long LIMIT = 64 << 20;

    /** Entries whose boundaries fill a chunk of the largest size. */
    private static final int FULL = Chunk.RUN_ENTRIES_MAX;

    private final Rewriting r = new Rewriting(new MemoryBudget(LIMIT));
    private final Memtables memtables = r.memtables;
    private final TightMemory tight = new TightMemory(r.budget, memtables);

    @AfterEach
    void everythingIsGivenBack() {
        r.close();
    }

    @Test
    void appendsBehindRewrittenEntriesNeedAChunkOfTheirOwn() {
        TestBatch wakeUp = idleGroups(3000);
        for (int from = 0; from < 3000; from += 100) {
            TestBatch copy = new TestBatch();
            for (int group = from; group < from + 100; group++) {
                copy.range(group, 0, 3);
            }
            r.rewrite(1, 1, 2, copy);
        }
        assertThat(tight.write(2, 1 << 20, wakeUp)).containsExactly(Memtables.OVER_MEMORY_LIMIT);
        assertThat(tight.write(2, 16 << 20, wakeUp)).containsExactly(Memtables.ACCEPTED);
    }

    @Test
    void appendsTooManySegmentsBehindTheLastNeedAChunkOfTheirOwn() {
        TestBatch wakeUp = idleGroups(3000);
        long tooLate = 2 + 0xffff;
        assertThat(tight.write(tooLate, 1 << 20, wakeUp))
                .containsExactly(Memtables.OVER_MEMORY_LIMIT);
        assertThat(tight.write(tooLate - 2, 1 << 20, wakeUp))
                .as("a rotation or two may come before the write")
                .containsExactly(Memtables.OVER_MEMORY_LIMIT);
        assertThat(tight.write(tooLate - 2, 16 << 20, wakeUp)).containsExactly(Memtables.ACCEPTED);
    }

    /** Groups whose only chunk has room for one more entry, and a batch that gives them one. */
    private TestBatch idleGroups(int count) {
        TestBatch wakeUp = new TestBatch();
        for (int from = 0; from < count; from += 100) {
            TestBatch batch = new TestBatch();
            for (int group = from; group < from + 100; group++) {
                batch.range(group, 0, 3);
                wakeUp.range(group, 4, 4);
            }
            r.append(1, batch);
        }
        return wakeUp;
    }

    /** At a late boundary: what the allocator keeps in stock would hide an early one. */
    @Test
    void aGroupThatGrowsByOneChunkMayNeedALargerDirectory() {
        int chunks = 8191;
        long end = fill(1, chunks - 1);
        for (int i = 0; i < 3 * Chunk.RUNS_MAX; i++, end++) {
            assertThat(tight.write(1, 4 << 20, new TestBatch().range(1, end, end)))
                    .as("entry %d", end)
                    .containsExactly(Memtables.ACCEPTED);
        }
        assertThat(memtables.last(1)).isEqualTo(end - 1);
    }

    /** The directory goes with the chunks that are cut off, and is needed again. */
    @Test
    void aGroupThatIsOverwrittenNearlyWhollyNeedsANewDirectory() {
        long end = fill(1, 8200);
        TestBatch cut = new TestBatch().range(1, 1, 1);
        assertThat(tight.write(1, 40 << 20, cut, full(1, 2, end)))
                .containsExactly(Memtables.ACCEPTED, Memtables.ACCEPTED);
        assertThat(memtables.last(1)).isEqualTo(end - 1);
    }

    @Test
    void aGroupThatIsEmptiedAndFilledAgainNeedsANewDirectory() {
        long end = fill(1, 8200);
        TestBatch empty = new TestBatch().compact(1, end);
        assertThat(tight.write(1, 40 << 20, empty, full(1, end, 2 * end)))
                .containsExactly(Memtables.ACCEPTED, Memtables.ACCEPTED);
        assertThat(memtables.last(1)).isEqualTo(2 * end - 1);
    }

    /**
     * What compaction leaves behind at the front of a directory is not enough to begin anew there.
     */
    @Test
    void aDirectoryThatStaysWithFewChunksMayHaveToGrow() {
        int chunks = 3990;
        long first = (long) chunks * FULL;
        fill(1, 4200); // and the directory with it
        r.append(1, new TestBatch().range(1, first, first));
        long end = first + 1 + 10 * FULL;
        TestBatch rest = new TestBatch();
        for (int i = 0; i < 5000; i++, end += 199) {
            rest.range(1, end, end + 198);
        }
        TestBatch some = full(1, first + 1, first + 1 + 10 * FULL);
        TestBatch compact = new TestBatch().compact(1, first);
        assertThat(tight.write(1, 24 << 20, some, compact, rest))
                .containsExactly(Memtables.ACCEPTED, Memtables.ACCEPTED, Memtables.ACCEPTED);
        assertThat(memtables.last(1)).isEqualTo(end - 1);
    }

    /** Appends chunks of the largest size to a new group; returns its end. */
    private long fill(long group, int chunks) {
        long end = (long) chunks * FULL;
        for (long from = 0; from < end; from += 10 * FULL) {
            r.append(1, full(group, from, Math.min(end, from + 10 * FULL)));
        }
        return end;
    }

    private static TestBatch full(long group, long from, long to) {
        TestBatch batch = new TestBatch();
        for (long index = from; index < to; index += FULL) {
            batch.range(group, index, Math.min(to, index + FULL) - 1);
        }
        return batch;
    }

    @Test
    void putsThatSplitLeavesInLockstepNeedANodeEach() {
        TestBatch split = fullLeaves(300);
        assertThat(tight.write(1, 4 << 20, split)).containsExactly(Memtables.ACCEPTED);
        for (TestBatch.Item item : split.items) {
            assertThat(Compare.get(memtables, 1, item.key())).isNotNull();
        }
    }

    @Test
    void aLeafThatIsTheRootNeedsANewRootWhenItSplits() {
        TestBatch split = fullRoots(KeyNode.LEAF_CAPACITY_MAX);
        assertThat(tight.write(1, 1 << 20, split)).containsExactly(Memtables.ACCEPTED);
    }

    @Test
    void aLeafThatIsSmallerThanASpareNeedsOneWhenItGrows() {
        TestBatch growth = fullRoots(KeyNode.LEAF_CAPACITY_MAX / 2);
        assertThat(tight.write(1, 1 << 20, growth)).containsExactly(Memtables.ACCEPTED);
    }

    /** Groups whose only leaf is full, and a batch that puts one more key into each. */
    private TestBatch fullRoots(int keys) {
        TestBatch further = new TestBatch();
        for (int group = 0; group < 200; group++) {
            TestBatch batch = new TestBatch();
            for (int i = 0; i < keys; i++) {
                batch.put(group, key(i), "");
            }
            r.append(1, batch);
            further.put(group, key(keys), "");
        }
        return further;
    }

    /** Else those of the next one would be the last of many, which need less. */
    @Test
    void putsOfARefusedBatchAreNotCounted() {
        TestBatch split = fullLeaves(300);
        TestBatch refused = new TestBatch().range(2, 1, 1);
        refused.items.addAll(split.items);
        refused.range(2, 3, 3);
        assertThat(tight.write(1, 4 << 20, refused, split))
                .containsExactly(Memtables.HOLE, Memtables.ACCEPTED);
    }

    /** Fills the leaves of a group's tree to the last; returns puts that split them all. */
    private TestBatch fullLeaves(int leaves) {
        int kept = 240; // of a leaf that was filled in order and split
        for (int leaf = 0; leaf <= leaves; leaf++) {
            TestBatch batch = new TestBatch();
            for (int i = 0; i < kept; i++) {
                batch.put(1, key(leaf * kept + i), "");
            }
            r.append(1, batch);
        }
        TestBatch split = new TestBatch();
        for (int leaf = 0; leaf < leaves; leaf++) {
            TestBatch batch = new TestBatch();
            for (int i = kept; i < KeyNode.LEAF_CAPACITY_MAX; i++) {
                batch.put(1, key(leaf * kept + 10) + i, "");
            }
            r.append(1, batch);
            split.put(1, key(leaf * kept + 20) + "x", "");
        }
        return split;
    }

    private static String key(int number) {
        return String.format(Locale.ROOT, "%08d", number);
    }

    @Test
    void aKeyThatComesAndGoesNeedsItsNodeOnce() {
        r.append(1, new TestBatch().put(1, "a", ""));
        TestBatch batch = new TestBatch();
        for (int i = 0; i < 1000; i++) {
            batch.put(1, "b", "").delete(1, "b");
        }
        for (int i = 0; i < 1000; i++) {
            batch.put(2, "a", "").put(2, "b", "").clean(2);
        }
        assertThat(tight.write(1, 1 << 20, batch)).containsExactly(Memtables.ACCEPTED);
    }

    @Test
    void aBatchOverTheLimitDoesNotTakeThoseBehindItAlong() {
        r.append(1, new TestBatch().put(1, "k", "v"));
        int[] lengths = new int[1_000_000];
        Arrays.fill(lengths, 1);
        TestBatch huge = new TestBatch().entries(1, 1, lengths);
        TestBatch small = new TestBatch().entries(1, 1, 1);
        assertThat(tight.write(1, 1 << 20, small, huge, new TestBatch().range(2, 7, 9)))
                .containsExactly(
                        Memtables.ACCEPTED, Memtables.OVER_MEMORY_LIMIT, Memtables.ACCEPTED);
    }

    @Test
    void aRefusedBatchIsNotCountedInWhatTheNextOneNeeds() {
        fill(3, 8190);
        long end = memtables.last(3) + 1;
        TestBatch huge = full(3, end, end + 5000L * FULL);
        TestBatch hole = full(3, end, end + 10 * FULL).range(3, 0, 0).range(3, 1L << 40, 1L << 40);
        TestBatch small = full(3, end, end + 10 * FULL);
        assertThat(tight.write(1, 1 << 20, huge, hole, small))
                .containsExactly(Memtables.OVER_MEMORY_LIMIT, Memtables.HOLE, Memtables.ACCEPTED);
    }
}
