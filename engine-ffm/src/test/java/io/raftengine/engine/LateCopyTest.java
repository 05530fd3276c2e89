package io.raftengine.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.log.format.QueueKind;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.FaultRule;
import io.raftengine.testing.fs.Operation;
import org.junit.jupiter.api.Test;

/**
 * Data that is removed while a purge copies it: the copy lands in the rewrite queue behind the
 * removal, and must not come back when the segment that holds the removal is dropped (D13).
 */
class LateCopyTest {
    @Test
    void aKeyDeletedWhileItIsCopiedStaysDeletedIfTheNextSegmentBeginsMeanwhile() {
        try (EngineFixture f = fixture()) {
            f.put(1, "deleted", "value", true);
            f.put(1, "kept", "value", true);
            whileCopying(
                    f,
                    () -> {
                        try (LogBatch batch = f.engine.newBatch()) {
                            batch.delete(1, EngineFixture.bytes("deleted"));
                            f.write(batch, false);
                        }
                        beginNextSegment(f);
                    });
            purgeTwiceAndReopen(f);
            assertThat(f.value(1, "kept")).isEqualTo("value");
            assertThat(f.value(1, "deleted")).isNull();
        }
    }

    @Test
    void aGroupCleanedWhileItIsCopiedStaysGoneIfTheNextSegmentBeginsMeanwhile() {
        try (EngineFixture f = fixture()) {
            f.append(1, 1, 20, true);
            f.put(1, "key", "value", true);
            whileCopying(
                    f,
                    () -> {
                        try (LogBatch batch = f.engine.newBatch()) {
                            batch.clean(1);
                            f.write(batch, false);
                        }
                        beginNextSegment(f);
                    });
            purgeTwiceAndReopen(f);
            assertThat(f.engine.lastIndex(1)).isEqualTo(-1);
            assertThat(f.value(1, "key")).isNull();
        }
    }

    @Test
    void entriesCompactedWhileTheyAreCopiedStayGoneIfTheNextSegmentBeginsMeanwhile() {
        try (EngineFixture f = fixture()) {
            f.append(1, 1, 20, true);
            whileCopying(
                    f,
                    () -> {
                        f.engine.compactTo(1, 11);
                        beginNextSegment(f);
                    });
            purgeTwiceAndReopen(f);
            assertThat(f.holds(1, 11, 20)).isTrue();
        }
    }

    /**
     * The group is longer than the purger's window, and its begin is compacted away while the first
     * windowful is written. A copy of that alone would cut off the rest at the next open.
     */
    @Test
    void entriesBehindACompactionThatMeetsTheSqueezeOfALongGroupSurviveIt() {
        for (int write = 0; ; write++) {
            String when = "at write " + write;
            try (Scene scene = longGroup()) {
                scene.rewriteAppend();
                FaultRule met = compactOnceWhileCopying(scene, write, 80);
                scene.rewriteRewrite();
                boolean over = met.fired() == 0;
                met.remove();
                scene.checkAlsoReopened(when);
                scene.rewriteRewrite();
                scene.checkAlsoReopened(when + ", then squeezed in peace");
                if (over) {
                    assertThat(write).as("writes of a squeeze").isGreaterThan(5);
                    return;
                }
            }
        }
    }

    /** Otherwise its segments would stay, and the next purge would begin all over. */
    @Test
    void entriesBehindACompactionThatMeetsThePurgeOfALongGroupAreCopiedToo() {
        try (Scene scene = longGroup()) {
            scene.f.engine.maintenance().rotate(QueueKind.APPEND);
            long last = scene.append().activeSeq() - 1;
            FaultRule met = compactOnceWhileCopying(scene, 0, 80);
            scene.f.engine.maintenance().rewriteAppend(last);
            assertThat(met.fired()).isOne();
            assertThat(scene.queueOf(1, 120)).isEqualTo(QueueKind.REWRITE);
            assertThat(scene.append().firstSeq()).isGreaterThan(last);
            scene.checkAlsoReopened("purged");
        }
    }

    /** 120 entries of 10 KiB, beside a window of 256 KiB. */
    private static Scene longGroup() {
        Scene scene = new Scene(Scene.segmentsOf(1 << 20).memoryLimitBytes(16 << 20));
        for (long index = 1; index <= 120; index++) {
            scene.append(1, index, index + 1, 10 << 10);
        }
        return scene;
    }

    private static FaultRule compactOnceWhileCopying(Scene scene, int write, long index) {
        return scene.f
                .fs
                .on(Operation.WRITE)
                .onFiles(name -> name.endsWith(".rewrite"))
                .program(write, 1)
                .inject(new Fault.Run(call -> scene.write(Scene.compact(1, index))));
    }

    private static EngineFixture fixture() {
        return new EngineFixture(
                        WorkloadRun.config(EngineFixture.DIR)
                                .targetFileSizeBytes(8 << 10)
                                .purgeThresholdBytes(64 << 10))
                .open();
    }

    /** At the first write of a batch to the rewrite queue. */
    private static void whileCopying(EngineFixture f, Runnable action) {
        f.engine.maintenance().rotate(QueueKind.APPEND);
        f.fs.on(Operation.WRITE)
                .onFiles(name -> name.endsWith(".rewrite"))
                .once()
                .inject(new Fault.Run(call -> action.run()));
    }

    private static void beginNextSegment(EngineFixture f) {
        long active = f.engine.segmentSpan(QueueKind.APPEND).activeSeq();
        for (int i = 0; f.engine.segmentSpan(QueueKind.APPEND).activeSeq() == active; i++) {
            f.put(9, "filler", "x".repeat(1000), false);
        }
    }

    private static void purgeTwiceAndReopen(EngineFixture f) {
        f.engine.maintenance().rewriteAppend(1);
        f.engine
                .maintenance()
                .rewriteAppend(f.engine.segmentSpan(QueueKind.APPEND).activeSeq() - 1);
        f.reopen();
    }
}
