package io.raftengine.engine.purge;

import io.raftengine.allocator.GrowableBuffer;
import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.CorruptionException;
import io.raftengine.log.format.BatchHeader;
import io.raftengine.log.format.BlockDecoder;
import io.raftengine.log.segment.SegmentReader;
import io.raftengine.log.segment.SegmentSource;
import java.util.HexFormat;
import java.util.zip.CRC32;

/**
 * Reads the blocks of a window's runs in the order of the files, verifies each once, and keeps of
 * it what the runs want.
 *
 * <pre>
 *   blocks of at most 1 MiB    read together with neighbours that are near, up to 1 MiB at once;
 *                              of those less near the system is told ahead
 *   larger, uncompressed       read and verified piece by piece, so that of a block of 2 GiB only
 *                              what is wanted needs memory
 *   larger, wholly wanted LZ4  as well
 *   larger, partly wanted LZ4  needs room for the block and for its content
 * </pre>
 *
 * <p>No length reaches an allocation before it was compared with the file's, or with what the
 * verified bytes before it can unfold to (D8). For one thread at a time.
 */
final class BlockFetcher implements AutoCloseable {
    /** What is read at once, where memory is not scarce. */
    static final int STRETCH_BYTES_MAX = 1 << 20;

    /** What is read at once at least: a few blocks of usual size. */
    static final int STRETCH_BYTES_MIN = 32 << 10;

    /** Copying so much that nobody wants takes less time than another call. */
    static final int GAP_BYTES_MAX = 8 << 10;

    /**
     * So much between two reads is worth fetching from a cold disk in one go: the system is told of
     * the whole range, and the reads then find it in memory.
     */
    static final int AHEAD_GAP_BYTES_MAX = 64 << 10;

    private static final int CRC = BatchHeader.CRC_BYTES;

    private final RunTable runs;
    private final FileOrder order;
    private final SegmentSource append;
    private final SegmentSource rewrite;

    /** What the runs want, one behind the other in file order. */
    private final GrowableBuffer data;

    private final GrowableBuffer stored;
    private final GrowableBuffer unfolded;
    private final int stretchBytes;
    private final BlockDecoder decoder = new BlockDecoder();
    private final CRC32 crc = new CRC32();
    private long dataBytes;

    // The segment that is being read.
    private SegmentReader segment;
    private String file;
    private Pacer pacer;

    /** The system knows that everything below is going to be read. */
    private long aheadTo;

    private long stretchEnd;
    private long stretchWanted;

    BlockFetcher(
            MemoryBudget budget,
            RunTable runs,
            FileOrder order,
            SegmentSource append,
            SegmentSource rewrite,
            GrowableBuffer data,
            int stretchBytes) {
        this.stretchBytes = stretchBytes;
        this.runs = runs;
        this.order = order;
        this.append = append;
        this.rewrite = rewrite;
        this.data = data;
        this.stored = new GrowableBuffer(budget, 0, Integer.MAX_VALUE - 4095L);
        this.unfolded = new GrowableBuffer(budget, 0, Integer.MAX_VALUE - 4095L);
    }

    void clear() {
        dataBytes = 0;
        stored.shrinkTo(stretchBytes);
        unfolded.shrinkTo(stretchBytes);
    }

    /** Reads all runs of the table; the order is sorted. */
    void fetchAll(Pacer askedBeforeReads) {
        pacer = askedBeforeReads;
        int behind;
        for (int place = 0; place < runs.count(); place = behind) {
            int run = order.run(place);
            behind = place + 1;
            while (behind < runs.count() && runs.sameSegment(run, order.run(behind))) {
                behind++;
            }
            segment = queueOf(run).acquire(runs.segment(run));
            if (segment == null) {
                for (int i = place; i < behind; i++) {
                    runs.setLost(order.run(i));
                }
                continue;
            }
            try {
                file = segment.path().toString();
                fetchSegment(place, behind);
            } finally {
                segment.release();
                segment = null;
            }
        }
    }

    private void fetchSegment(int first, int behind) {
        int place = first;
        aheadTo = 0;
        while (place < behind) {
            int run = order.run(place);
            if (runs.contentBytes(run) == 0) {
                place++; // nothing of it is in the file
            } else if (runs.blockBytes(run) > stretchBytes) {
                place = fetchLarge(place, behind);
            } else {
                place = fetchStretch(place, behind);
            }
        }
    }

    // ---- blocks that are read together ---------------------------------------------------------

    private int fetchStretch(int first, int behind) {
        long from = runs.blockOffset(order.run(first));
        int place = endOfStretch(first, behind, GAP_BYTES_MAX);
        int bytes = (int) (stretchEnd - from);
        long wanted = stretchWanted;
        if (from >= aheadTo && endOfStretch(first, behind, AHEAD_GAP_BYTES_MAX) > place) {
            segment.willNeed(from, stretchEnd - from);
            aheadTo = stretchEnd;
        }
        stored.ensureCapacity(stretchBytes, 0);
        pacer.spend(wanted);
        int got = segment.read(stored.address(), bytes, from);
        for (int i = first; i < place; ) {
            int next = endOfBlock(i, place);
            int run = order.run(i);
            if (runs.blockBytes(run) > 0) {
                int at = (int) (runs.blockOffset(run) - from);
                demandRead(run, got - at);
                takeBlock(i, next, at);
            }
            i = next;
        }
        return place;
    }

    /**
     * Behind the last place whose block is near the one before and within reach of one read; {@link
     * #stretchEnd} is where these blocks end, {@link #stretchWanted} how long they are without what
     * is between them.
     */
    private int endOfStretch(int first, int behind, int gapMax) {
        long from = runs.blockOffset(order.run(first));
        long to = from;
        long last = -1;
        long wanted = 0;
        int place = first;
        while (place < behind) {
            int run = order.run(place);
            long begin = runs.blockOffset(run);
            int bytes = runs.blockBytes(run);
            if (place > first && (begin - to > gapMax || begin + bytes - from > stretchBytes)) {
                break;
            }
            wanted += begin == last ? 0 : bytes;
            last = begin;
            to = Math.max(to, begin + bytes);
            place++;
        }
        stretchEnd = to;
        stretchWanted = wanted;
        return place;
    }

    private int endOfBlock(int place, int behind) {
        int next = place + 1;
        while (next < behind && runs.sameBlock(order.run(place), order.run(next))) {
            next++;
        }
        return next;
    }

    private void demandRead(int run, long got) {
        if (got < runs.blockBytes(run)) {
            throw new CorruptionException(
                    file,
                    runs.blockOffset(run),
                    "entries block",
                    runs.blockBytes(run) + " bytes",
                    "end of file after " + Math.max(0, got));
        }
    }

    /** Verifies a block in {@link #stored} and keeps what the runs of these places want of it. */
    private void takeBlock(int first, int behind, int at) {
        int run = order.run(first);
        int blockBytes = runs.blockBytes(run);
        long offset = runs.blockOffset(run);
        boolean compressed = runs.compressed(run);
        int contentBytes = decoder.verify(stored.view(), at, blockBytes, compressed, file, offset);
        if (compressed && isWhole(first, behind, contentBytes)) {
            keepWhole(run, stored.address() + at);
            return;
        }
        long content = stored.address() + at;
        if (compressed) {
            for (int i = first; i < behind; i++) {
                demandInside(order.run(i), contentBytes);
            }
            decoder.unfold(stored.view(), at, blockBytes, contentBytes, unfolded, file, offset);
            content = unfolded.address();
        }
        for (int i = first; i < behind; i++) {
            int wanted = order.run(i);
            demandInside(wanted, contentBytes);
            keep(wanted, content + runs.start(wanted));
        }
    }

    /** Whether one run is all there is in a block. */
    private boolean isWhole(int first, int behind, int contentBytes) {
        int run = order.run(first);
        return behind == first + 1
                && runs.start(run) == 0
                && contentBytes > 0
                && runs.contentBytes(run) == contentBytes;
    }

    private void demandInside(int run, int contentBytes) {
        int start = runs.start(run);
        int bytes = runs.contentBytes(run);
        if (start < 0 || bytes < 0 || (long) start + bytes > contentBytes) {
            throw new CorruptionException(
                    file,
                    runs.blockOffset(run),
                    "entry range",
                    "within " + contentBytes + " bytes of content",
                    bytes + " bytes at " + start);
        }
    }

    private void keep(int run, long address) {
        int bytes = runs.contentBytes(run);
        Memory.copy(address, reserve(run, bytes), bytes);
    }

    private void keepWhole(int run, long address) {
        int bytes = runs.blockBytes(run);
        Memory.copy(address, reserve(run, bytes), bytes);
        runs.setWhole(run);
    }

    /** Makes room for what a run wants; returns where it goes. */
    private long reserve(int run, int bytes) {
        data.ensureCapacity(Math.max(1, dataBytes + bytes), dataBytes);
        runs.setDataAt(run, dataBytes);
        dataBytes += bytes;
        return data.address() + runs.dataAt(run);
    }

    // ---- large blocks --------------------------------------------------------------------------

    private int fetchLarge(int first, int behind) {
        int next = endOfBlock(first, behind);
        int run = order.run(first);
        demandRead(run, segment.sizeBytes() - runs.blockOffset(run));
        if (!runs.compressed(run)) {
            fetchPlainPieces(first, next);
        } else if (next == first + 1 && runs.start(run) == 0 && isPrefix(run)) {
            fetchWholePieces(run);
        } else {
            readStored(run);
            takeBlock(first, next, 0);
        }
        return next;
    }

    /**
     * Whether a large LZ4 block says in front that it holds just this run. Nobody has verified that
     * yet; if it lies, its checksum will say so.
     */
    private boolean isPrefix(int run) {
        int bytes = runs.contentBytes(run);
        stored.ensureCapacity(stretchBytes, 0);
        readPiece(run, 0, CRC);
        return Memory.getInt(stored.address()) == bytes
                && BlockDecoder.plausibleContent(bytes, (long) runs.blockBytes(run) - CRC);
    }

    /** Verifies an uncompressed block piece by piece and keeps what is wanted of each. */
    private void fetchPlainPieces(int first, int behind) {
        int contentBytes = runs.blockBytes(order.run(first)) - CRC;
        for (int i = first; i < behind; i++) {
            int run = order.run(i);
            demandInside(run, contentBytes);
            reserve(run, runs.contentBytes(run));
        }
        int block = order.run(first);
        stored.ensureCapacity(stretchBytes, 0);
        crc.reset();
        int piece;
        for (int at = 0; at < contentBytes; at += piece) {
            piece = Math.min(contentBytes - at, stretchBytes);
            readPiece(block, at, piece);
            crc.update(stored.view().clear().limit(piece));
            for (int i = first; i < behind; i++) {
                keepPiece(order.run(i), at, piece);
            }
        }
        readPiece(block, contentBytes, CRC);
        demandChecksum(block);
    }

    private void keepPiece(int run, int at, int piece) {
        long start = runs.start(run);
        long from = Math.max(start, at);
        long to = Math.min(start + runs.contentBytes(run), (long) at + piece);
        if (from < to) {
            Memory.copy(
                    stored.address() + from - at,
                    data.address() + runs.dataAt(run) + from - start,
                    to - from);
        }
    }

    /** Verifies an LZ4 block piece by piece and keeps all of it as it is stored. */
    private void fetchWholePieces(int run) {
        int blockBytes = runs.blockBytes(run);
        reserve(run, blockBytes);
        crc.reset();
        int piece;
        for (int at = 0; at < blockBytes - CRC; at += piece) {
            piece = Math.min(blockBytes - CRC - at, stretchBytes);
            readPiece(run, at, piece);
            crc.update(stored.view().clear().limit(piece));
            Memory.copy(stored.address(), data.address() + runs.dataAt(run) + at, piece);
        }
        readPiece(run, blockBytes - CRC, CRC);
        demandChecksum(run);
        Memory.copy(stored.address(), data.address() + runs.dataAt(run) + blockBytes - CRC, CRC);
        runs.setWhole(run);
    }

    private void readStored(int run) {
        int blockBytes = runs.blockBytes(run);
        stored.ensureCapacity(blockBytes, 0);
        for (int at = 0; at < blockBytes; ) {
            int piece = Math.min(blockBytes - at, stretchBytes);
            pacer.spend(piece);
            long offset = runs.blockOffset(run) + at;
            int got = segment.read(stored.address() + at, piece, offset);
            if (got < piece) {
                demandRead(run, (long) at + got);
            }
            at += piece;
        }
    }

    private void readPiece(int run, int at, int bytes) {
        pacer.spend(bytes);
        int got = segment.read(stored.address(), bytes, runs.blockOffset(run) + at);
        if (got < bytes) {
            demandRead(run, (long) at + got);
        }
    }

    /** Compares what was computed with the checksum at the start of {@link #stored}. */
    private void demandChecksum(int run) {
        int found = Memory.getInt(stored.address());
        int computed = (int) crc.getValue();
        if (found != computed) {
            throw new CorruptionException(
                    file,
                    runs.blockOffset(run),
                    "entries checksum",
                    HexFormat.of().toHexDigits(computed),
                    HexFormat.of().toHexDigits(found));
        }
    }

    // ---- after reading -------------------------------------------------------------------------

    /**
     * Unfolds a run that was kept as a stored block.
     *
     * @return address of its content, until the next call
     */
    long unfold(int run) {
        SegmentReader reader = queueOf(run).acquire(runs.segment(run));
        try {
            decoder.unfold(
                    data.view(),
                    (int) runs.dataAt(run),
                    runs.blockBytes(run),
                    runs.contentBytes(run),
                    unfolded,
                    reader == null ? "a segment purged meanwhile" : reader.path().toString(),
                    runs.blockOffset(run));
        } finally {
            if (reader != null) {
                reader.release();
            }
        }
        return unfolded.address();
    }

    private SegmentSource queueOf(int run) {
        return runs.rewrite(run) ? rewrite : append;
    }

    @Override
    public void close() {
        stored.close();
        unfolded.close();
    }
}
