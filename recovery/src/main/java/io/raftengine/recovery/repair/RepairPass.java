package io.raftengine.recovery.repair;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.log.format.BatchEncoder;
import io.raftengine.log.format.BatchHeader;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.format.ItemReader;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.format.SingleEntryBatches;
import io.raftengine.log.io.Closing;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.segment.DirectoryScan;
import io.raftengine.log.segment.SegmentFile;
import io.raftengine.recovery.PartitionSink;
import io.raftengine.recovery.Recovery;
import io.raftengine.recovery.RecoveryMode;
import io.raftengine.recovery.RecoveryResult;
import io.raftengine.recovery.RecoverySettings;
import io.raftengine.recovery.ReplaySink;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * One reading of the damaged directory: recovery delivers every batch that counts, in the order of
 * replay, and each goes past the judge. With a writer the outcome is written; without one the same
 * decisions are made for their own sake. One thread: only so is the order of delivery that of
 * replay.
 */
final class RepairPass implements ReplaySink, AutoCloseable {
    /** Compactions at the end, per batch. */
    private static final int COMPACTIONS_MAX = 1 << 16;

    private final FileSystem fs;
    private final DirectoryScan scan;
    private final MemoryBudget budget;
    private final Judge judge;
    private final SourceReader source;
    private final EntriesLoader loader;
    private final ItemChanges changes;
    private final BatchRecoder recoder;
    private final Decision decision = new Decision();
    private final Deque<Runnable> closing = new ArrayDeque<>();

    // Only if the outcome is written.
    private TargetWriter writer;
    private Judge planned;
    private SourceVersions versions;

    private long batches;
    private long unreadableBlocks;

    RepairPass(FileSystem fs, DirectoryScan scan, RepairRules rules, MemoryBudget budget) {
        this.fs = fs;
        this.scan = scan;
        this.budget = budget;
        try {
            judge = new Judge(rules, budget);
            closing.push(judge::close);
            source = new SourceReader(fs, scan, budget);
            closing.push(source::close);
            loader = new EntriesLoader(source, budget);
            closing.push(loader::close);
            changes = new ItemChanges(budget);
            closing.push(changes::close);
            recoder = new BatchRecoder(rules, budget);
            closing.push(recoder::close);
        } catch (Throwable failed) {
            Closing.all(closing, failed);
            throw failed;
        }
    }

    /** Reads everything; the judge then knows what there is. */
    RecoveryResult read() {
        RecoverySettings settings =
                new RecoverySettings(
                        RecoveryMode.TOLERATE_ANY_CORRUPTION,
                        1,
                        RecoverySettings.READ_BLOCK_BYTES_DEFAULT,
                        true,
                        true);
        return Recovery.run(settings, fs, scan, this, budget);
    }

    /**
     * Reads everything again and writes what comes of it.
     *
     * @param from what the first reading found out
     */
    void write(RepairPass from, SourceVersions sourceVersions, TargetWriter to) {
        writer = to;
        versions = sourceVersions;
        planned = from.judge;
        read();
    }

    Judge judge() {
        return judge;
    }

    long batches() {
        return batches;
    }

    long unreadableBlocks() {
        return unreadableBlocks;
    }

    // ---- delivery ------------------------------------------------------------------------------

    @Override
    public PartitionSink newPartition(QueueKind kind, long order) {
        List<SegmentFile> queue = scan.queue(kind);
        if (writer != null) {
            writer.beginQueue(kind, queue.get(0).seq(), queue.get(queue.size() - 1).seq());
        }
        return new Partition(kind);
    }

    @Override
    public void merge(int threads) {
        // Nothing was split.
    }

    private final class Partition implements PartitionSink {
        private final QueueKind kind;

        Partition(QueueKind kind) {
            this.kind = kind;
        }

        @Override
        public void apply(
                long seq, long blockOffset, int blockBytes, boolean compressed, ItemReader items) {
            source.open(kind, seq);
            boolean readable = loader.load(blockOffset, blockBytes, compressed, items);
            if (!readable) {
                unreadableBlocks++;
            }
            batch(kind, blockOffset, items, readable);
            emit(kind, seq, blockOffset, blockBytes, compressed, items);
        }

        @Override
        public void applySingles(long seq, SingleEntryBatches singles) {
            source.open(kind, seq);
            for (int i = 0; i < singles.count(); i++) {
                long offset = Integer.toUnsignedLong(singles.blockOffsets()[i]);
                ItemReader items = singles.items(i);
                batch(kind, offset, items, true); // their checksums were verified on the way
                emit(kind, seq, offset, singles.blockBytes()[i], false, items);
            }
        }

        @Override
        public void atomicSpan(long groupId, long firstSeq, long lastSeq) {
            // The batches of a group are delivered together, and so are written together.
        }

        @Override
        public void complete() {
            boolean lastQueue = kind == QueueKind.APPEND || scan.append().isEmpty();
            if (lastQueue) {
                finish();
            }
            if (writer != null) {
                writer.endQueue();
            }
        }
    }

    // ---- judging -------------------------------------------------------------------------------

    private void batch(QueueKind kind, long blockOffset, ItemReader items, boolean readable) {
        batches++;
        long offset = blockOffset - BatchHeader.BYTES;
        judge.beginBatch(kind == QueueKind.REWRITE, source.name(), offset);
        changes.clear();
        for (int ordinal = 0; items.next(); ordinal++) {
            decision.begin(items.count());
            judge(items, readable);
            if (decision.changes()) {
                changes.add(ordinal, decision);
            }
        }
        items.rewind();
    }

    private void judge(ItemReader items, boolean readable) {
        long group = items.groupId();
        switch (items.kind()) {
            case ItemReader.ENTRIES -> entries(items, readable);
            case ItemReader.CLEAN -> judge.clean(group, decision);
            case ItemReader.COMPACT -> judge.compact(group, items.compactIndex(), decision);
            case ItemReader.PUT -> {
                if (!items.isInternalKey()) {
                    judge.put(group, decision);
                }
            }
            default -> {
                if (!items.isInternalKey()) {
                    judge.delete(group, decision);
                }
            }
        }
    }

    private void entries(ItemReader items, boolean readable) {
        long group = items.groupId();
        long first = items.firstIndex();
        judge.entries(group, first, items.count(), readable, decision);
        if (planned != null && items.count() > 0) {
            long voidFrom = planned.voidFrom(group);
            if (voidFrom != -1L) {
                decision.cut(first, voidFrom);
            }
        }
    }

    private void finish() {
        try (BatchEncoder batch = new BatchEncoder(budget)) {
            judge.finish((group, index) -> {
                batch.compact(group, index);
                if (batch.itemCount() == COMPACTIONS_MAX) {
                    write(batch);
                }
            });
            write(batch);
        }
    }

    private void write(BatchEncoder batch) {
        if (writer != null) {
            writer.addLast(batch.finish(0, 1));
        }
        batch.clear();
    }

    // ---- writing -------------------------------------------------------------------------------

    private void emit(
            QueueKind kind,
            long seq,
            long blockOffset,
            int blockBytes,
            boolean compressed,
            ItemReader items) {
        if (writer == null) {
            return;
        }
        if (changes.isEmpty()) {
            if (!onlyOwnRecords(items)) {
                copy(kind, seq, blockOffset);
            }
            return;
        }
        // Once more where it was judged without: the content is needed now.
        boolean readable = loader.load(blockOffset, blockBytes, compressed, items);
        assert readable || changes.count() > 0;
        writer.add(seq, recoder.encode(items, loader.contentAddress(), changes, compressed));
    }

    private void copy(QueueKind kind, long seq, long blockOffset) {
        long offset = blockOffset - BatchHeader.BYTES;
        long length = BatchHeader.totalBytes(source.load(offset, BatchHeader.BYTES));
        FormatVersion version = versions.of(kind, seq);
        writer.copy(seq, source, offset, length, version.signature(seq));
    }

    /**
     * A watermark, say: it speaks of the place the batch had. A batch with an atomic marker counts.
     */
    private static boolean onlyOwnRecords(ItemReader items) {
        boolean only = items.itemCount() > 0;
        while (only && items.next()) {
            only = items.isInternalKey() && items.valueLength() != 1;
        }
        items.rewind();
        return only;
    }

    @Override
    public void close() {
        Closing.all(closing);
    }
}
