package io.raftengine.engine.memtable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.CorruptionException;
import io.raftengine.log.format.QueueKind;
import io.raftengine.recovery.PartitionSink;
import io.raftengine.recovery.ReplaySink;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Replay in partitions equals sequential replay, whatever the split (G8, G9, defect 21): every way
 * to cut short histories, many random ways to cut long ones, with one and with several merging
 * threads.
 */
class ReplaySplitTest {
    private static final long GROUPS = 3;

    record Logged(QueueKind queue, long segment, long offset, TestBatch batch) {}

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
    void everySplitOfAShortHistoryGivesTheSequentialState(long seed) {
        for (int round = 0; round < 12; round++) {
            Random random = new Random(seed * 1000 + round);
            List<Logged> rewrite = history(QueueKind.REWRITE, random.nextInt(4), random, 6);
            List<Logged> append = history(QueueKind.APPEND, 1 + random.nextInt(5), random, 12);
            int cuts = Math.max(0, rewrite.size() - 1) + append.size() - 1;
            for (int split = 0; split < 1 << cuts; split++) {
                check(rewrite, append, split, 1 + (split & 1), random);
            }
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32})
    void randomSplitsOfALongHistoryGiveTheSequentialState(long seed) {
        Random random = new Random(seed);
        List<Logged> rewrite = history(QueueKind.REWRITE, 30, random, 1000);
        List<Logged> append = history(QueueKind.APPEND, 150, random, 100_000);
        for (int round = 0; round < 12; round++) {
            double rate = random.nextDouble() * random.nextDouble();
            List<List<Logged>> partitions = new ArrayList<>();
            cutAtRandom(rewrite, partitions, rate, random);
            cutAtRandom(append, partitions, rate, random);
            check(rewrite, append, partitions, 1 + random.nextInt(3), random);
        }
    }

    @Test
    void aTailOverwrittenAndCompactedInALaterSegmentStaysGone() {
        // Defect 21: entries 1..10, then 5..6 overwrite, compact beyond the end, append far behind.
        List<Logged> append = new ArrayList<>();
        append.add(logged(QueueKind.APPEND, 1, new TestBatch().range(0, 1, 10)));
        append.add(logged(QueueKind.APPEND, 2, new TestBatch().range(0, 5, 6)));
        append.add(logged(QueueKind.APPEND, 2, new TestBatch().compact(0, 7)));
        append.add(logged(QueueKind.APPEND, 3, new TestBatch().range(0, 20, 22)));
        for (int split = 0; split < 8; split++) {
            check(List.of(), append, split, 2, new Random(split));
        }
    }

    @Test
    void aHoleIsCorruptionThatNamesGroupExpectedAndFound() {
        List<Logged> append = new ArrayList<>();
        append.add(logged(QueueKind.APPEND, 1, new TestBatch().range(2, 1, 10)));
        append.add(logged(QueueKind.APPEND, 2, new TestBatch().range(2, 12, 13)));
        for (int split = 0; split < 2; split++) {
            List<List<Logged>> partitions = partitions(List.of(), append, split);
            try (Memtables memtables = new Memtables(MemoryBudget.unlimited(), 1 << 26)) {
                assertThatThrownBy(() -> replay(memtables, partitions, 1))
                        .isInstanceOfSatisfying(
                                CorruptionException.class,
                                e -> {
                                    assertThat(e.what()).contains("group 2");
                                    assertThat(e.expected()).contains("11");
                                    assertThat(e.found()).contains("12");
                                });
            }
        }
    }

    @Test
    void theAppendQueueMayStartBehindEntriesThatWereOnlyRewritten() {
        List<Logged> rewrite =
                List.of(logged(QueueKind.REWRITE, 1, new TestBatch().range(1, 1, 10)));
        List<Logged> append =
                List.of(logged(QueueKind.APPEND, 7, new TestBatch().range(1, 20, 30)));
        check(rewrite, append, 0, 1, new Random(1));
    }

    /**
     * What a purge leaves of an append queue may begin with entries that were overwritten further
     * down later on.
     */
    @Test
    void rewrittenEntriesBehindAHoleReturnWhenALaterAppendReachesThem() {
        List<Logged> rewrite =
                List.of(logged(QueueKind.REWRITE, 1, new TestBatch().range(13, 1, 28)));
        List<Logged> append = new ArrayList<>();
        append.add(logged(QueueKind.APPEND, 7, new TestBatch().range(13, 35, 35)));
        append.add(logged(QueueKind.APPEND, 7, new TestBatch().range(13, 29, 30)));
        append.add(logged(QueueKind.APPEND, 8, new TestBatch().range(13, 31, 34)));
        append.add(logged(QueueKind.APPEND, 8, new TestBatch().compact(13, 16)));
        append.add(logged(QueueKind.APPEND, 9, new TestBatch().range(13, 35, 37)));
        for (int split = 0; split < 16; split++) {
            check(rewrite, append, split, 2, new Random(split));
        }
    }

    @Test
    void rewrittenEntriesBehindAHoleAreCutWhereALaterAppendReachesIntoThem() {
        List<Logged> rewrite =
                List.of(logged(QueueKind.REWRITE, 1, new TestBatch().range(13, 5, 28)));
        for (int reach = 3; reach < 34; reach++) {
            List<Logged> append = new ArrayList<>();
            append.add(logged(QueueKind.APPEND, 7, new TestBatch().range(13, 35, 36)));
            append.add(logged(QueueKind.APPEND, 7, new TestBatch().range(13, 32, 32)));
            append.add(logged(QueueKind.APPEND, 8, new TestBatch().compact(13, 10)));
            append.add(logged(QueueKind.APPEND, 8, new TestBatch().range(13, reach, reach + 1)));
            append.add(logged(QueueKind.APPEND, 9, new TestBatch().compact(13, 12)));
            for (int split = 0; split < 16; split++) {
                check(rewrite, append, split, 2, new Random(split));
            }
        }
    }

    /** Whatever was before: nothing, a hole, a tail that is cut, entries that are all replaced. */
    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {41, 42, 43, 44, 45, 46, 47, 48})
    void appendsThatDescendGiveTheSequentialStateForEverySplit(long seed) {
        for (int round = 0; round < 10; round++) {
            Random random = new Random(seed * 1000 + round);
            long low = 2 + random.nextInt(12);
            List<Logged> rewrite =
                    List.of(
                            logged(
                                    QueueKind.REWRITE,
                                    1,
                                    new TestBatch().range(1, low, low + random.nextInt(14))));
            List<Logged> append = new ArrayList<>();
            long index = 8 + random.nextInt(25);
            for (int i = 0; i < 9; i++) {
                TestBatch batch = new TestBatch();
                if (i > 0 && random.nextInt(3) == 0) {
                    batch.compact(1, Math.max(1, index - random.nextInt(4)));
                } else {
                    index = Math.max(1, index - random.nextInt(4));
                    batch.range(1, index, index + random.nextInt(2));
                }
                append.add(logged(QueueKind.APPEND, 7 + i / 2, batch));
            }
            for (int split = 0; split < 1 << 8; split += 1 + random.nextInt(9)) {
                check(rewrite, append, split, 1 + (split & 1), random);
            }
        }
    }

    /** D8: 7 bytes of log each must not cost 16 of memory for good, nor end in an overflow. */
    @Test
    void appendsThatDescendCostNoMemory() {
        MemoryBudget budget = MemoryBudget.unlimited();
        try (Memtables memtables = new Memtables(budget, 1 << 26)) {
            ReplaySink sink = memtables.replaySink();
            PartitionSink partition = sink.newPartition(QueueKind.APPEND, 0);
            long before = budget.reservedBytes();
            for (long index = 200_000; index > 0; index--) {
                TestBatch batch = new TestBatch().range(1, index, index);
                if (index % 3 == 0) {
                    batch.compact(1, index - 1);
                }
                deliver(partition, logged(QueueKind.APPEND, 1, batch));
            }
            partition.complete();
            assertThat(budget.peakBytes() - before).isLessThan(1 << 20);
            sink.merge(1);
        }
    }

    @Test
    void anAtomicSpanIsKeptWithTheGroupAndACleanIsNotedForPurge() {
        try (Memtables memtables = new Memtables(MemoryBudget.unlimited(), 1 << 26)) {
            ReplaySink sink = memtables.replaySink();
            PartitionSink rewrite = sink.newPartition(QueueKind.REWRITE, 0);
            deliver(rewrite, logged(QueueKind.REWRITE, 3, new TestBatch().range(1, 1, 4)));
            deliver(rewrite, logged(QueueKind.REWRITE, 3, new TestBatch().range(2, 1, 4)));
            rewrite.atomicSpan(1, 2, 3);
            rewrite.atomicSpan(2, 2, 3);
            rewrite.complete();
            PartitionSink append = sink.newPartition(QueueKind.APPEND, 0);
            deliver(append, logged(QueueKind.APPEND, 3, new TestBatch().clean(2).range(2, 1, 1)));
            append.complete();
            sink.merge(2);
            long kept = memtables.blocks().at(memtables.table().find(1));
            long cleaned = memtables.blocks().at(memtables.table().find(2));
            long extension = memtables.blocks().at(GroupRecord.extension(kept));
            assertThat(GroupExtension.spanFirst(extension)).isEqualTo(2);
            assertThat(GroupExtension.spanLast(extension)).isEqualTo(3);
            long removals = memtables.blocks().at(GroupRecord.extension(cleaned));
            assertThat(GroupExtension.has(removals, GroupExtension.HAS_CLEAN)).isTrue();
        }
    }

    private static Logged logged(QueueKind queue, long segment, TestBatch batch) {
        return new Logged(queue, segment, 500 + segment, batch);
    }

    private static List<Logged> history(
            QueueKind queue, int batches, Random random, int mistakeRate) {
        List<Logged> log = new ArrayList<>();
        Model model = new Model();
        int style = random.nextInt(4);
        for (int i = 0; i < batches; i++) {
            TestBatch batch = RandomBatches.next(model, GROUPS, style, random, mistakeRate);
            Logged logged = new Logged(queue, 1 + i / 3, 100 + 1000L * i, batch);
            try {
                model.write(logged.segment, logged.offset, batch);
            } catch (Model.Refused mistake) {
                // stays in the log: what the rules say about it is the point
            }
            log.add(logged);
        }
        return log;
    }

    private static void check(
            List<Logged> rewrite, List<Logged> append, int split, int threads, Random random) {
        check(rewrite, append, partitions(rewrite, append, split), threads, random);
    }

    private static void check(
            List<Logged> rewrite,
            List<Logged> append,
            List<List<Logged>> partitions,
            int threads,
            Random random) {
        Model model = new Model();
        boolean refused = false;
        try {
            rewrite.forEach(l -> model.replay(l.queue, l.segment, l.offset, l.batch));
            append.forEach(l -> model.replay(l.queue, l.segment, l.offset, l.batch));
            model.finishReplay();
        } catch (Model.Refused hole) {
            refused = true;
        }
        MemoryBudget budget = MemoryBudget.unlimited();
        try (Memtables memtables = new Memtables(budget, 1 << 28)) {
            if (refused) {
                assertThatThrownBy(() -> replay(memtables, partitions, threads))
                        .isInstanceOf(CorruptionException.class);
            } else {
                replay(memtables, partitions, threads);
                Compare.all(memtables, model, GROUPS, random);
                Compare.accounting(memtables, model, 60);
            }
        }
        assertThat(budget.reservedBytes()).isZero();
    }

    private static void replay(Memtables memtables, List<List<Logged>> partitions, int threads) {
        ReplaySink sink = memtables.replaySink();
        // Opened in another sequence than their order, as replay threads may.
        for (int i = partitions.size() - 1; i >= 0; i--) {
            List<Logged> part = partitions.get(i);
            PartitionSink partition = sink.newPartition(part.get(0).queue, i);
            part.forEach(l -> deliver(partition, l));
            partition.complete();
        }
        sink.merge(threads);
    }

    private static void deliver(PartitionSink partition, Logged logged) {
        TestBatch batch = logged.batch;
        partition.apply(
                logged.segment,
                logged.offset,
                batch.blockBytes(),
                batch.compressed && batch.blockBytes() > 0,
                batch.reader());
    }

    private static List<List<Logged>> partitions(
            List<Logged> rewrite, List<Logged> append, int split) {
        List<List<Logged>> partitions = new ArrayList<>();
        int bits = cut(rewrite, partitions, split);
        cut(append, partitions, bits);
        return partitions;
    }

    /** Bit i of {@code split}: whether there is a cut behind element i. */
    private static int cut(List<Logged> log, List<List<Logged>> partitions, int split) {
        if (log.isEmpty()) {
            return split;
        }
        int from = 0;
        int bits = split;
        for (int i = 1; i < log.size(); i++) {
            if ((bits & 1) != 0) {
                partitions.add(log.subList(from, i));
                from = i;
            }
            bits >>>= 1;
        }
        partitions.add(log.subList(from, log.size()));
        return bits;
    }

    private static void cutAtRandom(
            List<Logged> log, List<List<Logged>> partitions, double rate, Random random) {
        int from = 0;
        for (int i = 1; i < log.size(); i++) {
            if (random.nextDouble() < rate) {
                partitions.add(log.subList(from, i));
                from = i;
            }
        }
        partitions.add(log.subList(from, log.size()));
    }
}
