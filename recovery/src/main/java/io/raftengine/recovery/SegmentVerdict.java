package io.raftengine.recovery;

import io.raftengine.error.CorruptionException;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.segment.SegmentFile;
import java.util.List;

/**
 * Everything the scan of one segment found out, and what the table decided. Filled by {@link
 * SegmentScan} and handed over by the end of the thread that filled it; afterwards it is noted here
 * what the joining of atomic groups found, and what {@link TailCutter} has done.
 */
final class SegmentVerdict {
    final SegmentFile file;

    /** Size when it was opened; what lies behind the live end is dropped up to here. */
    final long fileBytes;

    /** Null if the header is damaged, and nothing else says it. */
    FormatVersion version;

    /** What is wrong with a header that the batches behind it replaced; null if nothing is. */
    CorruptionException damagedHeader;

    DamageTable.Finding finding = DamageTable.Finding.WHOLE;
    DamageTable.Decision decision = DamageTable.Decision.REPLAY;

    /** Whole batches that count, and the end of the last of them. */
    long batches;

    long liveEnd;

    /** Highest valid watermark, -1 if there is none. */
    long watermark = -1;

    /** What was wrong at the live end; null if nothing was. */
    CorruptionException damage;

    /** Atomic groups that may have lost batches with what is dropped here; known after the join. */
    List<Long> interruptedGroups = List.of();

    /** Where the segment ends after a cut that left more in it than what counted before. */
    long endAfterCut = -1;

    /** Set once what is live was written and synced again. */
    boolean rewritten;

    /** Batches valid for this segment behind the live end; -1 where nobody looked. */
    long validBatchesBehind = -1;

    /**
     * Wrong entries checksums that change nothing (D3 asks only for the last batch and those above
     * the watermark).
     */
    long damagedBlocks;

    long firstDamagedBlock = -1;

    SegmentVerdict(SegmentFile file, long fileBytes) {
        this.file = file;
        this.fileBytes = fileBytes;
    }

    /** Whether bytes of the file are to be dropped. */
    boolean drops() {
        return decision != DamageTable.Decision.REPLAY;
    }

    /** Whether the dropped bytes are to be kept aside. */
    boolean keepsBytes() {
        return decision == DamageTable.Decision.CUT_KEEPING_BYTES
                || decision == DamageTable.Decision.EMPTY_KEEPING_BYTES;
    }

    SegmentReport report() {
        return new SegmentReport(
                file.kind(),
                file.seq(),
                file.path(),
                fileBytes,
                version,
                batches,
                liveEnd,
                watermark,
                damagedBlocks,
                firstDamagedBlock);
    }

    DroppedRange dropped() {
        return new DroppedRange(
                file.kind(),
                file.seq(),
                file.path(),
                liveEnd,
                fileBytes,
                cause(),
                damage == null ? "" : damage.what(),
                validBatchesBehind,
                null);
    }

    /** The header alone; only while {@link #damagedHeader} says so. */
    DroppedRange droppedHeader() {
        return new DroppedRange(
                file.kind(),
                file.seq(),
                file.path(),
                0,
                version.headerBytes(),
                DropCause.ROTTEN_HEADER,
                damagedHeader.what(),
                -1,
                null);
    }

    private DropCause cause() {
        return switch (decision) {
            case CUT ->
                    finding == DamageTable.Finding.BAD_ENTRIES
                            ? DropCause.TORN_ENTRIES
                            : DropCause.TORN_TAIL;
            case EMPTY -> DropCause.TORN_HEADER;
            case CUT_KEEPING_BYTES -> DropCause.ROT;
            case EMPTY_KEEPING_BYTES -> DropCause.ROTTEN_HEADER;
            case REPLAY, REFUSE -> throw new AssertionError(decision);
        };
    }
}
