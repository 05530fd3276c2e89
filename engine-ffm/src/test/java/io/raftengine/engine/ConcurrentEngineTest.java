package io.raftengine.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.error.ClosedException;
import io.raftengine.error.EntryCompactedException;
import io.raftengine.log.segment.PrefillPolicy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Platform and virtual threads write and read one engine on the real file system, through many
 * rotations. Every entry can be verified by itself, so a wrong, torn or stale byte is seen by
 * whoever reads it; each group has one writer, so what readers see of it must be a growing prefix
 * of its history (linearizable group by group).
 */
@Timeout(300)
class ConcurrentEngineTest {
    private static final int WRITERS = 6;
    private static final int READERS = 4;
    private static final int BATCHES = 300 * Math.max(1, Integer.getInteger("raftengine.scale", 1));

    private static EngineConfig config(Path dir) {
        return EngineConfig.builder(dir)
                .targetFileSizeBytes(64 << 10)
                .purgeThresholdBytes(1 << 20)
                .batchCompressionThresholdBytes(512)
                .prefill(PrefillPolicy.AUTO)
                .verifyEveryRead(true)
                .build();
    }

    private static byte[] entry(long group, long index) {
        return Workload.value(group, index, (int) (index % 11) * 37);
    }

    private final ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
    private final List<Thread> threads = new ArrayList<>();

    private void start(boolean virtual, int number, IntConsumer work) {
        Runnable guarded =
                () -> {
                    try {
                        work.accept(number);
                    } catch (Throwable failed) {
                        failures.add(failed);
                    }
                };
        threads.add(
                virtual
                        ? Thread.ofVirtual().unstarted(guarded)
                        : Thread.ofPlatform().daemon(true).unstarted(guarded));
        threads.getLast().start();
    }

    private static void join(List<Thread> some) throws InterruptedException {
        for (Thread thread : some) {
            thread.join();
        }
    }

    @Test
    void readersSeeAGrowingPrefixOfEachGroupAndNeverAWrongByte(@TempDir Path dir) throws Exception {
        AtomicLongArray acknowledged = new AtomicLongArray(WRITERS);
        AtomicBoolean writing = new AtomicBoolean(true);
        AtomicLong observed = new AtomicLong();
        long verified;
        try (RaftEngine engine = RaftEngine.open(config(dir.resolve("e")))) {
            AtomicLong reads = new AtomicLong();
            for (int w = 0; w < WRITERS; w++) {
                start(w % 2 == 1, w, writer -> write(engine, writer, acknowledged, observed));
            }
            List<Thread> writers = List.copyOf(threads);
            for (int r = 0; r < READERS; r++) {
                start(r % 2 == 1, r, reader -> read(engine, reader, acknowledged, writing, reads));
            }
            // Nobody starves: a virtual thread of its own gets on as long as others write.
            start(
                    true,
                    0,
                    unused -> {
                        while (writing.get()) {
                            observed.getAndIncrement();
                            breathe();
                        }
                    });
            // Interrupts must do no harm.
            for (int i = 0; i < 50; i++) {
                writers.get(i % WRITERS).interrupt();
                Thread.yield();
            }
            join(writers);
            writing.set(false);
            join(threads);
            verified = reads.get();
            assertThat(failures).isEmpty();
            assertThat(engine.statistics().rotations()).isGreaterThan(3);
        }
        assertThat(verified).isPositive();
        assertThat(observed).as("turns of the observer").hasPositiveValue();
        try (RaftEngine engine = RaftEngine.open(config(dir.resolve("e")))) {
            for (int group = 0; group < WRITERS; group++) {
                assertThat(engine.lastIndex(group)).isEqualTo(acknowledged.get(group));
                for (long i = engine.firstIndex(group); i <= acknowledged.get(group); i++) {
                    assertThat(engine.getEntry(group, i)).isEqualTo(entry(group, i));
                }
                assertThat(Workload.value(group, acknowledged.get(group), 24))
                        .isEqualTo(engine.get(group, EngineFixture.bytes("applied")));
            }
        }
    }

    /**
     * Virtual threads are not preempted, and one that only yields goes before all that wait to be
     * continued: two busy ones would own both carriers of a small machine. Whatever they do, they
     * park now and then.
     */
    private static void breathe() {
        LockSupport.parkNanos(1_000);
    }

    private static void write(
            RaftEngine engine, int group, AtomicLongArray acknowledged, AtomicLong observed) {
        long next = 1;
        try (LogBatch batch = engine.newBatch()) {
            for (int b = 0; b < BATCHES; b++) {
                int count = 1 + b % 4;
                for (int i = 0; i < count; i++) {
                    batch.addEntry(group, next + i, entry(group, next + i));
                }
                next += count;
                batch.put(
                        group, EngineFixture.bytes("applied"), Workload.value(group, next - 1, 24));
                engine.write(batch, b % 3 == 0 ? Durability.SYNC : Durability.BUFFERED);
                acknowledged.set(group, next - 1);
                if (engine.lastIndex(group) != next - 1) {
                    throw new AssertionError("group " + group + ": own write is not visible");
                }
                if (b % 50 == 49) {
                    engine.compactTo(group, next - 40);
                }
            }
        }
        // The observer must have had a turn while we were at it; it needs no more than a moment.
        while (observed.get() == 0) {
            breathe();
        }
    }

    private static void read(
            RaftEngine engine,
            int reader,
            AtomicLongArray acknowledged,
            AtomicBoolean writing,
            AtomicLong reads) {
        long[] seenLast = new long[WRITERS];
        long[] seenFirst = new long[WRITERS];
        for (int turn = reader; writing.get(); turn++) {
            breathe();
            int group = turn % WRITERS;
            long atLeast = acknowledged.get(group);
            long first = engine.firstIndex(group);
            long last = engine.lastIndex(group);
            if (atLeast > 0 && last < Math.max(atLeast, seenLast[group])
                    || first != RaftEngine.NO_INDEX && first < seenFirst[group]) {
                throw new AssertionError("group " + group + " went back to " + first + ".." + last);
            }
            if (last == RaftEngine.NO_INDEX) {
                continue;
            }
            seenLast[group] = last;
            seenFirst[group] = first;
            long at = Math.max(first, last - turn % 30);
            byte[] one = engine.getEntry(group, at);
            if (one != null
                    ? !Arrays.equals(one, entry(group, at))
                    : engine.firstIndex(group) <= at) {
                throw new AssertionError(
                        "group " + group + ", entry " + at + " is wrong or missing");
            }
            try {
                List<byte[]> range = new ArrayList<>();
                engine.fetchEntriesTo(group, at, last + 1, Long.MAX_VALUE, range);
                for (int i = 0; i < range.size(); i++) {
                    if (!Arrays.equals(range.get(i), entry(group, at + i))) {
                        throw new AssertionError(
                                "group " + group + ", fetched " + (at + i) + " is wrong");
                    }
                }
            } catch (EntryCompactedException meanwhile) {
                // The writer compacts.
            }
            reads.getAndIncrement();
        }
    }

    /**
     * Whatever a writer is doing when the engine closes: it is told so, and what it was told before
     * is on disk.
     */
    @Test
    void closingUnderRunningWritersLosesNothingAcknowledged(@TempDir Path dir) throws Exception {
        for (int round = 0; round < 8; round++) {
            Path home = dir.resolve("e" + round);
            AtomicLongArray acknowledged = new AtomicLongArray(WRITERS);
            AtomicLong total = new AtomicLong();
            RaftEngine engine = RaftEngine.open(config(home));
            threads.clear();
            for (int w = 0; w < WRITERS; w++) {
                start(
                        w % 2 == 0,
                        w,
                        writer -> writeUntilClosed(engine, writer, acknowledged, total));
            }
            int enough = 50 + round * 40;
            while (total.get() < enough && failures.isEmpty()) {
                Thread.onSpinWait();
            }
            engine.close();
            join(threads);
            assertThat(failures).isEmpty();
            assertThat(engine.budget().reservedBytes()).isZero();
            try (RaftEngine again = RaftEngine.open(config(home))) {
                for (int group = 0; group < WRITERS; group++) {
                    long last = again.lastIndex(group);
                    long known = acknowledged.get(group);
                    assertThat(last == RaftEngine.NO_INDEX ? 0 : last)
                            .as("what callers were told, and nothing else")
                            .isEqualTo(known);
                }
            }
        }
    }

    private static void writeUntilClosed(
            RaftEngine engine, int group, AtomicLongArray acknowledged, AtomicLong total) {
        try (LogBatch batch = engine.newBatch()) {
            for (long i = 1; ; i++) {
                batch.addEntry(group, i, entry(group, i));
                engine.write(batch, i % 2 == 0 ? Durability.SYNC : Durability.BUFFERED);
                acknowledged.set(group, i);
                total.getAndIncrement();
            }
        } catch (ClosedException expected) {
            // The only thing a writer may be told.
        }
    }
}
