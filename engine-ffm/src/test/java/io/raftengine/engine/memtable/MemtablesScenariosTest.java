package io.raftengine.engine.memtable;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.InvalidArgumentException;
import io.raftengine.error.MemoryLimitException;
import io.raftengine.log.format.ItemReader;
import io.raftengine.log.format.QueueKind;
import io.raftengine.recovery.PartitionSink;
import io.raftengine.recovery.ReplaySink;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * The scenarios of the list that concern memtables, by their IDs; negative space around each limit.
 */
class MemtablesScenariosTest {
    private final MemoryBudget budget = MemoryBudget.unlimited();
    private final Memtables memtables = new Memtables(budget, 1 << 28);
    private final Model model = new Model();
    private final Random random = new Random(7);
    private long segment = 1;
    private long offset = 100;

    @AfterEach
    void everythingIsGivenBack() {
        memtables.close();
        memtables.close(); // idempotent
        assertThat(budget.reservedBytes()).isZero();
    }

    private long write(TestBatch batch) {
        assertThat(tryWrite(batch)).isEqualTo(Memtables.ACCEPTED);
        return memtables.entriesCompacted();
    }

    private int tryWrite(TestBatch batch) {
        memtables.beginGroup(segment);
        int verdict = memtables.validate(batch.reader());
        if (verdict == Memtables.ACCEPTED) {
            model.write(segment, offset, batch);
            memtables.apply(segment, offset, batch.blockBytes(), batch.compressed, batch.reader());
            memtables.endGroup();
        } else {
            memtables.abandonGroup();
        }
        offset += 1000;
        Compare.all(memtables, model, 4, random);
        Compare.accounting(memtables, model, segment);
        return verdict;
    }

    @Test
    void g1AppendContinuesOverwritesAndRefusesAHole() {
        write(new TestBatch().range(1, 10, 19));
        write(new TestBatch().entries(1, 15));
        assertThat(tryWrite(new TestBatch().range(1, 21, 29))).isEqualTo(Memtables.HOLE);
        assertThat(memtables.refusedGroup()).isEqualTo(1);
        assertThat(memtables.expectedIndex()).isEqualTo(20);
        assertThat(memtables.foundIndex()).isEqualTo(21);
        assertThat(memtables.refusal())
                .isInstanceOf(InvalidArgumentException.class)
                .hasMessageContaining("group 1")
                .hasMessageContaining("20")
                .hasMessageContaining("21");
        write(new TestBatch().range(1, 20, 29));
        segment = 2;
        write(new TestBatch().range(1, 25, 34));
        assertThat(memtables.liveItems(QueueKind.APPEND)).isEqualTo(25);
        write(new TestBatch().range(1, 10, 39));
        assertThat(memtables.liveItems(QueueKind.APPEND)).isEqualTo(30);
        assertThat(memtables.liveBytes(QueueKind.APPEND, 1)).isZero();
        assertThat(memtables.addedBytes(QueueKind.APPEND, 1)).isEqualTo(20);
    }

    @Test
    void g2CompactTellsHowManyEntriesItRemoved() {
        write(new TestBatch().range(1, 0, 9));
        segment = 2;
        write(new TestBatch().range(1, 10, 19));
        segment = 3;
        write(new TestBatch().range(1, 20, 24));
        assertThat(write(new TestBatch().compact(1, 5))).isEqualTo(5);
        assertThat(tryWrite(new TestBatch().range(1, 4, 30))).isEqualTo(Memtables.BELOW_FIRST);
        assertThat(memtables.expectedIndex()).isEqualTo(5);
        assertThat(memtables.foundIndex()).isEqualTo(4);
        assertThat(write(new TestBatch().compact(1, 20))).isEqualTo(15);
        assertThat(write(new TestBatch().compact(1, 20))).isZero();
        assertThat(write(new TestBatch().compact(1, 15))).isZero();
        // D15: beyond the end it is the number really removed.
        assertThat(write(new TestBatch().compact(1, 1000))).isEqualTo(5);
        write(new TestBatch().range(1, 3, 4)); // no live entries: any first index
        assertThat(write(new TestBatch().compact(1, -1L))).isEqualTo(2);
    }

    @Test
    void g3RangesAnswerInTheOrderOfTheRules() {
        EntryCursor cursor = new EntryCursor();
        EntryLocation at = new EntryLocation();
        assertThat(memtables.locateRange(1, 0, 0, cursor, at)).isEqualTo(Memtables.RANGE_NO_GROUP);
        write(new TestBatch().put(1, "k", "v"));
        assertThat(memtables.locateRange(1, 0, 0, cursor, at)).isEqualTo(Memtables.RANGE_FOUND);
        assertThat(memtables.locateRange(1, 0, 1, cursor, at)).isEqualTo(Memtables.RANGE_NOT_FOUND);
        write(new TestBatch().range(1, 0, 24));
        write(new TestBatch().compact(1, 10));
        assertThat(memtables.locateRange(1, 5, 15, cursor, at))
                .isEqualTo(Memtables.RANGE_COMPACTED);
        assertThat(memtables.locateRange(1, 20, 30, cursor, at))
                .isEqualTo(Memtables.RANGE_NOT_FOUND);
        assertThat(memtables.locateRange(1, 20, 26, cursor, at))
                .isEqualTo(Memtables.RANGE_NOT_FOUND);
        assertThat(memtables.locateRange(1, 20, 25, cursor, at)).isEqualTo(Memtables.RANGE_FOUND);
        assertThat(cursor.count()).isEqualTo(5);
        assertThat(memtables.locateRange(1, 25, 20, cursor, at)).isEqualTo(Memtables.RANGE_FOUND);
        assertThat(cursor.count()).isZero();
    }

    @Test
    void h18AGroupExistsUntilItIsCleaned() {
        assertThat(memtables.groupCount()).isZero();
        write(new TestBatch().compact(1, 5).delete(1, "k").clean(1)); // D12: creates nothing
        assertThat(memtables.groupCount()).isZero();
        write(new TestBatch().range(1, 1, 3).put(1, "k", "v"));
        assertThat(memtables.groupCount()).isPositive();
        write(new TestBatch().compact(1, 10).delete(1, "k"));
        assertThat(memtables.groupCount()).isPositive();
        assertThat(memtables.exists(1)).isTrue();
        write(new TestBatch().clean(1));
        assertThat(memtables.groupCount()).isZero();
        write(new TestBatch().entries(1, 5)); // an item without entries creates nothing either
        assertThat(memtables.groupCount()).isZero();
    }

    @Test
    void h21InternalKeysNeverMakeAGroupNorAKey() {
        byte[] internal = {0x5f, 0x5f, 1};
        TestBatch batch = new TestBatch().put(9, internal, new byte[] {0}).delete(8, internal);
        memtables.beginGroup(1);
        assertThat(memtables.validate(batch.reader())).isEqualTo(Memtables.ACCEPTED);
        memtables.apply(1, 100, 0, false, batch.reader());
        memtables.endGroup();
        assertThat(memtables.groupCount()).isZero();
        assertThat(memtables.exists(9)).isFalse();
        try (Memtables recovered = new Memtables(budget, 1 << 26)) {
            ReplaySink sink = recovered.replaySink();
            for (QueueKind queue : QueueKind.values()) {
                PartitionSink partition = sink.newPartition(queue, 0);
                partition.apply(1, 100, 0, false, batch.reader());
                partition.complete();
            }
            sink.merge(2);
            assertThat(recovered.groupCount()).isZero();
        }
    }

    @Test
    void cleanAndRecreateWithinOneBatchLeavesOnlyTheNewLife() {
        write(new TestBatch().range(1, 1, 3).put(1, "old", "1").put(1, "k", "1"));
        write(new TestBatch().clean(1).range(1, 100, 101).put(1, "k", "2"));
        write(new TestBatch().range(1, 102, 102).clean(1).put(1, "x", "y").clean(1));
        assertThat(memtables.exists(1)).isFalse();
    }

    @Test
    void aLaterBatchOfACommitGroupIsJudgedByWhatTheEarlierOnesWillLeave() {
        memtables.beginGroup(1);
        assertThat(memtables.validate(new TestBatch().range(1, 1, 5).reader()))
                .isEqualTo(Memtables.ACCEPTED);
        assertThat(memtables.validate(new TestBatch().range(2, 1, 1).range(1, 7, 9).reader()))
                .isEqualTo(Memtables.HOLE);
        // Nothing of the refused batch counts, not even its first item.
        assertThat(memtables.validate(new TestBatch().range(2, 50, 51).range(1, 6, 9).reader()))
                .isEqualTo(Memtables.ACCEPTED);
        assertThat(memtables.validate(new TestBatch().compact(1, 8).range(1, 7, 9).reader()))
                .isEqualTo(Memtables.BELOW_FIRST);
        assertThat(memtables.validate(new TestBatch().clean(1).range(1, 3, 3).reader()))
                .isEqualTo(Memtables.ACCEPTED);
        assertThat(memtables.exists(1)).isFalse();
        memtables.abandonGroup();
        assertThat(memtables.groupCount()).isZero();
        assertThat(memtables.exists(2)).isFalse();
    }

    @Test
    void indexesAndIdsAreUnsigned() {
        long high = Long.MIN_VALUE;
        write(new TestBatch().range(3, high - 3, high + 3));
        write(new TestBatch().range(3, high + 4, high + 5));
        write(new TestBatch().compact(3, high));
        assertThat(memtables.first(3)).isEqualTo(high);
        TestBatch last = new TestBatch().range(-1L, -5L, -2L);
        memtables.beginGroup(1);
        assertThat(memtables.validate(last.reader())).isEqualTo(Memtables.ACCEPTED);
        memtables.apply(1, 100, last.blockBytes(), false, last.reader());
        memtables.endGroup();
        assertThat(memtables.last(-1L)).isEqualTo(-2L);
        assertThat(memtables.locate(-1L, -2L, new EntryLocation())).isTrue();
        assertThat(memtables.locate(-1L, -1L, new EntryLocation())).isFalse();
    }

    @Test
    void batchesOfVeryManyEntriesSpanChunksAndDirectories() {
        int[] lengths = new int[100_000];
        for (int i = 0; i < lengths.length; i++) {
            lengths[i] = i % 7;
        }
        TestBatch batch = new TestBatch().entries(2, 5, 1, 2, 3).entries(1, 1, lengths);
        memtables.beginGroup(1);
        assertThat(memtables.validate(batch.reader())).isEqualTo(Memtables.ACCEPTED);
        memtables.apply(1, 100, batch.blockBytes(), false, batch.reader());
        memtables.endGroup();
        EntryLocation at = new EntryLocation();
        int start = 6;
        for (int i = 0; i < lengths.length; i++) {
            assertThat(memtables.locate(1, i + 1, at)).isTrue();
            assertThat(at.entryStart()).isEqualTo(start);
            assertThat(at.entryLength()).isEqualTo(lengths[i]);
            start += lengths[i];
        }
        for (long index = 1; index < 100_000; index += 777) {
            TestBatch compact = new TestBatch().compact(1, index);
            memtables.beginGroup(1);
            memtables.validate(compact.reader());
            memtables.apply(1, 100, 0, false, compact.reader());
            memtables.endGroup();
            assertThat(memtables.locate(1, index - 1, at)).isFalse();
            assertThat(memtables.locate(1, index, at)).isTrue();
            assertThat(memtables.locate(1, 100_000, at)).isTrue();
        }
    }

    @Test
    void manyKeysStayOrderedThroughInsertionReplacementAndDeletion() {
        // In order, against it, and at random: each shape splits and joins nodes differently.
        for (int style = 0; style < 3; style++) {
            model.groups.remove(1L);
            memtables.beginGroup(1);
            TestBatch clean = new TestBatch().clean(1);
            memtables.validate(clean.reader());
            memtables.apply(1, 1, 0, false, clean.reader());
            memtables.endGroup();
            for (int round = 0; round < 40; round++) {
                TestBatch batch = new TestBatch();
                for (int i = 0; i < 150; i++) {
                    int n = round * 150 + i;
                    int key = style == 0 ? n : style == 1 ? 100_000 - n : random.nextInt(9000);
                    batch.put(1, String.format(java.util.Locale.ROOT, "%06d", key), "v" + n);
                }
                commit(batch);
            }
            Compare.group(memtables, 1, model.groups.get(1L), random);
            while (!model.groups.get(1L).keys.isEmpty()) {
                TestBatch batch = new TestBatch();
                byte[][] keys = model.groups.get(1L).keys.keySet().toArray(new byte[0][]);
                for (int i = 0; i < 700 && i < keys.length; i++) {
                    int at =
                            style == 0
                                    ? i
                                    : style == 1
                                            ? keys.length - 1 - i
                                            : random.nextInt(keys.length);
                    batch.delete(1, keys[at]);
                }
                commit(batch);
                Compare.group(memtables, 1, model.groups.get(1L), random);
            }
        }
    }

    private void commit(TestBatch batch) {
        memtables.beginGroup(segment);
        assertThat(memtables.validate(batch.reader())).isEqualTo(Memtables.ACCEPTED);
        model.write(segment, offset, batch);
        memtables.apply(segment, offset, batch.blockBytes(), false, batch.reader());
        memtables.endGroup();
    }

    @Test
    void largeValuesAndEmptyOnesAreKeptWhole() {
        byte[] large = new byte[3_000_000];
        random.nextBytes(large);
        byte[] longKey = new byte[65_536];
        random.nextBytes(longKey);
        write(new TestBatch().put(1, longKey, large).put(1, new byte[0], new byte[0]));
        write(new TestBatch().put(1, longKey, new byte[] {1}));
        write(new TestBatch().delete(1, longKey));
    }

    @Test
    void aBufferThatIsTooSmallIsNotTouched() {
        write(new TestBatch().put(1, "key", "value"));
        byte[] buffer = new byte[4];
        byte[] key = TestBatch.bytes("key");
        assertThat(memtables.get(1, key, 0, 3, buffer, 0, 4)).isEqualTo(5);
        assertThat(buffer).containsOnly(0);
    }

    @Test
    void aGroupAppendedToAndCompactedInStepStaysSmall() {
        commit(new TestBatch().range(1, 1, 1));
        for (int i = 2; i < 200; i++) {
            commit(new TestBatch().range(1, i, i));
        }
        for (int i = 200; i < 50_000; i++) {
            TestBatch batch = new TestBatch().range(1, i, i).compact(1, i - 4);
            memtables.beginGroup(1);
            memtables.validate(batch.reader());
            memtables.apply(1, 100, batch.blockBytes(), false, batch.reader());
            memtables.endGroup();
        }
        long record = memtables.blocks().at(memtables.table().find(1));
        assertThat(GroupRecord.chunks(record)).isEqualTo(1);
        assertThat(memtables.last(1)).isEqualTo(49_999);
    }

    @Test
    void aGroupAppendedToAndCompactedInStepForeverIsFoundByItsIndexes() {
        EntryLocation at = new EntryLocation();
        commit(new TestBatch().range(1, 1, 1));
        long record = memtables.blocks().at(memtables.table().find(1));
        long next = 2;
        for (int round = 0; round < 3000; round++) {
            if (round == 1500) {
                moveBaseBack(memtables.blocks().at(GroupRecord.indexRoot(record)));
            }
            long first = Math.max(1, next - 20);
            commit(new TestBatch().range(1, next, next).compact(1, first));
            assertThat(memtables.liveItems(QueueKind.APPEND)).isEqualTo(next - first + 1);
            for (long index = first; index <= next; index++) {
                assertThat(memtables.locate(1, index, at)).as("round %s", round).isTrue();
                assertThat(at.length).isEqualTo(1);
                assertThat(at.start).isZero();
            }
            next++;
        }
        long chunk = memtables.blocks().at(GroupRecord.indexRoot(record));
        assertThat(GroupRecord.chunks(record)).isEqualTo(1);
        assertThat(memtables.first(1) - Chunk.baseIndex(chunk)).isBetween(0L, 64L);
    }

    /** What a chunk would be that was made nearly 2^32 indexes ago and never renewed its base. */
    private static void moveBaseBack(long chunk) {
        long by = (1L << 32) - 200;
        Memory.putLong(chunk, Chunk.baseIndex(chunk) - by);
        for (int i = 0; i < Chunk.runs(chunk); i++) {
            long run = Chunk.run(chunk, i);
            Memory.putInt(run + 8, (int) (Chunk.firstDelta(run) + by));
        }
    }

    @Test
    void manyGroupsAreFoundAndListedWhileTheTableSplits() {
        int groups = 60_000;
        for (int i = 0; i < groups; i += 1000) {
            TestBatch batch = new TestBatch();
            for (int j = i; j < i + 1000; j++) {
                batch.put(j * 31L, "k", "v" + j);
            }
            memtables.beginGroup(1);
            assertThat(memtables.validate(batch.reader())).isEqualTo(Memtables.ACCEPTED);
            memtables.apply(1, 100, 0, false, batch.reader());
            memtables.endGroup();
        }
        assertThat(memtables.groupCount()).isEqualTo(groups);
        long[] sum = new long[2];
        memtables.forEachGroup(id -> {
            sum[0]++;
            sum[1] += id;
        });
        assertThat(sum[0]).isEqualTo(groups);
        assertThat(sum[1]).isEqualTo(31L * groups * (groups - 1) / 2);
        for (int j = 0; j < groups; j++) {
            assertThat(memtables.exists(j * 31L)).isTrue();
            assertThat(memtables.exists(j * 31L + 1)).isFalse();
        }
        for (int i = 0; i < groups; i += 1000) {
            TestBatch batch = new TestBatch();
            for (int j = i; j < i + 1000; j++) {
                if (j % 3 != 0) {
                    batch.clean(j * 31L);
                }
            }
            commit(batch);
        }
        for (int j = 0; j < groups; j++) {
            assertThat(memtables.exists(j * 31L)).isEqualTo(j % 3 == 0);
        }
    }

    @Test
    void memoryIsSetAsideBeforeTheWriteSoThatApplyCannotFail() {
        // Between validation and apply somebody else takes all the memory there is (D20).
        int refusals = 0;
        for (long seed = 1; seed <= 12; seed++) {
            Random choices = new Random(seed);
            MemoryBudget tight = new MemoryBudget((110 + choices.nextInt(250)) << 10);
            try (Memtables limited = new Memtables(tight, 1 << 28)) {
                Model kept = new Model();
                int style = choices.nextInt(3);
                for (int step = 0; step < 400; step++) {
                    TestBatch batch = grow(kept, style, choices);
                    long before = limited.groupCount();
                    limited.beginGroup(1);
                    int verdict = limited.validate(batch.reader());
                    if (verdict == Memtables.ACCEPTED) {
                        long hoarded = hoard(tight);
                        kept.write(1, step, batch);
                        limited.apply(
                                1, step, batch.blockBytes(), batch.compressed, batch.reader());
                        tight.release("hoard", hoarded);
                        limited.endGroup();
                    } else {
                        if (verdict == Memtables.OVER_MEMORY_LIMIT) {
                            refusals++;
                            assertThat(limited.refusal()).isInstanceOf(MemoryLimitException.class);
                        }
                        limited.abandonGroup();
                        assertThat(limited.groupCount()).isEqualTo(before);
                    }
                    if (step % 20 == 0) {
                        Compare.all(limited, kept, 4, choices);
                        Compare.accounting(limited, kept, 2);
                    }
                }
                Compare.all(limited, kept, 4, choices);
            }
            assertThat(tight.reservedBytes()).isZero();
        }
        assertThat(refusals).as("batches that met the limit").isGreaterThan(100);
    }

    private static TestBatch grow(Model kept, int style, Random choices) {
        if (choices.nextInt(3) == 0) {
            byte[] value = new byte[choices.nextInt(9000)];
            return new TestBatch()
                    .put(choices.nextInt(4), "key" + choices.nextInt(400), "")
                    .put(choices.nextInt(4), TestBatch.bytes("k" + choices.nextInt(90)), value);
        }
        return RandomBatches.next(
                kept, 4, style == 0 ? RandomBatches.LARGE_BATCHES : style, choices);
    }

    private static long hoard(MemoryBudget budget) {
        long all = 0;
        for (long piece = 1 << 20; piece > 0; piece >>= 1) {
            while (budget.tryReserve("hoard", piece)) {
                all += piece;
            }
        }
        return all;
    }

    @Test
    void aSectionLargerThanTheReadersWindowIsAppliedToo() {
        ByteArrayOutputStream big = new ByteArrayOutputStream();
        big.writeBytes(new byte[5000]);
        TestBatch batch = new TestBatch().put(1, "big", "x").range(1, 1, 300);
        batch.put(1, TestBatch.bytes("big"), big.toByteArray());
        byte[] section = batch.section();
        ItemReader windowed = new ItemReader(512);
        windowed.open(new ArraySource(section), 0, section.length, batch.contentBytes());
        memtables.beginGroup(1);
        assertThat(memtables.validate(windowed)).isEqualTo(Memtables.ACCEPTED);
        windowed.rewind();
        memtables.apply(1, 100, batch.blockBytes(), false, windowed);
        memtables.endGroup();
        model.write(1, 100, batch);
        Compare.all(memtables, model, 3, random);
    }

    private record ArraySource(byte[] bytes) implements io.raftengine.log.format.ByteSource {
        @Override
        public void read(long position, byte[] target, int offset, int length) {
            System.arraycopy(bytes, (int) position, target, offset, length);
        }

        @Override
        public long size() {
            return bytes.length;
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof ArraySource(byte[] theirs) && Arrays.equals(bytes, theirs);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(bytes);
        }

        @Override
        public String toString() {
            return bytes.length + " bytes";
        }
    }
}
