package io.raftengine.log.format;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.CorruptionException;
import io.raftengine.error.UnsupportedFeatureException;
import io.raftengine.log.io.FileHandle;
import java.util.HexFormat;
import java.util.zip.CRC32;

/**
 * Walks the batches of one segment after another: the loop under recovery, dump and check.
 *
 * <p>Bytes come through a window, a {@code byte[]} filled by one positional read. Entries blocks
 * are stepped over: where a batch is larger than the rest of the window, the next window starts at
 * its item section. An item section larger than the window is read twice, once to verify and once
 * to decode. A scanner for scattered batches fills the window bit by bit, see {@link #scattered}.
 *
 * <p>{@link #BROKEN} is a fact about bytes. A read that fails is a {@link
 * io.raftengine.error.StorageException} and says nothing about them; nothing may be cut because of
 * it.
 *
 * <p>One thread at a time. Nothing is allocated per batch or file except when something is broken.
 * Methods are small and use plain arithmetic on arrays, since recovery runs before the optimising
 * compiler does.
 */
public final class BatchScanner implements AutoCloseable {
    /** {@link #next}: the file is over, at the end of a batch. */
    public static final int END = 0;

    /** {@link #next}: a batch, whole and valid for this segment. */
    public static final int BATCH = 1;

    /** {@link #next}: the bytes at {@link #breakOffset} are no valid batch. */
    public static final int BROKEN = 2;

    /** Window that was fastest in a JVM that just started. */
    public static final int WINDOW_BYTES_DEFAULT = 256 << 10;

    /** Smallest window. */
    public static final int WINDOW_BYTES_MIN = 512;

    /** Largest window. */
    public static final int WINDOW_BYTES_MAX = 1 << 20;

    /** First read after a jump to a scattered batch: few batches without entries are smaller. */
    private static final int JUMP_BYTES = SegmentHeader.BYTES_MAX;

    /**
     * Padding is looked for up to here. Nothing protects the alignment in a header, and one wrong
     * bit of ours, which is always 0, must not turn damage into padding.
     */
    public static final long ALIGNMENT_MAX = 64 << 10;

    private static final int HEADER = BatchHeader.BYTES;
    private static final int CRC = BatchHeader.CRC_BYTES;

    private final FileWindow window;
    private final ItemReader items;
    private final CRC32 crc = new CRC32();
    private final SingleEntryBatches singles;

    private final byte[] word = new byte[CRC];

    // The file.
    private String path = "";
    private FormatVersion version = FormatVersion.V2;
    private long alignment;
    private int signature;

    // The batch.
    private long nextOffset;
    private long batchOffset;
    private long batchBytes;
    private long itemOffset;
    private boolean compressed;

    private BreakKind breakKind;
    private CorruptionException breakReason;

    // The search for where to go on: what it may still cost, -1 before the first; and the last one.
    private long searchAllowance = -1;
    private long searchedFrom = -1;
    private long searchFound;

    /**
     * A scanner with its window and as much off-heap memory to read through, both paid by the
     * budget until it is closed.
     *
     * @param budget pays for both
     * @param windowBytes size of the window; clamped to {@link #WINDOW_BYTES_MIN} .. {@link
     *     #WINDOW_BYTES_MAX}
     * @throws io.raftengine.error.MemoryLimitException the budget has not that much left
     */
    public BatchScanner(MemoryBudget budget, int windowBytes) {
        this(budget, windowBytes, WINDOW_BYTES_MAX);
    }

    /**
     * A scanner for batches that need not be neighbours: after a {@link #seek} elsewhere, or to
     * another file, it reads little more than the batch, and doubles that as long as the batches
     * follow each other. However they are scattered, it reads a small multiple of them.
     *
     * @param budget as above
     * @param windowBytes as above
     * @return a scanner
     * @throws io.raftengine.error.MemoryLimitException the budget has not that much left
     */
    public static BatchScanner scattered(MemoryBudget budget, int windowBytes) {
        return new BatchScanner(budget, windowBytes, JUMP_BYTES);
    }

    private BatchScanner(MemoryBudget budget, int windowBytes, int jumpBytes) {
        int bytes = Math.clamp(windowBytes, WINDOW_BYTES_MIN, WINDOW_BYTES_MAX);
        this.window = new FileWindow(budget, bytes, jumpBytes);
        this.items = new ItemReader(window.array());
        this.singles = new SingleEntryBatches(window.array(), crc, items);
    }

    /**
     * Goes to another segment, reads and checks its header.
     *
     * @param file an open file; stays the caller's, and open while the scanner is used on it
     * @param name its name, for errors
     * @param fileBytes its physical length; nothing behind it is looked at
     * @param segmentSeq number in the segment's name, which its batches are signed with
     * @return the header
     * @throws CorruptionException no valid header
     * @throws io.raftengine.error.StorageException the file cannot be read
     */
    public SegmentHeader open(FileHandle file, String name, long fileBytes, long segmentSeq) {
        attach(file, name, fileBytes);
        window.refillAhead(0);
        SegmentHeader header =
                SegmentHeader.decode(
                        window.array(),
                        (int) Math.min(window.end(), SegmentHeader.BYTES_MAX),
                        name);
        begin(header.version(), header.alignment(), segmentSeq);
        return header;
    }

    /**
     * Goes to a segment whose header is not to be trusted, and takes it for one without alignment.
     *
     * @param file an open file; stays the caller's, and open while the scanner is used on it
     * @param name its name, for errors
     * @param fileBytes its physical length
     * @param segmentSeq number in the segment's name
     * @param version what it is taken for
     */
    public void openWithoutHeader(
            FileHandle file, String name, long fileBytes, long segmentSeq, FormatVersion version) {
        openWithoutHeader(file, name, fileBytes, segmentSeq, version, 0);
    }

    /**
     * Goes to a segment whose header is not to be trusted.
     *
     * @param file an open file; stays the caller's, and open while the scanner is used on it
     * @param name its name, for errors
     * @param fileBytes its physical length
     * @param segmentSeq number in the segment's name
     * @param version what it is taken for
     * @param alignment what its batches are taken to keep; 0 for none
     */
    public void openWithoutHeader(
            FileHandle file,
            String name,
            long fileBytes,
            long segmentSeq,
            FormatVersion version,
            long alignment) {
        attach(file, name, fileBytes);
        begin(version, alignment, segmentSeq);
    }

    /**
     * Goes to the next batch and checks it: header, checksum, and every item, so that nobody
     * applies half a batch.
     *
     * @return {@link #BATCH}, {@link #END} or {@link #BROKEN}; after the last two, the same again
     * @throws io.raftengine.error.StorageException the file cannot be read; the same call may be
     *     repeated
     * @throws UnsupportedFeatureException a valid batch with an entries block of 2 GiB or more
     */
    public int next() {
        long offset = nextOffset;
        long at = offset - window.start();
        if (at < 0 || offset + HEADER > window.end()) {
            if (offset >= window.fileBytes()) {
                return END;
            }
            window.refillAhead(offset);
            at = 0;
            if (window.end() - offset < HEADER) {
                return headerFailed(BreakKind.SHORT_HEADER, offset);
            }
        }
        byte[] bytes = window.array();
        int header = (int) at;
        long total = BatchHeader.totalBytes(bytes, header);
        long section = BatchHeader.itemOffset(bytes, header);
        if (BatchHeader.check(bytes[header + 7], total, section) != BatchHeader.OK) {
            return headerFailed(BreakKind.BAD_HEADER, offset);
        }
        return nextBatch(offset, header, total, section);
    }

    /**
     * Goes on over batches of one entry each, as far as they are in the window and nothing is wrong
     * with them: what so many calls of {@link #next} would have found. The last of them is the
     * current batch then, but its items are not in {@link #items}. If there is none, nothing
     * happened, and {@link #next} says why.
     *
     * @param verify whether to take only batches whose entry is good, see {@link #verifyEntries}
     * @return the scanner's own stretch; of 0 batches if the next one is something else
     * @throws io.raftengine.error.StorageException the file cannot be read; the same call may be
     *     repeated
     */
    public SingleEntryBatches nextSingles(boolean verify) {
        if (!nextIsInWindow() && nextOffset < window.fileBytes()) {
            window.refill(nextOffset);
        }
        long start = window.start();
        long end = window.end();
        boolean inside = nextOffset >= start && nextOffset < end;
        boolean addressable = end >>> 32 == 0; // block offsets have 32 bits there
        int from = inside && addressable ? (int) (nextOffset - start) : 0;
        int to = inside && addressable ? (int) (end - start) : 0;
        singles.read(start, from, to, signature, verify);
        if (singles.count() > 0) {
            batchOffset = start + singles.lastStart();
            nextOffset = start + singles.end();
            batchBytes = nextOffset - batchOffset;
            itemOffset = (long) HEADER + singles.blockBytes()[singles.count() - 1];
            compressed = false;
        }
        return singles;
    }

    /** Whether the window need not move for the next batch, or moving it would not help. */
    private boolean nextIsInWindow() {
        if (nextOffset == window.start()) {
            return window.end() > window.start();
        }
        if (!window.holds(nextOffset, HEADER)) {
            return false;
        }
        byte[] bytes = window.array();
        long total = BatchHeader.totalBytes(bytes, window.index(nextOffset));
        return total <= window.end() - nextOffset || total > bytes.length / 4;
    }

    /**
     * Where the current batch starts.
     *
     * @return file offset
     */
    public long batchOffset() {
        return batchOffset;
    }

    /**
     * Length of the current batch.
     *
     * @return bytes, header and checksums included
     */
    public long batchBytes() {
        return batchBytes;
    }

    /**
     * Where the entries block of the current batch starts.
     *
     * @return file offset
     */
    public long blockOffset() {
        return batchOffset + HEADER;
    }

    /**
     * Length of the entries block of the current batch.
     *
     * @return bytes, checksum included; 0 = there is none
     */
    public int blockBytes() {
        return (int) (itemOffset - HEADER);
    }

    /**
     * Whether the entries block of the current batch is LZ4.
     *
     * @return true for LZ4
     */
    public boolean compressed() {
        return compressed;
    }

    /**
     * Items of the current batch, before the first one; all of them were checked. Valid until the
     * next call to {@link #next}, {@link #seek} or {@code open}.
     *
     * @return the scanner's own reader
     */
    public ItemReader items() {
        return items;
    }

    /**
     * Where the next batch is expected: after {@link #BATCH} the end of that batch, after {@link
     * #BROKEN} the start of what is broken, after {@link #END} the end of the file.
     *
     * @return file offset
     */
    public long position() {
        return nextOffset;
    }

    /**
     * The version the current segment is read as.
     *
     * @return V1 or V2
     */
    public FormatVersion version() {
        return version;
    }

    /**
     * The watermark that the current batch carries.
     *
     * @return file offset below which everything was synced, or -1 if the batch is no watermark of
     *     this place
     */
    public long watermark() {
        if (batchBytes != WatermarkBatch.BYTES || !version.signed()) {
            return -1;
        }
        assert window.holds(batchOffset, batchBytes) : batchOffset;
        return WatermarkBatch.parse(window.array(), window.index(batchOffset), batchOffset);
    }

    /**
     * Goes to a batch that is known to start there, or to where one may start; the next {@link
     * #next} reads it.
     *
     * @param offset file offset, at least 0
     */
    public void seek(long offset) {
        assert offset >= 0 : offset;
        if (offset != nextOffset) {
            window.jump();
        }
        nextOffset = offset;
        breakKind = null;
        breakReason = null;
    }

    /**
     * Where the broken bytes start.
     *
     * @return file offset, after {@link #BROKEN}
     */
    public long breakOffset() {
        return nextOffset;
    }

    /**
     * What is wrong there.
     *
     * @return the kind, after {@link #BROKEN}; null otherwise
     */
    public BreakKind breakKind() {
        return breakKind;
    }

    /**
     * What is wrong there, ready to be thrown or reported.
     *
     * @return the error, after {@link #BROKEN}; null otherwise
     */
    public CorruptionException breakReason() {
        return breakReason;
    }

    /**
     * Verifies the entries block of the current batch: its length, its checksum and, with LZ4, that
     * the length in front is one that so many bytes can unfold to.
     *
     * @return true if there is no block or it is good
     * @throws io.raftengine.error.StorageException the file cannot be read
     */
    public boolean verifyEntries() {
        int bytes = blockBytes();
        if (bytes == 0) {
            return true;
        }
        if (bytes <= CRC) {
            return false;
        }
        long start = blockOffset();
        crc.reset();
        if (window.holds(start, bytes)) {
            byte[] array = window.array();
            int at = window.index(start);
            crc.update(array, at, bytes - CRC);
            return (int) crc.getValue() == BigEndian.getIntLittleEndian(array, at + bytes - CRC)
                    && plausibleLz4(array, at, bytes);
        }
        // Not through the window: the items of this batch are in it.
        FileSource source = window.source();
        source.digest(crc, start, bytes - CRC);
        source.read(start + bytes - CRC, word, 0, CRC);
        if (BigEndian.getIntLittleEndian(word, 0) != (int) crc.getValue()) {
            return false;
        }
        source.read(start, word, 0, CRC);
        return plausibleLz4(word, 0, bytes);
    }

    /**
     * Looks behind a broken batch for whole batches that are valid for this segment, at every
     * offset. Watermarks are found by their fixed shape in one linear pass. The others are counted
     * with work that is bounded by the length of what is looked through: where hostile bytes claim
     * more, {@link ForwardLook#complete} is false. A watermark that stands alone in what the broken
     * batch claims to be its own may be an entry's bytes, and is no watermark. Unsigned segments
     * are never looked through, since old bytes would verify there.
     *
     * @param offset where the broken batch starts; the search begins one byte behind
     * @return what was found
     * @throws io.raftengine.error.StorageException the file cannot be read
     */
    public ForwardLook findValidBatchAfter(long offset) {
        if (!version.signed()) {
            return ForwardLook.NOTHING;
        }
        // It begins with a full window: what reaches beyond one costs more of its allowance.
        window.forget();
        return new ForwardSearch(window, signature, crc).behind(offset);
    }

    /**
     * Where a walk can go on behind broken bytes: the first offset at which a whole batch begins
     * whose checksum is that of this segment. Also for unsigned segments, where old bytes would
     * verify too; so only for looking at what is damaged anyway, never for deciding what counts.
     *
     * <p>All calls on one segment share one allowance of work, and the window stays where it is as
     * long as it helps: a segment with many damaged places costs no more than one with few.
     *
     * @param offset where to begin
     * @return a file offset, or -1 if there is none, or none was found with work that the length of
     *     the file justifies
     * @throws io.raftengine.error.StorageException the file cannot be read
     */
    public long nextWholeBatch(long offset) {
        if (offset == searchedFrom) {
            return searchFound;
        }
        if (searchAllowance < 0) {
            searchAllowance = ForwardSearch.allowance(window.source(), 0);
        }
        ForwardSearch search = new ForwardSearch(window, signature, crc);
        searchFound = search.first(offset, searchAllowance);
        searchAllowance = search.workLeft();
        searchedFrom = offset;
        return searchFound;
    }

    /**
     * Where zeros end.
     *
     * @param offset where to start, at most the length of the file
     * @return offset of the first byte from there on that is not zero, or the length of the file
     * @throws io.raftengine.error.StorageException the file cannot be read
     */
    public long zerosUntil(long offset) {
        return window.zerosUntil(offset);
    }

    @Override
    public void close() {
        window.close();
    }

    private void attach(FileHandle file, String name, long fileBytes) {
        window.open(file, fileBytes);
        path = name;
        searchAllowance = -1;
        searchedFrom = -1;
        items.file(name);
    }

    private void begin(FormatVersion formatVersion, long align, long segmentSeq) {
        version = formatVersion;
        alignment = align > 0 && align <= ALIGNMENT_MAX ? align : 0;
        signature = formatVersion.signature(segmentSeq);
        seek(formatVersion.headerBytes());
    }

    private int nextBatch(long offset, int header, long total, long section) {
        long sectionBytes = total - section - CRC;
        long rest = window.fileBytes() - offset;
        if (total > rest) {
            return broken(BreakKind.BEYOND_FILE, offset, "batch length", "at most " + rest, total);
        }
        if (sectionBytes <= 0) {
            return broken(
                    BreakKind.NO_SECTION,
                    offset,
                    "batch item section",
                    "more than " + CRC + " bytes",
                    total - section);
        }
        batchOffset = offset;
        batchBytes = total;
        itemOffset = section;
        compressed = BatchHeader.compressed(window.array(), header);
        try {
            if (offset + total <= window.end()) {
                return readSection(header + (int) section, (int) sectionBytes);
            }
            return readSectionElsewhere(sectionBytes);
        } catch (CorruptionException e) {
            breakKind = BreakKind.BAD_ITEMS;
            breakReason = e;
            return BROKEN;
        }
    }

    /** The section is in the window as a whole: nearly always. */
    private int readSection(int from, int bytes) {
        byte[] array = window.array();
        int to = from + bytes;
        crc.reset();
        crc.update(array, from, bytes);
        int computed = (int) crc.getValue();
        int stored = BigEndian.getIntLittleEndian(array, to) ^ signature;
        if (computed != stored) {
            return badChecksum(computed, stored);
        }
        items.open(array, from, to, window.start() + from, contentBytes());
        items.validate();
        return accept();
    }

    private int readSectionElsewhere(long sectionBytes) {
        long start = batchOffset + itemOffset;
        // A small batch comes as a whole, so that its entries can be verified from the window.
        int windowBytes = window.array().length;
        long from = batchBytes <= windowBytes / 4 ? batchOffset : start;
        long wanted = start + sectionBytes + CRC - from;
        if (wanted <= windowBytes) {
            window.refillAtLeast(from, (int) wanted);
            return readSection((int) (start - from), (int) sectionBytes);
        }
        return readLargeSection(start, sectionBytes);
    }

    private int readLargeSection(long start, long sectionBytes) {
        long end = start + sectionBytes;
        window.refill(end, CRC);
        int stored = BigEndian.getIntLittleEndian(window.array(), 0) ^ signature;
        window.forget(); // its array is the item reader's from here on
        FileSource source = window.source();
        CorruptionException damage = null;
        int computed = 0;
        try {
            computed = items.openAndDigest(crc, source, start, end, contentBytes());
        } catch (CorruptionException e) {
            damage = e;
        }
        if (damage != null) {
            // Bad items below a bad checksum are no news; tell the two apart as for small sections.
            crc.reset();
            source.digest(crc, start, sectionBytes);
            computed = (int) crc.getValue();
        }
        if (computed != stored) {
            return badChecksum(computed, stored);
        }
        if (damage != null) {
            throw damage;
        }
        return accept();
    }

    private int accept() {
        if (itemOffset > Integer.MAX_VALUE) {
            throw new UnsupportedFeatureException(
                    path
                            + ": entries block of "
                            + (itemOffset - HEADER)
                            + " bytes at offset "
                            + batchOffset
                            + ", above 2 GiB");
        }
        nextOffset = batchOffset + batchBytes;
        return BATCH;
    }

    /** What tails must stay within; unknown for an LZ4 block, where only unfolding tells. */
    private long contentBytes() {
        boolean unknown = compressed && itemOffset > HEADER;
        return unknown ? -1 : Math.max(0, itemOffset - HEADER - CRC);
    }

    private boolean plausibleLz4(byte[] bytes, int at, int blockBytes) {
        return !compressed
                || BlockDecoder.plausibleContent(
                        BigEndian.getIntLittleEndian(bytes, at), blockBytes - CRC);
    }

    /** No header here; in an aligned segment it may be padding. */
    private int headerFailed(BreakKind kind, long offset) {
        long rest = alignment == 0 ? 0 : offset % alignment;
        if (rest != 0 && isPadding(offset, offset + alignment - rest)) {
            nextOffset = offset + alignment - rest;
            return next();
        }
        long left = window.fileBytes() - offset;
        window.load(offset, (int) Math.min(HEADER, left));
        byte[] bytes = window.array();
        int at = window.index(offset);
        breakKind = kind;
        breakReason =
                kind == BreakKind.SHORT_HEADER
                        ? new CorruptionException(
                                path, offset, "batch header", HEADER + " bytes", left + " bytes")
                        : BatchHeader.failure(
                                BatchHeader.check(bytes, at), bytes, at, path, offset);
        return BROKEN;
    }

    /**
     * Whether there are only zeros up to a multiple, and something behind it. The reference looks
     * at the first and the last of them alone, so whatever lies between would be stepped over.
     */
    private boolean isPadding(long offset, long end) {
        return end < window.fileBytes() && window.isZero(offset, end);
    }

    private int badChecksum(int computed, int stored) {
        breakKind = BreakKind.CHECKSUM;
        breakReason =
                new CorruptionException(
                        path,
                        batchOffset,
                        "item checksum of the batch",
                        hex(computed),
                        hex(stored));
        return BROKEN;
    }

    private static String hex(int crc) {
        return HexFormat.of().toHexDigits(crc);
    }

    private int broken(BreakKind kind, long offset, String what, String expected, long found) {
        breakKind = kind;
        breakReason = new CorruptionException(path, offset, what, expected, Long.toString(found));
        return BROKEN;
    }
}
