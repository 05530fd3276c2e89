package io.raftengine.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.engine.fork.ForkTarget;
import io.raftengine.error.RaftEngineException;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.io.FileSystem;
import io.raftengine.testing.campaign.Seed;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.FaultRule;
import io.raftengine.testing.fs.FaultyFileSystem;
import io.raftengine.testing.fs.Operation;
import io.raftengine.testing.fs.SimulatedFileSystem;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A fork of a running engine in which every I/O call fails once, and then one in which the power is
 * cut at every call. Under the target's name there is a whole fork or nothing, the source is what
 * it was, and the next try succeeds (P1, P4).
 */
class ForkFaultsTest {
    private static final long SEED = Seed.orElse(61);
    private static final Path TARGET = Path.of("/fork");
    private static final int STEPS = 36;
    private static final int IMAGES_PER_CALL = 6;

    /** Where a fork happens: how segments get over, and what is at the target before. */
    enum Setting {
        COPY(ForkMode.COPY, false, false),
        CLONE(ForkMode.COPY, true, false),
        LINK(ForkMode.LINK, false, false),
        LINK_INTO_AN_EMPTY_DIRECTORY(ForkMode.LINK, true, true);

        private final ForkMode mode;
        private final boolean reflinks;
        private final boolean emptyDirectory;

        Setting(ForkMode mode, boolean reflinks, boolean emptyDirectory) {
            this.mode = mode;
            this.reflinks = reflinks;
            this.emptyDirectory = emptyDirectory;
        }
    }

    /** An engine in the middle of its life. */
    private static final class Scene implements AutoCloseable {
        final SimulatedFileSystem disk = new SimulatedFileSystem(SEED);
        final FaultyFileSystem fs = new FaultyFileSystem(disk);
        final WorkloadRun run =
                new WorkloadRun(
                        fs,
                        WorkloadRun.config(WorkloadRun.DIR).targetFileSizeBytes(3 << 10).build());

        Scene(Setting setting) {
            disk.setReflinks(setting.reflinks);
            if (setting.emptyDirectory) {
                disk.createDirectories(TARGET);
            }
            run.open();
            Workload.random(SEED, STEPS).steps().forEach(run::take);
            assertThat(run.engine.segmentSpan(QueueKind.APPEND).segmentCount()).isGreaterThan(2);
        }

        Ledger state() {
            return run.states.get(run.acknowledged);
        }

        @Override
        public void close() {
            fs.clearRules();
            run.close();
        }
    }

    private static String difference(FileSystem fs, Path dir, Ledger expected) {
        try (RaftEngine engine =
                RaftEngine.open(
                        WorkloadRun.config(dir).build(),
                        fs,
                        List.of(),
                        false,
                        new EngineClockwork(System::nanoTime, false))) {
            return expected.differenceTo(engine);
        }
    }

    @ParameterizedTest
    @EnumSource(Setting.class)
    void everyCallMayFailOnceAndLeavesNothingBehind(Setting setting) {
        everyCallFails(setting, false);
    }

    @ParameterizedTest
    @EnumSource(Setting.class)
    void everyCallMayFailForGoodAndTheNextForkTakesOver(Setting setting) {
        everyCallFails(setting, true);
    }

    private static void everyCallFails(Setting setting, boolean sticky) {
        int failures = 0;
        for (long call = 0; ; call++) {
            String name =
                    String.format(
                            Locale.ROOT, "-Draftengine.seed=%d %s, call %d", SEED, setting, call);
            try (Scene scene = new Scene(setting)) {
                long handles = scene.fs.openHandles();
                long reserved = scene.run.engine.budget().reservedBytes();
                long index = scene.fs.calls() + call;
                FaultRule rule =
                        sticky
                                ? scene.fs.failFrom(index, Fault.error())
                                : scene.fs.failCall(index, Fault.error());
                boolean forked = fork(scene, setting.mode);
                int fired = rule.fired();
                scene.fs.clearRules();
                assertThat(scene.fs.openHandles()).as(name).isEqualTo(handles);
                assertThat(scene.run.engine.budget().reservedBytes()).as(name).isEqualTo(reserved);
                assertThat(forked).as(name).isEqualTo(fired == 0);
                if (forked) {
                    assertThat(difference(scene.fs, TARGET, scene.state())).as(name).isNull();
                } else if (sticky && present(scene.disk)) {
                    // Its name could neither be synced nor be taken back: whole, and not promised.
                    assertThat(difference(scene.fs, TARGET, scene.state())).as(name).isNull();
                } else {
                    failures++;
                    assertNoFork(scene, name, sticky);
                    scene.run.take(
                            new Workload.Step.Write(
                                    List.of(new Ledger.Change.Put(1, new byte[] {1}, new byte[3])),
                                    true));
                    assertThat(fork(scene, setting.mode)).as(name).isTrue();
                    assertThat(difference(scene.fs, TARGET, scene.state())).as(name).isNull();
                }
                assertThat(scene.state().differenceTo(scene.run.engine)).as(name).isNull();
                if (fired == 0) {
                    break;
                }
            }
        }
        assertThat(failures).as("calls that failed").isGreaterThan(20);
    }

    private static boolean fork(Scene scene, ForkMode mode) {
        try {
            scene.run.engine.fork(TARGET, mode);
            return true;
        } catch (RaftEngineException typed) {
            return false;
        }
    }

    private static boolean present(SimulatedFileSystem disk) {
        return disk.info(TARGET) != null && !disk.list(TARGET).isEmpty();
    }

    private static void assertNoFork(Scene scene, String name, boolean leftoversAllowed) {
        assertThat(present(scene.disk)).as(name).isFalse();
        if (!leftoversAllowed) {
            assertThat(scene.disk.info(Path.of(TARGET + ForkTarget.SUFFIX))).as(name).isNull();
        }
    }

    @ParameterizedTest
    @EnumSource(Setting.class)
    void aPowerCutAtAnyCallLeavesAWholeForkOrNone(Setting setting) {
        try (Scene scene = new Scene(setting)) {
            scene.run.engine.sync();
            int[] whole = {0};
            int[] none = {0};
            scene.fs
                    .on()
                    .inject(
                            new Fault.Run(call -> {
                                for (int i = 0; i < IMAGES_PER_CALL; i++) {
                                    cut(scene, call.index() * 31 + i, whole, none);
                                }
                            }));
            scene.run.engine.fork(TARGET, setting.mode);
            scene.fs.clearRules();
            assertThat(none[0]).isGreaterThan(100);
            assertThat(whole[0]).as("names may land before they are synced").isPositive();
            int before = whole[0];
            for (int i = 0; i < 50; i++) {
                cut(scene, 1_000_000 + i, whole, none);
            }
            assertThat(whole[0]).as("a fork that was returned is there").isEqualTo(before + 50);
        }
    }

    private static void cut(Scene scene, long seed, int[] whole, int[] none) {
        SimulatedFileSystem image = scene.disk.crashImage(seed);
        String name = String.format(Locale.ROOT, "-Draftengine.seed=%d, image %d", SEED, seed);
        if (present(image)) {
            whole[0]++;
            assertThat(difference(image, TARGET, scene.state())).as(name).isNull();
            image.powerCut(seed + 1);
            assertThat(difference(image, TARGET, scene.state())).as(name).isNull();
        } else {
            none[0]++;
        }
        assertThat(difference(image, WorkloadRun.DIR, scene.state())).as(name).isNull();
    }

    /** What the killed process left has a name of its own, and the next fork makes use of it. */
    @Test
    void aKilledForkIsTakenOverByTheNext() {
        try (Scene scene = new Scene(Setting.LINK)) {
            SimulatedFileSystem[] image = new SimulatedFileSystem[1];
            scene.fs
                    .on(Operation.RENAME)
                    .inject(
                            new Fault.Run(call -> {
                                scene.disk.settle(); // a kill takes nothing away
                                image[0] = scene.disk.crashImage(5);
                            }));
            scene.run.engine.fork(TARGET, ForkMode.LINK);
            scene.fs.clearRules();

            SimulatedFileSystem left = image[0];
            assertThat(left.info(Path.of(TARGET + ForkTarget.SUFFIX))).isNotNull();
            EngineConfig config = WorkloadRun.config(WorkloadRun.DIR).build();
            Ledger state = scene.state();
            try (RaftEngine again =
                    RaftEngine.open(
                            config,
                            left,
                            List.of(),
                            false,
                            new EngineClockwork(System::nanoTime, false))) {
                assertThat(again.fork(TARGET, ForkMode.COPY).copied()).isPositive();
                int found = scene.run.stateOf(again, scene.run.durable, scene.run.issued());
                state = scene.run.states.get(found);
            }
            assertThat(left.info(Path.of(TARGET + ForkTarget.SUFFIX))).isNull();
            assertThat(difference(left, TARGET, state)).isNull();
        }
    }
}
