package io.raftengine.engine;

import static io.raftengine.engine.Scene.clean;
import static io.raftengine.engine.Scene.compact;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.engine.memtable.GroupLook;
import io.raftengine.engine.memtable.PurgeIndex;
import io.raftengine.log.format.QueueKind;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * When a purge works, which groups it copies, which it names, and how far it gets: H7 to H9. The
 * numbers of segments are those of the real engine (0.4.2) for the same operations, as it reported
 * them.
 */
@Timeout(120)
class PurgeTriggerTest {
    private static final int KIB = 1 << 10;

    /** Bytes the real engine stores for an entry of 1 KiB: eraftpb.Entry with index and term. */
    private static final int ENTRY_OF_A_KIB = KIB + 7;

    private static Scene scene(int targetKib, int thresholdKib) {
        return new Scene(
                Scene.segmentsOf((long) targetKib * KIB)
                        .purgeThresholdBytes((long) thresholdKib * KIB)
                        .batchCompressionThresholdBytes(8 * KIB));
    }

    /** H7. The real engine: 21 segments, 51, then 21..51 after both purges. */
    @Test
    void aPurgeBeginsAtTheThresholdAndNamesTheGroupThatHoldsItBack() {
        try (Scene scene = scene(5, 150)) {
            appendOneByOne(scene, 1, 0, 100, ENTRY_OF_A_KIB);
            assertThat(compactTo(scene, 1, 100)).isEqualTo(100);
            assertThat(scene.append()).isEqualTo(new SegmentSpan(1, 21));
            assertThat(scene.purge()).as("not needed").isEqualTo(PurgeResult.NOTHING);
            appendOneByOne(scene, 1, 100, 250, ENTRY_OF_A_KIB);
            assertThat(compactTo(scene, 1, 101)).isOne();
            assertThat(scene.append()).isEqualTo(new SegmentSpan(1, 51));
            PurgeResult first = scene.purge();
            assertThat(first.groups()).isEmpty();
            assertThat(first.appendSegmentsDropped()).isEqualTo(20);
            assertThat(first.bytesRewritten()).as("the group is left to its user").isZero();
            assertThat(scene.append()).isEqualTo(new SegmentSpan(21, 51));
            scene.check("101 is the first");
            assertThat(scene.f.engine.firstIndex(1)).isEqualTo(101);
            assertThat(compactTo(scene, 1, 102)).isOne();
            PurgeResult second = scene.purge();
            assertThat(Scene.named(second)).containsExactly(1L);
            // Entries 102 up to the last one of segment 21 + floor(31 * 0.7) = 42.
            int old = 0;
            while (scene.segmentOf(1, 102 + old) <= 42) {
                old++;
            }
            assertThat(old).isPositive();
            assertThat(second.groups().getFirst().bytes()).isEqualTo(old * ENTRY_OF_A_KIB);
            assertThat(scene.append()).isEqualTo(new SegmentSpan(21, 51));
            scene.checkAlsoReopened("102 is the first");
        }
    }

    /** H8. The real engine: 1..55 for nine purges, then 40..55, 86..104, 134..153. */
    @Test
    void aLaggingGroupIsNamedNineTimesAndCopiedTheTenth() {
        try (Scene scene = scene(1, 10)) {
            for (long group = 1; group <= 3; group++) {
                appendOneByOne(scene, group, 0, 50, 8);
            }
            for (long group = 4; group <= 50; group++) {
                appendOneByOne(scene, group, 1, 2, ENTRY_OF_A_KIB);
            }
            SegmentSpan before = scene.append();
            for (int i = 0; i < 9; i++) {
                assertThat(Scene.named(scene.purge())).as("purge " + i).containsExactly(1L, 2L, 3L);
                assertThat(scene.append()).as("they hold it back").isEqualTo(before);
                assertThat(rewritten(scene, 1, 49)).isZero();
            }
            PurgeResult tenth = scene.purge();
            assertThat(Scene.named(tenth)).containsExactly(1L, 2L, 3L);
            for (long group = 1; group <= 3; group++) {
                assertThat(rewritten(scene, group, 49)).as("rewrite count").isEqualTo(50);
            }
            // floor(55 * 0.7) = 38: the watermark is 39.
            assertThat(scene.append().firstSeq()).isEqualTo(watermark(before) + 1);
            scene.checkAlsoReopened("all rewritten");
            for (int round = 0; round < 2; round++) {
                moveOn(scene);
                SegmentSpan now = scene.append();
                assertThat(Scene.named(scene.purge())).as("round " + round).containsExactly(1L);
                assertThat(scene.append().firstSeq()).isEqualTo(watermark(now) + 1);
                scene.checkAlsoReopened("round " + round);
            }
        }
    }

    /** Compacts all groups but the first and appends to them what is newest. */
    private static void moveOn(Scene scene) {
        for (long group = 2; group <= 50; group++) {
            long last = scene.f.engine.lastIndex(group);
            compactTo(scene, group, last);
            scene.append(group, last, last + 1, ENTRY_OF_A_KIB);
        }
    }

    private static long watermark(SegmentSpan span) {
        return span.firstSeq() + (long) (span.segmentCount() * 0.7);
    }

    private static long rewritten(Scene scene, long group, long last) {
        return LongStream.rangeClosed(scene.f.engine.firstIndex(group), last)
                .filter(index -> scene.queueOf(group, index) == QueueKind.REWRITE)
                .count();
    }

    /**
     * H9. The real engine: 1..21, then 16..21, then 34..40. Ours leaves more at the second purge:
     * its oldest segments held group 11 and are half dead, so it waits for the others. Where that
     * lists group 11 as cleaned, to be carried, ours has nothing to carry: the rewrite queue holds
     * nothing of it (D13).
     */
    @Test
    void whatIsOldIsRewrittenAndTheRewriteQueueStaysHealthy() {
        try (Scene scene = scene(5, 80)) {
            for (int index = 1; index <= 10; index++) {
                for (long group = 1; group <= 10; group++) {
                    scene.append(group, index, index + 1, ENTRY_OF_A_KIB);
                }
            }
            scene.append(11, 1, 11, ENTRY_OF_A_KIB);
            assertThat(scene.append()).isEqualTo(new SegmentSpan(1, 21));
            PurgeResult first = scene.purge();
            assertThat(first.groups()).isEmpty();
            assertThat(first.bytesRewritten()).isGreaterThan(32 * KIB);
            assertThat(scene.append()).isEqualTo(new SegmentSpan(16, 21));
            scene.check("rewritten");
            scene.write(clean(11));
            scene.checkAlsoReopened("11 is gone");
            assertThat(scene.f.engine.statistics().groups()).isEqualTo(10);
            for (int index = 11; index <= 20; index++) {
                for (long group = 1; group <= 10; group++) {
                    scene.append(group, index, index + 1, ENTRY_OF_A_KIB);
                }
            }
            SegmentSpan before = scene.append(); // 16..41: marks of the close and the open
            assertThat(scene.purge().groups()).isEmpty();
            assertThat(scene.append().firstSeq()).isLessThanOrEqualTo(watermark(before) + 1);
            assertThat(scene.append().segmentCount()).as("80 KiB at most").isLessThanOrEqualTo(16);
            assertThat(before.activeSeq()).isBetween(40L, 41L);
            scene.checkAlsoReopened("rewritten twice");
        }
    }

    /**
     * A group that is not compacted for ever is asked nine times once, not again for each part of
     * it that is copied: the log would exceed its threshold most of the time.
     */
    @Test
    void aGroupThatLagsForEverHoldsTheLogBackOnceOnly() {
        int threshold = 20;
        try (Scene scene = scene(1, threshold)) {
            int over = 0;
            for (int index = 1; index <= 200; index++) {
                scene.append(1, index, index + 1, 8);
                scene.append(2, index, index + 1, ENTRY_OF_A_KIB);
                // What is young lives, what is old does not: worth waiting for.
                compactTo(scene, 2, Math.max(1, index - 7));
                assertThat(Scene.named(scene.purge())).isSubsetOf(1L);
                over += scene.append().segmentCount() > threshold ? 1 : 0;
            }
            assertThat(over).as("purges after which the log was too long").isBetween(1, 9);
            scene.checkAlsoReopened("in the end");
        }
    }

    /**
     * Who is named for what was rewritten is named rarely, and visited between for his newer data:
     * that is no reason to begin counting anew.
     */
    @Test
    void timesAskedForRewrittenDataAreKeptBetweenTheNamings() {
        try (Scene scene = scene(1, 10)) {
            scene.append(1, 1, 41).rewriteAppend();
            int asked = 0;
            boolean keptWithoutNaming = false;
            for (int index = 41; index < 100; index++) {
                // Overwritten again and again: listed for a segment that its data has left.
                scene.append(1, 41, 42, 8);
                scene.append(2, index, index + 1, ENTRY_OF_A_KIB);
                compactTo(scene, 2, index);
                boolean named = Scene.named(scene.purge()).contains(1L);
                int now = timesAsked(scene, 1);
                assertThat(now).isEqualTo(named && asked < 9 ? asked + 1 : named ? 0 : asked);
                keptWithoutNaming |= !named && now > 0;
                asked = now;
            }
            assertThat(keptWithoutNaming).isTrue();
        }
    }

    /** As above, for one such visit. */
    @Test
    void aVisitBetweenTwoNamingsDoesNotBeginToCountAnew() {
        try (Scene scene = scene(1, 10)) {
            scene.append(1, 1, 41).rewriteAppend();
            appendOneByOne(scene, 2, 1, 6, ENTRY_OF_A_KIB);
            compactTo(scene, 2, 5);
            scene.append(1, 41, 42, 8);
            long listedFor = scene.segmentOf(1, 41);
            long filler = 6;
            while (scene.append().segmentCount() < 11) {
                scene.append(2, filler, ++filler, ENTRY_OF_A_KIB);
            }
            assertThat(Scene.named(scene.purge())).containsExactly(1L);
            assertThat(timesAsked(scene, 1)).isOne();
            assertThat(scene.append()).as("4 were dead").isEqualTo(since(listedFor - 1, 7));
            appendOneByOne(scene, 2, filler, filler + 2, ENTRY_OF_A_KIB);
            // Listed for a segment that its data has left.
            scene.append(1, 41, 42, 8);
            assertThat(scene.append()).as("too long soon").isEqualTo(since(listedFor - 1, 10));
            PurgeResult between = scene.purge();
            assertThat(between.groups()).as("too early").isEmpty();
            assertThat(scene.append().firstSeq()).as("its turn").isGreaterThan(listedFor);
            assertThat(scene.append().firstSeq()).isLessThanOrEqualTo(scene.segmentOf(1, 41));
            assertThat(timesAsked(scene, 1)).isOne();
        }
    }

    private static SegmentSpan since(long first, int count) {
        return new SegmentSpan(first, first + count - 1);
    }

    private static int timesAsked(Scene scene, long group) {
        PurgeIndex index = new PurgeIndex(scene.f.parts.memtables);
        GroupLook look = new GroupLook();
        for (int place = index.firstRewritten(); place != 0; place = index.nextRewritten(place)) {
            index.look(index.groupAt(place), look);
            if (look.exists() && look.groupId() == group) {
                return look.asked();
            }
        }
        throw new AssertionError("nothing of the group was rewritten");
    }

    /** One segment is never purged, however far over the threshold (behaviour 7.1). */
    @Test
    void aSingleSegmentIsLeftAloneAndTwoAreNotUnderTheThreshold() {
        try (Scene scene = scene(4, 8)) {
            scene.append(1, 1, 3, 20 * KIB);
            scene.write(compact(1, 3));
            assertThat(scene.append().segmentCount()).isEqualTo(2);
            assertThat(scene.purge())
                    .as("2 segments are 8 KiB: not more")
                    .isEqualTo(PurgeResult.NOTHING);
            scene.append(1, 3, 4, 5 * KIB);
            scene.append(1, 4, 5, 5 * KIB);
            assertThat(scene.append().segmentCount()).isEqualTo(3);
            assertThat(scene.purge().appendSegmentsDropped()).isEqualTo(2);
            scene.checkAlsoReopened("3 was rewritten, 4 is in the active segment");
            assertThat(scene.queueOf(1, 4)).isEqualTo(QueueKind.APPEND);
        }
    }

    /** A key alone holds a segment back, too, and goes with the purge (behaviour 8.3). */
    @Test
    void oldKeysOfGroupsWithoutOldEntriesAreRewritten() {
        try (Scene scene = scene(1, 4)) {
            scene.write(Scene.put(7, "hard state", "1"));
            for (int i = 1; i < 30; i++) {
                scene.append(1, i, i + 1, KIB);
            }
            scene.write(compact(1, 29));
            PurgeResult result = scene.purge();
            assertThat(result.appendSegmentsDropped()).isPositive();
            assertThat(scene.f.parts.memtables.liveItems(QueueKind.REWRITE))
                    .as("the key is all that was copied")
                    .isOne();
            scene.checkAlsoReopened("the key moved");
            assertThat(scene.f.value(7, "hard state")).isEqualTo("1");
        }
    }

    private static long compactTo(Scene scene, long group, long index) {
        scene.ledger = scene.ledger.with(List.of(compact(group, index)));
        return scene.f.engine.compactTo(group, index);
    }

    private static void appendOneByOne(
            Scene scene, long group, long first, long end, int entryBytes) {
        for (long i = first; i < end; i++) {
            scene.append(group, i, i + 1, entryBytes);
        }
    }
}
