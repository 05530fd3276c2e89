package io.raftengine.recovery;

import io.raftengine.log.segment.SegmentFile;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Lets the first replay thread go ahead before the others begin, where there are as many threads as
 * processors. In a JVM that has only just started all of them would run the same code in the
 * interpreter, hardly getting anywhere, and would take the processor from the compiler, which alone
 * can end that. In a JVM that is warm the others begin some milliseconds later, and end as much
 * later.
 *
 * <p>The first thread must not need the others to get ahead, and must run before anything that
 * waits on the thread it runs on; {@link ReplayThreads} sees to that. {@link #advanced} is for the
 * first thread, the rest for any.
 */
final class HeadStart {
    /**
     * Most bytes of log to wait for: some 25,000 small batches. A quarter, twice or four times as
     * much made no difference that could be told from the scatter. The tests of all modules set it
     * to 0: their logs are small, and are to be replayed by several threads at once.
     */
    static final long BYTES_MAX =
            Math.max(0, Long.getLong("raftengine.recoveryHeadStartBytes", 4 << 20));

    /** No more than this part of what the first thread has to do. */
    private static final int PART = 16;

    private final CompletableFuture<Void> over = new CompletableFuture<>();
    private long left;

    HeadStart(long bytes) {
        left = bytes;
        if (bytes <= 0) {
            end();
        }
    }

    /**
     * The head start that is worth it.
     *
     * @param segments all segments of both queues
     * @param ends the index behind the last segment of each share
     * @param processors processors of this machine
     */
    static HeadStart of(List<SegmentFile> segments, List<Integer> ends, int processors) {
        return new HeadStart(worth(segments, ends, processors, BYTES_MAX));
    }

    static long worth(
            List<SegmentFile> segments, List<Integer> ends, int processors, long bytesMax) {
        if (ends.size() < 2 || processors > ends.size()) {
            return 0;
        }
        long first = 0;
        for (SegmentFile segment : segments.subList(0, ends.get(0))) {
            first += segment.sizeBytes();
        }
        return Math.min(bytesMax, first / PART);
    }

    /** The first thread has read so many bytes more. */
    void advanced(long bytes) {
        if (left > 0) {
            left -= bytes;
            if (left <= 0) {
                end();
            }
        }
    }

    /** There is nobody to wait for any more; the first thread says so, too, when it fails. */
    void end() {
        over.complete(null);
    }

    boolean isOver() {
        return over.isDone();
    }

    /** Returns when the first thread is far enough; an interrupt is left for later. */
    void await() {
        over.join();
    }
}
