package io.raftengine.log.format;

import static io.raftengine.log.format.TestBytes.hex;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.allocator.Mapping;
import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.CorruptionException;
import java.util.Random;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Sections whole and through windows, honest and hostile (scenarios D2 to D4, decisions D7 and D8).
 */
class ItemReaderTest {
    @Test
    void aWindowOfAnySizeReadsTheSame() { // D7 (windows)
        for (long seed = 0; seed < 60; seed++) {
            Random random = new Random(seed);
            ModelBatch model = new ModelBatch();
            try (BatchEncoder batch = new BatchEncoder(MemoryBudget.unlimited())) {
                for (int i = 0; i < 8; i++) {
                    RandomBatches.fill(random, batch, model);
                }
            }
            byte[] section = model.section();
            for (int window : new int[] {512, 513, 1000, 65536}) {
                ItemReader reader = new ItemReader(window);
                try (Mapping memory =
                        Mapping.map(MemoryBudget.unlimited(), section.length, "section")) {
                    Memory.copyFromArray(section, 0, memory.address(), section.length);
                    reader.openMemory(memory.address(), section.length, -1);
                    assertThat(ModelBatch.read(reader))
                            .as("seed %d, window %d", seed, window)
                            .isEqualTo(model.log);
                    reader.rewind();
                    int items = 0;
                    while (reader.next()) {
                        items++; // tails and values are left out
                    }
                    assertThat(items).isEqualTo(reader.itemCount()).isEqualTo(model.items.size());
                    reader.rewind();
                    assertThat(ModelBatch.read(reader)).isEqualTo(model.log);
                }
            }
        }
    }

    @Test
    void keysAndValuesLargerThanTheWindow() {
        Random random = new Random(3);
        byte[] key = new byte[5000];
        byte[] value = new byte[70_000];
        random.nextBytes(key);
        random.nextBytes(value);
        ModelBatch model =
                new ModelBatch()
                        .put(1, key, value)
                        .delete(2, key)
                        .put(3, new byte[0], key)
                        .clean(4);
        byte[] section = model.section();
        try (Mapping memory = Mapping.map(MemoryBudget.unlimited(), section.length, "section");
                Mapping target = Mapping.map(MemoryBudget.unlimited(), value.length, "value")) {
            Memory.copyFromArray(section, 0, memory.address(), section.length);
            ItemReader reader = new ItemReader(512);
            reader.openMemory(memory.address(), section.length, -1);
            assertThat(ModelBatch.read(reader)).isEqualTo(model.log);
            reader.rewind();
            reader.next();
            for (int i = 0; i < 2; i++) { // as often as one likes
                reader.copyValue(target.address());
                assertThat(TestBytes.copy(target.address(), value.length)).isEqualTo(value);
                assertThat(reader.keyArray()).startsWith(key);
            }
            assertThat(reader.next()).isTrue();
            assertThat(reader.kind()).isEqualTo(ItemReader.DELETE);
            assertThat(reader.keyLength()).isEqualTo(5000);
        }
    }

    @ParameterizedTest
    @CsvSource({
        // count of items
        "ffffffffffffffffff01, item count",
        "80808080808080808001, item count",
        "ffffffff07 000000, item count",
        "02 010201, item count",
        // kinds
        "01 010001, item type",
        "01 010401, item type",
        "01 01ff01, item type",
        "01 010200, item command",
        "01 010203, item command",
        "01 010300 00, item operation",
        "01 010303 00, item operation",
        "01 010307 00, item operation",
        // counts and indexes of entries
        "01 0101ffffffffffffffffff01, entry count",
        "01 0101ffffffff07 01 01, entry count",
        "01 0101 03 01 0102, entry count",
        "01 0101 01 ffffffffffffffffff01 01, first index",
        "01 0101 02 feffffffffffffffff01 0101, first index",
        // tails
        "01 0101 02 01 0504, entry tail",
        "01 0101 01 01 8080808008, entry tail",
        "01 0101 01 01 80808080808080808001, entry tail",
        "02 0101 01 01 05 0101 01 01 04, entry tail",
        // keys and values
        "01 010301 ffffffffffffffffff01 61, key length",
        "01 010301 04 616161, key length",
        "01 010302 80808080808080808001, key length",
        "01 010301 01 61 05 61626364, value length",
        "01 010301 01 61 ffffffffffffffff7f 61, value length",
        // ends in between
        "01 010101, entry count",
        "01 0102 02, item section",
        "01 010201 00, ''", // bytes behind the last item are ignored
        "01 0101 01 80, item section",
    })
    void hostileSectionsAreCorruptBeforeAnythingIsSizedByThem(String hex, String what) { // D8
        byte[] section = hex(hex);
        for (int from : new int[] {0, 7}) {
            byte[] bytes = new byte[section.length + from + 9];
            java.util.Arrays.fill(bytes, (byte) 1); // what lies behind the section must not help it
            System.arraycopy(section, 0, bytes, from, section.length);
            ItemReader reader = new ItemReader(512);
            if (what.isEmpty()) {
                reader.open(bytes, from, from + section.length, 100, -1);
                reader.validate();
            } else {
                assertThatThrownBy(
                                () -> {
                                    reader.open(bytes, from, from + section.length, 100, -1);
                                    reader.validate();
                                })
                        .isInstanceOfSatisfying(
                                CorruptionException.class,
                                e -> {
                                    assertThat(e.what()).isEqualTo(what);
                                    assertThat(e.offset()).isBetween(100L, 100L + section.length);
                                });
            }
        }
    }

    @Test
    void tailsStayWithinAnUncompressedContent() { // D8
        byte[] section = new ModelBatch().entries(1, 1, new byte[10], new byte[5]).section();
        ItemReader reader = new ItemReader();
        reader.open(section, 0, section.length, 0, 15);
        reader.validate();
        reader.open(section, 0, section.length, 0, 14);
        assertThatThrownBy(reader::validate)
                .isInstanceOf(CorruptionException.class)
                .hasMessageContaining("10..14");
    }

    @Test
    void everyTruncationAndEveryByteIsEitherReadOrCorrupt() {
        Random random = new Random(11);
        ModelBatch model = new ModelBatch();
        try (BatchEncoder batch = new BatchEncoder(MemoryBudget.unlimited())) {
            RandomBatches.fill(random, batch, model);
            RandomBatches.fill(random, batch, model);
        }
        byte[] section = model.section();
        ItemReader reader = new ItemReader();
        for (int length = 0; length < section.length; length++) {
            int n = length;
            assertThatThrownBy(
                            () -> {
                                reader.open(section, 0, n, 0, -1);
                                reader.validate();
                            })
                    .isInstanceOf(CorruptionException.class);
        }
        for (int at = 0; at < section.length; at++) {
            for (int value = 0; value < 256; value++) {
                byte[] damaged = section.clone();
                damaged[at] = (byte) value;
                try {
                    reader.open(damaged, 0, damaged.length, 0, -1);
                    ModelBatch.read(reader);
                } catch (CorruptionException expected) {
                    assertThat(expected.offset()).isBetween(0L, (long) section.length);
                }
            }
        }
    }

    @Test
    void theShortcutForASingleItemObjectsToWhatTheWalkObjectsTo() {
        ItemReader reader = new ItemReader();
        for (int entries : new int[] {1, 2, 3, 127, 128}) {
            byte[][] bytes = new byte[entries][40];
            byte[] section = new ModelBatch().entries(300, 1L << 40, bytes).section();
            for (int at = 0; at < section.length; at++) {
                for (int value = 0; value < 256; value++) {
                    byte[] damaged = section.clone();
                    damaged[at] = (byte) value;
                    for (int content : new int[] {entries * 40, entries * 40 - 1, 0}) {
                        boolean walked = passes(() -> walk(reader, damaged, content));
                        boolean checked =
                                passes(() -> {
                                    reader.open(damaged, 0, damaged.length, 0, content);
                                    reader.validate();
                                });
                        assertThat(checked).as("byte %d = %d", at, value).isEqualTo(walked);
                    }
                }
            }
        }
    }

    private static void walk(ItemReader reader, byte[] section, int content) {
        reader.open(section, 0, section.length, 0, content);
        while (reader.next()) {
            // each step checks
        }
    }

    private static boolean passes(Runnable action) {
        try {
            action.run();
            return true;
        } catch (CorruptionException e) {
            return false;
        }
    }

    /** A section that says something in front and is a hole behind it. */
    private static ByteSource hole(long size, int... front) {
        return new ByteSource() {
            @Override
            public void read(long position, byte[] destination, int offset, int length) {
                for (int i = 0; i < length; i++) {
                    long at = position + i;
                    destination[offset + i] = at < front.length ? (byte) front[(int) at] : 0;
                }
            }

            @Override
            public long size() {
                return size;
            }
        };
    }

    /** D8: a key in a hole of a file. */
    @Test
    void aKeyTakesNoHeapBeforeTheChecksumIsKnown() {
        ByteSource section = hole(1L << 26, 1, 1, 3, 2, 0x80, 0x80, 0x80, 0x10);
        ItemReader reader = new ItemReader();
        reader.openAndDigest(new CRC32(), section, 0, section.size(), -1);
        assertThat(reader.keyArray()).as("a copy of the key").isNull();
    }

    /** D8: each length fits the section, and together they fit no buffer. */
    @Test
    void aKeyAndValueOfMoreThanTwoGibibytesAreDamage() {
        long size = (1L << 31) + 100;
        ByteSource put = hole(size, 1, 1, 3, 1, 4, 'k', 'e', 'y', 's', 0xff, 0xff, 0xff, 0xff, 7);
        ItemReader reader = new ItemReader();
        reader.open(put, 0, size, -1);
        assertThatThrownBy(reader::next)
                .isInstanceOf(CorruptionException.class)
                .hasMessageContaining("value length");
        ByteSource delete = hole(size, 1, 1, 3, 2, 0xff, 0xff, 0xff, 0xff, 7);
        reader.open(delete, 0, size, -1);
        assertThatThrownBy(reader::next)
                .isInstanceOf(CorruptionException.class)
                .hasMessageContaining("key length");
    }
}
