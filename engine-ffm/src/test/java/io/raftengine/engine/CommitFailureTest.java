package io.raftengine.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.error.ClosedException;
import io.raftengine.error.CorruptionException;
import io.raftengine.error.PoisonedException;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.io.FileSystem;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.FaultyFileSystem;
import io.raftengine.testing.fs.Operation;
import io.raftengine.testing.fs.SimulatedFileSystem;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What callers are told when a commit, a mark or a read goes wrong in unusual ways. */
class CommitFailureTest {
    private static final Path DIR = Path.of("/data");

    @Test
    void anErrorInsideACommitIsNeverTakenForSuccess() {
        SimulatedFileSystem fs = disk();
        AtomicBoolean broken = new AtomicBoolean();
        EngineListener listener =
                new EngineListener() {
                    @Override
                    public void onBatchApplied(QueueKind queue, long segmentSeq) {
                        if (broken.get()) {
                            throw new OutOfMemoryError("ordered by the test");
                        }
                    }
                };
        RaftEngine engine = RaftEngine.open(config().build(), fs, List.of(listener));
        append(engine, 1);
        broken.set(true);
        assertThatThrownBy(() -> append(engine, 2)).isInstanceOf(PoisonedException.class);
        assertThatThrownBy(() -> append(engine, 3)).isInstanceOf(PoisonedException.class);
        engine.close();
        assertThat(engine.budget().reservedBytes()).isZero();
    }

    /**
     * Q10: each try would cost a write, a cut and a sync, twenty times a second, for as long as the
     * disk is full.
     */
    @Test
    void anIdleMarkThatFindsNoRoomIsNotTriedAgainBeforeTheLogHasGrown() {
        FaultyFileSystem fs = new FaultyFileSystem(disk());
        AtomicLong now = new AtomicLong();
        EngineClockwork clockwork = new EngineClockwork(() -> now.addAndGet(100_000_000L), false);
        try (RaftEngine engine =
                RaftEngine.open(config().build(), fs, List.of(), false, clockwork)) {
            append(engine, 1);
            fs.on(Operation.WRITE).inject(Fault.noSpace());
            long before = fs.calls(Operation.WRITE);
            for (int i = 0; i < 10; i++) {
                engine.agent().doWork();
            }
            assertThat(fs.calls(Operation.WRITE) - before).isEqualTo(1);
            fs.clearRules();
            append(engine, 2);
            long marks = engine.statistics().watermarks();
            for (int i = 0; i < 3; i++) {
                engine.agent().doWork();
            }
            assertThat(engine.statistics().watermarks()).isEqualTo(marks + 1);
        }
    }

    @Test
    void aClosedEngineRefusesAnEmptyBatchToo() {
        RaftEngine engine = RaftEngine.open(config().build(), disk(), List.of());
        LogBatch batch = engine.newBatch();
        engine.close();
        assertThatThrownBy(() -> engine.write(batch, Durability.BUFFERED))
                .isInstanceOf(ClosedException.class);
        batch.close();
    }

    @Test
    void entriesWithoutBytesDoNotRaiseTheLimitOfAFetch() {
        try (RaftEngine engine = RaftEngine.open(config().build(), disk(), List.of());
                LogBatch batch = engine.newBatch()) {
            batch.addEntries(1, 1, List.of(new byte[0], new byte[0], new byte[100]));
            engine.write(batch, Durability.BUFFERED);
            List<byte[]> found = new ArrayList<>();
            engine.fetchEntriesTo(1, 1, 4, 10, found);
            assertThat(found).containsExactly(new byte[0], new byte[0]);
        }
    }

    /**
     * I8: what an idle engine holds must not depend on the largest value anybody ever looked at.
     */
    @Test
    void aScanOverAGiantValueHoldsNoMemoryAfterwards() {
        try (RaftEngine engine = RaftEngine.open(config().build(), disk(), List.of());
                LogBatch batch = engine.newBatch()) {
            batch.put(1, new byte[] {1}, new byte[8 << 20]).put(1, new byte[] {2}, new byte[9]);
            engine.write(batch, Durability.BUFFERED);
            long before = engine.budget().reservedBytes();
            for (ScanOrder order : ScanOrder.values()) {
                List<Integer> lengths = new ArrayList<>();
                engine.scan(
                        1,
                        null,
                        null,
                        order,
                        (memory, keyOffset, keyBytes, valueOffset, valueBytes) ->
                                lengths.add(valueBytes));
                assertThat(lengths).containsExactlyInAnyOrder(8 << 20, 9);
                assertThat(engine.budget().reservedBytes() - before).isLessThan(1 << 20);
            }
        }
    }

    /** D8: a length from a file is compared with the data before it sizes anything. */
    @Test
    void aHugeTailInACompressedBlockIsDamageAndNoLackOfMemory(@TempDir Path temp) throws Exception {
        Files.write(temp.resolve("0000000000000001.raftlog"), hostileSegment());
        EngineConfig config =
                EngineConfig.builder(temp).memoryLimitBytes(64 << 20).recoveryThreads(1).build();
        try (RaftEngine engine = RaftEngine.open(config, FileSystem.local(), List.of())) {
            assertThat(engine.lastIndex(7)).isEqualTo(1);
            assertThatThrownBy(() -> engine.getEntry(7, 1)).isInstanceOf(CorruptionException.class);
        }
    }

    /** One V1 batch: ten bytes as an LZ4 literal, and an entry that claims nearly 2 GiB of them. */
    private static byte[] hostileSegment() throws Exception {
        ByteBuffer block = ByteBuffer.allocate(15).order(ByteOrder.LITTLE_ENDIAN);
        block.putInt(10).put((byte) 0xA0).put("0123456789".getBytes(StandardCharsets.US_ASCII));
        byte[] items = {1, 7, 1, 1, 1, (byte) 0xf0, (byte) 0xff, (byte) 0xff, (byte) 0xff, 7};
        int itemOffset = 16 + block.capacity() + 4;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(
                "RAFT-LOG-FILE-HEADER-9986AB3E47F320B394C8E84916EB0ED5"
                        .getBytes(StandardCharsets.US_ASCII));
        out.write(ByteBuffer.allocate(8).putLong(1).array());
        long total = itemOffset + items.length + 4L;
        out.write(ByteBuffer.allocate(16).putLong(total << 8 | 1).putLong(itemOffset).array());
        out.write(block.array());
        out.write(crc(block.array()));
        out.write(items);
        out.write(crc(items));
        return out.toByteArray();
    }

    private static byte[] crc(byte[] bytes) {
        CRC32 crc = new CRC32();
        crc.update(bytes);
        return ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt((int) crc.getValue())
                .array();
    }

    private static SimulatedFileSystem disk() {
        SimulatedFileSystem fs = new SimulatedFileSystem(1);
        fs.createDirectories(DIR);
        return fs;
    }

    private static EngineConfig.Builder config() {
        return EngineConfig.builder(DIR).recoveryThreads(1).targetFileSizeBytes(64 << 10);
    }

    private static void append(RaftEngine engine, long index) {
        try (LogBatch batch = engine.newBatch()) {
            batch.addEntry(1, index, new byte[] {(byte) index});
            engine.write(batch, Durability.BUFFERED);
        }
    }
}
