package io.raftengine.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.CorruptionException;
import io.raftengine.error.MemoryLimitException;
import io.raftengine.log.format.AtomicMarker;
import io.raftengine.log.io.FileSystem;
import io.raftengine.recovery.RecoveryFixture.Outcome;
import io.raftengine.testing.fs.UnsyncedFileSystem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * J1: atomic groups in hand-made rewrite segments, one step per segment, recovered with every way
 * to split the segments among threads. Group 1 is the atomic group's Raft group, group 9 an
 * unrelated one.
 */
class AtomicGroupsTest {
    private static final int BEGIN = 0;
    private static final int MIDDLE = 1;
    private static final int END = 2;
    private static final long ID = 3;

    @TempDir Path dir;
    private RecoveryFixture fixture;
    private int segments;

    @BeforeEach
    void create() {
        fixture = new RecoveryFixture(dir).on(UnsyncedFileSystem.over(FileSystem.local()));
    }

    private AtomicGroupsTest marked(int marker, long group, long first, String... entries) {
        return marked(ID, marker, group, first, entries);
    }

    private AtomicGroupsTest marked(
            long id, int marker, long group, long first, String... entries) {
        SegmentBytes.Batch batch = SegmentBytes.v2(++segments).batch();
        if (marker != END) {
            batch.marker(id, marker);
        }
        if (entries.length > 0) {
            batch.entries(group, first, entries);
        }
        if (marker == END) {
            batch.marker(id, marker);
        }
        fixture.rewrite(batch.end());
        return this;
    }

    private AtomicGroupsTest unrelated(long first, String entry) {
        fixture.rewrite(SegmentBytes.v2(++segments).append(9, first, entry));
        return this;
    }

    /** Every composition of the segments into contiguous shares gives the same, and it is this. */
    private Outcome expect(long group, String... entries) {
        Outcome sequential = null;
        for (int cuts = 0; cuts < 1 << (segments - 1); cuts++) {
            List<Integer> split = new ArrayList<>();
            for (int i = 1; i < segments; i++) {
                if ((cuts & 1 << (i - 1)) != 0) {
                    split.add(i);
                }
            }
            split.add(segments);
            Outcome outcome =
                    fixture.split(split).recover(RecoveryMode.TOLERATE_TAIL_CORRUPTION).opens();
            assertThat(fixture.entries(outcome, group))
                    .as("split %s", split)
                    .containsExactly(entries);
            if (sequential == null) {
                sequential = outcome;
            }
            assertThat(outcome.model().told())
                    .as("split %s", split)
                    .isEqualTo(sequential.model().told());
            assertThat(outcome.report().unfinishedGroups())
                    .as("split %s", split)
                    .isEqualTo(sequential.report().unfinishedGroups());
        }
        return sequential;
    }

    @Test
    void aLoneBeginIsDropped() {
        unrelated(1, "u").marked(BEGIN, 1, 1, "a");
        Outcome outcome = expect(1);
        assertThat(fixture.entries(outcome, 9)).containsExactly("u");
        assertThat(outcome.report().unfinishedGroups())
                .containsExactly(new UnfinishedGroup(ID, 2, 69, 1));
        assertThat(outcome.report().toString()).contains("unfinished atomic group 3");
    }

    @Test
    void beginAndEndAreAppliedWithAnUnrelatedBatchBetween() {
        marked(BEGIN, 1, 1, "a").unrelated(1, "u").marked(END, 1, 2, "b");
        Outcome outcome = expect(1, "a", "b");
        assertThat(fixture.entries(outcome, 9)).containsExactly("u");
        HeapModel.Group group = outcome.model().groups().get(1L);
        assertThat(group.spanFirst).isEqualTo(1);
        assertThat(group.spanLast).isEqualTo(3);
        assertThat(outcome.report().unfinishedGroupCount()).isZero();
    }

    @Test
    void itemsOfAGroupTakeEffectAtItsEnd() {
        marked(BEGIN, 9, 5, "x").unrelated(1, "u").marked(END, 9, 6, "y");
        // In the rewrite queue a hole drops what was there: had "x" been applied first, "u" would
        // win.
        expect(9, "x", "y");
    }

    @Test
    void middlesBelongToTheGroup() {
        marked(BEGIN, 1, 1, "a").marked(MIDDLE, 1, 2, "b").marked(MIDDLE, 1, 3, "c");
        marked(END, 1, 4, "d");
        expect(1, "a", "b", "c", "d");
    }

    @Test
    void aSecondBeginDropsTheFirst() {
        marked(BEGIN, 1, 1, "x", "x", "x").marked(BEGIN, 1, 1, "a").marked(END, 1, 2, "b");
        expect(1, "a", "b");
    }

    @Test
    void aSecondBeginBehindAMiddleDropsBoth() {
        marked(BEGIN, 1, 1, "x").marked(MIDDLE, 1, 2, "x").marked(BEGIN, 1, 1, "a");
        marked(END, 1, 2, "b");
        expect(1, "a", "b");
    }

    @Test
    void endAndMiddleWithoutABeginAreDropped() {
        marked(END, 1, 1, "x").marked(MIDDLE, 1, 1, "x").marked(END, 1, 2, "x").unrelated(1, "u");
        expect(1);
    }

    @Test
    void anEndBeforeTheBeginDoesNotHarmTheGroup() {
        marked(END, 1, 1, "x").marked(BEGIN, 1, 1, "a").marked(END, 1, 2, "b");
        expect(1, "a", "b");
    }

    @Test
    void aSecondEndIsDropped() {
        marked(BEGIN, 1, 1, "a").marked(END, 1, 2, "b").marked(END, 1, 3, "x");
        marked(MIDDLE, 1, 3, "x");
        expect(1, "a", "b");
    }

    @Test
    void endMiddleBeginAndEndInEveryOrderBehindAnOpenGroup() {
        marked(BEGIN, 1, 1, "a").marked(END, 1, 2, "b").marked(BEGIN, 1, 3, "c");
        marked(MIDDLE, 1, 4, "d").marked(END, 1, 5, "e").marked(MIDDLE, 1, 9, "x");
        expect(1, "a", "b", "c", "d", "e");
    }

    @Test
    void emptyBeginAndEndBatchesCount() {
        marked(BEGIN, 1, 1, "a", "b").marked(END, 1, 0);
        marked(BEGIN, 1, 0).marked(END, 1, 3, "c");
        expect(1, "a", "b", "c");
    }

    @Test
    void idsAreIndependent() {
        marked(4, BEGIN, 1, 1, "a").marked(5, BEGIN, 2, 1, "x").marked(4, END, 1, 2, "b");
        marked(5, MIDDLE, 2, 2, "y").marked(6, END, 2, 7, "z");
        Outcome outcome = expect(1, "a", "b");
        assertThat(fixture.entries(outcome, 2)).isEmpty();
    }

    @Test
    void idsZeroAndTheLargestAreIdsLikeOthers() {
        marked(0, BEGIN, 1, 1, "a").marked(-1, BEGIN, 1, 3, "c").marked(0, END, 1, 2, "b");
        marked(-1, END, 1, 4, "d");
        expect(1, "a", "b", "c", "d");
    }

    @Test
    void twoGroupsThatEndInALaterStretchTakeEffectInTheOrderOfTheirEnds() {
        marked(4, BEGIN, 1, 1, "a").marked(5, BEGIN, 1, 2, "B").marked(4, END, 1, 2, "b");
        marked(5, END, 1, 3, "c");
        expect(1, "a", "B", "c");
    }

    @Test
    void onlyTheFirstMarkerOfABatchCounts() {
        fixture.rewrite(
                SegmentBytes.v2(++segments)
                        .batch()
                        .marker(ID, BEGIN)
                        .marker(ID, END)
                        .entries(1, 1, "a")
                        .end());
        marked(END, 1, 2, "b");
        expect(1, "a", "b");
    }

    @Test
    void markersInTheAppendQueueMeanNothing() {
        fixture.append(
                SegmentBytes.v2(1)
                        .batch()
                        .marker(ID, BEGIN)
                        .entries(1, 1, "a")
                        .end()
                        .batch()
                        .marker(ID, 7)
                        .entries(1, 2, "b")
                        .end());
        Outcome outcome = fixture.recover(RecoveryMode.TOLERATE_TAIL_CORRUPTION);
        assertThat(fixture.entries(outcome, 1)).containsExactly("a", "b");
        assertThat(outcome.model().groups()).containsOnlyKeys(1L);
    }

    /** D6: the reference aborts. */
    @Test
    void anUnknownMarkerInTheRewriteQueueIsRefusedInEveryMode() {
        marked(3, 1, 1, 1, "a");
        fixture.rewrite(SegmentBytes.v2(++segments).batch().marker(ID, 3).end());
        for (RecoveryMode mode : RecoveryMode.values()) {
            fixture.refuses(mode, CorruptionException.class);
        }
    }

    @Test
    void aGroupMayLieInOneSegmentAndBeginInTheMiddleOfABatchSequence() {
        SegmentBytes segment = SegmentBytes.v2(++segments).append(1, 1, "a");
        segment.batch().marker(ID, BEGIN).entries(1, 2, "b").end();
        segment.append(9, 1, "u");
        segment.batch().entries(1, 3, "c").marker(ID, END).end();
        fixture.rewrite(segment.append(1, 4, "d"));
        unrelated(2, "v");
        expect(1, "a", "b", "c", "d");
    }

    // ------------------------------------------------------------------ what a cut takes away

    private static SegmentBytes originals() {
        return SegmentBytes.v2(1).append(1, 1, "a", "b", "c", "d", "e", "f", "g", "h", "i");
    }

    private static SegmentBytes fragment(
            SegmentBytes segment, int marker, long first, String... entries) {
        return segment.batch().marker(ID, marker).entries(1, first, entries).end();
    }

    /** With every split, and once more when the damage is gone. */
    private void expectRescued(List<SegmentBytes> queue, long voidFrom, String... entries) {
        for (int cuts = 0; cuts < 1 << (queue.size() - 1); cuts++) {
            List<Integer> split = new ArrayList<>();
            for (int i = 1; i < queue.size(); i++) {
                if ((cuts & 1 << (i - 1)) != 0) {
                    split.add(i);
                }
            }
            split.add(queue.size());
            queue.forEach(fixture::rewrite);
            fixture.split(split);
            fixture.refuses(RecoveryMode.TOLERATE_TAIL_CORRUPTION, CorruptionException.class);
            Outcome rescued = fixture.recover(RecoveryMode.TOLERATE_ANY_CORRUPTION);
            assertThat(fixture.entries(rescued, 1)).as("split %s", split).containsExactly(entries);
            List<UnfinishedGroup> unfinished = rescued.report().unfinishedGroups();
            assertThat(unfinished).as("split %s", split).hasSize(1);
            assertThat(unfinished.get(0).id()).isEqualTo(ID);
            assertThat(unfinished.get(0).firstSeq()).isEqualTo(voidFrom);
            rescued.result()
                    .rewrite()
                    .forEach(s -> assertThat(s.file().path()).hasSize(s.liveEnd()));
            Outcome later = fixture.recover(RecoveryMode.ABSOLUTE_CONSISTENCY);
            assertThat(fixture.entries(later, 1)).as("split %s", split).containsExactly(entries);
            assertThat(later.report().clean()).isTrue();
        }
    }

    @Test
    void aGroupThatLostItsMiddleLeavesItsOriginalsAlone() {
        SegmentBytes damaged = fragment(SegmentBytes.v2(2), BEGIN, 1, "a", "b", "c");
        fragment(damaged, MIDDLE, 4, "d", "e", "f");
        damaged.damage(damaged.offset(1) + 12);
        SegmentBytes end = fragment(SegmentBytes.v2(3), END, 7, "g", "h", "i");
        List<SegmentBytes> queue = List.of(originals(), damaged, end);
        expectRescued(queue, 2, "a", "b", "c", "d", "e", "f", "g", "h", "i");
    }

    @Test
    void aGroupThatLostAWholeSegmentOfMiddlesLeavesItsOriginalsAlone() {
        SegmentBytes begin = fragment(SegmentBytes.v2(2), BEGIN, 1, "a", "b", "c");
        SegmentBytes damaged = fragment(SegmentBytes.v2(3), MIDDLE, 4, "d", "e", "f").damage(10);
        SegmentBytes end = fragment(SegmentBytes.v2(4), END, 7, "g", "h", "i");
        List<SegmentBytes> queue = List.of(originals(), begin, damaged, end);
        expectRescued(queue, 2, "a", "b", "c", "d", "e", "f", "g", "h", "i");
    }

    @Test
    void aGroupThatLostTheLastOfItsMiddlesLeavesItsOriginalsAlone() {
        SegmentBytes begin = fragment(SegmentBytes.v2(2), BEGIN, 1, "a", "b", "c");
        SegmentBytes damaged = fragment(SegmentBytes.v2(3), MIDDLE, 4, "d", "e", "f");
        fragment(damaged, MIDDLE, 7, "g");
        damaged.damage(damaged.offset(1) + 12);
        SegmentBytes middle = fragment(SegmentBytes.v2(4), MIDDLE, 8, "h");
        SegmentBytes end = fragment(SegmentBytes.v2(5), END, 9, "i");
        List<SegmentBytes> queue = List.of(originals(), begin, damaged, middle, end);
        expectRescued(queue, 2, "a", "b", "c", "d", "e", "f", "g", "h", "i");
    }

    @Test
    void groupsOfTheSameIdThatEndBeforeTheCutOrBeginBehindItCount() {
        SegmentBytes begin = fragment(SegmentBytes.v2(2), BEGIN, 1, "A");
        SegmentBytes damaged = fragment(SegmentBytes.v2(3), END, 2, "B");
        fragment(damaged, BEGIN, 1, "x");
        fragment(damaged, MIDDLE, 2, "x");
        damaged.damage(damaged.offset(2) + 12);
        SegmentBytes lost = fragment(SegmentBytes.v2(4), END, 3, "x");
        fragment(lost, BEGIN, 3, "C");
        SegmentBytes end = fragment(SegmentBytes.v2(5), END, 4, "D");
        SegmentBytes first = SegmentBytes.v2(1).append(1, 1, "a");
        expectRescued(List.of(first, begin, damaged, lost, end), 3, "A", "B", "C", "D");
    }

    /** A repair reads what is behind a damaged header, and a group is read a second time. */
    @Test
    void aDamagedHeaderInFrontOfAGroupHidesNothingFromARepair() {
        for (int version = 1; version <= 2; version++) {
            SegmentBytes begin = version == 1 ? SegmentBytes.v1(1) : SegmentBytes.v2(1);
            fragment(begin, BEGIN, 1, "a").damage(10);
            SegmentBytes end = version == 1 ? SegmentBytes.v1(2) : SegmentBytes.v2(2);
            fragment(end, END, 2, "b").damage(60); // another version, or none at all
            fixture.rewrite(begin).rewrite(end).toSave();
            for (List<Integer> split : List.of(List.of(2), List.of(1, 2))) {
                Outcome saved = fixture.split(split).recover(RecoveryMode.TOLERATE_ANY_CORRUPTION);
                assertThat(fixture.entries(saved, 1)).containsExactly("a", "b");
                assertThat(saved.report().dropped()).hasSize(2);
            }
        }
    }

    /** Guard of D8: memory for unfinished groups is bounded. */
    @Test
    void moreUnfinishedGroupsThanAnyEngineLeavesAreRefused() {
        AtomicGroups groups = new AtomicGroups(true, MemoryBudget.unlimited());
        for (int i = 0; i < AtomicGroups.OPEN_MAX; i++) {
            groups.marked(AtomicMarker.BEGIN, i, 0, i, 0, "f");
        }
        assertThatThrownBy(() -> groups.marked(AtomicMarker.BEGIN, -5, 0, 0, 0, "f"))
                .isInstanceOf(CorruptionException.class);
    }

    /** A squeeze may write one for each small block that it copies. */
    @Test
    void aGroupMayHaveAnyNumberOfBatchesThatTheBudgetPaysFor() {
        MemoryBudget budget = new MemoryBudget(16 << 20);
        try (AtomicGroups groups = new AtomicGroups(true, budget)) {
            groups.marked(AtomicMarker.BEGIN, ID, 0, 0, 0, "f");
            for (int i = 1; i < 600_000; i++) {
                groups.marked(AtomicMarker.MIDDLE, ID, i >>> 10, i, 0, "f");
            }
            assertThat(groups.marked(AtomicMarker.END, ID, 600, 600_000, 0, "f"))
                    .isEqualTo(AtomicGroups.Outcome.COMPLETE);
            FragmentList all = groups.takeCompleted();
            assertThat(all.size()).isEqualTo(600_001);
            assertThat(all.offset(599_999)).isEqualTo(599_999);
            assertThat(budget.reservedBytes()).isPositive();
        }
        assertThat(budget.reservedBytes()).isZero();
    }

    /** Guard of D8. */
    @Test
    void moreBatchesThanTheBudgetPaysForEndInATypedError() {
        MemoryBudget budget = new MemoryBudget(4 << 20);
        try (AtomicGroups groups = new AtomicGroups(true, budget)) {
            groups.marked(AtomicMarker.BEGIN, ID, 0, 0, 0, "f");
            assertThatThrownBy(
                            () -> {
                                for (int i = 1; i < 600_000; i++) {
                                    groups.marked(AtomicMarker.MIDDLE, ID, 0, i, 0, "f");
                                }
                            })
                    .isInstanceOf(MemoryLimitException.class);
        }
        assertThat(budget.reservedBytes()).isZero();
    }
}
