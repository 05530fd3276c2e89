package io.raftengine.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.engine.Ledger.Change;
import io.raftengine.engine.purge.PurgeDoors;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * How often a purge asks for the write token. Beside synced writes it gets it once per commit
 * group, so a purge that asks once per block or per group gets on as slowly as the disk syncs,
 * while the writers fill the log (H9).
 */
@Timeout(120)
class PurgeStepsTest {
    private static final int BLOCKS = 1000;
    private static final int ENTRY_BYTES = 10 << 10;
    private static final int STEP_BYTES = 128 << 10;

    /** Those of a purge that copies next to nothing. */
    private static final int OTHER_STEPS = 26;

    private long steps;

    private PurgeResult countingSteps(Scene scene, Supplier<PurgeResult> purge) {
        long before = PurgeDoors.tokenSteps(scene.f.parts.purge);
        PurgeResult result = purge.get();
        steps = PurgeDoors.tokenSteps(scene.f.parts.purge) - before;
        return result;
    }

    private static Scene scene(int compressionThreshold) {
        return new Scene(
                Scene.segmentsOf(256 << 10)
                        .batchCompressionThresholdBytes(compressionThreshold)
                        .verifyEveryRead(false));
    }

    /** Whose users compact: segments die by themselves. The real engine's purge is short then. */
    @Test
    void aPurgeThatOnlyDropsAsksFiveTimesAndMakesNoBuffers() {
        try (Scene scene = new Scene(Scene.segmentsOf(32 << 10).purgeThresholdBytes(64 << 10))) {
            for (int index = 1; index <= 40; index++) {
                scene.append(1, index, index + 1, ENTRY_BYTES);
            }
            scene.write(Scene.compact(1, 40));
            long memory = scene.f.engine.budget().peakBytes();
            PurgeResult result = countingSteps(scene, scene::purge);
            assertThat(result.appendSegmentsDropped()).isPositive();
            assertThat(result.bytesRewritten()).isZero();
            // What was removed, which groups are old, them again, what is dead, what was dropped.
            assertThat(steps).isEqualTo(5);
            assertThat(scene.f.engine.budget().peakBytes()).isEqualTo(memory);
            scene.checkAlsoReopened("dropped");
        }
    }

    /** Each block was written by itself and compressed, so it is copied by itself. */
    @ParameterizedTest
    @ValueSource(ints = {50, 500, BLOCKS})
    void compressedBlocksAreCopiedManyAtATimeByBothKindsOfCopies(int groups) {
        try (Scene scene = scene(8 << 10)) {
            fill(scene, groups);
            demandFewStepsOfBothKindsOfCopies(scene);
        }
    }

    @Test
    void whatIsNotCompressedIsCopiedManyBatchesAtATimeByBothKindsOfCopies() {
        try (Scene scene = scene(0)) {
            fill(scene, BLOCKS);
            demandFewStepsOfBothKindsOfCopies(scene);
        }
    }

    /**
     * All that is old of them is in the rewrite queue, and their users are asked to compact them.
     */
    @Test
    void idleGroupsAreNamedManyAtATime() {
        int groups = 1000;
        try (Scene scene = new Scene(Scene.segmentsOf(32 << 10).purgeThresholdBytes(64 << 10))) {
            List<List<Change>> batches = new ArrayList<>();
            for (int group = 1; group <= groups; group++) {
                batches.add(List.of(Scene.entries(group, 1, 41)));
            }
            write(scene, batches);
            scene.rewriteAppend();
            for (int index = 1; index <= 20; index++) {
                scene.append(groups + 1L, index, index + 1, ENTRY_BYTES);
            }
            scene.write(Scene.compact(groups + 1L, 20));
            PurgeResult result = countingSteps(scene, scene::purge);
            assertThat(result.groups()).hasSize(groups);
            assertThat(result.appendSegmentsDropped()).isPositive();
            assertThat(steps).isLessThanOrEqualTo(groups / 256 + OTHER_STEPS);
            scene.checkAlsoReopened("named");
        }
    }

    /** A copy of each begins in one segment and ends in another; then nothing of it is live. */
    @Test
    void atomicGroupsOfWhichNothingIsLeftAreForgottenManyAtATime() {
        int groups = 1100;
        try (Scene scene = new Scene(Scene.segmentsOf(1))) {
            List<List<Change>> batches = new ArrayList<>();
            for (int index = 1; index <= 2; index++) {
                for (int group = 1; group <= groups; group++) {
                    batches.add(List.of(Scene.entries(group, index, index + 1)));
                }
            }
            write(scene, batches);
            scene.cut(1, true);
            scene.rewriteAppend();
            assertThat(scene.rewrite().segmentCount()).isGreaterThanOrEqualTo(2 * groups);
            batches.clear();
            for (int group = 1; group <= groups; group++) {
                batches.add(List.of(Scene.compact(group, 3), Scene.entries(group, 3, 4)));
            }
            write(scene, batches);
            scene.cut(128 << 10, false);
            PurgeResult result = countingSteps(scene, scene::rewriteAppend);
            assertThat(result.rewriteSegmentsDropped()).isPositive();
            assertThat(steps).isLessThanOrEqualTo(groups / 64 + OTHER_STEPS);
            scene.checkAlsoReopened("forgotten");
        }
    }

    private static void fill(Scene scene, int groups) {
        List<List<Change>> batches = new ArrayList<>();
        for (int block = 0; block < BLOCKS; block++) {
            int group = 1 + block % groups;
            int index = 1 + block / groups;
            List<byte[]> entries = List.of(Workload.value(group, index, ENTRY_BYTES));
            batches.add(
                    List.of(
                            new Change.Append(group, index, entries),
                            Scene.put(group, "last", Integer.toString(index))));
        }
        write(scene, batches);
    }

    /** Batch by batch, and notes all of them at once: the ledger is copied for each note. */
    private static void write(Scene scene, List<List<Change>> batches) {
        try (LogBatch batch = scene.f.engine.newBatch()) {
            for (List<Change> changes : batches) {
                Ledger.fill(batch, changes);
                scene.f.write(batch, false);
            }
        }
        scene.ledger = scene.ledger.with(batches.stream().flatMap(List::stream).toList());
    }

    private void demandFewStepsOfBothKindsOfCopies(Scene scene) {
        demandFewSteps(countingSteps(scene, scene::rewriteAppend));
        assertThat(scene.append().segmentCount()).isOne();
        scene.check("copied");
        demandFewSteps(countingSteps(scene, scene::rewriteRewrite));
        scene.checkAlsoReopened("copied twice");
    }

    private void demandFewSteps(PurgeResult result) {
        assertThat(result.bytesRewritten()).isGreaterThan(BLOCKS * ENTRY_BYTES / 4L);
        assertThat(steps).isLessThanOrEqualTo(result.bytesRewritten() / STEP_BYTES + OTHER_STEPS);
    }
}
