package io.raftengine.log.format;

import static io.raftengine.log.format.TestBytes.concat;
import static io.raftengine.log.format.TestBytes.hex;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.allocator.Mapping;
import io.raftengine.allocator.MemoryBudget;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What stands behind a broken batch (D1, D2), and that no file makes finding out expensive (D8).
 */
class ForwardSearchTest {
    private static final int SEQ = 7;
    private static final byte[] HEADER = ModelBatch.header(2, 0);

    private final MemoryBudget budget = new MemoryBudget(16 << 20);

    private ForwardLook look(byte[] bytes, int from, int window) {
        return look(new MemoryFile(bytes), from, window);
    }

    private ForwardLook look(MemoryFile file, int from, int window) {
        try (BatchScanner scanner = new BatchScanner(budget, window)) {
            scanner.open(file, "f", file.bytes.length, SEQ);
            ForwardLook look = scanner.findValidBatchAfter(from);
            scanner.seek(69); // the scanner is as usable as before
            scanner.next();
            return look;
        }
    }

    private static byte[] batch(int seed) {
        return new ModelBatch()
                .entries(seed, seed, new byte[seed % 50])
                .put(seed, hex("61"), new byte[seed % 7])
                .encode(SEQ);
    }

    static byte[] watermark(long position, long watermark, int signature) {
        try (Mapping m = Mapping.map(MemoryBudget.unlimited(), 46, "watermark")) {
            new WatermarkBatch().write(m.address(), position, watermark, signature);
            return TestBytes.copy(m.address(), 46);
        }
    }

    @Test
    void aWatermarkIsAnOrdinaryBatchToTheReference() {
        byte[] expected =
                new ModelBatch()
                        .put(0, InternalRecords.key(), hex("80 00000000000003e8 0000000000000400"))
                        .encode(SEQ);
        assertThat(watermark(1024, 1000, SEQ)).isEqualTo(expected).hasSize(WatermarkBatch.BYTES);
        ItemReader reader = new ItemReader();
        reader.open(expected, 16, 42, 16, 0);
        assertThat(reader.next()).isTrue();
        assertThat(reader.internalRecordType()).isEqualTo(InternalRecords.WATERMARK);
        assertThat(reader.isInternalKey()).isTrue();
    }

    @Test
    void theScannerSaysWhichBatchIsAWatermark() {
        byte[] file = concat(HEADER, batch(1), new byte[0]);
        file = concat(file, watermark(file.length, 69, SEQ));
        file = concat(file, watermark(file.length + 1, 69, SEQ)); // of another place
        file = concat(file, batch(2));
        try (BatchScanner scanner = new BatchScanner(budget, 512)) {
            scanner.open(new MemoryFile(file), "f", file.length, SEQ);
            for (long expected : new long[] {-1, 69, -1, -1}) {
                assertThat(scanner.next()).isEqualTo(BatchScanner.BATCH);
                assertThat(scanner.watermark()).isEqualTo(expected);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {512, 1000, 256 << 10})
    void batchesAndTheHighestWatermarkAreFound(int window) { // D1
        byte[] file = concat(HEADER, new byte[100]);
        long first = file.length;
        for (int i = 1; i <= 30; i++) {
            file = concat(file, batch(i));
        }
        long at = file.length;
        file = concat(file, watermark(at, 200, SEQ));
        file = concat(file, new byte[1000], batch(5));
        long last = file.length;
        file = concat(file, watermark(last, 150, SEQ), hex("0000"));
        assertThat(look(file, 69, window))
                .isEqualTo(new ForwardLook(first, last, 33, 200, at, true));
    }

    @Test
    void theBrokenBatchItselfIsNotLookedAt() {
        byte[] file = concat(HEADER, batch(3), batch(4));
        assertThat(look(file, 69, 512).validBatches()).isEqualTo(1);
        assertThat(look(file, 68, 512).validBatches()).isEqualTo(2);
        assertThat(look(file, file.length, 512)).isEqualTo(ForwardLook.NOTHING);
    }

    @Test
    void oldContentAndCopiesProveNothing() { // recycled segments; log bytes inside an entry
        byte[] file = HEADER;
        for (int i = 1; i < 20; i++) {
            byte[] old = batch(i);
            old[old.length - 1] ^= 1;
            file = concat(file, old);
        }
        file = concat(file, watermark(file.length, 100, SEQ + 1));
        byte[] copied = watermark(file.length + 1000, 100, SEQ);
        byte[] carrier = new ModelBatch().entries(1, 1, copied).encode(SEQ + 1);
        file = concat(file, carrier);
        ForwardLook look = look(file, 69, 512);
        assertThat(look.highestWatermark()).isEqualTo(-1);
        assertThat(look.validBatches()).isEqualTo(1); // the copy is a batch, but of no watermark
    }

    @Test
    void unsignedSegmentsAreNotLookedThrough() { // D1, hand-zero-crc-lookalike
        byte[] file =
                concat(ModelBatch.header(1, 0), new byte[16], new ModelBatch().clean(1).encode(0));
        assertThat(look(file, 61, 512)).isEqualTo(ForwardLook.NOTHING);
    }

    @Test
    void everyPositionOfABatchIsFoundThroughEveryWindowEdge() {
        byte[] one = batch(9);
        for (int gap = 1; gap < 1100; gap += 7) {
            byte[] noise = new byte[gap];
            new Random(gap).nextBytes(noise);
            byte[] file = concat(HEADER, noise, one, new byte[30]);
            long at = HEADER.length + gap;
            assertThat(look(file, 69, 512)).isEqualTo(new ForwardLook(at, at, 1, -1, -1, true));
        }
    }

    @Test
    void nestedClaimsCostNoMoreThanTheirAllowance() { // D8
        // Every 16 bytes a header that claims everything up to the end of the file: quadratic, if
        // believed.
        int size = 4 << 20;
        byte[] file = java.util.Arrays.copyOf(HEADER, size);
        for (int at = 69; at + 16 <= size - 200; at += 16) {
            BigEndian.putLong(file, at, (long) (size - at) << 8);
            BigEndian.putLong(file, at + 8, 16);
        }
        long position = size - 100;
        System.arraycopy(watermark(position, 5000, SEQ), 0, file, (int) position, 46);
        byte[] behind = new ModelBatch().clean(1).encode(SEQ); // or it would be an entry's bytes
        System.arraycopy(behind, 0, file, (int) position + 46, behind.length);
        MemoryFile counted = new MemoryFile(file);
        ForwardLook look = look(counted, 69, 256 << 10);
        assertThat(look.complete()).isFalse();
        assertThat(look.highestWatermark()).isEqualTo(5000); // found whatever else is claimed
        assertThat(look.watermarkOffset()).isEqualTo(position);
        assertThat(counted.readBytes).isLessThan(8L * size);
    }

    @Test
    void manySmallFarClaimsCostNoMoreThanTheirAllowance() { // D8
        int size = 2 << 20;
        byte[] file = java.util.Arrays.copyOf(HEADER, size);
        for (int at = 69; at + 16 <= size - 8; at += 16) {
            BigEndian.putLong(file, at, (long) (size - at) << 8);
            BigEndian.putLong(file, at + 8, size - at - 5);
        }
        MemoryFile counted = new MemoryFile(file);
        ForwardLook look = look(counted, 69, 4096);
        assertThat(look.complete()).isFalse();
        assertThat(counted.reads).isLessThan(4 * (4 * size + (4 << 20)) / 1024);
    }

    @Test
    void zerosNoiseAndSparseContentAreSearchedToTheEnd() {
        byte[] zeros = java.util.Arrays.copyOf(HEADER, 8 << 20);
        assertThat(look(zeros, 69, 256 << 10)).isEqualTo(ForwardLook.NOTHING);
        byte[] noise = new byte[8 << 20];
        new Random(5).nextBytes(noise);
        System.arraycopy(HEADER, 0, noise, 0, HEADER.length);
        assertThat(look(noise, 69, 256 << 10)).isEqualTo(ForwardLook.NOTHING);
        byte[] counters = java.util.Arrays.copyOf(HEADER, 4 << 20);
        for (int at = 72; at + 8 <= counters.length; at += 8) {
            BigEndian.putLong(counters, at, at % 5000);
        }
        ForwardLook look = look(counters, 69, 256 << 10);
        assertThat(look.validBatches()).isZero();
        assertThat(look.complete()).isTrue();
    }
}
