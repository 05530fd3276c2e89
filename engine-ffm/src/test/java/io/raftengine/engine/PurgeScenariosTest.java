package io.raftengine.engine;

import static io.raftengine.engine.Scene.clean;
import static io.raftengine.engine.Scene.compact;
import static io.raftengine.engine.Scene.delete;
import static io.raftengine.engine.Scene.entries;
import static io.raftengine.engine.Scene.put;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.engine.Scene.Between;
import io.raftengine.error.RaftEngineException;
import io.raftengine.log.format.QueueKind;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.FaultRule;
import io.raftengine.testing.fs.Operation;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What a purge leaves of a group's past, by the scenarios of the real engine: H5, H6, Q4, Q5. Every
 * mixture of short histories is in {@link PurgeMixturesTest}.
 */
@Timeout(120)
class PurgeScenariosTest {
    /**
     * H5, the variant that is switched off in the real engine because it fails there: put, rewrite,
     * delete, rewrite, reopen. Q4.
     */
    @Test
    void aKeyDeletedAfterItWasRewrittenStaysDeleted() {
        try (Scene scene = new Scene(Scene.segmentsOf(1))) {
            scene.write(put(1, "k", "v"), put(1, "stays", "x")).rewriteAppend();
            scene.write(delete(1, "k")).rewriteAppend();
            assertThat(scene.append().segmentCount()).as("the DELETE is gone").isOne();
            scene.checkAlsoReopened("after the delete was carried");
            scene.rewriteAppend();
            scene.rewriteRewrite();
            scene.checkAlsoReopened("after everything was copied once more");
        }
    }

    /** Q4, defect 4: 6..10 must not become 1..10. */
    @Test
    void entriesCompactedAfterTheyWereRewrittenStayCompacted() {
        try (Scene scene = new Scene(Scene.segmentsOf(1))) {
            scene.append(1, 1, 11).rewriteAppend();
            scene.write(compact(1, 6));
            scene.rewriteAppend();
            assertThat(scene.append().segmentCount()).isOne();
            scene.checkAlsoReopened("first index 6");
            assertThat(scene.f.engine.firstIndex(1)).isEqualTo(6);
        }
    }

    /** Q5, defect 5: the carried CLEAN makes no empty group. */
    @Test
    void aCleanedGroupIsNotListedAfterAPurge() {
        try (Scene scene = new Scene(Scene.segmentsOf(1))) {
            scene.append(1, 1, 5).append(2, 1, 5).rewriteAppend();
            scene.write(clean(1));
            for (int i = 0; i < 3; i++) {
                assertThat(groups(scene)).containsExactly(2L);
                scene.rewriteAppend();
                assertThat(groups(scene)).containsExactly(2L);
                scene.f.reopen();
                assertThat(groups(scene)).containsExactly(2L);
                assertThat(scene.f.engine.statistics().groups()).isOne();
            }
            scene.write(clean(2));
            scene.rewriteAppend();
            assertThat(scene.f.engine.isEmpty()).isTrue();
            scene.f.reopen();
            assertThat(scene.f.engine.isEmpty()).isTrue();
        }
    }

    /** Defect 5: late results of a rewrite make no group either. */
    @Test
    void whatIsRemovedWhileItIsBeingCopiedStaysRemoved() {
        try (Scene scene = new Scene(Scene.segmentsOf(1))) {
            scene.append(1, 1, 5).append(2, 1, 9).append(3, 1, 5).append(4, 1, 5);
            // Under the purger's feet, when its copies are on the way and not in place yet.
            int[] times = new int[1];
            scene.duringCopies(() -> {
                if (times[0]++ == 0) {
                    scene.write(clean(1), compact(2, 6), delete(3, "last_index"));
                    scene.write(entries(4, 3, 4));
                }
            });
            scene.rewriteAppend();
            assertThat(times[0]).isPositive();
            scene.check("when the copies are in place");
            assertThat(groups(scene)).containsExactly(2L, 3L, 4L);
            scene.f.reopen();
            scene.check("reopened with the removals in the append queue");
            assertThat(groups(scene)).containsExactly(2L, 3L, 4L);
            scene.rewriteAppend();
            scene.rewriteAppend();
            scene.checkAlsoReopened("when the removals were carried");
            assertThat(groups(scene)).containsExactly(2L, 3L, 4L);
        }
    }

    private static List<Long> groups(Scene scene) {
        List<Long> groups = new ArrayList<>();
        scene.f.engine.forEachGroup(groups::add);
        groups.sort(null);
        return groups;
    }

    /** H5: an interrupted purge at each place of put, delete, put; the value seen is the last. */
    @Test
    void theLastValueOfAKeyIsSeenWhereverPurgesWereInterrupted() {
        for (Between first : Between.values()) {
            for (Between second : Between.values()) {
                try (Scene scene = new Scene(Scene.segmentsOf(1))) {
                    scene.write(put(1, "k", "1")).happens(first);
                    scene.write(delete(1, "k")).happens(second);
                    scene.checkAlsoReopened(first + ", " + second + ": deleted");
                    scene.write(put(1, "k", "3"));
                    assertThat(scene.f.value(1, "k")).isEqualTo("3");
                    scene.checkAlsoReopened(first + ", " + second + ": put again");
                }
            }
        }
    }

    /** H6, first layout: rewrite [1,11), append: compacted to 5. Live: six entries and a key. */
    @Test
    void aCompactionAfterARewriteIsWhatAReopenShows() {
        try (Scene scene = new Scene(Scene.segmentsOf(1))) {
            scene.append(1, 1, 10).rewriteAppend();
            scene.write(compact(1, 5));
            assertThat(scene.liveItems()).isEqualTo(5 + 1);
            scene.checkAlsoReopened("[5,10)");
            assertThat(scene.liveItems()).as("also counted by recovery").isEqualTo(6);
            scene.rewriteAppend();
            scene.checkAlsoReopened("[5,10), the mark carried");
            // Second layout, in the same engine: rewrite [20,25), compacted whole, append [10,25).
            scene.append(2, 20, 25).rewriteAppend();
            scene.write(compact(2, 25));
            scene.append(2, 10, 25);
            assertThat(scene.liveItems()).isEqualTo(6 + 15 + 1);
            scene.checkAlsoReopened("[10,25)");
            assertThat(scene.liveItems()).isEqualTo(22);
            scene.rewriteAppend();
            scene.checkAlsoReopened("[10,25), all rewritten");
            assertThat(scene.queueOf(2, 10)).isEqualTo(QueueKind.REWRITE);
        }
    }

    /** H6, third layout: rewrite [10,15) and [15,25), append [20,25): what is younger counts. */
    @Test
    void appendedEntriesReplaceTheRewrittenOnesTheyOverlap() {
        try (Scene scene = new Scene(Scene.segmentsOf(1))) {
            scene.append(1, 10, 15).rewriteAppend();
            scene.append(1, 15, 25).rewriteAppend();
            scene.append(1, 20, 25, 33); // other bytes for the same indexes
            assertThat(scene.liveItems()).isEqualTo(16);
            assertThat(scene.queueOf(1, 19)).isEqualTo(QueueKind.REWRITE);
            assertThat(scene.queueOf(1, 20)).isEqualTo(QueueKind.APPEND);
            scene.checkAlsoReopened("[10,25), the tail of the append queue");
            assertThat(scene.liveItems()).isEqualTo(16);
            scene.rewriteAppend();
            scene.checkAlsoReopened("[10,25), all rewritten");
        }
    }

    /** H6, fourth layout: rewrite [1,5), a gap, append [10,15). */
    @Test
    void aGapBetweenWhatWasRewrittenAndWhatWasAppendedHidesTheFormer() {
        try (Scene scene = new Scene(Scene.segmentsOf(1))) {
            scene.append(1, 1, 5).rewriteAppend();
            scene.write(compact(1, 5), entries(1, 10, 15));
            scene.checkAlsoReopened("[10,15)");
            scene.rewriteAppend();
            scene.checkAlsoReopened("[10,15), rewritten");
            assertThat(scene.f.engine.firstIndex(1)).isEqualTo(10);
        }
    }

    /**
     * Nothing is carried of what the rewrite queue never held, and nothing twice: a purge of a
     * purged engine writes nothing (D13).
     */
    @Test
    void removalsAreCarriedOnceAndOnlyWhereTheRewriteQueueHoldsSomething() {
        try (Scene scene = new Scene(Scene.segmentsOf(1))) {
            scene.append(1, 1, 5);
            scene.write(compact(1, 3), delete(1, "last_index"));
            scene.write(clean(2), clean(1));
            assertThat(scene.rewriteAppend().bytesRewritten()).isZero();
            scene.append(1, 1, 5).rewriteAppend();
            scene.write(compact(1, 3), delete(1, "last_index"));
            assertThat(scene.rewriteAppend().bytesRewritten()).isPositive();
            assertThat(scene.rewriteAppend().bytesRewritten()).isZero();
            scene.f.reopen();
            scene.rewriteAppend();
            assertThat(scene.rewriteAppend().bytesRewritten()).isZero();
            scene.checkAlsoReopened("[3,5) without keys");
        }
    }

    /**
     * Removals of the active segment are not carried: after a power cut they might be there without
     * what was written before them. The purge that comes when their segment is sealed does it.
     */
    @Test
    void removalsThatAreNotSealedStayBehindAndKeepTheirSegment() {
        try (Scene scene = new Scene(Scene.segmentsOf(64 << 10))) {
            scene.append(1, 1, 11).rewriteAppend();
            scene.write(compact(1, 6), delete(1, "last_index"));
            scene.f.engine.maintenance().rotate(QueueKind.APPEND);
            long sealed = scene.append().firstSeq();
            scene.write(compact(1, 8), put(2, "k", "v"));
            // Everything below the active segment moves; what the active one removed does not.
            scene.f.engine.maintenance().rewriteAppend(sealed);
            assertThat(scene.append().firstSeq()).isEqualTo(sealed + 1);
            scene.checkAlsoReopened("[8,11)");
            scene.rewriteAppend();
            scene.checkAlsoReopened("[8,11), carried by the next");
        }
    }

    /** What a failed purge did not get to, the next one does: no group is lost on the way. */
    @Test
    void aPurgeThatFailedAtAnyWriteIsMadeUpForByTheNext() {
        for (int write = 0; ; write++) {
            try (Scene scene = new Scene(Scene.segmentsOf(1))) {
                scene.cut(1, false);
                for (long group = 1; group <= 4; group++) {
                    scene.append(group, 1, 4).append(group, 4, 6);
                }
                FaultRule failing =
                        scene.f
                                .fs
                                .on(Operation.WRITE)
                                .onFiles(name -> name.endsWith(".rewrite"))
                                .program(write, 1)
                                .inject(Fault.error());
                boolean failed = false;
                try {
                    scene.rewriteAppend();
                } catch (RaftEngineException typed) {
                    failed = true;
                }
                failing.remove();
                scene.check("write " + write + " failed");
                scene.rewriteAppend();
                assertThat(scene.append().segmentCount()).as("write " + write).isOne();
                scene.checkAlsoReopened("made up for write " + write);
                if (!failed) {
                    assertThat(write).isGreaterThan(4);
                    return;
                }
            }
        }
    }

    /** A squeeze frees the segment that was active, too. */
    @Test
    void aSqueezeBeginsANewSegmentAndDropsAllOlderOnes() {
        try (Scene scene = new Scene(Scene.segmentsOf(1 << 20))) {
            scene.append(1, 1, 9).rewriteAppend();
            long active = scene.rewrite().activeSeq();
            assertThat(scene.rewriteRewrite().rewriteSegmentsDropped()).isPositive();
            assertThat(scene.rewrite().firstSeq()).isEqualTo(active + 1);
            scene.checkAlsoReopened("squeezed");
        }
    }
}
