package io.raftengine.log.format;

import static io.raftengine.log.format.TestBytes.ascii;
import static io.raftengine.log.format.TestBytes.encoded;
import static io.raftengine.log.format.TestBytes.example;
import static io.raftengine.log.format.TestBytes.hex;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.allocator.GrowableBuffer;
import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Both directions, byte for byte, on bytes that the real engine wrote or would write (scenario
 * Q15).
 */
class WorkedExamplesTest {
    private static final byte[] E1 = hex("10011801220161");
    private static final byte[] E2 = hex("1001180222026262");
    private static final byte[] E3 = hex("100218032203636363");

    private final MemoryBudget budget = new MemoryBudget(1 << 24);

    @Test
    void putIsSignedWithTheLow32BitsOfTheSegmentNumber() {
        try (BatchEncoder batch = new BatchEncoder(budget)) {
            put(batch, 7, "key", "value");
            batch.finish(0, 1);
            assertThat(encoded(batch, FormatVersion.V1.signature(9))).isEqualTo(example("put-v1"));
            for (long seq : new long[] {1, 12, (1L << 32) + 5}) {
                assertThat(encoded(batch, FormatVersion.V2.signature(seq)))
                        .isEqualTo(example("put-v2-" + seq));
            }
        }
        assertThat(budget.reservedBytes()).isZero();
    }

    @Test
    void entriesAreFollowedByTheirItem() {
        try (BatchEncoder batch = new BatchEncoder(budget)) {
            entries(batch, 7, 1, E1, E2, E3);
            batch.delete(7, ascii("key"), 0, 3);
            batch.finish(8192, 1);
            assertThat(encoded(batch, 1)).isEqualTo(example("entries-and-delete-v2-1"));
            assertThat(encoded(batch, 0)).isEqualTo(example("entries-and-delete-v1"));
        }
    }

    @Test
    void commands() {
        try (BatchEncoder batch = new BatchEncoder(budget)) {
            batch.compact(7, 300);
            batch.clean(8);
            batch.finish(8192, 1);
            assertThat(encoded(batch, 1)).isEqualTo(example("compact-and-clean-v2-1"));
            assertThat(encoded(batch, 0)).isEqualTo(example("compact-and-clean-v1"));
        }
    }

    @Test
    void tailsRunOnOverGroups() {
        try (BatchEncoder batch = new BatchEncoder(budget)) {
            entries(batch, 1, 1, E1);
            entries(batch, 2, 3, E3);
            batch.finish(8192, 1);
            assertThat(encoded(batch, 1)).isEqualTo(example("two-groups-v2-1"));
        }
    }

    @Test
    void entriesWithoutBytesHaveNoBlock() {
        try (BatchEncoder batch = new BatchEncoder(budget)) {
            entries(batch, 0, 0, new byte[0]);
            batch.finish(1, 1);
            assertThat(encoded(batch, 1)).isEqualTo(example("zero-length-entry-v2-1"));
        }
    }

    @Test
    void atomicGroup() {
        try (BatchEncoder batch = new BatchEncoder(budget)) {
            batch.mark(0, AtomicMarker.BEGIN);
            entries(batch, 1, 1, E1, E2);
            batch.finish(8192, 1);
            assertThat(encoded(batch, 2)).isEqualTo(example("group-begin-v2-2"));
            batch.clear();
            batch.mark(0, AtomicMarker.MIDDLE);
            entries(batch, 1, 3, E3);
            batch.finish(8192, 1);
            assertThat(encoded(batch, 2)).isEqualTo(example("group-middle-v2-2"));
            batch.clear();
            entries(batch, 1, 3, E3);
            put(batch, 1, "k", "v");
            batch.mark(0, AtomicMarker.END);
            batch.finish(8192, 1);
            assertThat(encoded(batch, 2)).isEqualTo(example("group-end-v2-2"));
        }
    }

    @Test
    void markersAreToldFromVisibleKeys() {
        byte[] end = example("group-end-v2-2");
        ItemReader reader = new ItemReader();
        reader.open(end, 0x1d, end.length - 4, 0, 9);
        List<Integer> types = new ArrayList<>();
        while (reader.next()) {
            types.add(reader.internalRecordType());
        }
        assertThat(types).containsExactly(-1, -1, AtomicMarker.END.value());
        assertThat(reader.isInternalKey()).isFalse(); // behind the last item there is none
    }

    @Test
    void lz4BlockOfTheReferenceUnfolds() {
        byte[] batch = example("lz4-v2-1");
        assertThat(batch).hasSize(51);
        try (GrowableBuffer stored = new GrowableBuffer(budget, 4096, 4096);
                GrowableBuffer content = new GrowableBuffer(budget, 0, 1 << 20)) {
            Memory.copyFromArray(batch, 16, stored.address(), 25);
            BlockDecoder decoder = new BlockDecoder();
            int bytes = decoder.verify(stored.view(), 0, 25, true, "f", 16);
            assertThat(bytes).isEqualTo(70);
            decoder.unfold(stored.view(), 0, 25, bytes, content, "f", 16);
            assertThat(TestBytes.copy(content.address(), 70))
                    .isEqualTo(TestBytes.concat(hex("100118012240"), hex("78".repeat(64))));
        }
        assertThat(budget.reservedBytes()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"file-v1", "file-v2"})
    void wholeFilesRead(String name) {
        assertThat(read(example(name), 1))
                .containsExactly(
                        "BATCH",
                        "put 7 6b6579=76616c7565",
                        "BATCH",
                        "entries 7 1 from 0 7 15 24",
                        "delete 7 6b6579",
                        "BATCH",
                        "compact 7 300",
                        "clean 8",
                        "END");
    }

    @Test
    void itemWithoutEntriesReads() {
        byte[] file =
                TestBytes.concat(
                        example("header-v2"),
                        example("no-entries-v2-1"),
                        example("zero-length-entry-v2-1"));
        assertThat(read(file, 1))
                .containsExactly(
                        "BATCH", "entries 5 0 from 0", "BATCH", "entries 0 0 from 0 0", "END");
    }

    @Test
    void alignedFileOfTheReferenceReads() { // K11
        assertThat(read(example("file-aligned-16"), 1))
                .containsExactly("BATCH", "put 1 6b=76", "BATCH", "put 1 6b=7676", "END");
    }

    @Test
    void headers() {
        for (FormatVersion version : FormatVersion.values()) {
            try (GrowableBuffer b = new GrowableBuffer(budget, 4096, 4096)) {
                int n = SegmentHeader.encode(b.address(), version);
                assertThat(TestBytes.copy(b.address(), n))
                        .isEqualTo(example("header-v" + version.number()));
            }
        }
    }

    private List<String> read(byte[] file, long seq) {
        List<String> lines = new ArrayList<>();
        try (BatchScanner scanner = new BatchScanner(budget, 512)) {
            scanner.open(new MemoryFile(file), "f", file.length, seq);
            int found = scanner.next();
            while (found == BatchScanner.BATCH) {
                assertThat(scanner.verifyEntries()).isTrue();
                lines.add("BATCH");
                lines.addAll(ModelBatch.read(scanner.items()));
                found = scanner.next();
            }
            lines.add(found == BatchScanner.END ? "END" : scanner.breakReason().getMessage());
        }
        assertThat(budget.reservedBytes()).isZero();
        return lines;
    }

    private static void entries(BatchEncoder batch, long group, long first, byte[]... entries) {
        batch.beginEntries(group, first);
        for (byte[] entry : entries) {
            batch.addEntry(entry, 0, entry.length);
        }
        batch.endEntries();
    }

    private static void put(BatchEncoder batch, long group, String key, String value) {
        batch.put(group, ascii(key), 0, key.length(), ascii(value), 0, value.length());
    }
}
