package io.raftengine.engine.memtable;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.log.format.QueueKind;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Which removals are carried to the rewrite queue, when, and how often (D13). */
class TombstonesTest {
    private final Rewriting r = new Rewriting();

    @AfterEach
    void everythingIsGivenBack() {
        r.close();
    }

    /** Group 1 with entries 0..9 and keys a, b in the rewrite queue, written in segment 1. */
    private void rewrittenGroup() {
        r.append(1, new TestBatch().range(1, 0, 9).put(1, "a", "1").put(1, "b", "1"));
        r.rewrite(1, 1, 2, new TestBatch().range(1, 0, 9).put(1, "a", "1").put(1, "b", "1"));
    }

    @Test
    void nothingIsCarriedOfWhatTheRewriteQueueNeverHeld() {
        r.append(1, new TestBatch().range(1, 0, 9).put(1, "a", "1"));
        r.append(1, new TestBatch().compact(1, 5).delete(1, "a"));
        r.append(1, new TestBatch().clean(1).clean(2));
        assertThat(r.carry(9)).isEmpty();
    }

    @Test
    void eachKindOfRemovalIsCarriedOnceItsSegmentIsSealed() {
        rewrittenGroup();
        r.append(2, new TestBatch().compact(1, 4).delete(1, "a"));
        assertThat(r.carry(2)).as("segment 2 is being written").isEmpty();
        assertThat(r.carry(3)).containsExactly("compact 1 to 4", "delete 1 a");
        assertThat(r.carry(4)).isEmpty();
        r.append(4, new TestBatch().clean(1));
        assertThat(r.carry(4)).isEmpty();
        assertThat(r.carry(5)).containsExactly("clean 1");
        assertThat(r.carry(6)).isEmpty();
    }

    /** Of an exhausted heap, say. Once too often is harmless, never is not. */
    @Test
    void whatAPurgeThatDiedDidNotSettleIsCarriedByTheNext() {
        rewrittenGroup();
        r.append(2, new TestBatch().compact(1, 4).delete(1, "a"));
        assertThat(r.carryAndDie(3)).containsExactly("compact 1 to 4", "delete 1 a");
        assertThat(r.carry(4)).containsExactly("compact 1 to 4", "delete 1 a");
        assertThat(r.carry(5)).isEmpty();
    }

    @Test
    void aCompactionIsCarriedAsWhereItLeftTheGroup() {
        rewrittenGroup();
        r.append(2, new TestBatch().compact(1, 100));
        assertThat(r.carry(3)).containsExactly("compact 1 to " + Long.toUnsignedString(-1));
    }

    @Test
    void aGroupCompactedAllTheTimeHasItsNewestSealedCompactionCarried() {
        rewrittenGroup();
        r.append(2, new TestBatch().compact(1, 2));
        r.append(3, new TestBatch().compact(1, 4));
        r.append(3, new TestBatch().compact(1, 5));
        assertThat(r.carry(3))
                .as("that of segment 3 may be lost yet")
                .containsExactly("compact 1 to 2");
        r.append(4, new TestBatch().compact(1, 7));
        assertThat(r.carry(4)).containsExactly("compact 1 to 5");
        assertThat(r.carry(5)).containsExactly("compact 1 to 7");
        assertThat(r.carry(6)).isEmpty();
    }

    @Test
    void deletionsAreCarriedAsFarAsTheirSegmentsAreSealed() {
        rewrittenGroup();
        r.append(2, new TestBatch().delete(1, "a"));
        r.append(3, new TestBatch().delete(1, "b"));
        assertThat(r.carry(3)).containsExactly("delete 1 a");
        assertThat(r.carry(3)).isEmpty();
        assertThat(r.carry(4)).containsExactly("delete 1 b");
    }

    @Test
    void whatDidNotReachTheDiskIsCarriedAgain() {
        rewrittenGroup();
        r.append(2, new TestBatch().compact(1, 4).delete(1, "a").delete(1, "b"));
        List<String> all = List.of("compact 1 to 4", "delete 1 a", "delete 1 b");
        for (int i = 0; i < 3; i++) {
            assertThat(r.carryInVain(3)).containsExactlyInAnyOrderElementsOf(all);
        }
        assertThat(r.carry(3)).containsExactlyInAnyOrderElementsOf(all);
        assertThat(r.carryInVain(4)).isEmpty();
    }

    @Test
    void aCleanSupersedesWhatWasRemovedBefore() {
        rewrittenGroup();
        r.append(2, new TestBatch().compact(1, 4).delete(1, "a"));
        r.append(2, new TestBatch().clean(1));
        assertThat(r.carry(3)).containsExactly("clean 1");
        assertThat(r.carry(4)).isEmpty();
    }

    @Test
    void theNextLifeOfACleanedGroupConcernsTheRewriteQueueOnlyOnceItIsRewritten() {
        rewrittenGroup();
        r.append(2, new TestBatch().clean(1).range(1, 50, 59).put(1, "a", "2"));
        r.append(2, new TestBatch().compact(1, 55).delete(1, "a"));
        assertThat(r.carry(3)).containsExactly("clean 1");
        r.rewrite(2, 2, 3, new TestBatch().range(1, 55, 59));
        r.append(3, new TestBatch().compact(1, 57));
        assertThat(r.carry(4)).containsExactly("compact 1 to 57");
    }

    @Test
    void aPutAfterADeletionDoesNotMakeTheDeletionSuperfluous() {
        rewrittenGroup();
        r.append(2, new TestBatch().delete(1, "a").put(1, "a", "2"));
        assertThat(r.carry(3))
                .as("the put may be lost in a power cut")
                .containsExactly("delete 1 a");
        assertThat(r.value(1, "a")).isEqualTo("2");
        r.append(3, new TestBatch().delete(1, "a"));
        assertThat(r.carry(4)).as("nothing of it is left there").isEmpty();
    }

    @Test
    void everyGroupsRemovalsAreCarriedHoweverManyThereAre() {
        TestBatch entries = new TestBatch();
        for (long group = 1; group <= 50; group++) {
            entries.range(group, 0, 3).put(group, "k", "v").put(group, "l", "v");
        }
        r.append(1, entries);
        r.rewrite(1, 1, 2, entries);
        List<String> expected = new ArrayList<>();
        TestBatch removals = new TestBatch();
        for (long group = 1; group <= 50; group++) {
            if (group % 3 == 0) {
                removals.clean(group);
                expected.add("clean " + group);
            } else {
                removals.compact(group, 2).delete(group, "l").delete(group, "k");
                expected.add("compact " + group + " to 2");
                expected.add("delete " + group + " l");
                expected.add("delete " + group + " k");
            }
        }
        r.append(2, removals);
        assertThat(r.carryInVain(3)).containsExactlyInAnyOrderElementsOf(expected);
        assertThat(r.carry(3)).containsExactlyInAnyOrderElementsOf(expected);
        assertThat(r.carry(4)).isEmpty();
        r.sweep();
        assertThat(r.memtables.groupCount()).isEqualTo(34);
    }

    @Test
    void aCompactionBeyondEverythingRewrittenNeedsNoFurtherOnes() {
        rewrittenGroup();
        r.append(2, new TestBatch().compact(1, 10).range(1, 10, 30));
        assertThat(r.carry(3)).hasSize(1);
        r.append(3, new TestBatch().compact(1, 20));
        assertThat(r.carry(4)).as("the rewrite queue has nothing below 20 alive").isEmpty();
        r.append(4, new TestBatch().clean(1));
        assertThat(r.carry(5)).as("but keys").containsExactly("clean 1");
        assertThat(r.live(QueueKind.REWRITE)).isZero();
    }

    @Test
    void compactionsGoOnBeingCarriedWhileTheRewriteQueueHoldsOverwrittenEntriesAboveThem() {
        rewrittenGroup();
        r.append(2, new TestBatch().range(1, 3, 20));
        r.append(2, new TestBatch().compact(1, 5));
        assertThat(r.carry(3)).containsExactly("compact 1 to 5");
        r.append(3, new TestBatch().compact(1, 8));
        assertThat(r.carry(4)).as("its 5..7 would return").containsExactly("compact 1 to 8");
    }

    @Test
    void aGroupThatGotDataWhileItWasLookedAtIsNotLetGo() {
        r.append(1, new TestBatch().range(1, 0, 9));
        int handle = r.index.takeOld(1);
        assertThat(handle).isNotZero();
        GroupLook look = r.look(1);
        r.append(2, new TestBatch().range(1, 10, 11));
        r.index.release(handle, PurgeIndex.version(look), 2);
        assertThat(r.index.takeOld(1)).as("nothing older").isZero();
        assertThat(r.index.takeOld(2)).isEqualTo(handle);
        r.index.listAgain(handle);
    }
}
