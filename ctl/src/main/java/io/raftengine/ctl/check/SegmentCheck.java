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
import io.raftengine.recovery.TrueHeader;

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
    private final MemoryBudget budget;
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
    private long alignment;

    /** The highest one the walk has met, or -1. */
    private long watermark;

    /** Entries of batches from there on are verified. */
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
        this.budget = budget;
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
        alignment = 0;
        watermark = -1;
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

    /**
     * Whether there is anything to walk, and the scanner stands where it begins. A damaged header
     * costs no more than a repair would lose with it.
     */
    private boolean openHeader() {
        TrueHeader found = TrueHeader.find(scanner, handle, file, fileBytes, budget);
        if (found.header() == null) {
            return openWithoutFirstBatch(found.damage());
        }
        if (found.damage() == null) {
            alignment = found.header().alignment();
        } else {
            damagedHeader(found);
        }
        return true;
    }

    private void damagedHeader(TrueHeader found) {
        FormatVersion version = found.header().version();
        SegmentHeader said = found.said();
        if (said == null) {
            damage(0, version.headerBytes(), found.damage());
        } else if (said.version() != version) {
            findings.damage(
                    file,
                    VERSION_FROM,
                    ALIGNMENT_FROM,
                    "version of the segment header",
                    Integer.toString(version.number()),
                    Integer.toString(said.version().number()));
        } else {
            wrongAlignment(said.alignment());
        }
    }

    private void wrongAlignment(long said) {
        findings.damage(
                file,
                ALIGNMENT_FROM,
                ALIGNMENT_TO,
                "alignment of the segment header",
                "one that its batches keep",
                Long.toUnsignedString(said));
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
        if (next >= 0) {
            scanner.seek(next);
        }
        return next >= 0;
    }

    // ------------------------------------------------------------------ batches

    private void walk() {
        verifyFrom = deep || last ? 0 : firstDoubted();
        while (true) {
            switch (scanner.next()) {
                case BatchScanner.BATCH -> {
                    if (!batch()) {
                        return;
                    }
                }
                case BatchScanner.END -> {
                    return;
                }
                default -> {
                    if (!broken()) {
                        return;
                    }
                }
            }
        }
    }

    /**
     * Where recovery begins to verify the entries of a sealed segment: at its highest watermark, or
     * without one at its last batch. Looked up ahead, so that entries are found damaged before what
     * replaces them is taken. Where a batch is broken recovery gets no further, and without a
     * watermark in front of it all that is left is for a look in depth.
     */
    private long firstDoubted() {
        long start = scanner.position();
        long lastBatch = -1;
        long highest = -1;
        int result = scanner.next();
        while (result == BatchScanner.BATCH) {
            lastBatch = scanner.batchOffset();
            highest = Math.max(highest, scanner.watermark());
            result = scanner.next();
        }
        scanner.seek(start);
        if (highest >= 0) {
            return highest;
        }
        return result == BatchScanner.END ? lastBatch : Long.MAX_VALUE;
    }

    /** Takes the current batch; false if it turns out to be the torn end of the log. */
    private boolean batch() {
        long offset = scanner.batchOffset();
        watermark = Math.max(watermark, scanner.watermark());
        boolean good = true;
        if (offset >= verifyFrom) {
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
            wrongAlignment(alignment);
            alignment = 0;
        }
        batches++;
        groups.batch(file, offset, offset + scanner.batchBytes(), scanner.items(), good);
        return true;
    }

    private void returnTo(long offset) {
        scanner.seek(offset);
        scanner.next();
    }

    // ------------------------------------------------------------------ damage

    /** Reports what is broken; whether the walk goes on behind it. */
    private boolean broken() {
        long from = scanner.breakOffset();
        BreakKind kind = scanner.breakKind();
        CorruptionException reason = scanner.breakReason();
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

    @Override
    public void close() {
        proof.close();
        scanner.close();
    }
}
