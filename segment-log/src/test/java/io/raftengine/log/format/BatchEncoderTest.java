package io.raftengine.log.format;

import static io.raftengine.log.format.TestBytes.ascii;
import static io.raftengine.log.format.TestBytes.encoded;
import static io.raftengine.log.format.TestBytes.hex;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.BatchFullException;
import io.raftengine.error.CorruptionException;
import io.raftengine.error.InvalidArgumentException;
import io.raftengine.error.MemoryLimitException;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Scenarios D1 to D12, and what must hold beyond them: a refused call changes nothing. */
class BatchEncoderTest {
    private static final byte[] KEY = ascii("key");

    private final MemoryBudget budget = new MemoryBudget(64 << 20);
    private final BatchEncoder batch = new BatchEncoder(budget);

    @AfterEach
    void everythingIsGivenBack() {
        batch.close();
        assertThat(budget.reservedBytes()).isZero();
    }

    @Test
    void entryItemRoundTrips() { // D1
        entries(batch, 3, 7, 10, 5);
        long estimate = batch.approximateBytes();
        batch.finish(0, 1);
        assertThat(estimate).isGreaterThanOrEqualTo(batch.encoded().bytes());
        assertThat(items(batch)).hasSize(1);
        assertThat(items(batch).get(0))
                .startsWith("entries 3 7 from 0 5 10 15 20 25 30 35 40 45 50");
    }

    @Test
    void entriesAddedOneByOneBecomeOneItem() {
        for (int i = 0; i < 130; i++) {
            entries(batch, 3, 7 + i, 1, 5);
        }
        batch.finish(0, 1);
        assertThat(batch.itemCount())
                .isEqualTo(2); // a count of 127 is the last that takes one byte
        assertThat(batch.entryCount()).isEqualTo(130);
        assertThat(items(batch)).hasSize(2);
        assertThat(items(batch).get(0)).startsWith("entries 3 7 from 0 5 10 15");
        assertThat(items(batch).get(1)).isEqualTo("entries 3 134 from 635 640 645 650");
    }

    @Test
    void entriesAreContinuedOnlyWhereTheyGoOn() {
        entries(batch, 3, 7, 2, 5);
        entries(batch, 4, 9, 1, 5); // another group
        entries(batch, 3, 9, 1, 5); // not the item before
        entries(batch, 3, 11, 1, 5); // a gap: validation will say so, not the encoder
        batch.compact(3, 1);
        entries(batch, 3, 12, 1, 5); // something in between
        entries(batch, 3, 13, 3, 5);
        batch.finish(0, 1);
        assertThat(batch.itemCount()).isEqualTo(6);
        assertThat(items(batch))
                .containsExactly(
                        "entries 3 7 from 0 5 10",
                        "entries 4 9 from 10 15",
                        "entries 3 9 from 15 20",
                        "entries 3 11 from 20 25",
                        "compact 3 1",
                        "entries 3 12 from 25 30 35 40 45");
    }

    @Test
    void aRefusedContinuationLeavesTheItemAsItWas() {
        entries(batch, 3, 7, 2, 5);
        batch.beginEntries(3, 9);
        batch.addEntry(KEY, 0, 3);
        assertThatThrownBy(() -> batch.addEntry(KEY, 0, 4))
                .isInstanceOf(InvalidArgumentException.class);
        entries(batch, 3, 9, 1, 5);
        batch.finish(0, 1);
        assertThat(items(batch))
                .containsExactly("entries 3 7 from 0 5 10", "entries 3 9 from 10 15");
    }

    @Test
    void commandsAndKeyValuesRoundTrip() { // D2, D3, D4
        batch.clean(-1);
        batch.compact(2, -2);
        batch.put(3, KEY, 0, 3, ascii("value"), 1, 3);
        batch.put(3, KEY, 1, 0, KEY, 0, 0);
        batch.delete(4, KEY, 1, 2);
        batch.finish(0, 1);
        assertThat(items(batch))
                .containsExactly(
                        "clean 18446744073709551615",
                        "compact 2 18446744073709551614",
                        "put 3 6b6579=616c75",
                        "put 3 =",
                        "delete 4 6579");
    }

    @Test
    void fullBatchIsVerifiedOnlyWithItsOwnVersionAndNumber() { // D6
        for (int threshold : new int[] {0, 1}) {
            batch.clear();
            byte[][] written = entries(batch, 7, 1, 10, 1024);
            batch.put(8, KEY, 0, 3, KEY, 0, 3);
            batch.finish(threshold, 1);
            byte[] bytes = encoded(batch, FormatVersion.V2.signature(100));
            assertThat(batch.encoded().compressed()).isEqualTo(threshold == 1);
            assertThat(BatchHeader.decode(bytes, 0, bytes.length, "f", 0))
                    .isEqualTo(
                            new BatchHeader(
                                    batch.encoded().bytes(),
                                    threshold == 1,
                                    batch.encoded().frontBytes()));
            assertThat(scan(bytes, FormatVersion.V2, 100)).isEqualTo(BatchScanner.BATCH);
            assertThat(scan(bytes, FormatVersion.V2, 101)).isEqualTo(BatchScanner.BROKEN);
            assertThat(scan(bytes, FormatVersion.V1, 100)).isEqualTo(BatchScanner.BROKEN);
            assertThat(TestBlocks.content(bytes)).isEqualTo(TestBytes.concat(written));
        }
    }

    @Test
    void aBatchOfWhichNothingIsLeftHasNoBytes() { // D6
        batch.beginEntries(1, 1);
        batch.abortEntries();
        assertThat(batch.finish(0, 1).isEmpty()).isTrue();
        batch.clean(1);
        assertThat(batch.finish(0, 1).isEmpty()).isFalse();
        batch.clear();
        assertThat(batch.encoded().bytes()).isZero();
    }

    @Test
    void nothingIsSaidBeforeFinish() { // D6
        batch.clean(1);
        assertThatThrownBy(batch.encoded()::bytes).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> batch.encoded().copyTo(0))
                .isInstanceOf(IllegalStateException.class);
        batch.finish(0, 1);
        batch.clean(2);
        assertThatThrownBy(batch.encoded()::bytes).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void emptyBatchEncodesToNothing() { // D6, D8
        batch.beginEntries(1, 1);
        batch.endEntries();
        assertThat(batch.isEmpty()).isTrue();
        assertThat(batch.approximateBytes()).isZero();
        batch.finish(1, 1);
        assertThat(encoded(batch, 17)).isEmpty();
        assertThatThrownBy(() -> BatchHeader.decode(new byte[0], 0, 0, "f", 0))
                .isInstanceOf(CorruptionException.class)
                .hasMessageContaining("16 bytes");
    }

    @Test
    void headerCorruptionsAreToldApart() { // D10
        batch.clean(1);
        batch.finish(0, 1);
        byte[] bytes = encoded(batch, 0);
        assertThatThrownBy(() -> BatchHeader.decode(bytes, 0, 15, "f", 0))
                .hasMessageContaining("15 bytes");
        byte[] beyond = bytes.clone();
        BigEndian.putLong(beyond, 8, bytes.length + 1);
        assertThatThrownBy(() -> BatchHeader.decode(beyond, 0, 16, "f", 0))
                .hasMessageContaining("at most " + bytes.length);
        byte[] inside = bytes.clone();
        BigEndian.putLong(inside, 8, 15);
        assertThatThrownBy(() -> BatchHeader.decode(inside, 0, 16, "f", 0))
                .hasMessageContaining("at least 16");
        byte[] type = bytes.clone();
        type[7] = 2;
        assertThatThrownBy(() -> BatchHeader.decode(type, 0, 16, "f", 0))
                .hasMessageContaining("compression type");
    }

    @Test
    void mergeKeepsOrderAndEmptiesTheOther() { // D7
        ModelBatch model = new ModelBatch();
        try (BatchEncoder empty = new BatchEncoder(budget);
                BatchEncoder second = new BatchEncoder(budget)) {
            // Tails of the second batch grow from one byte to two, three entries more than 127.
            fill(batch, model, 1, 1, 10, 100);
            fill(second, model, 1, 11, 20, 3);
            fill(second, model, -1, -202, -2, 1);
            batch.mergeFrom(empty);
            batch.mergeFrom(second);
            assertThat(second.isEmpty()).isTrue();
            assertThat(batch.itemCount()).isEqualTo(model.items.size());
            batch.finish(0, 1);
            assertThat(encoded(batch, 5)).isEqualTo(model.encode(5));
            second.finish(0, 1);
            assertThat(encoded(second, 0)).isEmpty();
            assertThatThrownBy(() -> batch.mergeFrom(batch))
                    .isInstanceOf(InvalidArgumentException.class);
        }
    }

    @Test
    void mergedIntoAnEmptyBatchIsTheSameBatch() { // D7
        ModelBatch model = new ModelBatch();
        try (BatchEncoder other = new BatchEncoder(budget)) {
            fill(other, model, 4, 1, 200, 30);
            batch.mergeFrom(other);
        }
        batch.finish(0, 1);
        assertThat(encoded(batch, 5)).isEqualTo(model.encode(5));
    }

    @Test
    void internalKeyIsRefusedAndItsDeletionIsNothing() { // D9, A14
        byte[] key = InternalRecords.key();
        assertThatThrownBy(() -> batch.put(1, key, 0, 3, KEY, 0, 3))
                .isInstanceOf(InvalidArgumentException.class);
        batch.delete(1, key, 0, 3);
        assertThat(batch.isEmpty()).isTrue();
        for (String other : List.of("5f5f0101", "5f5f", "5f5f02", "5f5f00")) {
            byte[] k = hex(other);
            batch.put(1, k, 0, k.length, KEY, 0, 3);
            assertThat(InternalRecords.isInternalKey(k, 0, k.length)).isFalse();
        }
        assertThat(batch.itemCount()).isEqualTo(4);
        assertThat(InternalRecords.isInternalKey(hex("005f5f0100"), 1, 3)).isTrue();
    }

    @Test
    void reSigningChangesTheChecksumAlone() { // D11
        batch.put(1, KEY, 0, 3, KEY, 0, 3);
        entries(batch, 1, 1, 2, 20);
        batch.finish(0, 1);
        byte[] unsigned = encoded(batch, 0);
        for (int seq : new int[] {12, 18, 2001}) {
            byte[] signed = encoded(batch, seq);
            assertThat(signed).hasSameSizeAs(unsigned);
            assertThat(scan(signed, FormatVersion.V2, seq)).isEqualTo(BatchScanner.BATCH);
            int end = unsigned.length - 4;
            assertThat(BigEndian.getIntLittleEndian(signed, end) ^ seq)
                    .isEqualTo(BigEndian.getIntLittleEndian(unsigned, end));
        }
        assertThat(encoded(batch, 12 ^ 12)).isEqualTo(unsigned);
    }

    @Test
    void fullBatchesStayAsTheyWere() { // D12
        try (BatchEncoder one = new BatchEncoder(budget, 1024);
                BatchEncoder two = new BatchEncoder(budget, 1024)) {
            entries(one, 1, 1, 1, 800);
            entries(two, 1, 2, 1, 800);
            one.finish(0, 1);
            two.finish(0, 1);
            byte[] oneBytes = encoded(one, 0);
            byte[] twoBytes = encoded(two, 0);
            assertThatThrownBy(() -> one.mergeFrom(two)).isInstanceOf(BatchFullException.class);
            assertThatThrownBy(() -> entries(one, 1, 2, 1, 225))
                    .isInstanceOf(BatchFullException.class);
            // The part of a list that would have fitted is gone as well.
            assertThatThrownBy(() -> entries(one, 1, 2, 3, 100))
                    .isInstanceOf(BatchFullException.class);
            one.finish(0, 1);
            assertThat(encoded(one, 0)).isEqualTo(oneBytes);
            assertThat(encoded(two, 0)).isEqualTo(twoBytes);
            entries(one, 1, 2, 1, 224); // exactly the limit
            assertThat(one.contentBytes()).isEqualTo(1024);
        }
    }

    @Test
    void lengthsOnlyEndWhereTheSectionDoes() { // D9: the limits for users are the log batch's
        byte[] key = new byte[BatchEncoder.KEY_BYTES_MAX + 1];
        assertThatThrownBy(() -> batch.put(1, 8, 4, 8, BatchEncoder.SECTION_BYTES_MAX))
                .isInstanceOf(BatchFullException.class);
        assertThatThrownBy(() -> batch.put(1, 8, Integer.MAX_VALUE, 8, Integer.MAX_VALUE))
                .isInstanceOf(BatchFullException.class);
        assertThat(batch.isEmpty()).isTrue();
        batch.put(1, key, 0, key.length, KEY, 0, 3);
        batch.delete(1, key, 0, key.length);
        batch.finish(0, 1);
        assertThat(scan(encoded(batch, 0), FormatVersion.V1, 1)).isEqualTo(BatchScanner.BATCH);
    }

    @Test
    void rangesOutsideTheirArraysAreRefused() {
        assertThatThrownBy(() -> batch.put(1, KEY, 1, 3, KEY, 0, 3))
                .isInstanceOf(InvalidArgumentException.class);
        assertThatThrownBy(() -> batch.put(1, KEY, 0, 3, KEY, -1, 3))
                .isInstanceOf(InvalidArgumentException.class);
        assertThatThrownBy(() -> batch.delete(1, KEY, 0, -1))
                .isInstanceOf(InvalidArgumentException.class);
        batch.beginEntries(1, 1);
        assertThatThrownBy(() -> batch.addEntry(KEY, 3, 1))
                .isInstanceOf(InvalidArgumentException.class);
        assertThatThrownBy(batch::endEntries).isInstanceOf(IllegalStateException.class);
        assertThat(batch.isEmpty()).isTrue();
    }

    @Test
    void indexesEndBefore2ToThe64Minus1() {
        assertThatThrownBy(() -> batch.beginEntries(1, -1))
                .isInstanceOf(InvalidArgumentException.class);
        assertThatThrownBy(() -> entries(batch, 1, -3, 3, 1))
                .isInstanceOf(InvalidArgumentException.class);
        assertThat(batch.isEmpty()).isTrue();
        entries(batch, 1, -3, 2, 1);
        batch.finish(0, 1);
        assertThat(items(batch)).containsExactly("entries 1 18446744073709551613 from 0 1 2");
    }

    @Test
    void nothingElseFitsBetweenBeginAndEnd() {
        batch.beginEntries(1, 1);
        assertThatThrownBy(() -> batch.clean(1)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> batch.finish(0, 1)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> batch.beginEntries(2, 1))
                .isInstanceOf(IllegalStateException.class);
        batch.endEntries();
        assertThatThrownBy(batch::endEntries).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> batch.reserveEntry(1)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void oneAtomicMarkerPerBatch() {
        batch.mark(0, AtomicMarker.BEGIN);
        assertThatThrownBy(() -> batch.mark(0, AtomicMarker.END))
                .isInstanceOf(InvalidArgumentException.class);
        try (BatchEncoder other = new BatchEncoder(budget)) {
            other.mark(0, AtomicMarker.END);
            assertThatThrownBy(() -> batch.mergeFrom(other))
                    .isInstanceOf(InvalidArgumentException.class);
            assertThat(other.itemCount()).isEqualTo(1);
        }
        assertThat(batch.itemCount()).isEqualTo(1);
    }

    @Test
    void everyRefusalOfTheBudgetLeavesTheBatchWhole() {
        byte[] entry = new byte[3000];
        for (long limit = 16 << 10; limit <= 128 << 10; limit += 4 << 10) {
            MemoryBudget small = new MemoryBudget(limit);
            ModelBatch model = new ModelBatch();
            try (BatchEncoder b = new BatchEncoder(small)) {
                boolean refused = false;
                for (int i = 0; i < 60 && !refused; i++) {
                    try {
                        b.beginEntries(1, i);
                        b.addEntry(entry, 0, entry.length);
                        b.endEntries();
                        model.entries(1, i, entry);
                        b.put(1, KEY, 0, 3, entry, 0, entry.length);
                        model.put(1, KEY, entry);
                    } catch (MemoryLimitException e) {
                        refused = true;
                    }
                }
                assertThat(refused).isTrue();
                b.finish(1, 1); // without the memory for it, uncompressed
                if (!b.encoded().compressed()) {
                    assertThat(encoded(b, 3)).isEqualTo(model.encode(3));
                }
                assertThat(items(b)).isEqualTo(model.log);
                b.clear();
                b.clean(1);
                b.finish(0, 1);
                assertThat(encoded(b, 0)).isEqualTo(new ModelBatch().clean(1).encode(0));
            }
            assertThat(small.reservedBytes()).isZero();
            assertThat(small.peakBytes()).isLessThanOrEqualTo(limit);
        }
    }

    @Test
    void whereTheCompressorFindsNoRoomTheBatchIsStoredAsItIs() {
        MemoryBudget small = new MemoryBudget(1 << 20);
        byte[] entry = new byte[10_000];
        try (BatchEncoder b = new BatchEncoder(small)) {
            b.beginEntries(1, 1);
            b.addEntry(entry, 0, entry.length);
            b.endEntries();
            long packed = 12 << 10; // of the compressed form, in whole pages
            long others = (1 << 20) - small.reservedBytes() - packed - (12 << 10);
            small.reserve(others);
            b.finish(8192, 1);
            assertThat(b.encoded().compressed()).isFalse();
            assertThat(encoded(b, 1)).isEqualTo(new ModelBatch().entries(1, 1, entry).encode(1));

            small.release(others);
            b.put(1, KEY, 0, 3, entry, 0, 3);
            b.finish(8192, 1);
            assertThat(b.encoded().compressed()).isTrue();
        }
        assertThat(small.reservedBytes()).isZero();
    }

    @Test
    void incompressibleContentIsStoredAsItIs() {
        byte[] noise = new byte[20_000];
        new Random(1).nextBytes(noise);
        batch.beginEntries(1, 1);
        batch.addEntry(noise, 0, noise.length);
        batch.endEntries();
        batch.finish(8192, 1);
        assertThat(batch.encoded().compressed()).isFalse();
        assertThat(encoded(batch, 0)).isEqualTo(new ModelBatch().entries(1, 1, noise).encode(0));
    }

    @Test
    void compressionStartsAtItsThreshold() {
        byte[] zeros = new byte[8192];
        for (int length : new int[] {8191, 8192}) {
            batch.clear();
            batch.beginEntries(1, 1);
            batch.addEntry(zeros, 0, length);
            batch.endEntries();
            batch.finish(8192, 1);
            assertThat(batch.encoded().compressed()).isEqualTo(length == 8192);
            assertThat(TestBlocks.content(encoded(batch, 0))).hasSize(length).containsOnly(0);
        }
    }

    @Test
    void finishingTwiceIsFinishingOnce() {
        entries(batch, 1, 1, 3, 100);
        batch.finish(1, 1);
        byte[] once = encoded(batch, 0);
        batch.finish(0, 1);
        assertThat(encoded(batch, 0)).isEqualTo(once);
        assertThat(batch.approximateBytes()).isEqualTo(once.length);
    }

    @Test
    void randomBatchesAreThoseOfTheModel() { // D5
        for (long seed = 0; seed < 200; seed++) {
            Random random = new Random(seed);
            ModelBatch model = new ModelBatch();
            batch.clear();
            RandomBatches.fill(random, batch, model);
            long estimate = batch.approximateBytes();
            batch.finish(0, 1);
            assertThat(encoded(batch, 9)).as("seed %d", seed).isEqualTo(model.encode(9));
            assertThat(estimate)
                    .as("seed %d", seed)
                    .isGreaterThanOrEqualTo(batch.encoded().bytes());
            assertThat(items(batch)).as("seed %d", seed).isEqualTo(model.log);
            assertThat(batch.itemCount()).isEqualTo(model.items.size());
        }
    }

    private static List<String> items(BatchEncoder b) {
        ItemReader reader = new ItemReader();
        reader.openMemory(
                b.encoded().itemSectionAddress(), b.encoded().itemSectionBytes(), b.contentBytes());
        List<String> first = ModelBatch.read(reader);
        reader.rewind();
        assertThat(ModelBatch.read(reader)).isEqualTo(first);
        return first;
    }

    private static byte[][] entries(
            BatchEncoder b, long group, long first, int count, int bytesEach) {
        byte[][] written = new byte[count][];
        b.beginEntries(group, first);
        for (int i = 0; i < count; i++) {
            written[i] = new byte[bytesEach];
            java.util.Arrays.fill(written[i], (byte) i);
            b.addEntry(written[i], 0, bytesEach);
        }
        b.endEntries();
        return written;
    }

    private static void fill(
            BatchEncoder b, ModelBatch model, long group, long first, long last, int bytesEach) {
        int count = (int) (last - first + 1);
        model.entries(group, first, entries(b, group, first, count, bytesEach));
        b.put(group, KEY, 0, 3, KEY, 0, 2);
        model.put(group, KEY, ascii("ke"));
        b.delete(group, KEY, 0, 2);
        model.delete(group, ascii("ke"));
        b.compact(group, last);
        model.compact(group, last);
        b.clean(group + 1);
        model.clean(group + 1);
    }

    private int scan(byte[] bytes, FormatVersion version, long seq) {
        byte[] file = TestBytes.concat(ModelBatch.header(version.number(), 0), bytes);
        try (BatchScanner scanner = new BatchScanner(budget, BatchScanner.WINDOW_BYTES_DEFAULT)) {
            scanner.open(new MemoryFile(file), "f", file.length, seq);
            int found = scanner.next();
            if (found == BatchScanner.BATCH) {
                assertThat(scanner.verifyEntries()).isTrue();
                assertThat(scanner.next()).isEqualTo(BatchScanner.END);
            }
            return found;
        }
    }
}
