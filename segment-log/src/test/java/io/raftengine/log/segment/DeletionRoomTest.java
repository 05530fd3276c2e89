package io.raftengine.log.segment;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.log.format.QueueKind;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A purge that drops many large segments at once. They are full of holes, so they take no space.
 */
class DeletionRoomTest {
    private static final int MIB = 1 << 20;

    /** More than go in steps at a time. */
    private static final int SEGMENTS = 70;

    private static final int IN_STEPS = 64;

    @TempDir private Path dir;
    private final AtomicLong nanos = new AtomicLong();
    private final List<Long> purgedUpTo = new ArrayList<>();
    private int waits;
    private QueueFixture q;

    @BeforeEach
    void start() {
        q = new QueueFixture(dir);
        q.settings()
                .clock(nanos::get)
                .listener(
                        new SegmentListener() {
                            @Override
                            public void segmentsPurged(QueueKind queue, long lastSeq) {
                                purgedUpTo.add(lastSeq);
                            }
                        });
        q.fs.available(dir, 1L << 40);
        q.open();
    }

    @AfterEach
    void stop() {
        q.close();
    }

    private void segmentsOf(long bytes) throws IOException {
        for (long seq = 1; seq <= SEGMENTS; seq++) {
            q.append(100).rotate();
            Path sealed = dir.resolve(String.format("%016d.raftlog", seq));
            try (RandomAccessFile file = new RandomAccessFile(sealed.toFile(), "rw")) {
                file.setLength(bytes);
            }
        }
    }

    private int purge(BooleanSupplier waiting) {
        return q.queue.purgeTo(
                q.queue.activeSeq(),
                () -> {
                    waits++;
                    return waiting.getAsBoolean();
                });
    }

    private boolean agentDoesAStep() {
        nanos.addAndGet(1_000_000_000);
        q.queue.prepareNext();
        return true;
    }

    /** Names are removed one after the other; between them come only steps of a few MiB. */
    @Test
    void whatIsOneTooManyWaitsForRoom() throws IOException {
        segmentsOf(20 * MIB);
        assertThat(purge(this::agentDoesAStep)).isEqualTo(SEGMENTS);
        // The first step takes a file off those that wait; then a file takes 16, each of a
        // thousandth of what waits.
        assertThat(waits).isEqualTo(1 + (SEGMENTS - IN_STEPS - 1) * 16);
        assertThat(purgedUpTo).containsExactly((long) SEGMENTS);
    }

    @Test
    void aPurgeThatIsToEndLeavesTheRestInTheQueue() throws IOException {
        segmentsOf(20 * MIB);
        assertThat(purge(() -> false)).isEqualTo(IN_STEPS);
        assertThat(waits).isEqualTo(1);
        assertThat(purgedUpTo).containsExactly((long) IN_STEPS);
        assertThat(q.queue.firstSeq()).isEqualTo(IN_STEPS + 1);
        assertThat(Files.exists(dir.resolve(String.format("%016d.raftlog", IN_STEPS + 1))))
                .isTrue();
        assertThat(purge(this::agentDoesAStep)).isEqualTo(SEGMENTS - IN_STEPS);
    }

    @Test
    void whereSpaceIsShortNothingWaits() throws IOException {
        segmentsOf(20 * MIB);
        q.fs.available(dir, 100);
        assertThat(purge(() -> false)).isEqualTo(SEGMENTS);
        assertThat(waits).isZero();
    }

    @Test
    void filesNoLargerThanAStepNeedNoRoom() throws IOException {
        segmentsOf(16 * MIB);
        assertThat(purge(() -> false)).isEqualTo(SEGMENTS);
        assertThat(waits).isZero();
    }

    /** Whoever gives back space may have died. */
    @Test
    void whereNothingHappensThePurgeGoesOnInTheEnd() throws IOException {
        segmentsOf(20 * MIB);
        assertThat(purge(() -> true)).isEqualTo(SEGMENTS);
        assertThat(waits).as("for the first of them, then no more").isEqualTo(401);
    }

    /** A backup that reads what was purged may do so for hours. */
    @Test
    void filesThatAreReadAreNotWaitedFor() throws IOException {
        segmentsOf(20 * MIB);
        List<SegmentReader> readers = new ArrayList<>();
        for (long seq = 1; seq <= SEGMENTS; seq++) {
            readers.add(q.queue.acquire(seq));
        }
        assertThat(purge(() -> false)).isEqualTo(SEGMENTS);
        assertThat(waits).isZero();
        readers.forEach(SegmentReader::release);
    }
}
