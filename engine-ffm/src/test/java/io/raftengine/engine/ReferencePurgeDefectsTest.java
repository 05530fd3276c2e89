package io.raftengine.engine;

import static io.raftengine.engine.Scene.clean;
import static io.raftengine.engine.Scene.compact;
import static io.raftengine.engine.Scene.delete;
import static io.raftengine.engine.Scene.put;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.error.BatchFullException;
import io.raftengine.error.MemoryLimitException;
import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.RaftEngineException;
import io.raftengine.log.io.DirectoryEntry;
import io.raftengine.recovery.RecoveryMode;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.FaultRule;
import io.raftengine.testing.fs.Operation;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The defects of the real engine that show once there is a purge, each provoked the way it shows
 * there. Numbers are those of the list in the design; the others are in {@link
 * ReferenceDefectsTest}.
 */
@Timeout(120)
class ReferencePurgeDefectsTest {
    /** Defect 4. Every mixture of purges and reopens is in {@link PurgeMixturesTest}. */
    @Test
    void deletedKeysAndCompactedEntriesDoNotComeBackAfterAPurgeAndARestart() {
        try (Scene scene = new Scene(Scene.segmentsOf(1))) {
            scene.append(1, 1, 11).write(put(1, "k", "v"));
            scene.rewriteAppend();
            scene.write(compact(1, 6), delete(1, "k"));
            scene.rewriteAppend();
            for (int i = 0; i < 3; i++) {
                assertThat(scene.append().segmentCount()).as("their records are gone").isOne();
                scene.f.reopen();
                assertThat(scene.f.value(1, "k")).isNull();
                assertThat(scene.f.holds(1, 6, 10)).isTrue();
                scene.rewriteAppend();
                scene.rewriteRewrite();
            }
        }
    }

    /** Defect 5. */
    @Test
    void aCleanedGroupDoesNotComeBackEmpty() {
        try (Scene scene = new Scene(Scene.segmentsOf(1))) {
            scene.append(1, 1, 11).rewriteAppend();
            scene.write(clean(1));
            scene.rewriteAppend();
            assertThat(scene.f.engine.isEmpty()).isTrue();
            List<Long> groups = new ArrayList<>();
            scene.f.engine.forEachGroup(groups::add);
            assertThat(groups).isEmpty();
            scene.f.reopen();
            assertThat(scene.f.engine.isEmpty()).isTrue();
        }
    }

    /**
     * Defect 8: whoever only looks changes nothing, whatever is damaged and whatever the mode. The
     * check of the command line is built on it.
     */
    @ParameterizedTest
    @EnumSource(RecoveryMode.class)
    void lookingAtADamagedDirectoryChangesNotAByteOfIt(RecoveryMode mode) {
        try (Scene scene = new Scene(Scene.segmentsOf(1 << 10).recoveryMode(mode))) {
            for (long i = 1; i <= 40; i++) {
                scene.append(1, i, i + 1);
            }
            scene.f.engine.maintenance().rewriteAppend(2);
            scene.f.engine.close();
            int opened = 0;
            int refused = 0;
            for (DirectoryEntry file : scene.f.fs.list(EngineFixture.DIR)) {
                int length = scene.f.disk.contents(file.path()).length;
                for (int at = 0; at < length; at += 1 + length / 40) {
                    try (EngineFixture damaged = scene.f.afterPowerCut(0)) {
                        damaged.disk.flipBit(file.path(), at, at % 8);
                        damaged.disk.settle();
                        long before = damaged.disk.fingerprint();
                        List<String> names = names(damaged);
                        try (RaftEngine looking =
                                RaftEngine.openReadOnly(damaged.config, damaged.fs)) {
                            assertThat(looking.recoveryReport()).isNotNull();
                            opened++;
                        } catch (RaftEngineException typed) {
                            refused++;
                        }
                        assertThat(names(damaged)).isEqualTo(names);
                        assertThat(damaged.disk.fingerprint())
                                .as(file.name() + " at " + at)
                                .isEqualTo(before);
                    }
                }
            }
            assertThat(opened).isPositive();
            if (mode != RecoveryMode.TOLERATE_ANY_CORRUPTION) {
                assertThat(refused).isPositive();
            }
        }
    }

    private static List<String> names(EngineFixture f) {
        return f.fs.list(EngineFixture.DIR).stream().map(DirectoryEntry::name).sorted().toList();
    }

    /** Defect 13: what a purge recycled is under a safe name at once, and found again. */
    @Test
    void segmentsAreNotLeakedByKillsAndServeAgainAfterwards() {
        try (Scene scene = new Scene(Scene.segmentsOf(1 << 10).purgeThresholdBytes(16 << 10))) {
            int most = 0;
            long reservedAtMost = 0;
            for (int round = 0; round < 40; round++) {
                long next = 1 + round * 20L;
                for (long i = next; i < next + 20; i++) {
                    scene.append(1, i, i + 1, 400);
                }
                scene.write(compact(1, next + 20));
                scene.purge();
                long reserved = scene.f.engine.statistics().reservedSegments();
                reservedAtMost = Math.max(reservedAtMost, reserved);
                scene.f.kill();
                scene.check("killed in round " + round);
                assertThat(scene.f.engine.statistics().reservedSegments())
                        .as("reserves found again in round " + round)
                        .isEqualTo(reserved);
                if (round == 4) {
                    most = names(scene.f).size();
                }
            }
            assertThat(most).isPositive();
            assertThat(reservedAtMost).as("reserves there ever were").isPositive();
            assertThat(names(scene.f).size()).isLessThanOrEqualTo(most + 2);
            assertThat(scene.f.engine.recoveryReport().anomalies()).isEmpty();
        }
    }

    /**
     * Defect 15: the disk is full from some call of a purge on. The purge says so, everything is
     * still there, the directory opens on the full disk, and purge goes on once there is space.
     */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aFullDiskNeitherCrashesAPurgeNorKeepsTheDirectoryFromOpening(boolean squeeze) {
        int refused = 0;
        for (int from = 0; from < 200; from++) {
            try (Scene scene = new Scene(Scene.segmentsOf(1 << 10))) {
                for (long group = 1; group <= 3; group++) {
                    scene.append(group, 1, 6, 300);
                }
                scene.rewriteAppend();
                scene.append(1, 6, 9, 300).write(compact(2, 3), clean(3));
                FaultRule full =
                        scene.f
                                .fs
                                .on(Operation.WRITE, Operation.ALLOCATE, Operation.CREATE)
                                .after(from)
                                .inject(Fault.noSpace());
                try {
                    if (squeeze) {
                        scene.rewriteRewrite();
                    } else {
                        scene.rewriteAppend();
                    }
                } catch (OutOfSpaceException typed) {
                    refused++;
                }
                boolean met = full.fired() > 0;
                scene.check("full from call " + from);
                full.remove();
                // A full disk takes writes over what is allocated, and nothing else.
                FaultRule noMore =
                        scene.f.fs.on(Operation.ALLOCATE, Operation.CREATE).inject(Fault.noSpace());
                scene.f.kill();
                scene.check("opened on the full disk, full from call " + from);
                noMore.remove();
                scene.rewriteAppend();
                scene.rewriteRewrite();
                scene.append(4, 1, 3);
                scene.checkAlsoReopened("space has returned, full from call " + from);
                if (!met) {
                    assertThat(refused).isPositive();
                    return;
                }
            }
        }
        throw new AssertionError("a purge with more than 200 calls");
    }

    /** Defect 16: the default configuration recycles; a fork neither needs it off nor suffers. */
    @ParameterizedTest
    @EnumSource(ForkMode.class)
    void aForkOfARecyclingEngineKeepsItsOwnBytes(ForkMode mode) {
        Path target = Path.of("/fork");
        EngineConfig.Builder small = Scene.segmentsOf(1 << 10).purgeThresholdBytes(16 << 10);
        assertThat(small.build().enableLogRecycle()).as("the default").isTrue();
        try (Scene scene = new Scene(small)) {
            for (long i = 1; i <= 30; i++) {
                scene.append(1, i, i + 1, 300);
            }
            Ledger then = scene.ledger.copy();
            scene.f.engine.fork(target, mode);
            // The source purges, recycles and writes over what it shared with the fork.
            for (int round = 0; round < 4; round++) {
                long next = 31 + round * 30L;
                for (long i = next; i < next + 30; i++) {
                    scene.append(1, i, i + 1, 300);
                }
                scene.write(compact(1, next + 30));
                scene.rewriteAppend();
            }
            scene.checkAlsoReopened("the source went on");
            EngineConfig config =
                    Scene.segmentsOf(1 << 10, target).purgeThresholdBytes(16 << 10).build();
            try (RaftEngine fork = RaftEngine.open(config, scene.f.fs, List.of())) {
                assertThat(then.differenceTo(fork)).isNull();
            }
        }
    }

    /** Defect 20: keys count, what is given back counts, and the limit is about all of it. */
    @Test
    void theMemoryFigureIsExactAndCountsKeyValues() {
        try (Scene scene = new Scene(Scene.segmentsOf(1 << 20))) {
            long empty = scene.f.engine.statistics().memoryBytes();
            assertThat(empty).isEqualTo(scene.f.engine.budget().reservedBytes());
            String value = "v".repeat(1000);
            for (int i = 0; i < 2000; i++) {
                scene.write(put(1, "key " + i, value));
            }
            long full = scene.f.engine.statistics().memoryBytes();
            // 2000 values of 1000 bytes with their keys; the rest is what cells and pages cost.
            assertThat(full - empty).isBetween(2_000_000L, 2_200_000L);
            scene.rewriteAppend();
            scene.write(clean(1));
            scene.rewriteAppend();
            assertThat(scene.f.engine.statistics().memoryBytes() - empty)
                    .as("what a cleaned group had is given back")
                    .isLessThan(500_000);
            for (int i = 0; i < 2000; i++) {
                scene.write(put(2, "key " + i, value));
            }
            scene.f.config = limited(scene.f.config, 1 << 20);
            scene.f.engine.close();
            assertThat(scene.f.engine.budget().reservedBytes()).isZero();
            assertThatThrownBy(() -> scene.f.open()).isInstanceOf(MemoryLimitException.class);
            scene.f.config = limited(scene.f.config, 64 << 20);
            scene.f.open();
            scene.check("with enough memory");
        }
    }

    private static EngineConfig limited(EngineConfig config, long bytes) {
        return Scene.segmentsOf(config.targetFileSizeBytes()).memoryLimitBytes(bytes).build();
    }

    /** D9: the real engine has no limit for keys, so its directories hold longer ones than ours. */
    @Test
    void keysLongerThanOursArePurgedAndCanBeDeleted() {
        byte[] key = new byte[70_000];
        Arrays.fill(key, (byte) 'k');
        byte[] value = EngineFixture.bytes("v");
        try (Scene scene = new Scene(Scene.segmentsOf(1))) {
            try (LogBatch batch = scene.f.engine.newBatch()) {
                assertThatThrownBy(() -> batch.put(7, key, value))
                        .isInstanceOf(BatchFullException.class);
                assertThat(batch.isEmpty()).isTrue();
                batch.encoder().put(7, key, 0, key.length, value, 0, value.length);
                scene.f.write(batch, true);
            }
            scene.f.append(1, 1, 3, true);
            scene.rewriteAppend();
            assertThat(scene.append().segmentCount()).as("it was moved").isOne();
            scene.rewriteRewrite();
            scene.f.reopen();
            assertThat(scene.f.engine.get(7, key)).isEqualTo(value);
            try (LogBatch batch = scene.f.engine.newBatch()) {
                scene.f.write(batch.delete(7, key), true);
            }
            scene.f.append(1, 3, 2, true);
            scene.rewriteAppend();
            assertThat(scene.append().segmentCount()).as("its removal was carried").isOne();
            for (int i = 0; i < 2; i++) {
                scene.f.reopen();
                assertThat(scene.f.engine.get(7, key)).isNull();
                assertThat(scene.f.holds(1, 1, 4)).isTrue();
                scene.rewriteRewrite();
            }
        }
    }
}
