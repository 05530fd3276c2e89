package io.raftengine.engine.purge;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.allocator.GrowableBuffer;
import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.engine.memtable.Memtables;
import io.raftengine.log.format.BatchEncoder;
import io.raftengine.log.format.BatchHeader;
import io.raftengine.log.format.BlockDecoder;
import io.raftengine.log.format.EncodedBatch;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.format.ItemReader;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.format.SegmentName;
import io.raftengine.log.segment.DirectoryScan;
import io.raftengine.log.segment.PrefillPolicy;
import io.raftengine.log.segment.QueueSettings;
import io.raftengine.log.segment.SegmentQueue;
import io.raftengine.testing.fs.FaultyFileSystem;
import io.raftengine.testing.fs.SimulatedFileSystem;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Both queues and the memtables on a simulated disk, and a model of what was written. Batches are
 * written as a leader would: validated, appended, applied.
 */
final class CopyFixture implements AutoCloseable {
    static final Path DIR = Path.of("/log");

    record EntryKey(long group, long index) {}

    /** Where a batch went. */
    record Place(long segment, long blockOffset, int blockBytes) {}

    final MemoryBudget budget;
    final SimulatedFileSystem disk = new SimulatedFileSystem(1);
    final FaultyFileSystem fs = new FaultyFileSystem(disk);
    final SegmentQueue append;
    final SegmentQueue rewrite;
    final Memtables memtables;
    final BatchEncoder batch;
    final Pacer noPace;
    final Map<EntryKey, byte[]> model = new HashMap<>();
    private final ItemReader items = new ItemReader();
    private final BlockDecoder decoder = new BlockDecoder();

    CopyFixture() {
        this(MemoryBudget.unlimited(), 1 << 20, FormatVersion.V2);
    }

    CopyFixture(MemoryBudget budget, long targetBytes, FormatVersion version) {
        this.budget = budget;
        disk.createDirectories(DIR);
        append = open(QueueKind.APPEND, targetBytes, version);
        rewrite = open(QueueKind.REWRITE, targetBytes, version);
        memtables = new Memtables(MemoryBudget.unlimited(), 1L << 30);
        batch = new BatchEncoder(MemoryBudget.unlimited());
        noPace = new Pacer(0, new FakeForeground(), () -> 0, nanos -> {});
    }

    private SegmentQueue open(QueueKind kind, long targetBytes, FormatVersion version) {
        return SegmentQueue.open(
                QueueSettings.builder(kind, List.of(DIR))
                        .targetBytes(targetBytes)
                        .version(version)
                        .prefill(PrefillPolicy.NEVER)
                        .budget(budget)
                        .build(),
                fs,
                List.of(),
                DirectoryScan.scan(fs, List.of(DIR)));
    }

    /** Adds entries to the batch being filled, and to the model. */
    CopyFixture entries(long group, long first, byte[]... bytes) {
        batch.beginEntries(group, first);
        for (int i = 0; i < bytes.length; i++) {
            batch.addEntry(bytes[i], 0, bytes[i].length);
            model.put(new EntryKey(group, first + i), bytes[i]);
        }
        batch.endEntries();
        return this;
    }

    CopyFixture plain(long group, long first, int count, int bytesEach) {
        byte[][] bytes = new byte[count][];
        for (int i = 0; i < count; i++) {
            bytes[i] = content(group, first + i, bytesEach);
        }
        return entries(group, first, bytes);
    }

    /** Bytes that say what they are, and compress. */
    static byte[] content(long group, long index, int bytes) {
        byte[] content = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            content[i] = (byte) (i % 8 < 4 ? group * 31 + i / 40 : index * 17);
        }
        return content;
    }

    static byte[] noise(long seed, int bytes) {
        byte[] noise = new byte[bytes];
        new Random(seed).nextBytes(noise);
        return noise;
    }

    Place write() {
        return write(append, 0);
    }

    Place writeCompressed() {
        Place place = write(append, 1);
        assertThat(lastCompressed).as("it was to be compressed").isTrue();
        return place;
    }

    boolean lastCompressed;

    /** Writes the batch being filled to a queue, applies it, empties it. */
    Place write(SegmentQueue queue, int compressionThreshold) {
        batch.finish(compressionThreshold, 1);
        if (queue.rotateBefore(batch.encoded().bytes())) {
            queue.rotate();
        }
        memtables.beginGroup(append.activeSeq());
        openItems();
        assertThat(memtables.validate(items)).isEqualTo(Memtables.ACCEPTED);
        long bytes = batch.encoded().bytes();
        GrowableBuffer whole =
                new GrowableBuffer(MemoryBudget.unlimited(), bytes, Integer.MAX_VALUE);
        long offset;
        try (whole) {
            batch.encoded().copyTo(whole.address());
            EncodedBatch.sign(whole.address(), bytes, queue.signature());
            offset = queue.append(whole.address(), bytes);
        }
        Place place =
                new Place(
                        queue.activeSeq(),
                        offset + BatchHeader.BYTES,
                        (int) batch.encoded().blockBytes());
        lastCompressed = batch.encoded().compressed();
        apply(place);
        memtables.endGroup();
        batch.clear();
        return place;
    }

    private void apply(Place place) {
        openItems();
        memtables.apply(
                place.segment(),
                place.blockOffset(),
                place.blockBytes(),
                batch.encoded().compressed(),
                items);
    }

    /** Applies the batch being filled as if it were in a block that nobody wrote. */
    void pretend(long segment, long blockOffset, int blockBytes, boolean compressed) {
        batch.finish(0, 1);
        memtables.beginGroup(segment);
        openItems();
        assertThat(memtables.validate(items)).isEqualTo(Memtables.ACCEPTED);
        openItems();
        memtables.apply(segment, blockOffset, blockBytes, compressed, items);
        memtables.endGroup();
        batch.clear();
    }

    private void openItems() {
        items.openMemory(
                batch.encoded().itemSectionAddress(),
                batch.encoded().itemSectionBytes(),
                batch.contentBytes());
    }

    EntryWindow window(long windowBytes, int runsMax) {
        return window(budget, windowBytes, runsMax);
    }

    /** Paid for by another budget. */
    EntryWindow window(MemoryBudget payer, long windowBytes, int runsMax) {
        return new EntryWindow(
                payer,
                memtables,
                append,
                rewrite,
                windowBytes,
                runsMax,
                BlockFetcher.STRETCH_BYTES_MAX);
    }

    /** The entries of a finished batch as its own bytes say. */
    Map<EntryKey, byte[]> decode(EncodedBatch finished) {
        Map<EntryKey, byte[]> found = new HashMap<>();
        byte[] content = contentOf(finished);
        items.openMemory(
                finished.itemSectionAddress(),
                finished.itemSectionBytes(),
                finished.contentBytes());
        while (items.next()) {
            if (items.kind() != ItemReader.ENTRIES) {
                continue;
            }
            int start = items.entryStart();
            for (int i = 0; i < items.count(); i++) {
                int end = items.nextTail();
                byte[] entry = Arrays.copyOfRange(content, start, end);
                found.put(new EntryKey(items.groupId(), items.firstIndex() + i), entry);
                start = end;
            }
        }
        return found;
    }

    private byte[] contentOf(EncodedBatch finished) {
        int bytes = (int) finished.blockBytes();
        if (bytes == 0) {
            return new byte[0];
        }
        try (var stored = new GrowableBuffer(MemoryBudget.unlimited(), bytes, Integer.MAX_VALUE);
                var unfolded = new GrowableBuffer(MemoryBudget.unlimited(), 0, Integer.MAX_VALUE)) {
            Memory.copy(finished.frontAddress() + BatchHeader.BYTES, stored.address(), bytes);
            ByteBuffer view = stored.view();
            int length = decoder.verify(view, 0, bytes, finished.compressed(), "test", 0);
            byte[] content = new byte[length];
            long from = stored.address();
            if (finished.compressed()) {
                decoder.unfold(view, 0, bytes, length, unfolded, "test", 0);
                from = unfolded.address();
            }
            Memory.copyToArray(from, content, 0, length);
            return content;
        }
    }

    /** Adds all runs of a window that was read to a batch and decodes it. */
    Map<EntryKey, byte[]> handOut(EntryWindow window) {
        try (BatchEncoder copy = new BatchEncoder(MemoryBudget.unlimited())) {
            for (int run = 0; run < window.runs(); run++) {
                window.addTo(run, copy);
            }
            copy.finish(0, 1);
            return decode(copy.encoded());
        }
    }

    byte[] expected(long group, long index) {
        return model.get(new EntryKey(group, index));
    }

    Path file(QueueKind kind, long seq) {
        return DIR.resolve(SegmentName.segment(kind, seq));
    }

    @Override
    public void close() {
        fs.clearRules();
        batch.close();
        memtables.close();
        append.close();
        rewrite.close();
        assertThat(fs.openHandles()).as("open handles").isZero();
        assertThat(budget.reservedBytes()).as("memory after close").isZero();
    }
}
