package io.raftengine.log.format;

import static io.raftengine.log.format.TestBytes.concat;
import static io.raftengine.log.format.TestBytes.hex;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.CorruptionException;
import io.raftengine.error.StorageException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The scan loop against files that a model made: F1's decoding, K1 to K5, K11 and K12 as far as
 * bytes decide them.
 */
class BatchScannerTest {
    private static final long SEQ = 7;

    private final MemoryBudget budget = new MemoryBudget(16 << 20);

    @AfterEach
    void everythingIsGivenBack() {
        assertThat(budget.reservedBytes()).isZero();
    }

    /** What a scan saw: per batch its place, block and items; then how it ended. */
    private record Seen(List<String> batches, int end, long position, BreakKind broken) {}

    private Seen scan(MemoryFile file, int window) {
        List<String> batches = new ArrayList<>();
        try (BatchScanner scanner = new BatchScanner(budget, window)) {
            scanner.open(file, "f", file.bytes.length, SEQ);
            int found = scanner.next();
            while (found == BatchScanner.BATCH) {
                // Before, between and after reading the items: the one must not disturb the other.
                boolean good = scanner.verifyEntries();
                List<String> lines = ModelBatch.read(scanner.items());
                scanner.items().rewind();
                assertThat(scanner.verifyEntries()).isEqualTo(good);
                assertThat(ModelBatch.read(scanner.items())).isEqualTo(lines);
                assertThat(scanner.position())
                        .isEqualTo(scanner.batchOffset() + scanner.batchBytes());
                batches.add(
                        scanner.batchOffset()
                                + " "
                                + scanner.blockBytes()
                                + (good ? " good " : " bad ")
                                + lines);
                found = scanner.next();
            }
            assertThat(scanner.next()).isEqualTo(found); // it stays like that
            assertThat(scanner.breakReason() == null).isEqualTo(found == BatchScanner.END);
            return new Seen(batches, found, scanner.position(), scanner.breakKind());
        }
    }

    /** A segment and what must be seen in it. */
    private static final class Segment {
        byte[] bytes;
        final List<Integer> ends = new ArrayList<>();
        final List<String> batches = new ArrayList<>();

        Segment(int version) {
            bytes = ModelBatch.header(version, 0);
        }

        Segment add(ModelBatch batch) {
            byte[] encoded = batch.encode(bytes[60] == 1 ? 0 : (int) SEQ);
            int block = batch.content.size() == 0 ? 0 : batch.content.size() + 4;
            batches.add(bytes.length + " " + block + " good " + batch.log);
            bytes = concat(bytes, encoded);
            ends.add(bytes.length);
            return this;
        }
    }

    private static Segment random(long seed, int version, int batches) {
        Random random = new Random(seed);
        Segment segment = new Segment(version);
        try (BatchEncoder unused = new BatchEncoder(MemoryBudget.unlimited())) {
            for (int i = 0; i < batches; i++) {
                ModelBatch model = new ModelBatch();
                int fills = random.nextInt(10) == 0 ? 4 : 1;
                for (int f = 0; f < fills; f++) {
                    RandomBatches.fill(random, unused, model);
                }
                segment.add(model);
            }
        }
        return segment;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void windowsAndShortReadsMakeNoDifference(int version) { // F1, E-FS of the byte-shift kind
        for (long seed = 0; seed < 20; seed++) {
            Segment segment = random(seed, version, 40);
            for (int window : new int[] {512, 700, 4096, 256 << 10}) {
                MemoryFile file = new MemoryFile(segment.bytes);
                file.shortReads = seed % 2 == 0 ? 7 : Integer.MAX_VALUE;
                Seen seen = scan(file, window);
                assertThat(seen.batches)
                        .as("seed %d window %d", seed, window)
                        .isEqualTo(segment.batches);
                assertThat(seen.end).isEqualTo(BatchScanner.END);
                assertThat(seen.position).isEqualTo(segment.bytes.length);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1,512", "2,512", "2,4096"})
    void everyTruncationGivesThePrefix(int version, int window) { // H16, K4, K5
        Segment segment = random(5, version, 12);
        int header = version == 1 ? 61 : 69;
        for (int length = 0; length <= segment.bytes.length; length++) {
            MemoryFile file = new MemoryFile(java.util.Arrays.copyOf(segment.bytes, length));
            if (length < header) {
                assertThatThrownBy(() -> scan(file, window))
                        .isInstanceOf(CorruptionException.class);
                continue;
            }
            int whole = 0;
            while (whole < segment.ends.size() && segment.ends.get(whole) <= length) {
                whole++;
            }
            int end = whole == 0 ? header : segment.ends.get(whole - 1);
            Seen seen = scan(file, window);
            assertThat(seen.batches).isEqualTo(segment.batches.subList(0, whole));
            assertThat(seen.position).isEqualTo(end);
            assertThat(seen.end).isEqualTo(end == length ? BatchScanner.END : BatchScanner.BROKEN);
            assertThat(seen.broken)
                    .isEqualTo(
                            end == length
                                    ? null
                                    : length - end < 16
                                            ? BreakKind.SHORT_HEADER
                                            : BreakKind.BEYOND_FILE);
        }
    }

    @ParameterizedTest
    @CsvSource({"1,512", "2,512", "2,262144"})
    void everyFlippedBitGivesThePrefixOrABadBlock(int version, int window) { // K1, K2
        Segment segment = random(6, version, 8);
        int header = version == 1 ? 61 : 69;
        for (int bit = header * 8; bit < segment.bytes.length * 8; bit++) {
            byte[] damaged = segment.bytes.clone();
            damaged[bit / 8] ^= (byte) (1 << (bit % 8));
            int hit = 0;
            while (segment.ends.get(hit) <= bit / 8) {
                hit++;
            }
            Seen seen = scan(new MemoryFile(damaged), window);
            int start = hit == 0 ? header : segment.ends.get(hit - 1);
            assertThat(seen.batches.subList(0, hit))
                    .as("bit %d", bit)
                    .isEqualTo(segment.batches.subList(0, hit));
            if (seen.end == BatchScanner.BROKEN) {
                assertThat(seen.batches).hasSize(hit);
                assertThat(seen.position).isEqualTo(start);
            } else {
                // The block, or the type of a batch without one: nothing that was read differs.
                String original = segment.batches.get(hit);
                boolean noBlock = original.contains(" 0 good ");
                assertThat(seen.batches.get(hit))
                        .isEqualTo(noBlock ? original : original.replaceFirst(" good ", " bad "));
                assertThat(seen.batches.subList(hit + 1, seen.batches.size()))
                        .isEqualTo(segment.batches.subList(hit + 1, segment.batches.size()));
            }
        }
    }

    @Test
    void largeSectionsAndLargeBlocksGoThroughASmallWindow() { // D7 (windows)
        Segment segment = new Segment(2);
        segment.add(new ModelBatch().put(1, new byte[3000], new byte[9000]).clean(2));
        segment.add(new ModelBatch().entries(1, 1, new byte[100_000]).put(1, hex("61"), hex("62")));
        segment.add(new ModelBatch().entries(1, 2, new byte[400][100]).compact(1, 3));
        for (int window : new int[] {512, 1024, 16384}) {
            MemoryFile file = new MemoryFile(segment.bytes);
            Seen seen = scan(file, window);
            assertThat(seen.batches).isEqualTo(segment.batches);
            assertThat(seen.end).isEqualTo(BatchScanner.END);
        }
        for (int at = 69; at < segment.bytes.length; at += 97) {
            byte[] damaged = segment.bytes.clone();
            damaged[at] ^= 0x10;
            Seen seen = scan(new MemoryFile(damaged), 512);
            assertThat(seen.batches).isNotEqualTo(segment.batches);
        }
    }

    @Test
    void entriesAreNotReadUnlessTheyAreVerified() {
        Segment segment = new Segment(2);
        for (int i = 0; i < 20; i++) {
            segment.add(new ModelBatch().entries(1, i, new byte[1 << 20]));
        }
        MemoryFile file = new MemoryFile(segment.bytes);
        try (BatchScanner scanner = new BatchScanner(budget, 4096)) {
            scanner.open(file, "f", file.bytes.length, SEQ);
            while (scanner.next() == BatchScanner.BATCH) {
                assertThat(scanner.blockBytes()).isEqualTo((1 << 20) + 4);
            }
            assertThat(scanner.position()).isEqualTo(segment.bytes.length);
        }
        assertThat(file.readBytes).isLessThan(50 * 4096);
    }

    @Test
    void aReadErrorIsNeverBrokenAndMayBeRepeated() { // defect 7, Q7
        Segment segment = random(8, 2, 60);
        MemoryFile file = new MemoryFile(segment.bytes);
        scan(file, 512);
        int reads = file.reads;
        for (int failing = 0; failing < reads; failing++) {
            file.reads = 0;
            file.failAt = failing;
            List<Long> offsets = new ArrayList<>();
            int errors = 0;
            try (BatchScanner scanner = new BatchScanner(budget, 512)) {
                int found = -1;
                while (found != BatchScanner.END) {
                    try {
                        if (found < 0) {
                            scanner.open(file, "f", file.bytes.length, SEQ);
                        }
                        found = scanner.next();
                        assertThat(found).isNotEqualTo(BatchScanner.BROKEN);
                        if (found == BatchScanner.BATCH) {
                            offsets.add(scanner.batchOffset());
                        }
                    } catch (StorageException e) {
                        errors++;
                    }
                }
            }
            assertThat(errors).isLessThanOrEqualTo(1);
            assertThat(offsets).hasSize(60).doesNotHaveDuplicates();
        }
    }

    @Test
    void aFileThatShrinksWhileItIsReadIsAnIoError() {
        Segment segment = random(9, 2, 60);
        MemoryFile file = new MemoryFile(segment.bytes);
        try (BatchScanner scanner = new BatchScanner(budget, 512)) {
            scanner.open(file, "f", file.bytes.length, SEQ);
            file.bytes = java.util.Arrays.copyOf(segment.bytes, 600);
            assertThatThrownBy(
                            () -> {
                                while (scanner.next() == BatchScanner.BATCH) {
                                    // until it fails
                                }
                            })
                    .isInstanceOf(StorageException.class);
        }
    }

    @Test
    void paddingIsSkippedOnlyWhereItEndsAtAMultiple() { // C1, K11, K12
        byte[] one = new ModelBatch().put(1, hex("6b"), hex("76")).encode((int) SEQ);
        byte[] two = new ModelBatch().put(1, hex("6b"), hex("7676")).encode((int) SEQ);
        byte[] file = concat(ModelBatch.header(2, 16), new byte[11], one, new byte[4], two);
        Seen good = scan(new MemoryFile(file), 512);
        assertThat(good.batches).hasSize(2);
        assertThat(good.end).isEqualTo(BatchScanner.END);
        assertThat(good.position).isEqualTo(file.length);

        for (int at : new int[] {69, 73, 79}) {
            byte[] damaged = file.clone();
            damaged[at] = 1;
            Seen seen = scan(new MemoryFile(damaged), 512);
            assertThat(seen.batches).isEmpty();
            assertThat(seen.position).isEqualTo(69);
            assertThat(seen.end).isEqualTo(BatchScanner.BROKEN);
        }
        byte[] lastPadding = file.clone();
        lastPadding[111] = 1; // K12
        Seen seen = scan(new MemoryFile(lastPadding), 512);
        assertThat(seen.batches).hasSize(1);
        assertThat(seen.position).isEqualTo(108);
    }

    /** D8: there is nothing to unfold, so an entry of a byte is one too long. */
    @ParameterizedTest
    @CsvSource({"0, 1,", "1, 0, BAD_ITEMS", "100, 0, BAD_ITEMS"})
    void entriesWithoutABlockAreEmptyWhateverTheTypeSays(byte tail, int batches, BreakKind broken) {
        byte[] oneEntry = {1, 1, 1, 1, 1, tail};
        byte[] lz4 = ModelBatch.batch(new byte[0], 1, oneEntry, (int) SEQ);

        Seen seen = scan(new MemoryFile(concat(ModelBatch.header(2, 0), lz4)), 512);

        assertThat(seen.batches).hasSize(batches);
        assertThat(seen.broken).isEqualTo(broken);
        assertThat(seen.position).isEqualTo(69 + batches * lz4.length);
    }

    @Test
    void zerosUpToTheEndOfTheFileAreNoPadding() {
        byte[] one = new ModelBatch().put(1, hex("6b"), hex("76")).encode((int) SEQ);
        for (int zeros : new int[] {1, 3, 4}) { // the batch ends 4 bytes in front of a multiple
            byte[] file = concat(ModelBatch.header(2, 16), new byte[11], one, new byte[zeros]);
            Seen seen = scan(new MemoryFile(file), 512);
            assertThat(seen.batches).hasSize(1);
            assertThat(seen.end).isEqualTo(BatchScanner.BROKEN);
            assertThat(seen.position).isEqualTo(108);
        }
    }

    @Test
    void hostileAlignmentsEnd() {
        byte[] one = new ModelBatch().clean(1).encode((int) SEQ);
        for (long alignment : new long[] {1, 3, 1L << 40, Long.MIN_VALUE, -1}) {
            byte[] file = concat(ModelBatch.header(2, alignment), one, new byte[500]);
            Seen seen = scan(new MemoryFile(file), 512);
            assertThat(seen.batches).hasSize(1);
            assertThat(seen.end).isEqualTo(BatchScanner.BROKEN);
        }
    }

    @Test
    void sixteenZerosAreABadHeader() {
        byte[] file = concat(ModelBatch.header(2, 0), new byte[4096]);
        Seen seen = scan(new MemoryFile(file), 512);
        assertThat(seen.broken).isEqualTo(BreakKind.BAD_HEADER);
        assertThat(seen.position).isEqualTo(69);
        try (BatchScanner scanner = new BatchScanner(budget, 512)) {
            scanner.open(new MemoryFile(file), "f", file.length, SEQ);
            scanner.next();
            assertThat(scanner.breakReason().getMessage()).contains("at least 16", "found 0");
            assertThat(scanner.zerosUntil(69)).isEqualTo(file.length);
            file[4000] = 1;
            assertThat(scanner.zerosUntil(69)).isEqualTo(4000);
            assertThat(scanner.zerosUntil(4001)).isEqualTo(file.length);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "ffffffffffffff00 0000000000000010, BEYOND_FILE",
        "0000007fffffff00 0000000000000010, BEYOND_FILE",
        "0000000000004000 ffffffffffffffff, BAD_HEADER",
        "0000000000004000 8000000000000000, BAD_HEADER",
        "0000000000004000 0000000000000041, BAD_HEADER",
        "0000000000004000 000000000000000f, BAD_HEADER",
        "0000000000004002 0000000000000010, BAD_HEADER",
        "00000000000040ff 0000000000000010, BAD_HEADER",
        "0000000000001400 0000000000000010, NO_SECTION",
        "0000000000001000 0000000000000010, NO_SECTION",
        "0000000000004000 000000000000003d, NO_SECTION",
        "0000000000004000 000000000000003b, CHECKSUM",
    })
    void hostileHeadersAreBroken(String header, BreakKind kind) { // D8
        byte[] file = concat(ModelBatch.header(2, 0), hex(header), new byte[100]);
        for (int window : new int[] {512, 1 << 20}) {
            Seen seen = scan(new MemoryFile(file), window);
            assertThat(seen.batches).isEmpty();
            assertThat(seen.broken).isEqualTo(kind);
            assertThat(seen.position).isEqualTo(69);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ffffffffffffffffff01", // items
                "01 0101ffffffffffffffffff01", // entries
                "01 0101 02 01 0504", // tails
                "01 0101 01 01 05", // a tail beyond the content
                "01 010301 ffffffff0f 61", // a key
                "01 010301 01 61 ffffffff07", // a value
            })
    void hostileItemsWithARightChecksumAreBroken(String section) { // D8
        byte[] batch = ModelBatch.batch(new byte[0], 0, hex(section), (int) SEQ);
        byte[] file = concat(ModelBatch.header(2, 0), batch);
        Seen seen = scan(new MemoryFile(file), 512);
        assertThat(seen.broken).isEqualTo(BreakKind.BAD_ITEMS);
        assertThat(seen.position).isEqualTo(69);
    }

    @Test
    void hostileItemsInALargeSectionAreBrokenToo() { // D8
        byte[] section =
                concat(new ModelBatch().put(1, hex("61"), new byte[5000]).section(), hex("01"));
        section[0] = 2; // one more item than there is
        byte[] file =
                concat(
                        ModelBatch.header(2, 0),
                        ModelBatch.batch(new byte[0], 0, section, (int) SEQ));
        assertThat(scan(new MemoryFile(file), 512).broken).isEqualTo(BreakKind.BAD_ITEMS);
        file[3000] ^= 1; // below a bad checksum bad items are no news
        assertThat(scan(new MemoryFile(file), 512).broken).isEqualTo(BreakKind.CHECKSUM);
    }

    @Test
    void blocksTooShortForTheirChecksumAreBad() {
        for (int length = 1; length <= 4; length++) {
            byte[] section = new ModelBatch().clean(1).section();
            byte[] header = new byte[16];
            BigEndian.putLong(header, 0, (16L + length + section.length + 4) << 8);
            BigEndian.putLong(header, 8, 16L + length);
            byte[] batch =
                    concat(
                            header,
                            new byte[length],
                            section,
                            ModelBatch.littleEndian(ModelBatch.crc(section) ^ (int) SEQ));
            Seen seen = scan(new MemoryFile(concat(ModelBatch.header(2, 0), batch)), 512);
            assertThat(seen.batches).containsExactly("69 " + length + " bad [clean 1]");
        }
    }

    @Test
    void renamedAndRecycledSegmentsDoNotVerify() { // D6, section 5 of the format
        Segment segment = random(3, 2, 3);
        try (BatchScanner scanner = new BatchScanner(budget, 512)) {
            scanner.open(new MemoryFile(segment.bytes), "f", segment.bytes.length, SEQ + 1);
            assertThat(scanner.next()).isEqualTo(BatchScanner.BROKEN);
            assertThat(scanner.breakKind()).isEqualTo(BreakKind.CHECKSUM);
            scanner.open(
                    new MemoryFile(segment.bytes), "f", segment.bytes.length, SEQ + (5L << 32));
            assertThat(scanner.next()).isEqualTo(BatchScanner.BATCH);
        }
    }

    @Test
    void aBatchIsReadAgainAfterSeek() {
        Segment segment = random(4, 2, 30);
        try (BatchScanner scanner = new BatchScanner(budget, 512)) {
            scanner.open(new MemoryFile(segment.bytes), "f", segment.bytes.length, SEQ);
            for (int i : new int[] {29, 3, 17, 0}) {
                scanner.seek(i == 0 ? 69 : segment.ends.get(i - 1));
                assertThat(scanner.next()).isEqualTo(BatchScanner.BATCH);
                assertThat(segment.batches.get(i))
                        .endsWith(ModelBatch.read(scanner.items()).toString());
            }
        }
    }

    @Test
    void scatteredBatchesAreReadAsTheyAre() {
        for (long seed = 0; seed < 20; seed++) {
            Segment segment = random(seed, 2, 40);
            Random random = new Random(seed);
            for (int window : new int[] {512, 4096, 64 << 10}) {
                try (BatchScanner scanner = BatchScanner.scattered(budget, window)) {
                    MemoryFile file = new MemoryFile(segment.bytes);
                    scanner.open(file, "f", segment.bytes.length, SEQ);
                    for (int i = 0; i < 200; i++) {
                        int batch = random.nextInt(40);
                        int follow = Math.min(40, batch + 1 + random.nextInt(4));
                        scanner.seek(batch == 0 ? 69 : segment.ends.get(batch - 1));
                        for (; batch < follow; batch++) {
                            assertThat(scanner.next()).isEqualTo(BatchScanner.BATCH);
                            assertThat(segment.batches.get(batch))
                                    .as("seed %d, window %d", seed, window)
                                    .startsWith(scanner.batchOffset() + " ")
                                    .endsWith(ModelBatch.read(scanner.items()).toString());
                        }
                    }
                }
            }
        }
    }

    /** P9: bytes are read for the batches, not for the jumps between them. */
    @Test
    void scatteredBatchesCostLittleMoreThanTheirBytes() {
        Segment segment = new Segment(2);
        int batches = 3000;
        for (int i = 0; i < batches; i++) {
            segment.add(new ModelBatch().put(1 + i, new byte[] {'k'}, new byte[i % 300]));
        }
        for (int stride : new int[] {1, 7, 1499, 2999}) {
            MemoryFile file = new MemoryFile(segment.bytes);
            try (BatchScanner scanner = BatchScanner.scattered(budget, 64 << 10)) {
                scanner.open(file, "f", segment.bytes.length, SEQ);
                for (int i = 0; i < batches; i++) {
                    int batch = (int) ((long) i * stride % batches);
                    scanner.seek(batch == 0 ? 69 : segment.ends.get(batch - 1));
                    assertThat(scanner.next()).isEqualTo(BatchScanner.BATCH);
                }
            }
            assertThat(file.readBytes).as("stride %d", stride).isLessThan(3L * file.bytes.length);
            if (stride == 1) {
                assertThat(file.reads).as("calls for neighbours").isLessThan(100);
            }
        }
    }

    @Test
    void behindADamagedHeaderTheFirstBatchIsFound() { // D5
        for (FormatVersion version : FormatVersion.values()) {
            Segment segment = random(4, version.number(), 2);
            byte[] damaged = segment.bytes.clone();
            damaged[3] ^= 1;
            try (BatchScanner scanner = new BatchScanner(budget, 512)) {
                MemoryFile file = new MemoryFile(damaged);
                assertThatThrownBy(() -> scanner.open(file, "f", damaged.length, SEQ))
                        .isInstanceOf(CorruptionException.class);
                scanner.openWithoutHeader(file, "f", damaged.length, SEQ, version);
                assertThat(scanner.next()).isEqualTo(BatchScanner.BATCH);
                scanner.openWithoutHeader(
                        file,
                        "f",
                        damaged.length,
                        SEQ,
                        version == FormatVersion.V1 ? FormatVersion.V2 : FormatVersion.V1);
                assertThat(scanner.next()).isEqualTo(BatchScanner.BROKEN);
            }
        }
    }
}
