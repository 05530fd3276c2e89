package io.raftengine.recovery;

import io.raftengine.allocator.GrowableBuffer;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.MemoryLimitException;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileIo;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes a range of a file once more, with the bytes it has. After a failed sync the system forgets
 * that pages are dirty, goes on showing them, and reports success to the next sync although the
 * disk never got them (P7): only what is written again is sure to reach it.
 *
 * <p>Most of it is copying, so long ranges are shared out between the threads that a recovery may
 * use. To be called by one thread.
 */
final class SegmentRewriter {
    /** Small, since large pieces make large folios in the page cache, which slow later appends. */
    private static final int PIECE_BYTES = 64 << 10;

    /** So much is written before the disk is sent to work on it. */
    private static final int WRITEBACK_BYTES = 1 << 20;

    /** Below it a thread more costs as much as it saves. */
    static final long SHARE_BYTES_MIN = 4L << 20;

    static final int PAGE_BYTES = 4096;

    private final MemoryBudget budget;
    private final int threads;

    /**
     * @param budget pays for a buffer of 64 KiB per thread, or for one
     * @param threads how many may work at once, at least 1
     */
    SegmentRewriter(MemoryBudget budget, int threads) {
        this.budget = budget;
        this.threads = threads;
    }

    /**
     * Writes the range and syncs the file.
     *
     * @param file open for writing; nobody else writes to it
     * @param from start of a page
     * @param to where it ends, above {@code from}
     */
    void rewrite(FileHandle file, long from, long to) {
        int shares = (int) Math.max(1, Math.min(threads, (to - from) / SHARE_BYTES_MIN));
        try (GrowableBuffer buffer = buffer(shares)) {
            // What there is memory for.
            shares = (int) (buffer.capacity() / PIECE_BYTES);
            long share = (to - from) / shares & -PAGE_BYTES;
            List<Runnable> works = new ArrayList<>();
            for (int i = 0; i < shares; i++) {
                long begin = from + i * share;
                long end = i == shares - 1 ? to : begin + share;
                long piece = buffer.address() + (long) i * PIECE_BYTES;
                works.add(() -> write(file, piece, begin, end));
            }
            ReplayThreads.run(works);
        }
        // By the descriptor that sent the disk to work: it is the one that hears of an error.
        file.sync();
    }

    private GrowableBuffer buffer(int shares) {
        long bytes = (long) shares * PIECE_BYTES;
        try {
            return new GrowableBuffer(budget, bytes, bytes);
        } catch (MemoryLimitException little) {
            return new GrowableBuffer(budget, PIECE_BYTES, PIECE_BYTES);
        }
    }

    private void write(FileHandle file, long piece, long from, long to) {
        long begun = from;
        long at = from;
        while (at < to) {
            int n = (int) Math.min(PIECE_BYTES, to - at);
            FileIo.readFully(file, piece, n, at);
            FileIo.writeFully(file, piece, n, at);
            at += n;
            if (at - begun >= WRITEBACK_BYTES) {
                // The disk works while the rest is copied.
                startWriteback(file, begun, at - begun);
                begun = at;
            }
        }
    }

    /** One thread at a time, as a handle demands. */
    private synchronized void startWriteback(FileHandle file, long from, long bytes) {
        file.startWriteback(from, bytes);
    }
}
