package io.raftengine.recovery;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.CorruptionException;
import io.raftengine.error.UnsupportedFeatureException;
import io.raftengine.log.format.BatchScanner;
import io.raftengine.log.format.BreakKind;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.format.ForwardLook;
import io.raftengine.log.format.SegmentHeader;
import io.raftengine.log.format.SingleEntryBatches;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.segment.SegmentFile;
import io.raftengine.recovery.DamageTable.BehindHeader;
import io.raftengine.recovery.DamageTable.Decision;
import io.raftengine.recovery.DamageTable.Finding;
import io.raftengine.recovery.DamageTable.Place;
import io.raftengine.recovery.DamageTable.Promise;
import io.raftengine.recovery.DamageTable.Tail;

/**
 * Reads one segment after another: delivers every batch that counts, and gives the segment its
 * verdict. Changes nothing on disk. Used by one thread.
 *
 * <p>Whether a wrong entries checksum matters is known only at the end of the segment: it does in
 * the last whole batch and, where there are watermarks, above the highest one (D3). A sealed
 * segment can be replayed first and verified afterwards, since damage there is refused anyway. In
 * the last segment, and in tolerate-any-corruption, damage leads to a cut, and a batch that is
 * going to be cut must not have been delivered; so there every block is verified on the way, and
 * only at a wrong one the scan looks ahead to see whether it matters.
 */
final class SegmentScan implements AutoCloseable {
    /** Receives the batches of a segment in order. */
    interface BatchConsumer {
        /**
         * A batch that counts.
         *
         * @param segment index of the segment in its queue
         * @param file the segment
         * @param scanner standing on the batch; its items may be read, it may not be moved
         */
        void batch(int segment, SegmentFile file, BatchScanner scanner);

        /**
         * Several batches that count.
         *
         * @param file the segment
         * @param batches the batches, in log order; none of them has anything but entries
         */
        void singles(SegmentFile file, SingleEntryBatches batches);
    }

    /** Bounds the work that a sparse file can ask for without taking any space. */
    private static final long FILE_BYTES_MAX = 8L << 30;

    private final FileSystem fs;
    private final RecoveryMode mode;
    private final boolean readOnly;
    private final boolean deliverUnreadable;
    private final MemoryBudget budget;
    private final BatchScanner scanner;
    private final int windowBytes;

    // The segment.
    private int segment;
    private SegmentFile file;
    private FileHandle handle;
    private boolean last;
    private BatchConsumer consumer;
    private SegmentVerdict verdict;
    private long lastBatch;

    // Batch boundaries: the first batch, that of the latest watermark, and one at or below the
    // highest watermark.
    private long firstBatch;
    private long latestWatermarkBatch;
    private long verifyFrom;

    // What a look ahead saw, from the first wrong entries checksum on.
    private boolean looked;
    private long chainBatches;
    private long chainLast;
    private ForwardLook behind;

    SegmentScan(FileSystem fs, RecoverySettings settings, MemoryBudget budget) {
        this.fs = fs;
        this.mode = settings.mode();
        this.readOnly = settings.readOnly();
        this.deliverUnreadable = settings.deliverUnreadable();
        this.budget = budget;
        this.windowBytes = settings.readBlockBytes();
        this.scanner = new BatchScanner(budget, windowBytes);
    }

    /**
     * Reads a segment.
     *
     * @param index its index in its queue
     * @param segmentFile the segment
     * @param isLast whether it has the highest number of its queue
     * @param to receives its batches
     * @return the verdict; never one that refuses
     * @throws CorruptionException the verdict is to refuse
     * @throws io.raftengine.error.StorageException the file cannot be read
     */
    SegmentVerdict scan(int index, SegmentFile segmentFile, boolean isLast, BatchConsumer to) {
        try (FileHandle open = fs.open(segmentFile.path(), FileSystem.OpenMode.READ)) {
            begin(index, segmentFile, isLast, to, open);
            if (deliverUnreadable ? openToSave() : openHeader()) {
                walk();
            } else {
                judgeHeader();
            }
        } finally {
            handle = null;
            consumer = null;
        }
        if (!readOnly) {
            TailCutter.checkWritable(verdict);
        }
        return verdict;
    }

    private void begin(
            int index, SegmentFile segmentFile, boolean isLast, BatchConsumer to, FileHandle open) {
        segment = index;
        file = segmentFile;
        last = isLast;
        consumer = to;
        handle = open;
        verdict = new SegmentVerdict(segmentFile, supportedSize(segmentFile, open.size()));
        lastBatch = -1;
        latestWatermarkBatch = -1;
        looked = false;
        behind = null;
    }

    /** Entries blocks begin below 4 GiB, and no batch is as long again. */
    private static long supportedSize(SegmentFile file, long bytes) {
        if (bytes > FILE_BYTES_MAX) {
            throw new UnsupportedFeatureException(
                    file.path()
                            + ": a segment of "
                            + bytes
                            + " bytes; supported are "
                            + FILE_BYTES_MAX);
        }
        return bytes;
    }

    private boolean openHeader() {
        try {
            SegmentHeader header = scanner.open(handle, name(), verdict.fileBytes, file.seq());
            openedAs(header.version());
            return true;
        } catch (CorruptionException e) {
            verdict.damage = e;
            return false;
        }
    }

    private void openedAs(FormatVersion version) {
        verdict.version = version;
        firstBatch = scanner.position();
        verifyFrom = firstBatch;
        verdict.liveEnd = firstBatch;
    }

    /**
     * As {@link #openHeader}, for a copy of what can be saved. An open keeps the bytes behind a
     * damaged header aside for somebody to save (D5), and that is us.
     */
    private boolean openToSave() {
        TrueHeader found = TrueHeader.find(scanner, handle, file, verdict.fileBytes, budget);
        if (found.header() == null) {
            verdict.damage = found.damage();
            return false;
        }
        verdict.damagedHeader = found.damage();
        openedAs(found.header().version());
        return true;
    }

    private String name() {
        return file.path().toString();
    }

    // ------------------------------------------------------------------ batches

    private void walk() {
        boolean verifyOnTheWay = last || mode == RecoveryMode.TOLERATE_ANY_CORRUPTION;
        int result = deliverSinglesThenNext(verifyOnTheWay);
        while (result == BatchScanner.BATCH) {
            if (verifyOnTheWay && scanner.blockBytes() != 0 && !entriesAcceptable()) {
                if (!deliverUnreadable || !wasAcknowledged(scanner.batchOffset())) {
                    judgeEntries();
                    return;
                }
                noteDamagedBlock(scanner.batchOffset());
            }
            deliver();
            result = deliverSinglesThenNext(verifyOnTheWay);
        }
        if (result == BatchScanner.BROKEN) {
            judgeBatch();
        } else if (!verifyOnTheWay && !entriesAboveWatermarkGood()) {
            judgeEntries();
        }
    }

    /** As the table sees it: then damage is rot; otherwise it is a torn tail. */
    private boolean wasAcknowledged(long offset) {
        return !last || promise(offset) == Promise.BEYOND;
    }

    private int deliverSinglesThenNext(boolean verify) {
        SingleEntryBatches singles = scanner.nextSingles(verify);
        while (singles.count() > 0) {
            consumer.singles(file, singles);
            lastBatch = scanner.batchOffset();
            verdict.batches += singles.count();
            verdict.liveEnd = scanner.position();
            singles = scanner.nextSingles(verify);
        }
        return scanner.next();
    }

    private void deliver() {
        checkPlace();
        noteWatermark();
        consumer.batch(segment, file, scanner);
        lastBatch = scanner.batchOffset();
        verdict.batches++;
        // Never further: padding of an aligned segment at its end is dead. A batch behind a part of
        // it could not be found again, and a sealed segment must end with a batch (I3).
        verdict.liveEnd = scanner.position();
    }

    /** An index of entries has 32 bits for where their block begins; that is no damage. */
    private void checkPlace() {
        if (scanner.blockOffset() >>> 32 != 0) {
            throw new UnsupportedFeatureException(
                    name()
                            + ": a batch at offset "
                            + scanner.batchOffset()
                            + "; supported are batches that begin below 4 GiB");
        }
    }

    private void noteWatermark() {
        long watermark = scanner.watermark();
        if (watermark < 0) {
            return;
        }
        long offset = scanner.batchOffset();
        if (watermark > verdict.watermark) {
            verdict.watermark = watermark;
            // Watermarks are no list of boundaries; but where a batch began that promised less, one
            // began indeed.
            if (watermark == offset) {
                verifyFrom = offset;
            } else if (latestWatermarkBatch >= 0 && latestWatermarkBatch <= watermark) {
                verifyFrom = latestWatermarkBatch;
            }
        }
        latestWatermarkBatch = offset;
    }

    /**
     * The entries of the current batch are good, or wrong without consequence. The scanner stays on
     * the batch.
     */
    private boolean entriesAcceptable() {
        boolean good = scanner.verifyEntries();
        if (good && scanner.batchBytes() <= windowBytes / 4) {
            return true; // came into the window as a whole, so nothing moved
        }
        long offset = scanner.batchOffset();
        if (!good) {
            if (!looked) {
                lookAhead(offset);
            }
            if (matters(offset)) {
                scanner.seek(offset);
                scanner.next();
                return false;
            }
            noteDamagedBlock(offset);
        }
        scanner.seek(offset);
        scanner.next();
        return true;
    }

    private boolean matters(long offset) {
        return verdict.watermark < 0 ? offset == chainLast : offset >= verdict.watermark;
    }

    private void noteDamagedBlock(long offset) {
        if (verdict.damagedBlocks++ == 0) {
            verdict.firstDamagedBlock = offset;
        }
    }

    /**
     * Walks to the end of the whole batches, and looks behind it, without delivering. At most once
     * per segment.
     */
    private void lookAhead(long offset) {
        looked = true;
        chainBatches = verdict.batches;
        scanner.seek(offset);
        int result = scanner.next();
        while (result == BatchScanner.BATCH) {
            chainBatches++;
            chainLast = scanner.batchOffset();
            noteWatermark();
            result = scanner.next();
        }
        if (result == BatchScanner.BROKEN) {
            lookBehind(scanner.breakOffset());
        }
    }

    /** For a sealed segment that was delivered already. */
    private boolean entriesAboveWatermarkGood() {
        long end = scanner.position();
        if (lastBatch < 0) {
            return true;
        }
        scanner.seek(verdict.watermark < 0 ? lastBatch : verifyFrom);
        while (scanner.next() == BatchScanner.BATCH) {
            boolean above = scanner.batchOffset() >= verdict.watermark;
            if (above && !scanner.verifyEntries()) {
                return false;
            }
        }
        scanner.seek(end);
        return true;
    }

    // ------------------------------------------------------------------ judging

    private void judgeEntries() {
        long offset = scanner.batchOffset();
        verdict.finding = Finding.BAD_ENTRIES;
        verdict.damage =
                new CorruptionException(
                        name(),
                        offset,
                        "entries checksum of the batch",
                        "that of its " + scanner.blockBytes() + " bytes",
                        "another");
        if (looked && verdict.version.signed()) {
            verdict.validBatchesBehind =
                    chainBatches
                            - verdict.batches
                            - 1
                            + (behind == null ? 0 : behind.validBatches());
        }
        // A whole batch begins at p, so the tail is none that a crash leaves by itself (D2).
        decide(promise(offset), Tail.UNEXPLAINED, BehindHeader.NO_BATCH);
    }

    private void judgeBatch() {
        // Not where the scanner found it broken: a promise covers padding in front of that, too.
        long offset = verdict.liveEnd;
        BreakKind kind = scanner.breakKind();
        verdict.finding = kind == BreakKind.BAD_ITEMS ? Finding.BAD_ITEMS : Finding.BROKEN_BATCH;
        verdict.damage = scanner.breakReason();
        Tail tail = Tail.UNEXPLAINED;
        if (last || mode == RecoveryMode.TOLERATE_ANY_CORRUPTION) {
            tail = verdict.version.signed() ? signedTail(offset) : unsignedTail(offset);
        }
        decide(promise(offset), tail, BehindHeader.NO_BATCH);
    }

    private Tail signedTail(long offset) {
        boolean zeros = lookBehind(offset);
        verdict.validBatchesBehind = behind.validBatches();
        if (zeros) {
            return Tail.ZEROS;
        }
        return behind.validBatches() == 0 && behind.complete() ? Tail.STALE : Tail.UNEXPLAINED;
    }

    private Tail unsignedTail(long offset) {
        if (mode != RecoveryMode.ABSOLUTE_CONSISTENCY) {
            return Tail.UNEXPLAINED; // nobody asks
        }
        if (scanner.zerosUntil(offset) == verdict.fileBytes) {
            return Tail.ZEROS;
        }
        return PartialBatch.endsAt(handle, name(), verdict.fileBytes, offset, budget)
                ? Tail.PREFIX
                : Tail.UNEXPLAINED;
    }

    /**
     * The forward look of D1.
     *
     * @return whether there is nothing but zeros
     */
    private boolean lookBehind(long offset) {
        if (behind != null) {
            return false;
        }
        behind = ForwardLook.NOTHING;
        if (!verdict.version.signed()) {
            return false;
        }
        long zerosEnd = scanner.zerosUntil(offset);
        if (zerosEnd == verdict.fileBytes) {
            return true;
        }
        // The length in front of a batch has a byte that is not zero within its first seven.
        behind = scanner.findValidBatchAfter(Math.max(offset, zerosEnd - 8));
        verdict.watermark = Math.max(verdict.watermark, behind.highestWatermark());
        return false;
    }

    private Promise promise(long offset) {
        if (verdict.watermark < 0) {
            return Promise.NONE;
        }
        return verdict.watermark > offset ? Promise.BEYOND : Promise.BELOW;
    }

    private void judgeHeader() {
        verdict.finding = Finding.BAD_HEADER;
        verdict.liveEnd = 0;
        boolean zeros = scanner.zerosUntil(0) == verdict.fileBytes;
        decide(
                Promise.NONE,
                zeros ? Tail.ZEROS : Tail.UNEXPLAINED,
                zeros ? BehindHeader.NO_BATCH : behindHeader());
    }

    private BehindHeader behindHeader() {
        if (wholeBatchBehind(FormatVersion.V1) || wholeBatchBehind(FormatVersion.V2)) {
            return BehindHeader.WHOLE_BATCH;
        }
        // The signature of V2 keeps an older life of the file from being believed.
        ForwardLook look = scanner.findValidBatchAfter(0);
        verdict.validBatchesBehind = look.validBatches();
        if (look.highestWatermark() > 0) {
            // Header and first batch went together, say with their sector, and what was promised
            // is no torn tail (P6).
            return BehindHeader.WHOLE_BATCH;
        }
        return look.validBatches() > 0 ? BehindHeader.LATER_BATCHES : BehindHeader.NO_BATCH;
    }

    /** Whether the first batch would verify if the header said so (D5). */
    private boolean wholeBatchBehind(FormatVersion version) {
        scanner.openWithoutHeader(handle, name(), verdict.fileBytes, file.seq(), version);
        return nextIsWhole();
    }

    private boolean nextIsWhole() {
        return scanner.next() == BatchScanner.BATCH || scanner.breakKind() == BreakKind.BAD_ITEMS;
    }

    private void decide(Promise promise, Tail tail, BehindHeader behindHeader) {
        Place place = last ? Place.LAST : Place.SEALED;
        verdict.decision =
                DamageTable.decide(
                        new DamageTable.Inputs(
                                place, mode, verdict.finding, promise, tail, behindHeader));
        if (verdict.decision == Decision.REFUSE) {
            throw refusal(promise);
        }
    }

    private CorruptionException refusal(Promise promise) {
        CorruptionException damage = verdict.damage;
        return new CorruptionException(
                damage.file(),
                damage.offset(),
                damage.what() + " (" + reason(promise) + ")",
                damage.expected(),
                damage.found());
    }

    private String reason(Promise promise) {
        if (!last) {
            return "a segment with a successor was whole once";
        }
        if (verdict.finding == Finding.BAD_ITEMS) {
            return "its checksum is right";
        }
        if (verdict.finding == Finding.BAD_HEADER) {
            return "the segment held data";
        }
        if (promise == Promise.BEYOND) {
            return "synced once: the segment promises that for its first "
                    + verdict.watermark
                    + " bytes";
        }
        return "not what a crash leaves at the end of a segment";
    }

    @Override
    public void close() {
        scanner.close();
    }
}
