package io.raftengine.engine.memtable;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.log.format.QueueKind;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A reading that takes longer than its group is ever left alone ends all the same. */
class RightOfWayTest {
    private static final int LARGE_BYTES = 16 << 20;
    private static final int SMALL_KEYS = 2000;

    /** Batches after which the writer gives up: far more than it comes to while readers get on. */
    private static final long BATCHES_MAX = 3_000_000;

    private final MemoryBudget budget = MemoryBudget.unlimited();
    private final Memtables memtables = new Memtables(budget, 1L << 30);
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private long next = 1;
    private volatile boolean done;
    private volatile boolean gaveUp;
    private Thread writer;

    @BeforeEach
    void aGroupWithManyKeysAndALargeValue() {
        byte[] large = new byte[LARGE_BYTES];
        Arrays.fill(large, (byte) 7);
        TestBatch batch = new TestBatch().range(1, next, next++);
        for (int i = 0; i < SMALL_KEYS; i++) {
            batch.put(1, TestBatch.bytes("k" + (10_000 + i)), new byte[10]);
        }
        commit(batch.put(1, TestBatch.bytes("large"), large));
    }

    private void writeAllTheTime() {
        long before = next;
        writer = Thread.ofPlatform().start(this::write);
        while (memtables.last(1) <= before) {
            Thread.onSpinWait();
        }
    }

    @AfterEach
    void everythingIsGivenBack() throws InterruptedException {
        done = true;
        if (writer != null) {
            writer.join();
        }
        memtables.close();
        assertThat(failure.get()).isNull();
        assertThat(budget.reservedBytes()).isZero();
    }

    private void write() {
        try {
            long batches = 0;
            while (!done && batches++ < BATCHES_MAX) {
                commitOne();
            }
            gaveUp = !done;
        } catch (Throwable e) {
            failure.set(e);
        }
    }

    private void commitOne() {
        commit(new TestBatch().range(1, next, next).compact(1, next++));
    }

    private void commit(TestBatch batch) {
        memtables.beginGroup(1);
        assertThat(memtables.validate(batch.reader())).isEqualTo(Memtables.ACCEPTED);
        memtables.apply(1, 100, batch.blockBytes(), false, batch.reader());
        memtables.endGroup();
    }

    private void assertThatTheWriterWentOn() {
        assertThat(gaveUp).as("the writer gave up before the reader was through").isFalse();
    }

    @Test
    void theWriterWaitsForAReaderThatWasOvertakenAgainAndAgain() throws InterruptedException {
        RightOfWay rightOfWay = memtables.rightOfWay();
        int overtaken = overtake(rightOfWay);
        var stillReading = new AtomicBoolean(true);
        var overtook = new AtomicBoolean();
        Thread other =
                Thread.ofPlatform()
                        .start(() -> {
                            commitOne();
                            overtook.set(stillReading.get());
                        });
        awaitParkedOrDone(other);
        stillReading.set(false);
        rightOfWay.readingDone(overtaken);
        other.join();
        assertThat(overtook).isFalse();
        assertThat(memtables.last(1)).isEqualTo(next - 1);
    }

    @Test
    void aBatchWaitsForOneReaderOnly() throws InterruptedException {
        RightOfWay rightOfWay = memtables.rightOfWay();
        int overtaken = overtake(rightOfWay);
        Thread other = Thread.ofPlatform().start(this::commitOne);
        awaitParkedOrDone(other);
        var written = new CountDownLatch(1);
        Thread second =
                Thread.ofPlatform()
                        .start(() -> {
                            int again = overtake(rightOfWay);
                            try {
                                written.await();
                            } catch (InterruptedException e) {
                                failure.set(e);
                            } finally {
                                rightOfWay.readingDone(again);
                            }
                        });
        awaitParkedOrDone(second); // behind the first one
        rightOfWay.readingDone(overtaken);
        other.join(); // while the second one has its turn
        written.countDown();
        second.join();
        assertThat(memtables.last(1)).isEqualTo(next - 1);
    }

    private static int overtake(RightOfWay rightOfWay) {
        int overtaken = 0;
        for (int i = 0; i < RightOfWay.PATIENCE + 2; i++) {
            overtaken = rightOfWay.overtaken(overtaken);
        }
        return overtaken;
    }

    private static void awaitParkedOrDone(Thread thread) {
        while (true) {
            switch (thread.getState()) {
                case WAITING, TIMED_WAITING, TERMINATED -> {
                    return;
                }
                default -> Thread.onSpinWait();
            }
        }
    }

    @Test
    void aLargeValueIsRead() {
        writeAllTheTime();
        byte[] value = new byte[LARGE_BYTES];
        byte[] key = TestBatch.bytes("large");
        assertThat(memtables.get(1, key, 0, key.length, value, 0, value.length))
                .isEqualTo(LARGE_BYTES);
        assertThatTheWriterWentOn();
        assertThat(value[0] + value[LARGE_BYTES - 1]).isEqualTo(14);
    }

    @Test
    void severalReadersAtATimeGetOn() throws InterruptedException {
        writeAllTheTime();
        Thread[] readers = new Thread[3];
        for (int i = 0; i < readers.length; i++) {
            readers[i] = Thread.ofVirtual().unstarted(this::walkAll);
            readers[i].start();
        }
        for (Thread reader : readers) {
            reader.join();
        }
        assertThatTheWriterWentOn();
    }

    private void walkAll() {
        try (KeyCursor cursor = memtables.newKeyCursor()) {
            cursor.open(1, null, null, false);
            int found = 0;
            while (cursor.next()) {
                found++;
            }
            assertThat(found).isEqualTo(SMALL_KEYS + 1);
        } catch (Throwable e) {
            failure.compareAndSet(null, e);
        }
    }

    @Test
    void aWalkOverManyKeysEnds() {
        writeAllTheTime();
        walkAll();
        assertThatTheWriterWentOn();
    }

    @Test
    void aWalkForPurgeEnds() {
        writeAllTheTime();
        try (PlacedKeys keys = new PlacedKeys(memtables, budget)) {
            keys.open(1, QueueKind.APPEND, 7);
            int found = 0;
            long bytes = 0;
            while (keys.next()) {
                found++;
                bytes = keys.valueLength();
            }
            assertThat(found).isEqualTo(SMALL_KEYS + 1);
            assertThat(bytes).isEqualTo(LARGE_BYTES);
        }
        assertThatTheWriterWentOn();
    }
}
