package io.raftengine.engine.purge;

import io.raftengine.allocator.GrowableBuffer;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.engine.memtable.Memtables;
import io.raftengine.log.format.BatchEncoder;
import io.raftengine.log.format.BatchHeader;
import io.raftengine.log.format.EncodedBatch;
import io.raftengine.log.format.ItemReader;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.segment.DirectoryScan;
import io.raftengine.log.segment.PrefillPolicy;
import io.raftengine.log.segment.QueueSettings;
import io.raftengine.log.segment.SegmentQueue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/**
 * How fast live entries are copied, and where the time goes. Not a test: run its {@code main} with
 * a directory on the disk to be measured, without assertions.
 *
 * <pre>
 *   plain        entries of 128 B, one per batch, of 100 groups that take turns
 *   together     entries of 128 B, ten groups per batch
 *   compressed   blocks of 16 KiB of one group each, stored as LZ4, wholly live
 * </pre>
 *
 * <p>Copied is through the window and the rewrite log as a purge does it, synced every 512 KiB; the
 * index is not changed, so that each round copies the same.
 */
final class CopyThroughput {
    private static final int GROUPS = 100;
    private static final long CONTENT_BYTES = 128L << 20;
    private static final int BATCH_BYTES = 128 << 10;

    private final MemoryBudget budget = MemoryBudget.unlimited();
    private final SegmentQueue append;
    private final SegmentQueue rewrite;
    private final Memtables memtables = new Memtables(budget, 4L << 30);
    private final BatchEncoder batch = new BatchEncoder(budget);
    private final ItemReader items = new ItemReader();
    private final GrowableBuffer pending = new GrowableBuffer(budget, 4 << 20, 16 << 20);
    private long pendingBytes;

    private final long[] nanos = new long[Phase.values().length];
    private long contentCopied;

    private enum Phase {
        COLLECT,
        READ,
        ADD,
        FINISH,
        WRITE,
        SYNC
    }

    private CopyThroughput(Path dir) {
        append = open(QueueKind.APPEND, dir);
        rewrite = open(QueueKind.REWRITE, dir);
    }

    private SegmentQueue open(QueueKind kind, Path dir) {
        FileSystem fs = FileSystem.local();
        return SegmentQueue.open(
                QueueSettings.builder(kind, List.of(dir))
                        .prefill(PrefillPolicy.NEVER)
                        .budget(budget)
                        .build(),
                fs,
                List.of(),
                DirectoryScan.scan(fs, List.of(dir)));
    }

    /**
     * Measures.
     *
     * @param arguments where to write; which case, or all; how many rounds
     */
    public static void main(String[] arguments) throws IOException {
        Path parent = Path.of(arguments[0]);
        String only = arguments.length > 1 ? arguments[1] : "all";
        int rounds = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 4;
        for (String each : List.of("plain", "together", "compressed")) {
            if (only.equals("all") || only.equals(each)) {
                Path dir = Files.createTempDirectory(parent, "copy-throughput-");
                CopyThroughput run = new CopyThroughput(dir);
                run.measure(each, rounds);
                run.close();
                try (Stream<Path> files = Files.list(dir)) {
                    for (Path file : files.toList()) {
                        Files.delete(file);
                    }
                }
                Files.delete(dir);
            }
        }
    }

    private void measure(String name, int rounds) {
        switch (name) {
            case "plain" -> writePlain(1);
            case "together" -> writePlain(10);
            default -> writeCompressed();
        }
        for (int round = 0; round < rounds; round++) {
            copyAll(name, false, 0);
        }
        copyAll(name, true, 0);
        copyAll(name, true, 8 << 10);
    }

    // ---- what is copied ------------------------------------------------------------------------

    private void writePlain(int together) {
        byte[] entry = new byte[128];
        Random random = new Random(1);
        long each = CONTENT_BYTES / 128 / GROUPS;
        for (long index = 1; index <= each; index++) {
            for (int group = 0; group < GROUPS; group++) {
                random.nextBytes(entry);
                batch.beginEntries(group, index);
                batch.addEntry(entry, 0, entry.length);
                batch.endEntries();
                if (group % together == together - 1) {
                    write(0);
                }
            }
        }
        flush();
    }

    private void writeCompressed() {
        byte[] entry = new byte[256];
        Random random = new Random(1);
        long each = CONTENT_BYTES / (64 * 256) / GROUPS;
        for (long block = 0; block < each; block++) {
            for (int group = 0; group < GROUPS; group++) {
                batch.beginEntries(group, 1 + block * 64);
                for (int i = 0; i < 64; i++) {
                    for (int b = 0; b < 80; b++) {
                        entry[b] = (byte) random.nextInt(256); // the rest repeats
                    }
                    batch.addEntry(entry, 0, entry.length);
                }
                batch.endEntries();
                write(1);
            }
        }
        flush();
    }

    private void write(int compressionThreshold) {
        batch.finish(compressionThreshold, 1);
        long bytes = batch.encoded().bytes();
        if (pendingBytes + bytes > pending.capacity()) {
            flush();
        }
        if (pendingBytes == 0 && append.rotateBefore(bytes)) {
            append.rotate();
        }
        batch.encoded().copyTo(pending.address() + pendingBytes);
        EncodedBatch.sign(pending.address() + pendingBytes, bytes, append.signature());
        memtables.beginGroup(append.activeSeq());
        openItems();
        if (memtables.validate(items) != Memtables.ACCEPTED) {
            throw memtables.refusal();
        }
        openItems();
        memtables.apply(
                append.activeSeq(),
                append.end() + pendingBytes + BatchHeader.BYTES,
                (int) batch.encoded().blockBytes(),
                batch.encoded().compressed(),
                items);
        memtables.endGroup();
        pendingBytes += bytes;
        batch.clear();
    }

    private void openItems() {
        items.openMemory(
                batch.encoded().itemSectionAddress(),
                batch.encoded().itemSectionBytes(),
                batch.contentBytes());
    }

    private void flush() {
        if (pendingBytes > 0) {
            append.append(pending.address(), pendingBytes);
            pendingBytes = 0;
        }
    }

    // ---- copying -------------------------------------------------------------------------------

    private void copyAll(String name, boolean sync, int compressionThreshold) {
        Arrays.fill(nanos, 0);
        contentCopied = 0;
        long writtenBefore = rewrite.statistics().bytesAppended();
        Pacer pacer = new Pacer(0, new FakeForeground());
        long began;
        try (EntryWindow window =
                        new EntryWindow(
                                budget,
                                memtables,
                                append,
                                rewrite,
                                Long.getLong("window", GroupCopy.WINDOW_BYTES),
                                GroupCopy.RUNS_MAX,
                                BlockFetcher.STRETCH_BYTES_MAX);
                RewriteLog log =
                        new RewriteLog(budget, rewrite, null, System::nanoTime, poison -> {})) {
            began = System.nanoTime();
            int group = 0;
            long next = 1;
            while (group < GROUPS) {
                long at = System.nanoTime();
                window.clear();
                while (group < GROUPS) {
                    long end = memtables.last(group) + 1;
                    next = window.collect(group, next, end, QueueKind.APPEND, Long.MAX_VALUE);
                    if (window.full()) {
                        break;
                    }
                    group++;
                    next = 1;
                }
                at = count(Phase.COLLECT, at);
                window.read(pacer);
                count(Phase.READ, at);
                handOut(window, log, sync, compressionThreshold);
            }
        }
        long total = System.nanoTime() - began;
        StringBuilder line = new StringBuilder();
        for (Phase phase : Phase.values()) {
            line.append(
                    String.format(
                            " %s %.0f%%",
                            phase.name().toLowerCase(), 100.0 * nanos[phase.ordinal()] / total));
        }
        System.out.printf(
                "%-10s sync %-5s lz4 %-5d %7.0f MiB/s of content, %6.0f MiB written |%s%n",
                name,
                sync,
                compressionThreshold,
                contentCopied / 1048576.0 / (total / 1e9),
                (rewrite.statistics().bytesAppended() - writtenBefore) / 1048576.0,
                line);
        rewrite.rotate();
        rewrite.purgeTo(rewrite.activeSeq(), () -> true);
    }

    private void handOut(EntryWindow window, RewriteLog log, boolean sync, int threshold) {
        for (int run = 0; run < window.runs(); run++) {
            long at = System.nanoTime();
            contentCopied += window.contentBytes(run);
            if (window.wholeCompressedBlock(run)) {
                window.adoptInto(run, batch);
            } else {
                window.addTo(run, batch);
                while (run + 1 < window.runs() && fits(window, run + 1)) {
                    run++;
                    window.addTo(run, batch);
                    contentCopied += window.contentBytes(run);
                }
            }
            count(Phase.ADD, at);
            put(log, sync, threshold);
        }
    }

    private boolean fits(EntryWindow window, int run) {
        return !window.wholeCompressedBlock(run)
                && batch.approximateBytes() + window.contentBytes(run) <= BATCH_BYTES;
    }

    private void put(RewriteLog log, boolean sync, int threshold) {
        long at = System.nanoTime();
        batch.finish(threshold, 1);
        at = count(Phase.FINISH, at);
        log.append(batch.encoded());
        batch.clear();
        at = count(Phase.WRITE, at);
        if (sync && log.unsyncedBytes() >= 512 << 10) {
            log.sync();
            count(Phase.SYNC, at);
        }
    }

    private long count(Phase phase, long since) {
        long now = System.nanoTime();
        nanos[phase.ordinal()] += now - since;
        return now;
    }

    private void close() {
        pending.close();
        batch.close();
        memtables.close();
        append.close();
        rewrite.close();
    }
}
