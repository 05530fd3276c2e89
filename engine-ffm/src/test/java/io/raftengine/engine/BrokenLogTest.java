package io.raftengine.engine;

import static io.raftengine.engine.Scene.clean;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.format.QueueKind;
import io.raftengine.testing.errors.Undeclared;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.Operation;
import io.raftengine.testing.fs.SimulatedFileSystem;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A handler of the log that throws does so in the middle of what the engine has to tell. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class BrokenLogTest {
    private static final int EACCES = 13;
    private static final int WATERMARK_BATCH_BYTES = 46;
    private static final int ENTRY_BYTES = 4 << 10;

    private final TestLog log = TestLog.broken();

    /** Throws in every method, exceptions only, unless it is asked what must stay. */
    private static final class Complaining implements EngineListener {
        private static void complain() {
            Undeclared.raise(new IOException("on purpose"));
        }

        @Override
        public void onNewSegment(QueueKind queue, long segmentSeq) {
            complain();
        }

        @Override
        public void onBatchWritten(QueueKind queue, long segmentSeq, long offset, long bytes) {
            complain();
        }

        @Override
        public void onBatchApplied(QueueKind queue, long segmentSeq) {
            complain();
        }

        @Override
        public void onPurged(QueueKind queue, long highestPurgedSeq) {
            complain();
        }
    }

    private EngineFixture fixture(EngineConfig.Builder config) {
        EngineFixture f = new EngineFixture(config);
        f.log = log.engineLog();
        return f;
    }

    @Test
    void aCommitAndAPurgeGoOnWhereAListenersComplaintCannotBeLogged() {
        EngineFixture f = fixture(Scene.segmentsOf(2 * ENTRY_BYTES));
        f.listeners = List.of(new Complaining());
        try (Scene scene = new Scene(f)) {
            for (int index = 1; index <= 9; index++) {
                scene.append(1, index, index + 1, ENTRY_BYTES);
            }
            assertThat(scene.rewriteAppend().appendSegmentsDropped()).isPositive();
            assertThat(log.records()).contains("WARNING a listener threw").hasSizeGreaterThan(20);
            scene.checkAlsoReopened("as if the log were whole");
        }
    }

    @Test
    void aPurgeGoesOnWhereTheMissingAnswerOfAListenerCannotBeLogged() {
        EngineFixture f = fixture(Scene.segmentsOf(2 * ENTRY_BYTES));
        f.listeners =
                List.of(
                        new EngineListener() {
                            @Override
                            public long firstSegmentNotReadyForPurge() {
                                throw new AssertionError("on purpose");
                            }
                        });
        try (Scene scene = new Scene(f)) {
            scene.append(1, 1, 2, ENTRY_BYTES).rewriteAppend();
            f.engine.maintenance().rotate(QueueKind.REWRITE);
            scene.write(clean(1));
            scene.append(1, 1, 2, ENTRY_BYTES).append(2, 1, 3, ENTRY_BYTES);
            PurgeResult kept = scene.rewriteAppend();
            assertThat(log.records()).isNotEmpty();
            assertThat(kept.appendSegmentsDropped()).isZero();
            assertThat(kept.rewriteSegmentsDropped()).isPositive();
        }
    }

    @Test
    void anOpenSucceedsWhereItsWarningsAndLossesCannotBeLogged() {
        try (EngineFixture f =
                fixture(WorkloadRun.config(EngineFixture.DIR).set("bytes-per-sync", "4KB"))) {
            f.open().append(1, 1, 1, false);
            f.disk.settle();
            int inTheEntry = FormatVersion.V2.headerBytes() + WATERMARK_BATCH_BYTES + 20;
            f.disk.flipBit(f.segment(1), inTheEntry, 1);
            f.kill();
            assertThat(f.engine.recoveryReport().dropped()).hasSize(1);
            assertThat(log.records())
                    .anyMatch(line -> line.contains("bytes-per-sync"))
                    .anyMatch(line -> line.contains("recovery: " + f.segment(1)));
        }
    }

    @Test
    void anOpenSucceedsWhereTheParentThatCannotBeReadCannotBeLogged() {
        try (EngineFixture f = fixture(WorkloadRun.config(EngineFixture.DIR))) {
            Path parent = EngineFixture.DIR.getParent();
            f.fs.on(Operation.OPEN_DIRECTORY)
                    .where(call -> call.path().equals(parent))
                    .inject(new Fault.Error(EACCES));
            f.open().append(1, 1, 1, true);
            assertThat(log.records()).anyMatch(line -> line.endsWith("is not synced"));
        }
    }

    @Test
    void theAgentsDutyGoesOnWhereItsComplaintCannotBeLogged() {
        AtomicInteger looks = new AtomicInteger();
        try (EngineFixture f = fixture(WorkloadRun.config(EngineFixture.DIR))) {
            f.clockwork = new EngineClockwork(() -> looks.getAndIncrement() * 100_000_000L, false);
            f.open().append(1, 1, 1, false);
            f.fs.on(Operation.SYNC).once().inject(Fault.error());
            for (int i = 0; i < 3; i++) {
                assertThatCode(f.engine.agent()::doWork).doesNotThrowAnyException();
            }
            assertThat(log.records()).containsExactly("WARNING the idle mark could not be written");
        }
    }

    @Test
    void theAgentsThreadGoesOnWhereWhatItThrewCannotBeLogged() throws InterruptedException {
        CountDownLatch goesOn = new CountDownLatch(4);
        EngineClockwork clockwork =
                new EngineClockwork(
                        () -> {
                            if (Thread.currentThread().getName().equals("raft-engine-agent")
                                    && goesOn.getCount() > 0) {
                                goesOn.countDown();
                                throw new IllegalStateException("the clock is broken, on purpose");
                            }
                            return System.nanoTime();
                        },
                        true);
        try (EngineFixture f = fixture(WorkloadRun.config(EngineFixture.DIR))) {
            f.clockwork = clockwork;
            f.open();
            goesOn.await();
            assertThat(log.records()).contains("ERROR background agent");
            f.append(1, 1, 1, true);
        }
    }

    /** Without its thread nothing would be purged any more, and nobody would know. */
    @Test
    void theBackgroundPurgeGoesOnWhereItsComplaintCannotBeLogged() throws InterruptedException {
        CountDownLatch calledAgain = new CountDownLatch(1);
        EngineListener failing =
                new EngineListener() {
                    @Override
                    public void onBackgroundPurge(PurgeResult result) {
                        if (log.records().size() >= 2) {
                            calledAgain.countDown();
                        }
                        throw new OutOfMemoryError("on purpose");
                    }
                };
        try (EngineFixture f = new EngineFixture(Scene.segmentsOf(ENTRY_BYTES)).open();
                BackgroundPurge purging =
                        new BackgroundPurge(
                                f.parts.purge,
                                Duration.ofMillis(1),
                                List.of(failing),
                                log.engineLog())) {
            assertThat(purging).isNotNull();
            calledAgain.await();
        }
    }

    @Test
    void anEngineOpensWhereThereIsNoLogToBeHad() {
        SimulatedFileSystem disk = new SimulatedFileSystem(1);
        EngineConfig config =
                WorkloadRun.config(EngineFixture.DIR).set("bytes-per-sync", "4KB").build();
        EngineLog none =
                new EngineLog(() -> {
                    throw new ServiceConfigurationError("two backends, on purpose");
                });
        disk.createDirectories(EngineFixture.DIR);
        EngineClockwork clockwork = new EngineClockwork(System::nanoTime, false);
        try (RaftEngine engine =
                RaftEngine.open(
                        config,
                        new EngineOpener(config, disk, List.of(), false, clockwork, none))) {
            assertThat(engine.isEmpty()).isTrue();
        }
    }
}
