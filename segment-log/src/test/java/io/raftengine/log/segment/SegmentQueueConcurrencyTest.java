package io.raftengine.log.segment;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.allocator.Mapping;
import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.io.FileSystem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Writer, background agent, purger and readers at once, on the real disk. Every byte says where it
 * belongs (it is computed from segment number and offset), so a reader that is shown another
 * segment's bytes, or zeros of a fill that ran into the writer, sees it at once (I6, I7).
 */
class SegmentQueueConcurrencyTest {
    private static final int HEADER = 69;
    private static final int TARGET = 512 << 10;
    private static final int WRITE_MAX = 40_000;
    private static final int ROUNDS = 1_500;
    private static final long SEED = 7_2026L;

    @TempDir private Path dir;
    private SegmentQueue queue;
    private volatile boolean done;
    private final AtomicLong bytesRead = new AtomicLong();

    private static byte expected(long seq, long offset) {
        long x = seq * 0x9E3779B97F4A7C15L + offset;
        x ^= x >>> 29;
        return (byte)
                (x * 0xBF58476D1CE4E5B9L >>> 56 | 1); // never zero: padding must not look right
    }

    @Test
    void readersSeeTheirOwnSegmentWhateverHappensToIt() throws Exception {
        MemoryBudget budget = MemoryBudget.unlimited();
        QueueSettings settings =
                QueueSettings.builder(QueueKind.APPEND, List.of(dir))
                        .targetBytes(TARGET)
                        .recycleCapacity(6)
                        .prefill(PrefillPolicy.ALWAYS)
                        .writebackBytes(64 << 10)
                        .budget(budget)
                        .build();
        FileSystem fs = FileSystem.local();
        queue = SegmentQueue.open(settings, fs, List.of(), DirectoryScan.scan(fs, List.of(dir)));
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Future<?>> others = new ArrayList<>();
            others.add(threads.submit(this::agent));
            others.add(threads.submit(this::purger));
            others.add(threads.submit(reader(1)));
            others.add(threads.submit(reader(2)));
            try {
                write();
            } finally {
                done = true;
            }
            for (Future<?> other : others) {
                other.get();
            }
        }
        QueueStatistics statistics = queue.statistics();
        queue.close();
        assertThat(bytesRead.get()).isGreaterThan(0);
        assertThat(statistics.rotationsPrepared()).isGreaterThan(0);
        assertThat(statistics.segmentsPurged()).isGreaterThan(0);
        assertThat(statistics.bytesPrefilled()).isGreaterThan(0);
        assertThat(budget.reservedBytes()).isZero();
    }

    private void write() {
        Random random = new Random(SEED);
        try (Mapping memory = Mapping.map(MemoryBudget.unlimited(), WRITE_MAX, "writer")) {
            byte[] bytes = new byte[WRITE_MAX];
            for (int round = 0; round < ROUNDS; round++) {
                int length = 1 + random.nextInt(random.nextBoolean() ? 300 : WRITE_MAX);
                if (queue.rotateBefore(length)) {
                    queue.rotate();
                }
                long seq = queue.activeSeq();
                long end = queue.end();
                for (int i = 0; i < length; i++) {
                    bytes[i] = expected(seq, end + i);
                }
                Memory.copyFromArray(bytes, 0, memory.address(), length);
                assertThat(queue.append(memory.address(), length)).isEqualTo(end);
                if (random.nextInt(8) == 0) {
                    queue.sync();
                }
            }
        }
    }

    private Void agent() {
        while (!done) {
            if (!queue.prepareNext()) {
                Thread.yield();
            }
        }
        return null;
    }

    private Void purger() {
        while (!done) {
            long keep = queue.activeSeq() - 3;
            if (keep > queue.firstSeq()) {
                queue.purgeTo(keep, () -> true);
            }
            Thread.yield();
        }
        return null;
    }

    private Callable<Void> reader(int number) {
        return () -> {
            Random random = new Random(SEED + number);
            try (Mapping memory = Mapping.map(MemoryBudget.unlimited(), WRITE_MAX, "reader")) {
                while (!done) {
                    readSomewhere(random, memory.address());
                }
            }
            return null;
        };
    }

    private void readSomewhere(Random random, long address) {
        long active = queue.activeSeq();
        long end = queue.end();
        boolean sameSegment = queue.activeSeq() == active;
        long seq = active - random.nextInt(6);
        SegmentReader segment = queue.acquire(seq);
        if (segment == null) {
            return;
        }
        try {
            // Sealed segments are as long as their live bytes; of the active one only what was
            // published counts.
            if (seq == active && !sameSegment) {
                return;
            }
            long limit = seq == active ? end : sealedEnd(segment);
            if (limit <= HEADER) {
                return;
            }
            // Twice, with a chance for a purge and a reuse in between.
            for (int i = 0; i < 2; i++) {
                long from = HEADER + (long) (random.nextDouble() * (limit - HEADER));
                int length = (int) Math.min(limit - from, 1 + random.nextInt(WRITE_MAX));
                int n = segment.read(address, length, from);
                assertThat(n).isEqualTo(length);
                check(segment, address, from, n);
                Thread.yield();
            }
        } finally {
            segment.release();
        }
    }

    /**
     * The segment below the active one may not be cut yet when its successor is asked for; older
     * ones are.
     */
    private static long sealedEnd(SegmentReader segment) {
        return segment.sizeBytes();
    }

    private void check(SegmentReader segment, long address, long from, int length) {
        for (int i = 0; i < length; i++) {
            byte found = Memory.getByte(address + i);
            byte wanted = expected(segment.seq(), from + i);
            if (found != wanted) {
                throw new AssertionError(
                        segment
                                + " at "
                                + (from + i)
                                + ": "
                                + found
                                + " instead of "
                                + wanted
                                + ", seed "
                                + SEED);
            }
        }
        bytesRead.addAndGet(length);
    }
}
