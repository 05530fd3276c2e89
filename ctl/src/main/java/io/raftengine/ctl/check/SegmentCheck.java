package io.raftengine.ctl.check;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.ctl.check.Findings.Tail;
import io.raftengine.error.CorruptionException;
import io.raftengine.error.RaftEngineException;
import io.raftengine.log.format.BatchScanner;
import io.raftengine.log.format.BreakKind;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.format.SegmentHeader;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.segment.SegmentFile;

/**
 * Walks the batches of one segment after another and goes on behind whatever is damaged, where the
 * next whole batch begins.
 *
 * <p>Which entries are verified: in depth all of them; else those that recovery looks at, in the
 * last segment of a queue all, in a sealed one the last batch and those above its watermark.
 */
final class SegmentCheck implements AutoCloseable {
    private static final int VERSION_FROM = 53;
    private static final int ALIGNMENT_FROM = 61;
    private static final int ALIGNMENT_TO = 69;

    private final FileSystem fs;
    private final Findings findings;
    private final GroupStates groups;
    private final boolean deep;
    private final BatchScanner scanner;
    private final EntriesProof proof;
    private final TailJudge judge;
    private long batches;
    private long bytes;

    // The segment.
    private SegmentFile file;
    private FileHandle handle;
    private long fileBytes;
    private boolean last;
    private boolean headerDoubted;
    private long alignment;
    private long segmentBatches;
    private long lastBatch;

    // As in recovery: highest watermark, batch of the latest one, a boundary at or below the
    // highest.
    private long watermark;
    private long latestWatermarkBatch;
    private long verifyFrom;

    SegmentCheck(
            FileSystem fs,
            MemoryBudget budget,
            Findings findings,
            GroupStates groups,
            boolean deep) {
        this.fs = fs;
        this.findings = findings;
        this.groups = groups;
        this.deep = deep;
        this.scanner = new BatchScanner(budget, BatchScanner.WINDOW_BYTES_DEFAULT);
        this.proof = new EntriesProof(budget, deep);
        this.judge = new TailJudge(scanner, budget);
    }

    long batches() {
        return batches;
    }

    long bytes() {
        return bytes;
    }

    long blocks() {
        return proof.blocks();
    }

    /**
     * Looks at a segment.
     *
     * @param segment the segment
     * @param isLast whether it has the highest number of its queue
     */
    void check(SegmentFile segment, boolean isLast) {
        file = segment;
        last = isLast;
        headerDoubted = false;
        alignment = 0;
        segmentBatches = 0;
        lastBatch = -1;
        watermark = -1;
        latestWatermarkBatch = -1;
        verifyFrom = 0;
        try (FileHandle open = fs.open(segment.path(), FileSystem.OpenMode.READ)) {
            handle = open;
            fileBytes = open.size();
            bytes += fileBytes;
            judge.begin(open, name(), fileBytes, segment.seq());
            if (openHeader()) {
                walk();
            }
        } catch (RaftEngineException failed) {
            findings.unreadable(segment, failed);
            groups.damagedPlace();
        } finally {
            handle = null;
        }
    }

    private String name() {
        return file.path().toString();
    }

    private void damage(long from, long to, CorruptionException reason) {
        findings.damage(file, from, to, reason.what(), reason.expected(), reason.found());
    }

    // ------------------------------------------------------------------ header

    /** Whether there is anything to walk, and the scanner stands where it begins. */
    private boolean openHeader() {
        CorruptionException damage;
        try {
            SegmentHeader header = scanner.open(handle, name(), fileBytes, file.seq());
            alignment = header.alignment();
            return true;
        } catch (CorruptionException bad) {
            damage = bad;
        }
        for (FormatVersion version : new FormatVersion[] {FormatVersion.V2, FormatVersion.V1}) {
            if (batchBehindHeader(version)) {
                damage(0, version.headerBytes(), damage);
                headerDoubted = true;
                return true;
            }
        }
        return openWithoutFirstBatch(damage);
    }

    /** Whether the first batch verifies if the header says so; the scanner stands there then. */
    private boolean batchBehindHeader(FormatVersion version) {
        scanner.openWithoutHeader(handle, name(), fileBytes, file.seq(), version);
        boolean whole =
                scanner.next() == BatchScanner.BATCH || scanner.breakKind() == BreakKind.BAD_ITEMS;
        scanner.seek(version.headerBytes());
        return whole;
    }

    private boolean openWithoutFirstBatch(CorruptionException damage) {
        scanner.openWithoutHeader(handle, name(), fileBytes, file.seq(), FormatVersion.V2);
        if (last && scanner.zerosUntil(0) == fileBytes) {
            findings.tail(file, 0, Tail.ZEROS);
            return false;
        }
        long next = scanner.nextWholeBatch(0);
        if (next < 0 && last && fileBytes < FormatVersion.V1.headerBytes()) {
            findings.tail(file, 0, Tail.TORN);
            return false;
        }
        damage(0, next < 0 ? fileBytes : next, damage);
        groups.damagedPlace();
        headerDoubted = true;
        if (next >= 0) {
            scanner.seek(next);
        }
        return next >= 0;
    }

    // ------------------------------------------------------------------ batches

    private void walk() {
        while (true) {
            switch (scanner.next()) {
                case BatchScanner.BATCH -> {
                    if (!batch()) {
                        return;
                    }
                }
                case BatchScanner.END -> {
                    verifyAfterwards();
                    return;
                }
                default -> {
                    if (!broken()) {
                        verifyAfterwards();
                        return;
                    }
                }
            }
        }
    }

    /** Takes the current batch; false if it turns out to be the torn end of the log. */
    private boolean batch() {
        long offset = scanner.batchOffset();
        noteWatermark(offset);
        boolean good = true;
        if (deep || last) {
            CorruptionException wrong = proof.verify(scanner, handle, name());
            if (wrong != null) {
                Tail torn = last ? judge.badEntries(offset, watermark) : null;
                if (torn != null) {
                    findings.tail(file, offset, torn);
                    return false;
                }
                returnTo(offset);
                damage(scanner.blockOffset(), scanner.blockOffset() + scanner.blockBytes(), wrong);
                good = false;
            }
        }
        if (alignment != 0 && Long.remainderUnsigned(offset, alignment) != 0) {
            findings.damage(
                    file,
                    ALIGNMENT_FROM,
                    ALIGNMENT_TO,
                    "alignment of the segment header",
                    "one that its batches keep",
                    Long.toUnsignedString(alignment));
            alignment = 0;
        }
        batches++;
        segmentBatches++;
        lastBatch = offset;
        groups.batch(file, offset, offset + scanner.batchBytes(), scanner.items(), good);
        return true;
    }

    private void returnTo(long offset) {
        scanner.seek(offset);
        scanner.next();
    }

    private void noteWatermark(long offset) {
        long promised = scanner.watermark();
        if (promised < 0) {
            return;
        }
        if (promised > watermark) {
            watermark = promised;
            if (promised == offset) {
                verifyFrom = offset;
            } else if (latestWatermarkBatch >= 0 && latestWatermarkBatch <= promised) {
                verifyFrom = latestWatermarkBatch;
            }
        }
        latestWatermarkBatch = offset;
    }

    /** A sealed segment that was not verified on the way. */
    private void verifyAfterwards() {
        if (deep || last || lastBatch < 0) {
            return;
        }
        long from = watermark < 0 ? lastBatch : Math.max(verifyFrom, firstBatchOffset());
        scanner.seek(from);
        while (scanner.next() == BatchScanner.BATCH && scanner.batchOffset() <= lastBatch) {
            if (scanner.batchOffset() < watermark) {
                continue;
            }
            CorruptionException wrong = proof.verify(scanner, handle, name());
            if (wrong != null) {
                damage(scanner.blockOffset(), scanner.blockOffset() + scanner.blockBytes(), wrong);
                groups.damagedEntries(file, scanner.items());
            }
        }
    }

    private long firstBatchOffset() {
        return scanner.version().headerBytes();
    }

    // ------------------------------------------------------------------ damage

    /** Reports what is broken; whether the walk goes on behind it. */
    private boolean broken() {
        long from = scanner.breakOffset();
        BreakKind kind = scanner.breakKind();
        CorruptionException reason = scanner.breakReason();
        if (segmentBatches == 0 && !headerDoubted && from == firstBatchOffset()) {
            headerDoubted = true;
            if (otherVersion()) {
                return true;
            }
        }
        if (last) {
            Tail tail = judge.broken(from, kind, watermark);
            if (tail != null) {
                findings.tail(file, from, tail);
                return false;
            }
        }
        long next = scanner.nextWholeBatch(from + 1);
        damage(from, next < 0 ? fileBytes : next, reason);
        groups.damagedPlace();
        if (next >= 0) {
            scanner.seek(next);
        }
        return next >= 0;
    }

    /** A header that says the wrong version: the batches know better. */
    private boolean otherVersion() {
        FormatVersion said = scanner.version();
        FormatVersion other = said == FormatVersion.V1 ? FormatVersion.V2 : FormatVersion.V1;
        if (batchBehindHeader(other)) {
            findings.damage(
                    file,
                    VERSION_FROM,
                    ALIGNMENT_FROM,
                    "version of the segment header",
                    Integer.toString(other.number()),
                    Integer.toString(said.number()));
            return true;
        }
        scanner.openWithoutHeader(handle, name(), fileBytes, file.seq(), said);
        scanner.next();
        return false;
    }

    @Override
    public void close() {
        proof.close();
        scanner.close();
    }
}
