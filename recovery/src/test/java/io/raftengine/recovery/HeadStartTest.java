package io.raftengine.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.error.CorruptionException;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.segment.SegmentFile;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.FaultyFileSystem;
import io.raftengine.testing.fs.Operation;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One replay thread goes ahead; nobody waits for ever. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HeadStartTest {
    private static final String FIRST = "0000000000000001.raftlog";
    private static final String SECOND = "0000000000000002.raftlog";
    private static final int BATCHES = 100;

    private final AtomicBoolean passed = new AtomicBoolean();

    @Test
    void theOthersWaitUntilTheFirstIsFarEnough() throws InterruptedException {
        HeadStart headStart = new HeadStart(100);
        Thread other = startWaiting(headStart);
        headStart.advanced(60);
        headStart.advanced(39);
        assertThat(headStart.isOver()).as("one byte is missing").isFalse();
        assertThat(passed).isFalse();
        headStart.advanced(1);
        assertThat(headStart.isOver()).isTrue();
        other.join();
        assertThat(passed).isTrue();
        headStart.advanced(1_000);
    }

    @Test
    void itIsAPartOfWhatTheFirstHasToDoAndNotMoreThanIsWorthIt() {
        List<SegmentFile> segments = List.of(segment(1, 160), segment(2, 160), segment(3, 160));
        assertThat(HeadStart.worth(segments, List.of(1, 3), 2, 1_000)).isEqualTo(10);
        assertThat(HeadStart.worth(segments, List.of(2, 3), 2, 1_000)).isEqualTo(20);
        assertThat(HeadStart.worth(segments, List.of(2, 3), 2, 15)).isEqualTo(15);
    }

    @Test
    void thereIsNoneForOneThreadOrWhereTheCompilerHasAProcessorLeft() {
        List<SegmentFile> segments = List.of(segment(1, 160), segment(2, 160));
        assertThat(HeadStart.worth(segments, List.of(2), 1, 1_000)).isZero();
        assertThat(HeadStart.worth(segments, List.of(1, 2), 3, 1_000)).isZero();
        assertThat(HeadStart.worth(List.of(), List.of(), 1, 1_000)).isZero();
    }

    private static SegmentFile segment(long seq, long bytes) {
        return new SegmentFile(QueueKind.APPEND, seq, Path.of("a"), false, bytes, 1);
    }

    @Test
    void theOthersGoOnWhenTheFirstEndsEarly() throws InterruptedException {
        HeadStart headStart = new HeadStart(100);
        Thread other = startWaiting(headStart);
        headStart.end();
        other.join();
        assertThat(passed).isTrue();
    }

    @Test
    void nobodyWaitsForAHeadStartOfNothing() {
        new HeadStart(0).await();
    }

    @Test
    void anInterruptNeitherEndsTheWaitNorIsLost() throws InterruptedException {
        HeadStart headStart = new HeadStart(1);
        AtomicBoolean interrupted = new AtomicBoolean();
        Thread other =
                new Thread(() -> {
                    Thread.currentThread().interrupt();
                    headStart.await();
                    passed.set(true);
                    interrupted.set(Thread.interrupted());
                });
        other.setDaemon(true);
        other.start();
        awaitWaiting(other);
        assertThat(passed).isFalse();
        headStart.advanced(1);
        other.join();
        assertThat(interrupted).isTrue();
    }

    // ---- in a recovery -------------------------------------------------------------------------

    @Test
    void theOthersReadNothingUntilTheHeadStartIsOver(@TempDir Path dir) {
        List<String> calls = Collections.synchronizedList(new ArrayList<>());
        FaultyFileSystem fs = new FaultyFileSystem(FileSystem.local());
        fs.on(Operation.READ).inject(new Fault.Run(call -> calls.add(call.fileName())));
        CountDownLatch secondRead = new CountDownLatch(1);
        fs.on(Operation.READ)
                .where(call -> call.fileName().equals(SECOND))
                .inject(new Fault.Run(call -> secondRead.countDown()));
        fs.on(Operation.READ)
                .where(call -> call.fileName().equals(FIRST) && call.offset() > 0)
                .once()
                .inject(new Fault.Run(call -> assertThat(passes(secondRead, 200)).isFalse()));
        RecoveryReport report =
                twoSegments(dir)
                        .on(fs)
                        .headStart(Long.MAX_VALUE)
                        .readOnly(true)
                        .recover(RecoveryMode.TOLERATE_TAIL_CORRUPTION)
                        .report();
        assertThat(report.segments().stream().mapToLong(SegmentReport::batches).sum())
                .isEqualTo(BATCHES + 1);
        assertThat(report.threads()).isEqualTo(2);
        assertThat(calls.subList(0, calls.indexOf(SECOND)))
                .as("several windows of the first segment, and nothing else")
                .hasSizeGreaterThan(5)
                .containsOnly(FIRST);
        assertThat(calls.subList(calls.indexOf(SECOND), calls.size())).containsOnly(SECOND);
    }

    @Test
    void theOthersBeginWhileTheFirstIsStillReading(@TempDir Path dir) {
        CountDownLatch secondRead = new CountDownLatch(1);
        FaultyFileSystem fs = new FaultyFileSystem(FileSystem.local());
        fs.on(Operation.READ)
                .where(call -> call.fileName().equals(SECOND))
                .inject(new Fault.Run(call -> secondRead.countDown()));
        fs.on(Operation.READ)
                .where(call -> call.fileName().equals(FIRST) && call.offset() > 0)
                .inject(new Fault.Run(call -> assertThat(passes(secondRead, 50_000)).isTrue()));
        twoSegments(dir).on(fs).headStart(1).recover(RecoveryMode.TOLERATE_TAIL_CORRUPTION).opens();
        assertThat(secondRead.getCount()).isZero();
    }

    @Test
    void aFirstThreadThatRefusesLetsTheOthersEnd(@TempDir Path dir) {
        RecoveryFixture fixture =
                new RecoveryFixture(dir)
                        .append(SegmentBytes.v2(1).append(1, 1, "a").truncate(40))
                        .append(SegmentBytes.v2(2).append(1, 2, "b"));
        fixture.threads(2)
                .split(List.of(1, 2))
                .headStart(Long.MAX_VALUE)
                .refuses(RecoveryMode.TOLERATE_TAIL_CORRUPTION, CorruptionException.class);
    }

    private static RecoveryFixture twoSegments(Path dir) {
        SegmentBytes first = SegmentBytes.v2(1);
        for (int i = 1; i <= BATCHES; i++) {
            first.append(1, i, "entry " + i);
        }
        return new RecoveryFixture(dir)
                .append(first)
                .append(SegmentBytes.v2(2).append(1, BATCHES + 1, "last"))
                .blockBytes(512)
                .threads(2)
                .split(List.of(1, 2));
    }

    private static boolean passes(CountDownLatch latch, long millis) {
        try {
            return latch.await(millis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private Thread startWaiting(HeadStart headStart) {
        Thread thread =
                new Thread(() -> {
                    headStart.await();
                    passed.set(true);
                });
        thread.setDaemon(true);
        thread.start();
        awaitWaiting(thread);
        return thread;
    }

    private static void awaitWaiting(Thread thread) {
        while (thread.getState() != Thread.State.WAITING) {
            assertThat(thread.isAlive()).as("it waits").isTrue();
            Thread.onSpinWait();
        }
    }
}
