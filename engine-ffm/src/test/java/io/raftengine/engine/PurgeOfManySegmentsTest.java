package io.raftengine.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.raftengine.error.ClosedException;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.format.SegmentName;
import io.raftengine.log.io.FileSystem;
import io.raftengine.testing.fs.Call;
import io.raftengine.testing.fs.FaultyFileSystem;
import io.raftengine.testing.fs.Operation;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A purge that drops more large segments at once than are given back in steps at a time. They are
 * full of holes, so they take no space; the test is the background agent.
 */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PurgeOfManySegmentsTest {
    private static final int SEGMENTS = 70;
    private static final int IN_STEPS = 64;
    private static final int MIB = 1 << 20;
    private static final long LARGE = 20 * MIB;

    @TempDir private Path dir;
    private final AtomicLong nanos = new AtomicLong();
    private final FaultyFileSystem fs = new FaultyFileSystem(FileSystem.local());
    private final ExecutorService threads = Executors.newSingleThreadExecutor();
    private EngineOpener parts;
    private RaftEngine engine;

    @BeforeEach
    void aLogOfDeadSegments() throws IOException {
        EngineConfig config =
                EngineConfig.builder(dir)
                        .targetFileSizeBytes(1)
                        .purgeThresholdBytes(1)
                        .enableLogRecycle(false)
                        .build();
        EngineClockwork ticking = new EngineClockwork(() -> nanos.addAndGet(1_000_000_000L), false);
        parts = new EngineOpener(config, fs, List.of(), false, ticking);
        engine = RaftEngine.open(config, parts);
        for (int i = 1; i <= SEGMENTS; i++) {
            write(batch -> batch.put(1, new byte[] {1}, new byte[10]));
        }
        write(batch -> batch.clean(1));
        for (long seq = 1; seq <= SEGMENTS; seq++) {
            try (RandomAccessFile file = new RandomAccessFile(segment(seq).toFile(), "rw")) {
                file.setLength(LARGE);
            }
        }
    }

    private interface Filling {
        void fill(LogBatch batch);
    }

    private void write(Filling filling) {
        try (LogBatch batch = engine.newBatch()) {
            filling.fill(batch);
            engine.write(batch, Durability.BUFFERED);
        }
    }

    private Path segment(long seq) {
        return dir.resolve(SegmentName.segment(QueueKind.APPEND, seq));
    }

    @AfterEach
    void stop() {
        engine.close();
        threads.close();
        assertThat(fs.openHandles()).isZero();
    }

    private void awaitRoomRunningOut(Future<?> purge) {
        while (!purge.isDone() && engine.segmentSpan(QueueKind.APPEND).firstSeq() <= IN_STEPS) {
            Thread.onSpinWait();
        }
    }

    @Test
    void eachOfThemIsGivenBackInSteps() throws Exception {
        fs.startTrace();
        Future<PurgeResult> purge = threads.submit(() -> engine.purgeExpiredFiles());
        awaitRoomRunningOut(purge);
        while (!purge.isDone()) {
            parts.agent.doWork();
        }
        for (int i = 0; i < SEGMENTS * LARGE / MIB; i++) {
            parts.agent.doWork(); // a step is no shorter than a MiB
        }
        assertThat(purge.get().appendSegmentsDropped()).isGreaterThanOrEqualTo(SEGMENTS);
        assertThat(
                        fs.trace().stream()
                                .filter(call -> call.operation() == Operation.TRUNCATE)
                                .map(Call::fileName)
                                .collect(Collectors.toSet()))
                .as("cut shorter before they were closed")
                .containsAll(
                        LongStream.rangeClosed(1, SEGMENTS)
                                .mapToObj(seq -> segment(seq).getFileName().toString())
                                .toList());
    }

    /** I4: what a purge leaves that was broken off has no holes. */
    @Test
    void aCloseDoesNotWaitForIt() throws IOException {
        Future<PurgeResult> purge = threads.submit(() -> engine.purgeExpiredFiles());
        awaitRoomRunningOut(purge);
        engine.close();
        assertThat(purge).isDone();
        Throwable ended = catchThrowable(purge::get);
        assertThat(ended == null || ended.getCause() instanceof ClosedException).isTrue();
        try (var files = Files.list(dir)) {
            List<String> left =
                    files.map(file -> file.getFileName().toString())
                            .filter(name -> name.endsWith(".raftlog"))
                            .sorted()
                            .toList();
            long first = Long.parseLong(left.getFirst().substring(0, 16));
            assertThat(first).as("it was broken off").isBetween(IN_STEPS + 1L, (long) SEGMENTS);
            assertThat(left)
                    .isEqualTo(
                            LongStream.range(first, first + left.size())
                                    .mapToObj(seq -> segment(seq).getFileName().toString())
                                    .toList());
        }
    }
}
