package io.raftengine.log.format;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.allocator.MemoryBudget;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The quick way over batches of one entry sees what the general way sees, whatever the bytes. */
class SingleEntryBatchesTest {
    private static final int SEQ = 7;

    private final MemoryBudget budget = MemoryBudget.unlimited();

    /** A walk: its batches, how it ended and where. */
    private record Walk(List<String> batches, int end, long position, BreakKind broken) {}

    private Walk generalWalk(byte[] bytes, int window, boolean verify) {
        try (BatchScanner scanner = new BatchScanner(budget, window)) {
            scanner.open(new MemoryFile(bytes), "f", bytes.length, SEQ);
            List<String> seen = new ArrayList<>();
            int found = scanner.next();
            while (found == BatchScanner.BATCH) {
                note(seen, scanner, verify);
                found = scanner.next();
            }
            return new Walk(seen, found, scanner.position(), scanner.breakKind());
        }
    }

    private static void note(List<String> seen, BatchScanner scanner, boolean verify) {
        boolean good = !verify || scanner.verifyEntries();
        List<String> lines = ModelBatch.read(scanner.items());
        seen.add(line(scanner.blockOffset(), scanner.blockBytes(), good, lines));
    }

    private static String line(long offset, int bytes, boolean good, List<String> items) {
        return offset + " " + bytes + " " + good + " " + items;
    }

    private int quick; // batches that went the quick way

    private Walk quickWalk(byte[] bytes, int window, boolean verify) {
        try (BatchScanner scanner = new BatchScanner(budget, window)) {
            scanner.open(new MemoryFile(bytes), "f", bytes.length, SEQ);
            List<String> seen = new ArrayList<>();
            int found;
            do {
                takeSingles(seen, scanner, verify);
                found = scanner.next();
                if (found == BatchScanner.BATCH) {
                    note(seen, scanner, verify);
                }
            } while (found == BatchScanner.BATCH);
            return new Walk(seen, found, scanner.position(), scanner.breakKind());
        }
    }

    private void takeSingles(List<String> seen, BatchScanner scanner, boolean verify) {
        SingleEntryBatches singles = scanner.nextSingles(verify);
        while (singles.count() > 0) {
            int count = singles.count();
            for (int i = 0; i < count; i++) {
                long offset = Integer.toUnsignedLong(singles.blockOffsets()[i]);
                int bytes = singles.blockBytes()[i];
                String entry =
                        "entries %s %s from 0 %d"
                                .formatted(
                                        Long.toUnsignedString(singles.groupIds()[i]),
                                        Long.toUnsignedString(singles.indexes()[i]),
                                        bytes - 4);
                assertThat(ModelBatch.read(singles.items(i))).containsExactly(entry);
                seen.add(line(offset, bytes, true, List.of(entry)));
            }
            quick += count;
            int last = singles.blockBytes()[count - 1];
            assertThat(scanner.blockBytes()).isEqualTo(last);
            assertThat(scanner.blockOffset())
                    .isEqualTo(Integer.toUnsignedLong(singles.blockOffsets()[count - 1]));
            assertThat(scanner.position()).isEqualTo(scanner.batchOffset() + scanner.batchBytes());
            assertThat(scanner.compressed()).isFalse();
            assertThat(scanner.watermark()).isEqualTo(-1);
            assertThat(!verify || scanner.verifyEntries()).isTrue();
            singles = scanner.nextSingles(verify);
        }
    }

    private void check(byte[] bytes, int window, String what) {
        for (boolean verify : new boolean[] {true, false}) {
            assertThat(quickWalk(bytes, window, verify))
                    .as("%s, window %d, verify %s", what, window, verify)
                    .isEqualTo(generalWalk(bytes, window, verify));
        }
    }

    private static byte[] someEntry(Random random) {
        byte[] entry = new byte[random.nextInt(20) == 0 ? random.nextInt(900) : random.nextInt(90)];
        random.nextBytes(entry);
        return entry;
    }

    private static long someNumber(Random random) {
        return random.nextLong() >>> random.nextInt(64);
    }

    private static byte[] someBatch(Random random, int signature) {
        long group = someNumber(random);
        long index = someNumber(random) - 1;
        ModelBatch batch = new ModelBatch();
        int what = random.nextInt(20);
        if (what < 14) {
            batch.entries(group, index == -1 ? 5 : index, someEntry(random));
        } else if (what == 14) {
            batch.entries(group, 7, someEntry(random), someEntry(random));
        } else if (what == 15) {
            batch.entries(group, 7, someEntry(random)).compact(group, index);
        } else if (what == 16) {
            batch.put(group, someEntry(random), someEntry(random));
        } else if (what == 17) {
            batch.entries(group, 7);
        } else {
            return hostile(random, signature);
        }
        return batch.encode(signature);
    }

    /** Right checksums over a section that is nearly one of a single entry. */
    private static byte[] hostile(Random random, int signature) {
        byte[] entry = someEntry(random);
        byte[] section = new ModelBatch().entries(3, 200, entry).section();
        if (random.nextInt(3) == 0) {
            section = TestBytes.concat(section, new byte[1 + random.nextInt(4)]);
        }
        for (int changes = 1 + random.nextInt(2); changes > 0; changes--) {
            section[random.nextInt(section.length)] =
                    (byte) (random.nextBoolean() ? random.nextInt() : random.nextInt(4));
        }
        return ModelBatch.batch(entry, random.nextInt(6) == 0 ? 1 : 0, section, signature);
    }

    private static byte[] someSegment(Random random, int version, int batches) {
        List<byte[]> parts = new ArrayList<>();
        parts.add(ModelBatch.header(version, 0));
        for (int i = 0; i < batches; i++) {
            parts.add(someBatch(random, version == 1 ? 0 : SEQ));
        }
        return TestBytes.concat(parts.toArray(byte[][]::new));
    }

    @ParameterizedTest
    @CsvSource({"1,512", "2,512", "1,1500", "2,1500", "2,262144"})
    void bothWaysSeeTheSame(int version, int window) { // D8
        for (long seed = 0; seed < 150; seed++) {
            byte[] bytes = someSegment(new Random(seed), version, 60);
            check(bytes, window, "seed " + seed);
        }
        assertThat(quick).isGreaterThan(1000);
    }

    @ParameterizedTest
    @ValueSource(ints = {512, 262144})
    void damageAnywhereIsSeenAlike(int window) { // H1, H2, K4
        for (long seed = 0; seed < 400; seed++) {
            Random random = new Random(seed);
            byte[] bytes = someSegment(random, 1 + random.nextInt(2), 20);
            int at = 69 + random.nextInt(bytes.length - 69);
            if (random.nextBoolean()) {
                bytes[at] ^= (byte) (1 << random.nextInt(8));
            } else {
                bytes = Arrays.copyOf(bytes, at);
            }
            check(bytes, window, "seed " + seed);
        }
        assertThat(quick).isGreaterThan(1000);
    }

    @Test
    void everyBitOfABatchCounts() {
        ModelBatch batch = new ModelBatch().entries(300, 70_000, new byte[] {1, 2, 3, 4, 5});
        byte[] one = batch.encode(SEQ);
        byte[] whole = TestBytes.concat(ModelBatch.header(2, 0), one, one, one);
        for (int bit = (69 + one.length) * 8; bit < (69 + 2 * one.length) * 8; bit++) {
            byte[] bytes = whole.clone();
            bytes[bit >> 3] ^= (byte) (1 << (bit & 7));
            check(bytes, 512, "bit " + bit);
        }
    }

    @Test
    void aLongStretchComesInPieces() {
        byte[] one = new ModelBatch().entries(1, 1, new byte[] {1}).encode(SEQ);
        byte[][] parts = new byte[3 * SingleEntryBatches.CAPACITY + 1][];
        Arrays.fill(parts, one);
        parts[0] = ModelBatch.header(2, 0);
        byte[] bytes = TestBytes.concat(parts);
        check(bytes, 1 << 20, "equal batches");
        assertThat(quick).isEqualTo(2 * 3 * SingleEntryBatches.CAPACITY);
    }
}
