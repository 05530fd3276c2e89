package io.raftengine.recovery;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.CorruptionException;
import io.raftengine.log.format.AtomicMarker;
import io.raftengine.log.format.BatchScanner;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.format.ItemReader;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.format.SingleEntryBatches;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.segment.SegmentFile;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;

/**
 * Replays a contiguous stretch of one queue into partitions of its own: one, and one more behind
 * each hole that is left for an atomic group which may have begun in an earlier stretch. Used by
 * one thread.
 */
final class StretchReplay implements SegmentScan.BatchConsumer {
    /** Room for the holes of one stretch in the order of partitions. */
    private static final int ORDER_SHIFT = 32;

    private final List<SegmentFile> queue;
    private final int from;
    private final int to;
    private final QueueKind kind;
    private final ReplaySink sink;
    private final FileSystem fs;
    private final MemoryBudget budget;
    private final FormatVersion[] versions;
    private final AtomicGroups groups;
    private final List<SegmentVerdict> verdicts = new ArrayList<>();

    private LongConsumer progress;
    private long order;
    private PartitionSink partition;
    private FragmentReader fragments;

    // The marker of the current batch.
    private AtomicMarker marker;
    private long markerId;

    /**
     * A stretch.
     *
     * @param queue all segments of the queue
     * @param from index of the first one of this stretch
     * @param to index behind the last one
     * @param stretch number of the stretch in its queue, ascending in log order
     * @param sink receives the batches
     * @param fs where the segments are
     * @param versions takes what the segments of this stretch that hold atomic groups are read as
     * @param budget pays for what re-reading needs
     */
    StretchReplay(
            List<SegmentFile> queue,
            int from,
            int to,
            int stretch,
            ReplaySink sink,
            FileSystem fs,
            FormatVersion[] versions,
            MemoryBudget budget) {
        this.queue = queue;
        this.from = from;
        this.to = to;
        this.kind = queue.get(from).kind();
        this.sink = sink;
        this.fs = fs;
        this.versions = versions;
        this.budget = budget;
        this.order = (long) stretch << ORDER_SHIFT;
        this.groups = new AtomicGroups(from == 0, budget);
    }

    /**
     * Reads all segments of the stretch.
     *
     * @param scan reads them
     * @param cancelled asked between segments; true ends the work early, because an earlier stretch
     *     failed
     * @param progress told of each batch, or several, how many bytes they are
     */
    void run(SegmentScan scan, BooleanSupplier cancelled, LongConsumer progress) {
        this.progress = progress;
        partition = sink.newPartition(kind, order);
        try {
            for (int i = from; i < to && !cancelled.getAsBoolean(); i++) {
                boolean last = i == queue.size() - 1;
                SegmentVerdict verdict = scan.scan(i, queue.get(i), last, this);
                verdicts.add(verdict);
                if (verdict.drops() && !last) {
                    groups.interrupt(i);
                }
            }
        } finally {
            if (fragments != null) {
                fragments.close();
            }
        }
        partition.complete();
    }

    List<SegmentVerdict> verdicts() {
        return verdicts;
    }

    AtomicGroups groups() {
        return groups;
    }

    QueueKind kind() {
        return kind;
    }

    @Override
    public void batch(int segment, SegmentFile file, BatchScanner batch) {
        if (kind == QueueKind.REWRITE) {
            rewriteBatch(segment, file, batch);
        } else {
            appendBatch(file, batch);
        }
        progress.accept(batch.batchBytes());
    }

    /** They have no markers, so it does not matter in which queue they are. */
    @Override
    public void singles(SegmentFile file, SingleEntryBatches batches) {
        partition.applySingles(file.seq(), batches);
        progress.accept(batches.stretchBytes());
    }

    private void appendBatch(SegmentFile file, BatchScanner batch) {
        // Markers mean nothing in the append queue; the sink skips all internal keys.
        partition.apply(
                file.seq(),
                batch.blockOffset(),
                batch.blockBytes(),
                batch.compressed(),
                batch.items());
    }

    private void rewriteBatch(int segment, SegmentFile file, BatchScanner batch) {
        readMarker(file, batch);
        if (marker == null) {
            appendBatch(file, batch);
        } else {
            markedBatch(segment, file, batch);
        }
    }

    private void readMarker(SegmentFile file, BatchScanner batch) {
        marker = null;
        ItemReader items = batch.items();
        while (items.next()) {
            if (items.kind() == ItemReader.PUT
                    && items.valueLength() == 1
                    && items.isInternalKey()) {
                noteMarker(file, batch, items);
            }
        }
        items.rewind();
    }

    /** Only the first marker of a batch counts. */
    private void noteMarker(SegmentFile file, BatchScanner batch, ItemReader items) {
        int type = items.internalRecordType();
        if (type < 0) {
            throw new CorruptionException(
                    file.path().toString(),
                    batch.batchOffset(),
                    "atomic marker of the batch",
                    "0, 1 or 2",
                    "another value");
        }
        if (marker == null) {
            marker = AtomicMarker.of(type);
            markerId = items.groupId();
        }
    }

    private void markedBatch(int segment, SegmentFile file, BatchScanner batch) {
        versions[segment] = batch.version();
        AtomicGroups.Outcome outcome =
                groups.marked(
                        marker,
                        markerId,
                        segment,
                        batch.batchOffset(),
                        order + 1,
                        file.path().toString());
        switch (outcome) {
            case NOTHING -> {}
            case COMPLETE -> {
                if (fragments == null) {
                    fragments = new FragmentReader(fs, queue, versions, budget);
                }
                fragments.apply(groups.takeCompleted(), partition);
            }
            case UNDECIDED -> {
                partition.complete();
                order += 2; // the hole's order lies between
                partition = sink.newPartition(kind, order);
            }
        }
    }
}
