package io.raftengine.engine.memtable;

import static io.raftengine.log.format.QueueKind.APPEND;
import static io.raftengine.log.format.QueueKind.REWRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.MemoryLimitException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Copies that are put in the place of what they were copied from, while the group goes on changing:
 * G4, G7. What the real engine's counters say of copies nobody needs, the removals to be carried
 * say here.
 */
class RelocationTest {
    private final Rewriting r = new Rewriting();

    @AfterEach
    void everythingIsGivenBack() {
        r.close();
    }

    /** G4: the gate is the newest segment that was copied. */
    @Test
    void aKeyMovesOnlyIfItsValueIsNotNewerThanTheGate() {
        r.append(1, new TestBatch().put(1, "old", "1"));
        r.append(2, new TestBatch().put(1, "border", "2"));
        r.append(3, new TestBatch().put(1, "new", "3"));
        assertThat(r.keysIn(1, APPEND, 2)).containsExactly("border", "old");
        r.rewrite(
                1,
                2,
                3,
                new TestBatch().put(1, "border", "2").put(1, "new", "?").put(1, "old", "1"));
        assertThat(r.keysIn(1, REWRITE, 1)).containsExactly("border", "old");
        assertThat(r.keysIn(1, APPEND, 9)).containsExactly("new");
        assertThat(r.value(1, "new")).as("the copy is of an older value").isEqualTo("3");
        assertThat(r.live(REWRITE)).isEqualTo(2);
        assertThat(r.live(APPEND)).isOne();
        assertThat(r.oldestKey(1, APPEND)).isEqualTo(3);
        assertThat(r.oldestKey(1, REWRITE)).isEqualTo(1);
    }

    /** G4: also where the value was overwritten while it was copied. */
    @Test
    void aKeyPutWhileItIsCopiedKeepsItsNewValueAndItsDeletionIsCarried() {
        r.append(1, new TestBatch().put(1, "k", "old"));
        r.append(2, new TestBatch().put(1, "k", "new"));
        r.rewrite(1, 1, 2, new TestBatch().put(1, "k", "old"));
        assertThat(r.value(1, "k")).isEqualTo("new");
        assertThat(r.keysIn(1, APPEND, 2)).containsExactly("k");
        r.append(2, new TestBatch().delete(1, "k"));
        assertThat(r.carry(3)).containsExactly("delete 1 k");
    }

    /** G4: the same, when it was put once more before it was deleted. */
    @Test
    void thatTheRewriteQueueHoldsAnOlderValueIsNotForgottenByFurtherPuts() {
        r.append(1, new TestBatch().put(1, "k", "old"));
        r.append(2, new TestBatch().put(1, "k", "new"));
        r.rewrite(1, 1, 2, new TestBatch().put(1, "k", "old"));
        r.append(2, new TestBatch().put(1, "k", "newer"));
        r.append(2, new TestBatch().delete(1, "k"));
        assertThat(r.carry(3)).containsExactly("delete 1 k");
    }

    /** G4: rewriting a deleted key is a no-op, but the copy must not come back. */
    @Test
    void aKeyDeletedWhileItIsCopiedStaysDeletedAndItsDeletionIsCarried() {
        r.append(1, new TestBatch().put(1, "k", "v").put(1, "stays", "x"));
        r.append(2, new TestBatch().delete(1, "k"));
        r.rewrite(1, 1, 2, new TestBatch().put(1, "k", "v").put(1, "stays", "x"));
        assertThat(r.value(1, "k")).isNull();
        assertThat(r.live(REWRITE)).isOne();
        assertThat(r.live(APPEND)).isZero();
        assertThat(r.carry(2)).as("its segment is not sealed").isEmpty();
        assertThat(r.carry(3)).containsExactly("delete 1 k");
        assertThat(r.carry(4)).as("once").isEmpty();
    }

    /** G4: a squeeze moves what is in the rewrite queue and nothing else. */
    @Test
    void aSqueezeLeavesKeysOfTheAppendQueueAlone() {
        r.append(1, new TestBatch().put(1, "a", "1").put(1, "b", "1"));
        r.rewrite(1, 1, 2, new TestBatch().put(1, "a", "1").put(1, "b", "1"));
        r.append(2, new TestBatch().put(1, "b", "2"));
        r.squeeze(2, 2, new TestBatch().put(1, "a", "1").put(1, "b", "1"));
        assertThat(r.oldestKey(1, REWRITE)).isEqualTo(2);
        assertThat(r.keysIn(1, REWRITE, 2)).containsExactly("a");
        assertThat(r.keysIn(1, APPEND, 2)).containsExactly("b");
        assertThat(r.value(1, "b")).isEqualTo("2");
        for (int segment = 3; segment < 6; segment++) {
            r.squeeze(segment, 2, new TestBatch().put(1, "a", "1"));
            assertThat(r.live(REWRITE)).as("one copy is live").isOne();
            assertThat(r.oldestKey(1, REWRITE)).isEqualTo(segment);
            assertThat(r.memtables.liveBytes(REWRITE, segment - 1)).isZero();
        }
    }

    /** G4: what is before the gate, and what is rewritten. */
    @Test
    void entriesUpToTheGateMoveAndTheViewsFollow() {
        r.append(1, new TestBatch().range(1, 0, 9));
        r.append(2, new TestBatch().range(1, 10, 19));
        assertThat(r.rewrittenEntries(1)).isZero();
        // More than the gate allows was copied: what is newer stays where it is.
        r.rewrite(1, 1, 3, new TestBatch().range(1, 0, 14));
        assertThat(r.rewrittenEntries(1)).isEqualTo(10);
        assertThat(r.look(1).rewrittenEnd()).isEqualTo(10);
        assertThat(r.queueOf(1, 9)).isEqualTo(REWRITE);
        assertThat(r.queueOf(1, 10)).isEqualTo(APPEND);
        assertThat(r.live(REWRITE)).isEqualTo(10);
        assertThat(r.live(APPEND)).isEqualTo(10);
    }

    /** G7: late copies of a group that has no entries any more. */
    @Test
    void copiesOfAGroupThatWasEmptiedMeanwhileAreIgnoredAndCompactedAway() {
        r.append(1, new TestBatch().range(1, 0, 9).put(1, "k", "v"));
        r.append(2, new TestBatch().compact(1, 10));
        r.rewrite(1, 1, 2, new TestBatch().range(1, 0, 9));
        assertThat(r.memtables.first(1)).isEqualTo(Memtables.NO_INDEX);
        assertThat(r.live(REWRITE)).isZero();
        assertThat(r.carry(3)).containsExactly("compact 1 to " + Long.toUnsignedString(-1));
    }

    /** G7: the copied range was compacted away. */
    @Test
    void copiesOfACompactedRangeAreIgnoredAndCompactedAway() {
        r.append(1, new TestBatch().range(1, 0, 9));
        r.append(2, new TestBatch().range(1, 10, 39));
        r.append(2, new TestBatch().compact(1, 10));
        r.rewrite(1, 1, 3, new TestBatch().range(1, 0, 9));
        assertThat(r.rewrittenEntries(1)).isZero();
        assertThat(r.live(REWRITE)).isZero();
        assertThat(r.live(APPEND)).isEqualTo(30);
        assertThat(r.carry(4)).containsExactly("compact 1 to 10");
    }

    /** G7: 0..19 over 10..39, then on to 29, each counted exactly. */
    @Test
    void aCopyThatIsOvertakenByACompactionMovesWhatIsLeftOfIt() {
        r.append(1, new TestBatch().range(1, 0, 39));
        r.append(2, new TestBatch().compact(1, 10));
        r.rewrite(1, 1, 3, new TestBatch().range(1, 0, 19));
        assertThat(r.rewrittenEntries(1)).isEqualTo(10);
        assertThat(r.memtables.first(1)).isEqualTo(10);
        assertThat(r.live(REWRITE)).isEqualTo(10);
        assertThat(r.live(APPEND)).isEqualTo(20);
        r.rewrite(2, 1, 3, new TestBatch().range(1, 20, 29));
        assertThat(r.rewrittenEntries(1)).isEqualTo(20);
        assertThat(r.segmentOf(1, 19)).isEqualTo(1);
        assertThat(r.segmentOf(1, 20)).isEqualTo(2);
        assertThat(r.live(REWRITE)).isEqualTo(20);
        assertThat(r.live(APPEND)).isEqualTo(10);
        r.append(3, new TestBatch().compact(1, 25));
        assertThat(r.rewrittenEntries(1)).as("compacted after the rewrite").isEqualTo(5);
        assertThat(r.live(REWRITE)).isEqualTo(5);
        r.append(3, new TestBatch().clean(1));
        assertThat(r.live(REWRITE)).isZero();
        assertThat(r.live(APPEND)).isZero();
        for (int segment = 1; segment <= 2; segment++) {
            assertThat(r.memtables.liveBytes(REWRITE, segment)).isZero();
            assertThat(r.memtables.liveBytes(APPEND, segment)).isZero();
        }
    }

    /** G7: what was overwritten meanwhile ends the move. */
    @Test
    void entriesOverwrittenWhileTheyAreCopiedStayWhereTheyAre() {
        r.append(1, new TestBatch().range(1, 0, 29));
        r.append(2, new TestBatch().entries(1, 15, 7, 7, 7)); // 15..17, the rest is cut
        r.rewrite(1, 1, 2, new TestBatch().range(1, 0, 29));
        assertThat(r.rewrittenEntries(1)).isEqualTo(15);
        assertThat(r.memtables.last(1)).isEqualTo(17);
        assertThat(r.queueOf(1, 15)).isEqualTo(APPEND);
        assertThat(r.live(REWRITE)).isEqualTo(15);
        assertThat(r.live(APPEND)).isEqualTo(3);
        // 18..29 of the copy would come back behind a compaction otherwise.
        r.append(2, new TestBatch().compact(1, 18));
        assertThat(r.carry(3)).containsExactly("compact 1 to " + Long.toUnsignedString(-1));
    }

    /** G7: a squeeze touches only rewritten entries. */
    @Test
    void aSqueezeLeavesEntriesOfTheAppendQueueAlone() {
        r.append(1, new TestBatch().range(1, 0, 9));
        r.rewrite(1, 1, 2, new TestBatch().range(1, 0, 9));
        r.append(2, new TestBatch().range(1, 5, 14)); // 5..9 are in the append queue again
        r.squeeze(2, 2, new TestBatch().range(1, 0, 9));
        assertThat(r.rewrittenEntries(1)).isEqualTo(5);
        assertThat(r.segmentOf(1, 4)).isEqualTo(2);
        assertThat(r.queueOf(1, 5)).isEqualTo(APPEND);
        assertThat(r.live(REWRITE)).isEqualTo(5);
        assertThat(r.live(APPEND)).isEqualTo(10);
        assertThat(r.memtables.liveBytes(REWRITE, 1)).isZero();
    }

    /** Late copies of a cleaned group: it stays gone, and the CLEAN is carried (defect 5). */
    @Test
    void aGroupCleanedWhileItIsCopiedStaysGone() {
        r.append(1, new TestBatch().range(1, 0, 9).put(1, "k", "v"));
        assertThat(r.admit(1)).isTrue();
        r.append(2, new TestBatch().clean(1));
        r.rewrite(1, 1, 2, new TestBatch().range(1, 0, 9).put(1, "k", "v"));
        assertThat(r.memtables.exists(1)).isFalse();
        assertThat(r.memtables.groupCount()).isZero();
        assertThat(r.live(REWRITE)).isZero();
        assertThat(r.admit(1)).as("nothing of it may be written now").isFalse();
        assertThat(r.carry(3)).containsExactly("clean 1");
    }

    /** What was not written after all leaves no trace (a write that failed, a full segment). */
    @Test
    void aBatchTakenBackIsNotPutInPlace() {
        Relocation relocation = new Relocation(r.memtables);
        r.append(1, new TestBatch().range(1, 0, 19).put(1, "a", "1").put(1, "b", "1"));
        r.append(1, new TestBatch().range(2, 0, 4));
        r.admit(1);
        r.admit(2);
        TestBatch first = new TestBatch().range(1, 0, 9).put(1, "a", "1");
        TestBatch second = new TestBatch().range(1, 10, 19).put(1, "b", "1").range(2, 0, 4);
        relocation.save();
        relocation.rollBack();
        assertThat(relocation.isEmpty()).isTrue();
        relocation.save();
        relocation.add(1, 100, first.blockBytes(), false, first.reader());
        relocation.save();
        for (int attempt = 0; attempt < 3; attempt++) {
            relocation.add(2, 100, second.blockBytes(), false, second.reader());
            relocation.rollBack();
        }
        assertThat(relocation.apply(APPEND, 1, 2, 100)).isFalse();
        assertThat(r.rewrittenEntries(1)).isEqualTo(10);
        assertThat(r.rewrittenEntries(2)).isZero();
        assertThat(r.keysIn(1, REWRITE, 9)).containsExactly("a");
        assertThat(r.live(REWRITE)).isEqualTo(11);
        assertThat(r.live(APPEND)).isEqualTo(16);
        assertThat(r.carry(3)).as("nothing was copied in vain").isEmpty();
        relocation.close();
    }

    /**
     * A full disk is answered by a second write to another segment. The first one would pass for
     * garbage in a segment that never got it.
     */
    @Test
    void aBatchTakenBackWasNeverAddedToItsSegment() {
        Relocation relocation = new Relocation(r.memtables);
        r.append(1, new TestBatch().range(1, 0, 29));
        r.admit(1);
        TestBatch first = new TestBatch().range(1, 0, 9);
        TestBatch second = new TestBatch().range(1, 10, 29);
        relocation.save();
        relocation.add(1, 100, first.blockBytes(), false, first.reader());
        relocation.rollBack();
        relocation.add(2, 100, first.blockBytes(), false, first.reader());
        relocation.save();
        relocation.add(2, 1000, second.blockBytes(), false, second.reader());
        relocation.rollBack();
        relocation.add(3, 100, second.blockBytes(), false, second.reader());
        assertThat(relocation.apply(APPEND, 1, 2, 100)).isFalse();
        assertRewritten(1, 0);
        assertRewritten(2, 10);
        assertRewritten(3, 20);
        relocation.close();
    }

    /** What has found its place before the memory was used up is dropped, and was counted. */
    @Test
    void aBatchForHalfOfWhichThereIsMemoryLeavesTheCountsAsTheyWere() {
        MemoryBudget budget = new MemoryBudget(64 << 20);
        Rewriting tight = new Rewriting(budget);
        Relocation relocation = new Relocation(tight.memtables);
        int count = 100_000;
        tight.append(1, new TestBatch().range(1, 0, 9));
        tight.append(1, new TestBatch().range(1, 10, count - 1));
        tight.admit(1);
        TestBatch first = new TestBatch().range(1, 0, 9);
        TestBatch second = new TestBatch().range(1, 10, count - 1);
        relocation.save();
        relocation.add(1, 100, first.blockBytes(), false, first.reader());
        relocation.save();
        long others = budget.limitBytes() - budget.reservedBytes() - (128 << 10);
        assertThat(budget.tryReserve("others", others)).isTrue();
        assertThatThrownBy(
                        () -> relocation.add(2, 100, second.blockBytes(), false, second.reader()))
                .isInstanceOf(MemoryLimitException.class);
        relocation.rollBack();
        budget.release("others", others);
        relocation.add(3, 100, second.blockBytes(), false, second.reader());
        while (relocation.apply(APPEND, 1, 2, 100)) {
            // A few thousand entries at a time.
        }
        assertThat(tight.memtables.liveBytes(REWRITE, 2)).isZero();
        assertThat(tight.memtables.addedBytes(REWRITE, 2)).isZero();
        assertThat(tight.memtables.liveBytes(REWRITE, 3)).isEqualTo(count - 10);
        assertThat(tight.live(REWRITE)).isEqualTo(count);
        relocation.close();
        tight.close();
    }

    private void assertRewritten(long segment, long bytes) {
        assertThat(r.memtables.addedBytes(REWRITE, segment))
                .as("segment %d", segment)
                .isEqualTo(bytes);
        assertThat(r.memtables.liveBytes(REWRITE, segment))
                .as("segment %d", segment)
                .isEqualTo(bytes);
    }
}
