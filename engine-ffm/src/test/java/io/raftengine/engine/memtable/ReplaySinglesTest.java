package io.raftengine.engine.memtable;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.log.format.BatchScanner;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.format.SingleEntryBatches;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileSystem;
import io.raftengine.recovery.PartitionSink;
import io.raftengine.recovery.ReplaySink;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.zip.CRC32;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Stretches of batches with one entry, which are gathered before they reach the index, leave what
 * the model makes of one after the other: with few groups and with more than are gathered at a
 * time, over segment borders, between other batches, and split among partitions.
 */
class ReplaySinglesTest {
    private static final int HEADER_BYTES = 69;

    @TempDir Path directory;

    private final Model model = new Model();
    private long singles; // batches that came in stretches

    @ParameterizedTest(name = "seed {0}, {1} groups")
    @CsvSource({
        "1,1,REWRITE",
        "2,1,APPEND",
        "3,5,APPEND",
        "4,5,REWRITE",
        "5,300,APPEND",
        "6,4000,APPEND"
    })
    void stretchesLeaveWhatSingleBatchesLeave(long seed, int groups, QueueKind queue)
            throws IOException {
        Random random = new Random(seed);
        int segments = 4;
        List<Path> files = new ArrayList<>();
        for (int segment = 1; segment <= segments; segment++) {
            files.add(write(queue, segment, groups, random));
        }
        model.finishReplay();
        for (int split = 0; split < 1 << segments - 1; split += 1 + random.nextInt(3)) {
            check(queue, files, split, groups, random);
        }
        assertThat(singles).isGreaterThan(10_000);
    }

    private Path write(QueueKind queue, int segment, int groups, Random random) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes("RAFT-LOG-FILE-HEADER-9986AB3E47F320B394C8E84916EB0ED5".getBytes());
        out.writeBytes(ByteBuffer.allocate(16).putLong(2).putLong(0).array());
        for (int i = 0; i < 6000; i++) {
            TestBatch batch = someBatch(queue, random.nextInt(groups), random);
            try {
                model.copyOf(batch).replay(queue, segment, 0, batch);
            } catch (Model.Refused hole) {
                continue;
            }
            model.replay(queue, segment, out.size() + 16, batch);
            out.writeBytes(encode(batch, segment, random));
        }
        return Files.write(directory.resolve("segment-" + segment), out.toByteArray());
    }

    private TestBatch someBatch(QueueKind queue, long id, Random random) {
        Model.Group group = model.groups.get(id);
        if (group == null) {
            group = new Model.Group();
        }
        TreeMap<Long, Model.Place> entries =
                queue == QueueKind.REWRITE ? group.rewritten : group.entries;
        long next = entries.isEmpty() ? 1 + random.nextInt(9) : entries.lastKey() + 1;
        TestBatch batch = new TestBatch();
        int what = random.nextInt(1000);
        if (what < 985) {
            batch.entries(id, next, 1 + random.nextInt(40));
        } else if (what < 988) {
            batch.entries(id, Math.max(1, next - random.nextInt(12)), 1 + random.nextInt(40));
        } else if (what < 991) {
            batch.entries(id, next, 5, 0, 7);
        } else if (what < 994) {
            batch.compact(id, next - random.nextInt(700));
        } else if (what < 996) {
            batch.entries(id, next, 12).put(id, "key", "value");
        } else if (what < 998) {
            batch.put(id, "key" + random.nextInt(4), "value");
        } else if (what < 999) {
            batch.clean(id);
        } else {
            batch.entries(id, next, 0);
        }
        return batch;
    }

    private static byte[] encode(TestBatch batch, int signature, Random random) {
        byte[] content = new byte[batch.contentBytes()];
        random.nextBytes(content);
        byte[] section = batch.section();
        int block = content.length == 0 ? 0 : content.length + 4;
        ByteBuffer out = ByteBuffer.allocate(16 + block + section.length + 4);
        out.putLong((long) out.capacity() << 8).putLong(16 + block);
        if (block > 0) {
            out.put(content).order(ByteOrder.LITTLE_ENDIAN).putInt(crc(content));
        }
        out.put(section).order(ByteOrder.LITTLE_ENDIAN).putInt(crc(section) ^ signature);
        return out.array();
    }

    private static int crc(byte[] bytes) {
        CRC32 crc = new CRC32();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    private void check(QueueKind queue, List<Path> files, int split, int groups, Random random) {
        MemoryBudget budget = MemoryBudget.unlimited();
        try (Memtables memtables = new Memtables(budget, 1 << 28)) {
            ReplaySink sink = memtables.replaySink();
            PartitionSink partition = sink.newPartition(queue, 0);
            for (int i = 0; i < files.size(); i++) {
                if (i > 0 && (split >>> i - 1 & 1) != 0) {
                    partition.complete();
                    partition = sink.newPartition(queue, i);
                }
                read(files.get(i), i + 1, partition, random.nextBoolean());
            }
            partition.complete();
            sink.merge(2);
            Compare.all(memtables, model, groups, random);
            Compare.accounting(memtables, model, files.size() + 1);
        }
        assertThat(budget.reservedBytes()).isZero();
    }

    private void read(Path file, long seq, PartitionSink sink, boolean verify) {
        try (FileHandle handle = FileSystem.local().open(file, FileSystem.OpenMode.READ);
                BatchScanner scanner = new BatchScanner(MemoryBudget.unlimited(), 64 << 10)) {
            scanner.open(handle, file.toString(), handle.size(), seq);
            assertThat(scanner.position()).isEqualTo(HEADER_BYTES);
            int found;
            do {
                SingleEntryBatches stretch = scanner.nextSingles(verify);
                while (stretch.count() > 0) {
                    sink.applySingles(seq, stretch);
                    singles += stretch.count();
                    stretch = scanner.nextSingles(verify);
                }
                found = scanner.next();
                if (found == BatchScanner.BATCH) {
                    sink.apply(
                            seq,
                            scanner.blockOffset(),
                            scanner.blockBytes(),
                            scanner.compressed(),
                            scanner.items());
                }
            } while (found == BatchScanner.BATCH);
            assertThat(found).isEqualTo(BatchScanner.END);
        }
    }
}
