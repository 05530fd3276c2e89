package io.raftengine.log.segment;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.allocator.Mapping;
import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.format.SegmentHeader;
import io.raftengine.log.io.Iovecs;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;

/**
 * The language of the queue tests: a queue on the real disk behind programmable calls, and a model
 * of what must be in it, kept as plain bytes per segment number.
 */
final class QueueFixture implements AutoCloseable {
    private static final int SCRATCH_BYTES = 16 << 20;
    private static final long NO_SPACE = 100;
    private static final long SPACE = 1L << 40;

    final ProgrammableFileSystem fs = new ProgrammableFileSystem();
    final MemoryBudget budget = MemoryBudget.unlimited();
    final List<Path> dirs;
    private final Mapping scratch = Mapping.map(MemoryBudget.unlimited(), SCRATCH_BYTES, "test");

    /** Expected live bytes behind the header, by segment number. */
    final TreeMap<Long, byte[]> model = new TreeMap<>();

    private QueueSettings.Builder settings;
    private byte nextByte = 1;
    SegmentQueue queue;

    QueueFixture(Path... dirs) {
        this.dirs = List.of(dirs);
        settings =
                QueueSettings.builder(QueueKind.APPEND, this.dirs)
                        .targetBytes(1024)
                        .prefill(PrefillPolicy.NEVER)
                        .budget(budget);
    }

    /** A queue with a main and a spill directory that it finds or makes in one, both with space. */
    static QueueFixture withSpill(Path root) {
        try {
            QueueFixture made =
                    new QueueFixture(
                            Files.createDirectories(root.resolve("main")),
                            Files.createDirectories(root.resolve("spill")));
            made.dirs.forEach(dir -> made.fs.available(dir, SPACE));
            return made;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** From now on the first directory has no space for another segment. */
    void mainIsFull() {
        fs.available(dirs.get(0), NO_SPACE);
    }

    void mainHasSpaceAgain() {
        fs.available(dirs.get(0), SPACE);
    }

    void spillIsFull() {
        fs.available(dirs.get(1), NO_SPACE);
    }

    QueueSettings.Builder settings() {
        return settings;
    }

    QueueFixture open() {
        DirectoryScan scan = DirectoryScan.scan(fs, dirs);
        List<RecoveredSegment> recovered = new ArrayList<>();
        for (SegmentFile file : scan.append()) {
            recovered.add(recover(file));
        }
        queue = SegmentQueue.open(settings.build(), fs, recovered, scan);
        model.headMap(queue.firstSeq()).clear();
        model.putIfAbsent(queue.activeSeq(), new byte[0]);
        return this;
    }

    /** What recovery would say: the model knows where the live bytes end. */
    private RecoveredSegment recover(SegmentFile file) {
        try {
            byte[] bytes = Files.readAllBytes(file.path());
            SegmentHeader header =
                    SegmentHeader.decode(bytes, bytes.length, file.path().toString());
            byte[] live = model.get(file.seq());
            long end = header.version().headerBytes() + (live == null ? 0 : live.length);
            return new RecoveredSegment(file, header.version(), end, true);
        } catch (io.raftengine.error.CorruptionException e) {
            return new RecoveredSegment(file, FormatVersion.V1, 0, false);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    QueueFixture reopen() {
        queue.close();
        return open();
    }

    /** Appends bytes nobody appended before, rotating as the commit pipeline does. */
    QueueFixture append(int bytes) {
        if (queue.rotateBefore(bytes)) {
            rotate();
        }
        long seq = queue.activeSeq();
        int header = queue.activeVersion().headerBytes();
        byte[] data = fill(bytes);
        long end = queue.end();
        long offset = queue.append(scratch.address(), bytes);
        assertThat(offset).isEqualTo(end);
        assertThat(offset).isEqualTo(header + model.get(seq).length);
        assertThat(queue.end()).isEqualTo(end + bytes);
        remember(seq, data);
        return this;
    }

    /** As {@link #append}, from several places of equal size. */
    QueueFixture appendVector(int places, int bytesEach) {
        if (queue.rotateBefore(places)) {
            rotate();
        }
        byte[] data = fill(places * bytesEach);
        long iovecs = scratch.address() + SCRATCH_BYTES - (long) places * Iovecs.BYTES;
        for (int i = 0; i < places; i++) {
            Iovecs.put(iovecs, i, scratch.address() + (long) i * bytesEach, bytesEach);
        }
        queue.appendVector(iovecs, places, data.length);
        remember(queue.activeSeq(), data);
        return this;
    }

    private byte[] fill(int bytes) {
        byte[] data = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            data[i] = nextByte;
            nextByte =
                    (byte)
                            (nextByte == 127
                                    ? 1
                                    : nextByte + 1); // never zero: padding must not look right
        }
        Memory.copyFromArray(data, 0, scratch.address(), bytes);
        return data;
    }

    private void remember(long seq, byte[] data) {
        byte[] old = model.get(seq);
        byte[] both = Arrays.copyOf(old, old.length + data.length);
        System.arraycopy(data, 0, both, old.length, data.length);
        model.put(seq, both);
    }

    QueueFixture rotate() {
        queue.rotate();
        model.put(queue.activeSeq(), new byte[0]);
        return this;
    }

    QueueFixture prepare() {
        while (queue.prepareNext()) {
            // until nothing is due
        }
        return this;
    }

    QueueFixture purgeTo(long seq) {
        queue.purgeTo(seq, () -> true);
        model.headMap(seq).clear();
        return this;
    }

    /** Compares every live byte with the model, through readers. */
    QueueFixture verify() {
        assertThat(queue.firstSeq()).isEqualTo(model.firstKey());
        assertThat(queue.activeSeq()).isEqualTo(model.lastKey());
        model.forEach((seq, bytes) -> assertThat(read(seq)).as("segment %d", seq).isEqualTo(bytes));
        return this;
    }

    private byte[] read(long seq) {
        SegmentReader reader = queue.acquire(seq);
        try {
            int length = model.get(seq).length;
            byte[] bytes = new byte[length];
            if (length > 0) {
                int n = reader.read(scratch.address(), length, reader.version().headerBytes());
                assertThat(n).isEqualTo(length);
                Memory.copyToArray(scratch.address(), bytes, 0, length);
            }
            return bytes;
        } finally {
            reader.release();
        }
    }

    byte[] read(SegmentReader reader, int length) {
        reader.read(scratch.address(), length, reader.version().headerBytes());
        byte[] bytes = new byte[length];
        Memory.copyToArray(scratch.address(), bytes, 0, length);
        return bytes;
    }

    /**
     * What the directories look like to the next open: contiguous, every segment but the last
     * exactly as long as its live bytes (I3, I4), and the live bytes of all of them in place.
     */
    void assertDirectoryIsSound() {
        DirectoryScan scan = DirectoryScan.scan(io.raftengine.log.io.FileSystem.local(), dirs);
        assertThat(scan.anomalies()).isEmpty();
        List<SegmentFile> files = scan.append();
        for (SegmentFile file : files) {
            boolean last = file.equals(files.get(files.size() - 1));
            byte[] live = model.getOrDefault(file.seq(), new byte[0]);
            if (!last) {
                assertExact(file, live);
            } else if (live.length > 0) {
                assertBegins(file, live);
            }
        }
    }

    private static void assertExact(SegmentFile file, byte[] live) {
        byte[] bytes = bytesOf(file);
        int header =
                SegmentHeader.decode(bytes, bytes.length, file.path().toString())
                        .version()
                        .headerBytes();
        assertThat(Arrays.copyOfRange(bytes, header, bytes.length))
                .as("%s is not the last and must end exactly (I3)", file.path())
                .isEqualTo(live);
    }

    private static void assertBegins(SegmentFile file, byte[] live) {
        byte[] bytes = bytesOf(file);
        int header =
                SegmentHeader.decode(bytes, bytes.length, file.path().toString())
                        .version()
                        .headerBytes();
        assertThat(bytes.length).isGreaterThanOrEqualTo(header + live.length);
        assertThat(Arrays.copyOfRange(bytes, header, header + live.length))
                .as("live bytes of %s", file.path())
                .isEqualTo(live);
    }

    private static byte[] bytesOf(SegmentFile file) {
        try {
            return Files.readAllBytes(file.path());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    List<String> names(int dir) {
        return fs.list(dirs.get(dir)).stream().map(e -> e.name()).sorted().toList();
    }

    /** Closes and proves that nothing is kept (I8). */
    @Override
    public void close() {
        fs.noProgram();
        if (queue != null) {
            queue.close();
        }
        scratch.close();
        assertThat(budget.reservedBytes()).as("memory after close").isZero();
    }
}
