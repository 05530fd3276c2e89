package io.raftengine.recovery;

import io.raftengine.allocator.GrowableBuffer;
import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.log.format.BatchScanner;
import io.raftengine.log.format.BreakKind;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.format.SegmentHeader;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileIo;
import io.raftengine.log.segment.SegmentFile;

/**
 * Finds out by the batches of a V2 segment which alignment its damaged header said.
 *
 * <pre>
 *   header | zeros | batch | zeros | batch | zeros | batch
 *                  ^ a multiple    ^ a multiple    ^ a multiple
 * </pre>
 *
 * <p>Zeros in front of a batch may as well be batches that the disk lost, and then nothing behind
 * them may be kept as if they had never been there. So it is proof only if the header is that of an
 * aligned segment but for a word, and either still says the alignment, or at least two batches keep
 * it. Batches without alignment lie end to end; that two of them begin at such places behind zeros
 * is no accident.
 */
final class AlignmentSearch {
    /** Magic and version. */
    private static final int FIXED_BYTES = SegmentHeader.BYTES_MAX - Long.BYTES;

    /** More of them wrong is no damaged header but something else. */
    private static final int WRONG_BYTES_MAX = Long.BYTES;

    private static final int FIRST_AT_LEAST = SegmentHeader.BYTES_MAX;

    private final BatchScanner scanner;
    private final FileHandle handle;
    private final SegmentFile file;
    private final long fileBytes;

    // Of the alignment looked at last.
    private long batches;
    private long end;

    /**
     * A search in one segment.
     *
     * @param scanner to read with; it is anywhere afterwards
     */
    AlignmentSearch(BatchScanner scanner, FileHandle handle, SegmentFile file, long fileBytes) {
        this.scanner = scanner;
        this.handle = handle;
        this.file = file;
        this.fileBytes = fileBytes;
    }

    /**
     * The alignment that is proven, the one under which most batches hang together if there are
     * several.
     *
     * @return at least 2; 0 if none is
     */
    long find(MemoryBudget budget) {
        long said = saidByHeader(budget);
        long first = said < 0 ? -1 : firstBehindZeros();
        long best = 0;
        long bestEnd = 0;
        if (first > FIRST_AT_LEAST) {
            // It is the first multiple behind the header.
            for (long a = first - FIRST_AT_LEAST + 1; a <= first; a++) {
                if (first % a != 0 || a > BatchScanner.ALIGNMENT_MAX) {
                    continue;
                }
                walk(a);
                boolean proven = a == said || batches > 1;
                if (proven && (end > bestEnd || end == bestEnd && a == said)) {
                    best = a;
                    bestEnd = end;
                }
            }
        }
        return best;
    }

    /** What stands where the alignment stands; -1 if what is in front of it is no header of V2. */
    private long saidByHeader(MemoryBudget budget) {
        int bytes = SegmentHeader.BYTES_MAX;
        if (fileBytes < bytes) {
            return -1;
        }
        try (GrowableBuffer buffer = new GrowableBuffer(budget, 2L * bytes, 2L * bytes)) {
            long right = buffer.address() + bytes;
            FileIo.readFully(handle, buffer.address(), bytes, 0);
            SegmentHeader.encode(right, FormatVersion.V2);
            int wrong = 0;
            for (int i = 0; i < FIXED_BYTES; i++) {
                wrong += Memory.getByte(buffer.address() + i) == Memory.getByte(right + i) ? 0 : 1;
            }
            long said = 0;
            for (int i = FIXED_BYTES; i < bytes; i++) {
                said = said << Byte.SIZE | Memory.getByte(buffer.address() + i) & 0xff;
            }
            return wrong > WRONG_BYTES_MAX ? -1 : said & Long.MAX_VALUE;
        }
    }

    /** Where the first batch begins, if there is nothing but zeros in front of it; -1 if not. */
    private long firstBehindZeros() {
        long data = scannerAt(0, FIRST_AT_LEAST).zerosUntil(FIRST_AT_LEAST);
        // The length in front of a batch has a byte that is not zero within its first seven.
        for (long at = Math.max(FIRST_AT_LEAST + 1, data - 6); at <= data; at++) {
            if (isWhole(scannerAt(0, at).next())) {
                return at;
            }
        }
        return -1;
    }

    private boolean isWhole(int result) {
        return result == BatchScanner.BATCH || scanner.breakKind() == BreakKind.BAD_ITEMS;
    }

    private void walk(long alignment) {
        batches = 0;
        end = 0;
        BatchScanner aligned = scannerAt(alignment, FIRST_AT_LEAST);
        while (aligned.next() == BatchScanner.BATCH && aligned.batchOffset() % alignment == 0) {
            batches++;
            end = aligned.position();
        }
    }

    private BatchScanner scannerAt(long alignment, long offset) {
        String name = file.path().toString();
        scanner.openWithoutHeader(handle, name, fileBytes, file.seq(), FormatVersion.V2, alignment);
        scanner.seek(offset);
        return scanner;
    }
}
