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

    /**
     * A first step takes a file off those that wait, and there is room for another. With 64 behind
     * it the rest goes in three of 8 MiB.
     */
    private static final int STEPS = 1 + (SEGMENTS - IN_STEPS - 1) * (3 + 1);

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
            try (RandomAccessFile file = new RandomAccessFile(segment(seq).toFile(), "rw")) {
                file.setLength(bytes);
            }
        }
    }

    private Path segment(long seq) {
        return dir.resolve(String.format("%016d.raftlog", seq));
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
        assertThat(waits).isEqualTo(STEPS);
        assertThat(purgedUpTo).containsExactly((long) SEGMENTS);
    }

    @Test
    void aPurgeThatIsToEndLeavesTheRestInTheQueue() throws IOException {
        segmentsOf(20 * MIB);
        assertThat(purge(() -> false)).isEqualTo(IN_STEPS);
        assertThat(waits).isEqualTo(1);
        assertThat(purgedUpTo).containsExactly((long) IN_STEPS);
        assertThat(q.queue.firstSeq()).isEqualTo(IN_STEPS + 1);
        assertThat(Files.exists(segment(IN_STEPS + 1))).isTrue();
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
        assertThat(waits).as("for the first of them, then no more").isEqualTo(2000);
    }

    /** A disk that is slow is not one on which nothing happens. */
    @Test
    void aSlowAgentIsWaitedForHoweverLongItTakes() throws IOException {
        segmentsOf(20 * MIB);
        assertThat(purge(() -> waits % 300 != 0 || agentDoesAStep())).isEqualTo(SEGMENTS);
        assertThat(waits).isEqualTo(300 * STEPS);
    }

    /** They become reserves, or are known by another name: no space is given back for them. */
    @Test
    void whatIsNotDeletedNeedsNoRoom() throws IOException {
        segmentsOf(20 * MIB);
        assertThat(purge(() -> false)).isEqualTo(IN_STEPS);
        for (long seq = IN_STEPS + 1; seq < SEGMENTS; seq++) {
            Files.createLink(dir.resolve("kept" + seq), segment(seq));
        }
        waits = 0;
        assertThat(purge(() -> false)).as("all but the last").isEqualTo(SEGMENTS - IN_STEPS - 1);
        assertThat(waits).isOne();
    }

    @Test
    void aPoisonedQueueDropsNoMore() throws IOException {
        segmentsOf(20 * MIB);
        assertThat(
                        purge(() -> {
                            q.queue.poison("test", null);
                            return true;
                        }))
                .isEqualTo(IN_STEPS);
        assertThat(waits).isOne();
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
