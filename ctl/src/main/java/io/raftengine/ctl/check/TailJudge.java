package io.raftengine.ctl.check;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.ctl.check.Findings.Tail;
import io.raftengine.log.format.BatchHeader;
import io.raftengine.log.format.BatchScanner;
import io.raftengine.log.format.BreakKind;
import io.raftengine.log.format.FileSource;
import io.raftengine.log.io.FileHandle;
import io.raftengine.recovery.PartialBatch;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32;

/**
 * Tells the end of the log from damage, at a place p in the last segment of a queue where something
 * is broken.
 *
 * <pre>
 *    from p on                                                          | verdict
 *    -------------------------------------------------------------------+-------------------
 *    nothing but zeros                                                  | end: zeros
 *    a right checksum over items that are none (D8)                     | damage
 *    the segment has watermarks, one beyond p (D1)                      | damage: it was synced
 *    ...                        , none beyond p (D1)                    | end: stale, torn
 *    no watermarks (V1, or not written by us), behind p a whole batch   | damage
 *    ...         , the broken batch would end exactly where the file    | damage: the file was cut
 *                  ends, by its length or by its item checksum           |   there when it was whole
 *    ...         , a batch that the end of the file cuts off            | end: torn
 *    ...         , that seems so but is there as a whole                | damage: of its length
 *    ...         , anything else                                        | end: stale
 * </pre>
 *
 * <p>Where there are no watermarks this is stricter than recovery, which cuts there and reports: a
 * check can afford to be asked about a tail that was never promised. What stays undecidable there
 * is the last batch of a segment that was not closed: old content behind a torn one looks the same.
 */
final class TailJudge {
    private static final int PROBE_BYTES = 64 << 10;

    private final BatchScanner scanner;
    private final MemoryBudget budget;
    private final LookAhead behind;
    private FileHandle handle;
    private String name;
    private long fileBytes;
    private long segmentSeq;

    // The whole batches from one with wrong entries on: where the last of them begins, the highest
    // watermark up to their end or behind it, and whether they are what the file ends with, or more
    // follow. Where nobody knows, it is none, and more follow: then all of it is damage.
    private long chainLast;
    private long chainPromised;
    private boolean chainContinues;

    TailJudge(BatchScanner scanner, MemoryBudget budget) {
        this.scanner = scanner;
        this.budget = budget;
        this.behind = new LookAhead(scanner);
    }

    /** Goes to another segment, the one the scanner is on. */
    void begin(FileHandle file, String path, long bytes, long seq) {
        segmentSeq = seq;
        handle = file;
        name = path;
        fileBytes = bytes;
        chainLast = -1;
        behind.begin();
    }

    /**
     * Judges a place where no batch is. Moves the scanner's window, not its position.
     *
     * @param p where
     * @param kind what is wrong there
     * @param watermark highest one in front of p, or -1
     * @return what ends the log here, or null for damage
     */
    Tail broken(long p, BreakKind kind, long watermark) {
        long zerosEnd = scanner.zerosUntil(p);
        if (zerosEnd == fileBytes) {
            return Tail.ZEROS;
        }
        if (kind == BreakKind.BAD_ITEMS) {
            return null;
        }
        if (!scanner.version().signed()) {
            return unsigned(p, kind, zerosEnd);
        }
        if (!behind.at(p, watermark)) {
            return null;
        }
        long promised = Math.max(watermark, behind.highestWatermark());
        boolean nothingBehind = !behind.anyBatch() && behind.complete();
        if (promised >= 0) {
            if (promised > p) {
                return null;
            }
            return nothingBehind ? Tail.STALE : Tail.TORN;
        }
        return nothingBehind ? cutOff(p, kind) : null;
    }

    /** Old bytes would verify here: only zeros in front of them say that they are old. */
    private Tail unsigned(long p, BreakKind kind, long zerosEnd) {
        if (zerosEnd - p >= BatchHeader.BYTES) {
            return Tail.STALE;
        }
        return scanner.nextWholeBatch(p + 1) >= 0 ? null : cutOff(p, kind);
    }

    private Tail cutOff(long p, BreakKind kind) {
        if (kind == BreakKind.SHORT_HEADER) {
            return Tail.TORN;
        }
        if (endsWithTheFile(p)) {
            return null;
        }
        if (kind == BreakKind.BEYOND_FILE) {
            return PartialBatch.endsAt(handle, name, fileBytes, p, budget) ? Tail.TORN : null;
        }
        return Tail.STALE;
    }

    /** At least 16 bytes are there: the length in them, or a good item section, reaches the end. */
    private boolean endsWithTheFile(long p) {
        try (FileSource source = new FileSource(budget, PROBE_BYTES)) {
            source.open(handle, fileBytes);
            byte[] header = new byte[BatchHeader.BYTES];
            source.read(p, header, 0, header.length);
            ByteBuffer fields = ByteBuffer.wrap(header);
            if (fields.getLong(0) >>> Byte.SIZE == fileBytes - p) {
                return true;
            }
            long items = fields.getLong(Long.BYTES);
            long length = fileBytes - BatchHeader.CRC_BYTES - p - items;
            if (items < BatchHeader.BYTES || items > fileBytes || length <= 0) {
                return false;
            }
            CRC32 crc = new CRC32();
            source.digest(crc, p + items, length);
            byte[] stored = new byte[BatchHeader.CRC_BYTES];
            source.read(fileBytes - stored.length, stored, 0, stored.length);
            int signed = ByteBuffer.wrap(stored).order(ByteOrder.LITTLE_ENDIAN).getInt();
            return ((int) crc.getValue() ^ scanner.version().signature(segmentSeq)) == signed;
        }
    }

    /**
     * Judges a batch whose entries are wrong. Moves the scanner.
     *
     * @param p where the batch begins
     * @param watermark highest one up to there, or -1
     * @return what ends the log here, or null for damage
     */
    Tail badEntries(long p, long watermark) {
        if (p > chainLast) {
            walkChain(p, watermark);
        }
        if (chainPromised >= 0) {
            return chainPromised > p ? null : Tail.TORN;
        }
        // A file that ends with this batch was cut there when it was whole.
        return chainLast > p || chainContinues ? null : Tail.TORN;
    }

    /** Whole batches follow one another up to some place; what is there holds for all of them. */
    private void walkChain(long p, long watermark) {
        chainPromised = watermark;
        scanner.seek(p);
        int result = scanner.next();
        while (result == BatchScanner.BATCH) {
            chainLast = scanner.batchOffset();
            chainPromised = Math.max(chainPromised, scanner.watermark());
            result = scanner.next();
        }
        chainContinues = result == BatchScanner.END;
        if (result == BatchScanner.BROKEN && scanner.version().signed()) {
            boolean known = behind.at(scanner.breakOffset(), chainPromised);
            chainPromised = known ? Math.max(chainPromised, behind.highestWatermark()) : -1;
            chainContinues = !known || behind.anyBatch();
        }
    }
}
