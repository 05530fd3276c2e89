package io.raftengine.engine;

import static io.raftengine.engine.Scene.clean;
import static io.raftengine.engine.Scene.compact;
import static io.raftengine.engine.Scene.put;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.error.PoisonedException;
import io.raftengine.error.StorageException;
import io.raftengine.log.format.QueueKind;
import io.raftengine.recovery.SegmentReport;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.FaultRule;
import io.raftengine.testing.fs.Operation;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a purge leaves that broke off: nothing comes back, nothing waits for ever (I1, I6). */
@Timeout(120)
class PurgeFailuresTest {
    private static final int ENTRY_BYTES = 4 << 10;

    /** Breaks off once at a time of one's choice, and counts what is pending. */
    private static final class Breaking implements EngineListener {
        boolean atRewrittenBatch;
        boolean atNewRewriteSegment;
        int pending;
        int copies;

        @Override
        public void onBatchWritten(QueueKind queue, long segmentSeq, long offset, long bytes) {
            pending++;
            copies += queue == QueueKind.REWRITE ? 1 : 0;
            if (queue == QueueKind.REWRITE && atRewrittenBatch) {
                atRewrittenBatch = false;
                throw new OutOfMemoryError("as if the heap were exhausted");
            }
        }

        @Override
        public void onBatchApplied(QueueKind queue, long segmentSeq) {
            pending--;
        }

        @Override
        public void onNewSegment(QueueKind queue, long segmentSeq) {
            if (queue == QueueKind.REWRITE && atNewRewriteSegment) {
                atNewRewriteSegment = false;
                throw new OutOfMemoryError("as if the heap were exhausted");
            }
        }
    }

    private static Scene sceneWith(EngineListener listener, EngineConfig.Builder config) {
        EngineFixture f = new EngineFixture(config);
        f.listeners = List.of(listener);
        return new Scene(f);
    }

    /**
     * The copy is in the log and not in the index: were the group cleaned now, nobody would carry
     * that to the rewrite queue, and the copy would be the group at the next open.
     */
    @Test
    void aCopyTheIndexNeverHeardOfPoisonsAndDoesNotComeBack() {
        Breaking listener = new Breaking();
        try (Scene scene = sceneWith(listener, Scene.segmentsOf(1))) {
            scene.append(1, 1, 5).append(2, 1, 5);
            listener.atRewrittenBatch = true;
            assertThatThrownBy(scene::rewriteAppend)
                    .isInstanceOf(PoisonedException.class)
                    .hasRootCauseInstanceOf(OutOfMemoryError.class);
            Ledger before = scene.ledger;
            assertThatThrownBy(() -> scene.write(clean(1))).isInstanceOf(PoisonedException.class);
            scene.ledger = before;
            scene.check("reads go on");
            scene.f.reopen();
            scene.check("nothing happened");
            scene.write(clean(1));
            scene.rewriteAppend();
            scene.checkAlsoReopened("cleaned, and the copy with it");
        }
    }

    /** The rewrite queue's directory could not be synced: nothing is acknowledged after that. */
    @Test
    void aRewriteQueueThatIsPoisonedPoisonsTheEngine() {
        try (Scene scene = new Scene(Scene.segmentsOf(1))) {
            scene.append(1, 1, 5).rewriteAppend();
            scene.write(compact(1, 3));
            scene.f
                    .fs
                    .on(Operation.DELETE)
                    .onFiles(name -> name.endsWith(".rewrite"))
                    .once()
                    .inject(new Fault.Run(call -> failNextDirectorySync(scene)));
            assertThatThrownBy(scene::rewriteRewrite).isInstanceOf(PoisonedException.class);
            Ledger before = scene.ledger;
            assertThatThrownBy(() -> scene.write(put(9, "k", "v")))
                    .isInstanceOf(PoisonedException.class);
            scene.ledger = before;
            scene.f.reopen();
            scene.check("reopened");
        }
    }

    private static void failNextDirectorySync(Scene scene) {
        scene.f.fs.on(Operation.SYNC_DIRECTORY).once().inject(Fault.error());
    }

    /** What lies before it is free, whatever becomes of it. */
    @Test
    void anUnreadableBlockHoldsBackItsOwnSegmentOnly() {
        try (Scene scene = new Scene(Scene.segmentsOf(ENTRY_BYTES))) {
            scene.cut(1, false);
            for (long group = 1; group <= 9; group++) {
                scene.append(group, 1, 2, ENTRY_BYTES);
            }
            long segment = scene.segmentOf(7, 1);
            String rotten = "%016d.raftlog".formatted(segment);
            FaultRule unreadable =
                    scene.f
                            .fs
                            .on(Operation.READ)
                            .onFiles(name -> name.endsWith(rotten))
                            .inject(Fault.error());
            for (int purge = 0; purge < 2; purge++) {
                assertThatThrownBy(scene::rewriteAppend)
                        .isInstanceOf(StorageException.class)
                        .hasMessageContaining(rotten);
                assertThat(scene.append().firstSeq()).isEqualTo(segment);
                assertThat(scene.f.engine.statistics().purgedSegments())
                        .as("also counted")
                        .isEqualTo(segment - 1);
            }
            unreadable.remove();
            scene.checkAlsoReopened("readable again");
            scene.rewriteAppend();
            assertThat(scene.append().segmentCount()).isOne();
            scene.checkAlsoReopened("all moved");
        }
    }

    /** Their times are counted, so they would be copied although nobody asked to compact them. */
    @Test
    void groupsNamedByAPurgeThatFailsAreNamedByTheNextOneThatDoesNot() {
        try (Scene scene = new Scene(Scene.segmentsOf(1 << 10).purgeThresholdBytes(10 << 10))) {
            for (long group = 1; group <= 2; group++) {
                for (int index = 1; index <= 40; index++) {
                    scene.append(group, index, index + 1);
                }
            }
            for (long group = 3; group <= 40; group++) {
                scene.append(group, 1, 2, 1 << 10);
            }
            FaultRule unwritable =
                    scene.f
                            .fs
                            .on(Operation.WRITE)
                            .onFiles(name -> name.endsWith(".rewrite"))
                            .inject(Fault.error());
            for (int purge = 0; purge < 2; purge++) {
                assertThatThrownBy(scene::purge).isInstanceOf(StorageException.class);
            }
            unwritable.remove();
            scene.write(clean(2));
            PurgeResult forced = scene.rewriteAppend();
            assertThat(Scene.named(forced)).as("2 is gone").containsExactly(1L);
            assertThat(Scene.named(scene.rewriteAppend())).as("only once").isEmpty();
            scene.checkAlsoReopened("in the end");
        }
    }

    /** A mark of a segment in the one after it would promise bytes that this does not have. */
    @Test
    void noMarkOfASegmentGetsIntoTheNextOne() {
        Breaking listener = new Breaking();
        try (Scene scene = sceneWith(listener, Scene.segmentsOf(1 << 20))) {
            for (long group = 1; group <= 40; group++) {
                scene.append(group, 1, 2, ENTRY_BYTES);
            }
            scene.rewriteAppend();
            listener.atNewRewriteSegment = true;
            assertThatThrownBy(() -> scene.f.engine.maintenance().rotate(QueueKind.REWRITE))
                    .isInstanceOf(OutOfMemoryError.class);
            scene.append(50, 1, 2, ENTRY_BYTES);
            scene.rewriteAppend();
            scene.checkAlsoReopened("after the rotation that broke off");
            assertThat(scene.f.engine.recoveryReport().segments())
                    .as("what is promised is there")
                    .allMatch(segment -> segment.watermarkBytes() <= segment.fileBytes());
            assertThat(scene.f.engine.recoveryReport().segments())
                    .extracting(SegmentReport::kind)
                    .contains(QueueKind.REWRITE);
        }
    }

    /** A listener that counts batches which are written and not applied is not left waiting. */
    @Test
    void whoCountsBatchesUntilTheyAreAppliedHearsOfThoseGivenUp() {
        Breaking listener = new Breaking();
        try (Scene scene = sceneWith(listener, Scene.segmentsOf(1 << 20))) {
            scene.cut(1, false);
            for (int index = 1; index < 30; index++) {
                scene.append(1, index, index + 1);
            }
            scene.rewriteAppend();
            assertThat(listener.pending).isZero();
            scene.f
                    .fs
                    .on(Operation.WRITE)
                    .onFiles(name -> name.endsWith(".rewrite"))
                    .program(5, 1)
                    .inject(Fault.error());
            assertThatThrownBy(scene::rewriteRewrite).isInstanceOf(StorageException.class);
            assertThat(listener.pending).isZero();
            scene.checkAlsoReopened("an atomic group without its end");
        }
    }

    /** The one that was complete is in place, of the other one nothing is. */
    @ParameterizedTest
    @ValueSource(ints = {10, 30, 35, 59, 64, 90})
    void aCopyThatBreaksOffTakesNothingFromThoseThatWereComplete(int writes) {
        Breaking listener = new Breaking();
        try (Scene scene = sceneWith(listener, Scene.segmentsOf(1 << 20))) {
            scene.cut(1, false);
            for (long group = 1; group <= 3; group++) {
                for (int index = 1; index <= 30; index++) {
                    scene.append(group, index, index + 1);
                }
            }
            scene.rewriteAppend();
            listener.copies = 0;
            scene.f
                    .fs
                    .on(Operation.WRITE)
                    .onFiles(name -> name.endsWith(".rewrite"))
                    .program(writes, 1)
                    .inject(Fault.error());
            assertThatThrownBy(scene::rewriteRewrite).isInstanceOf(StorageException.class);
            assertThat(listener.pending).isZero();
            scene.check("broken off");
            assertThat(copiedTwice(scene)).isEqualTo(listener.copies / 31);
            scene.checkAlsoReopened("broken off");
            scene.write(clean(1), clean(2), clean(3));
            scene.rewriteAppend();
            scene.rewriteRewrite();
            scene.checkAlsoReopened("cleaned");
        }
    }

    private static long copiedTwice(Scene scene) {
        long newest = scene.rewrite().activeSeq();
        return LongStream.rangeClosed(1, 3)
                .filter(group -> scene.segmentOf(group, 1) == newest)
                .peek(group -> assertThat(scene.segmentOf(group, 30)).isEqualTo(newest))
                .count();
    }

    @Test
    void aQueuePoisonedInTheBackgroundPoisonsTheOtherAsWell() {
        try (EngineFixture f = new EngineFixture(Scene.segmentsOf(16 << 20)).open()) {
            f.fs.on(Operation.START_WRITEBACK).inject(Fault.error());
            for (int i = 0; i < 40; i++) {
                f.put(1, "k" + i, "v".repeat(64 << 10), false);
            }
            assertThat(f.parts.rewriteQueue.poisoned()).isFalse();
            for (int i = 0; i < 10; i++) {
                f.parts.agent.doWork();
            }
            assertThatThrownBy(() -> f.put(1, "k", "v", true))
                    .isInstanceOf(PoisonedException.class);
            assertThat(f.parts.rewriteQueue.poisoned()).isTrue();
        }
    }
}
