package io.raftengine.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.log.format.QueueKind;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is kept for speed is no reason for a refusal, and a compaction needs nothing. */
class KeptMemoryTest {
    private static final int READERS = 32;
    private static final long LIMIT = 64L << 20;

    private volatile Runnable beforeTheNextBatch;

    private final EngineFixture f =
            new EngineFixture(
                    WorkloadRun.config(EngineFixture.DIR)
                            .targetFileSizeBytes(8 << 20)
                            .purgeThresholdBytes(64 << 20)
                            .memoryLimitBytes(LIMIT));

    {
        f.listeners =
                List.of(
                        new EngineListener() {
                            @Override
                            public void onBatchWritten(
                                    QueueKind queue, long seq, long offset, long bytes) {
                                Runnable step = beforeTheNextBatch;
                                beforeTheNextBatch = null;
                                if (step != null) {
                                    step.run();
                                }
                            }
                        });
        f.open();
    }

    private final MemoryBudget budget = f.parts.budget;

    @AfterEach
    void close() {
        f.close();
    }

    private long free() {
        return budget.limitBytes() - budget.reservedBytes();
    }

    @Test
    void whatManyReadersKeptIsThereForAWrite() throws InterruptedException {
        byte[] entry = new byte[1 << 20];
        new Random(1).nextBytes(entry);
        for (int i = 1; i <= READERS; i++) {
            try (LogBatch batch = f.engine.newBatch()) {
                f.write(batch.addEntry(1, i, entry), false);
            }
        }
        long before = free();

        readAllAtOnce(entry.length);

        assertThat(free()).as("something is kept").isLessThan(before - (8 << 20));
        assertThat(budget.tryReserve(before)).isTrue();
        budget.release(before);
        assertThat(f.engine.getEntry(1, 7)).isEqualTo(entry);
    }

    private void readAllAtOnce(int bytes) throws InterruptedException {
        var all = new CountDownLatch(READERS);
        var right = new AtomicInteger();
        Thread[] readers = new Thread[READERS];
        for (int i = 0; i < READERS; i++) {
            long index = i + 1;
            readers[i] =
                    Thread.ofPlatform()
                            .start(() ->
                                    f.engine.readEntry(
                                            1,
                                            index,
                                            (at, memory, offset, length) -> {
                                                all.countDown();
                                                awaitAll(all);
                                                if (length == bytes) {
                                                    right.incrementAndGet();
                                                }
                                                return true;
                                            }));
        }
        for (Thread reader : readers) {
            reader.join();
        }
        assertThat(right).hasValue(READERS);
    }

    private static void awaitAll(CountDownLatch all) {
        try {
            all.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aCompactionFindsRoomWhereThereIsNone() {
        f.append(1, 1, 10, false);
        long rest = free();
        budget.reserve(rest);
        assertThat(f.engine.compactTo(1, 5)).isEqualTo(4);
        assertThat(f.engine.compactTo(1, 8)).isEqualTo(3);
        budget.release(rest);
        assertThat(f.engine.firstIndex(1)).isEqualTo(8);
    }

    /** What is kept for compactions is in use by the first one when the second one comes. */
    @Test
    void aCompactionBesideAnotherFindsRoomWhereThereIsNone() throws Exception {
        f.append(1, 1, 10, false);
        f.append(2, 1, 10, false);
        long rest = free();
        budget.reserve(rest);
        var second = new FutureTask<>(() -> f.engine.compactTo(2, 8));
        beforeTheNextBatch =
                () -> {
                    Thread thread = Thread.ofPlatform().start(second);
                    while (thread.getState() != Thread.State.WAITING && !second.isDone()) {
                        Thread.onSpinWait();
                    }
                };
        assertThat(f.engine.compactTo(1, 5)).isEqualTo(4);
        assertThat(second.get()).isEqualTo(7);
        budget.release(rest);
        assertThat(f.engine.firstIndex(1)).isEqualTo(5);
        assertThat(f.engine.firstIndex(2)).isEqualTo(8);
    }
}
