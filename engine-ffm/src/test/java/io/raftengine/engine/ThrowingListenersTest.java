package io.raftengine.engine;

import static io.raftengine.engine.Scene.clean;
import static io.raftengine.engine.Scene.compact;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.log.format.QueueKind;
import io.raftengine.testing.errors.Undeclared;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Listeners in languages that know no checked exceptions throw them as they please: that is as
 * harmless as a RuntimeException, whichever method it is (M1).
 */
@Timeout(60)
class ThrowingListenersTest {
    private static final int ENTRY_BYTES = 4 << 10;

    /** What a listener may throw without saying so. */
    private static final class NotEvenAnException extends Throwable {
        private static final long serialVersionUID = 1;
    }

    /** Throws in one method at a time, in turn what is checked and what is neither. */
    private static final class Throwing implements EngineListener {
        private final List<String> thrownIn = new ArrayList<>();
        private Set<String> methods = Set.of();

        private void in(String method) {
            if (methods.contains(method)) {
                thrownIn.add(method);
                Undeclared.raise(
                        thrownIn.size() % 2 == 1
                                ? new IOException("on purpose")
                                : new NotEvenAnException());
            }
        }

        @Override
        public void onNewSegment(QueueKind queue, long segmentSeq) {
            in("new " + queue);
        }

        @Override
        public void onBatchWritten(QueueKind queue, long segmentSeq, long offset, long bytes) {
            in("written " + queue);
        }

        @Override
        public void onBatchApplied(QueueKind queue, long segmentSeq) {
            in("applied " + queue);
        }

        @Override
        public void onPurged(QueueKind queue, long highestPurgedSeq) {
            in("purged " + queue);
        }

        @Override
        public long firstSegmentNotReadyForPurge() {
            if (methods.contains("error")) {
                throw new AssertionError("on purpose");
            }
            in("first");
            return Long.MAX_VALUE;
        }
    }

    private final Throwing listener = new Throwing();

    private Scene scene(EngineConfig.Builder config) {
        EngineFixture f = new EngineFixture(config);
        f.listeners = List.of(listener);
        return new Scene(f);
    }

    /** Copies that the index does not hear of come back one day. */
    @Test
    void aGroupCleanedAfterItsCopyWasWrittenDoesNotComeBack() {
        try (Scene scene = scene(Scene.segmentsOf(1))) {
            scene.append(7, 1, 6).append(2, 1, 5);
            listener.methods = Set.of("written REWRITE");
            scene.rewriteAppend();
            listener.methods = Set.of();
            assertThat(listener.thrownIn).isNotEmpty();
            assertThat(scene.queueOf(7, 1)).isEqualTo(QueueKind.REWRITE);
            scene.check("copied");
            scene.write(clean(7));
            scene.rewriteAppend();
            scene.checkAlsoReopened("cleaned, and the copy with it");
        }
    }

    @Test
    void writesGoOnWhateverTheWrittenBatchMeansToTheListener() {
        goesOn("written APPEND");
    }

    @Test
    void writesGoOnWhateverTheAppliedBatchMeansToTheListener() {
        goesOn("applied APPEND");
    }

    @Test
    void writesGoOnWhateverTheNewSegmentMeansToTheListener() {
        goesOn("new APPEND");
    }

    @Test
    void purgesGoOnWhateverTheWrittenCopyMeansToTheListener() {
        goesOn("written REWRITE");
    }

    @Test
    void purgesGoOnWhateverTheAppliedCopyMeansToTheListener() {
        goesOn("applied REWRITE");
    }

    @Test
    void purgesGoOnWhateverTheNewSegmentOfCopiesMeansToTheListener() {
        goesOn("new REWRITE");
    }

    @Test
    void purgesGoOnWhateverThePurgedSegmentsMeanToTheListener() {
        goesOn("purged APPEND", "purged REWRITE");
    }

    /** Who cannot answer may need everything; that is no reason to keep the rewrite queue, too. */
    @Test
    void aPurgeWithoutAnswerDropsNothingOfTheAppendQueueAndGoesOn() {
        try (Scene scene = scene(Scene.segmentsOf(2 * ENTRY_BYTES))) {
            scene.append(1, 1, 2, ENTRY_BYTES).rewriteAppend();
            scene.f.engine.maintenance().rotate(QueueKind.REWRITE);
            for (String what : List.of("first", "first", "error")) {
                listener.methods = Set.of(what);
                scene.write(clean(1));
                scene.append(1, 1, 2, ENTRY_BYTES).append(2, 1, 3, ENTRY_BYTES);
                PurgeResult kept = scene.rewriteAppend();
                assertThat(kept.appendSegmentsDropped()).as(what).isZero();
                assertThat(kept.bytesRewritten()).isPositive();
                assertThat(kept.rewriteSegmentsDropped()).isPositive();
                scene.f.engine.maintenance().rotate(QueueKind.REWRITE);
            }
            listener.methods = Set.of();
            assertThat(scene.rewriteAppend().appendSegmentsDropped()).isPositive();
            assertThat(scene.append().segmentCount()).isOne();
            scene.checkAlsoReopened("with an answer");
        }
    }

    /** Writes, rotations and purges of both queues beside a listener that throws each time. */
    private void goesOn(String... methods) {
        try (Scene scene = scene(Scene.segmentsOf(2 * ENTRY_BYTES))) {
            listener.methods = Set.of(methods);
            for (int round = 0; round < 4; round++) {
                int first = 1 + 5 * round;
                for (int index = first; index < first + 5; index++) {
                    scene.append(1, index, index + 1, ENTRY_BYTES);
                    scene.append(2, index, index + 1, ENTRY_BYTES);
                }
                scene.f.engine.maintenance().rotate(QueueKind.APPEND);
                scene.f.engine.maintenance().rotate(QueueKind.REWRITE);
                scene.write(compact(1, first + 2));
                assertThat(scene.rewriteAppend().appendSegmentsDropped()).isPositive();
                assertThat(scene.rewriteRewrite().rewriteSegmentsDropped()).isPositive();
                scene.check("round " + round);
            }
            assertThat(listener.thrownIn).hasSizeGreaterThan(2).contains(methods);
            scene.checkAlsoReopened("in the end");
        }
    }
}
