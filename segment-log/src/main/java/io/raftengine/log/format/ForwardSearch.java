package io.raftengine.log.format;

import io.raftengine.error.CorruptionException;
import java.util.Arrays;
import java.util.zip.CRC32;

/**
 * Looks at every offset of the rest of a segment for batches that are valid there: what {@link
 * BatchScanner#findValidBatchAfter} does, once.
 *
 * <p>A hostile file may hold a plausible header at every offset, each claiming a huge item section,
 * which would make the search quadratic. So each candidate is paid from an allowance of {@value
 * #WORK_PER_BYTE} times the bytes looked through: the bytes of its section, plus {@value
 * #WORK_NEAR} if it lies in the window or {@value #WORK_FAR} if it costs a read. Honest old content
 * stays below: its batches follow one another, so their sections add up to at most the file. When
 * the allowance is spent, only watermarks are looked for, which have a fixed length.
 *
 * <p>Within what the broken batch itself claims an entry may hold any bytes, also a watermark of
 * this very place. So there one counts only with a whole batch right behind it, since none is
 * written alone (D3), or where the broken batch's claim is refuted by its own items.
 */
final class ForwardSearch {
    private static final int WORK_PER_BYTE = 4;
    private static final int WORK_NEAR = 64;
    private static final int WORK_FAR = 1024;
    private static final int WORK_FREE = 4 << 20;

    private static final int CRC = BatchHeader.CRC_BYTES;
    private static final byte[] ZEROS = new byte[4096];

    private final FileWindow window;
    private final FileSource source;
    private final int signature;
    private final CRC32 crc;
    private final byte[] header = new byte[BatchHeader.BYTES];
    private final byte[] word = new byte[CRC];
    private final long fileBytes;
    private final boolean below4GiB;

    private long work;
    private long coveredUntil; // end of the last valid batch found

    private long firstValid = -1;
    private long lastValid = -1;
    private long valid;
    private long watermark = -1;
    private long watermarkOffset = -1;
    private long claimedUntil; // where the broken batch says it ends, if that may be
    private boolean complete = true;
    private boolean firstOnly;

    /** A search that begins with what the window holds, and moves it where it has to. */
    ForwardSearch(FileWindow window, int signature, CRC32 crc) {
        this.window = window;
        this.source = window.source();
        this.signature = signature;
        this.crc = crc;
        this.fileBytes = source.size();
        this.below4GiB = fileBytes >>> 32 == 0;
    }

    /** What a search of a file from some offset on may cost. */
    static long allowance(FileSource source, long from) {
        // A hole costs nothing to make, so it must not pay for anything.
        return WORK_PER_BYTE * Math.clamp(source.size() - from, 0, source.dataBytes()) + WORK_FREE;
    }

    /**
     * Where the first valid batch begins, or -1; looks no further.
     *
     * @param allowance what it may cost; {@link #workLeft} says what is left of it
     */
    long first(long from, long allowance) {
        firstOnly = true;
        return run(from, allowance).firstValidOffset();
    }

    /** Looks behind a broken batch. */
    ForwardLook behind(long broken) {
        claimedUntil = claimedEnd(broken);
        return run(broken + 1, allowance(source, broken + 1));
    }

    /** The end that the header of the broken batch claims, or 0 if that can be no batch's end. */
    private long claimedEnd(long broken) {
        if (fileBytes - broken < BatchHeader.BATCH_BYTES_MIN) {
            return 0;
        }
        source.read(broken, header, 0, header.length);
        long total = BatchHeader.totalBytes(header, 0);
        long itemOffset = BatchHeader.itemOffset(header, 0);
        if (BatchHeader.check(header, 0) != BatchHeader.OK
                || total - itemOffset <= CRC
                || total > fileBytes - broken) {
            return 0;
        }
        long end = broken + total;
        long verified = verifiedItemsEnd(broken + itemOffset);
        return verified < 0 || verified == end ? end : 0;
    }

    /** Where the items end that begin there, with their checksum; -1 if that is not theirs. */
    private long verifiedItemsEnd(long start) {
        ItemReader items = new ItemReader(ZEROS.length);
        try {
            items.open(source, start, fileBytes, -1);
            while (items.next()) {
                // only the position behind the last one matters
            }
        } catch (CorruptionException e) {
            return -1;
        }
        long end = items.position();
        if (fileBytes - end < CRC) {
            return -1;
        }
        crc.reset();
        source.digest(crc, start, end - start);
        source.read(end, word, 0, CRC);
        int stored = BigEndian.getIntLittleEndian(word, 0);
        return ((int) crc.getValue() ^ signature) == stored ? end + CRC : -1;
    }

    private ForwardLook run(long from, long allowance) {
        work = allowance;
        long offset = behindHole(from);
        while (!done() && fileBytes - offset >= BatchHeader.BATCH_BYTES_MIN) {
            enter(offset);
            int length = window.index(window.end());
            offset = behindHole(window.start() + look(window.index(offset), length - needed()));
        }
        return new ForwardLook(firstValid, lastValid, valid, watermark, watermarkOffset, complete);
    }

    /** Makes the window hold what is looked at in place. */
    private void enter(long offset) {
        if (!window.holds(offset, needed())) {
            window.refill(offset);
        }
    }

    /**
     * The longest thing that is looked at in place: it must not cross the window's end, except the
     * file's own.
     */
    private int needed() {
        return window.end() == fileBytes ? BatchHeader.BATCH_BYTES_MIN : WatermarkBatch.BYTES;
    }

    long workLeft() {
        return work;
    }

    private boolean done() {
        return firstOnly && firstValid >= 0;
    }

    /** Steps over a hole: a batch has a byte that is not zero within its first seven. */
    private long behindHole(long offset) {
        return Math.max(offset, source.dataFrom(offset) - Long.BYTES);
    }

    /** Looks at the window from {@code from} up to {@code last}; returns where to go on. */
    private int look(int from, int last) {
        int at = from;
        while (at <= last && !done()) {
            at = below4GiB ? nextPlausible(at, last) : at;
            if (at <= last) {
                examine(at);
                at++;
            }
        }
        return at;
    }

    /**
     * Steps to where the batch length has three leading zeros and is not zero, which random bytes
     * pass once in 16 million times and zeros never.
     */
    private int nextPlausible(int from, int last) {
        byte[] b = window.array();
        int at = from;
        while (at <= last) {
            if (b[at + 2] != 0) {
                at += 3;
            } else if (b[at + 1] != 0) {
                at += 2;
            } else if (b[at] != 0) {
                at++;
            } else if ((b[at + 3] | b[at + 4] | b[at + 5] | b[at + 6]) == 0) {
                at = Math.max(at + 1, endOfZeros(at + 3) - 6);
            } else {
                return at;
            }
        }
        return at;
    }

    private int endOfZeros(int from) {
        byte[] b = window.array();
        int end = window.index(window.end());
        int at = from;
        while (at < end) {
            int n = Math.min(ZEROS.length, end - at);
            int mismatch = Arrays.mismatch(b, at, at + n, ZEROS, 0, n);
            if (mismatch >= 0) {
                return at + mismatch;
            }
            at += n;
        }
        return end;
    }

    private void examine(int at) {
        byte[] b = window.array();
        if (BatchHeader.check(b, at) != BatchHeader.OK) {
            return;
        }
        long offset = window.start() + at;
        long total = BatchHeader.totalBytes(b, at);
        long itemOffset = BatchHeader.itemOffset(b, at);
        long sectionBytes = total - itemOffset - CRC;
        if (sectionBytes <= 0 || total > fileBytes - offset) {
            return;
        }
        if (total == WatermarkBatch.BYTES && examineWatermark(at, offset)) {
            found(offset, total);
            return;
        }
        if (offset >= coveredUntil && isValid(at, offset, total, itemOffset, sectionBytes)) {
            found(offset, total);
        }
    }

    private boolean examineWatermark(int at, long offset) {
        long found = WatermarkBatch.find(window.array(), at, offset, signature, crc);
        if (found > watermark
                && (offset >= claimedUntil || isFollowed(offset + WatermarkBatch.BYTES))) {
            watermark = found;
            watermarkOffset = offset;
        }
        return found >= 0;
    }

    /** Whether a whole batch begins there; in doubt, for lack of allowance, it does. */
    private boolean isFollowed(long offset) {
        if (fileBytes - offset < BatchHeader.BATCH_BYTES_MIN) {
            return false;
        }
        source.read(offset, header, 0, header.length);
        long total = BatchHeader.totalBytes(header, 0);
        long itemOffset = BatchHeader.itemOffset(header, 0);
        long sectionBytes = total - itemOffset - CRC;
        if (BatchHeader.check(header, 0) != BatchHeader.OK
                || sectionBytes <= 0
                || total > fileBytes - offset) {
            return false;
        }
        if (sectionBytes + WORK_FAR > work) {
            return true;
        }
        work -= sectionBytes + WORK_FAR;
        return isSigned(offset, total, itemOffset, sectionBytes);
    }

    private boolean isSigned(long offset, long total, long itemOffset, long sectionBytes) {
        crc.reset();
        // Through the source's own memory, so that the window stays.
        source.digest(crc, offset + itemOffset, sectionBytes);
        source.read(offset + total - CRC, word, 0, CRC);
        int stored = BigEndian.getIntLittleEndian(word, 0);
        return ((int) crc.getValue() ^ signature) == stored;
    }

    private void found(long offset, long total) {
        if (firstValid < 0) {
            firstValid = offset;
        }
        lastValid = offset;
        if (offset >= coveredUntil) {
            valid++;
            coveredUntil = offset + total;
        }
    }

    private boolean isValid(int at, long offset, long total, long itemOffset, long sectionBytes) {
        boolean near = offset + total <= window.end();
        long cost = sectionBytes + (near ? WORK_NEAR : WORK_FAR);
        if (cost > work) {
            complete = false;
            return false;
        }
        work -= cost;
        if (!near) {
            return isSigned(offset, total, itemOffset, sectionBytes);
        }
        crc.reset();
        byte[] b = window.array();
        int section = at + (int) itemOffset;
        crc.update(b, section, (int) sectionBytes);
        int stored = BigEndian.getIntLittleEndian(b, section + (int) sectionBytes);
        return ((int) crc.getValue() ^ signature) == stored;
    }
}
