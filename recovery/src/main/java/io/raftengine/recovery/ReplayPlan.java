package io.raftengine.recovery;

import io.raftengine.log.segment.SegmentFile;
import java.util.ArrayList;
import java.util.List;

/**
 * Splits the log among threads: contiguous shares, in log order, rewrite queue before append queue,
 * such that the largest share is as small as whole segments allow. A pure function.
 */
final class ReplayPlan {
    /**
     * Below this many bytes a further thread costs more than it saves. The tests of all modules set
     * it to 1: their logs are small, and must be split all the same.
     */
    static final long SHARE_BYTES_MIN =
            Math.max(1, Long.getLong("raftengine.recoveryShareBytes", 1 << 20));

    /**
     * How many threads can work at once. The tests of all modules set it to 4, whatever machine
     * they run on: logs are to be split there, too.
     */
    static final int PROCESSORS =
            Integer.getInteger(
                    "raftengine.recoveryProcessors", Runtime.getRuntime().availableProcessors());

    /**
     * What opening a segment costs, in bytes of reading; keeps many tiny segments from landing in
     * one share.
     */
    private static final long SEGMENT_COST_BYTES = 16 << 10;

    private ReplayPlan() {}

    /**
     * How many threads are worth starting.
     *
     * @param segments all segments of both queues
     * @param threads most threads allowed
     * @param processors processors of this machine. One thread each: the system reads ahead, so
     *     that hardly one waits for the disk, and in a young JVM the compiler wants its share
     * @param shareBytesMin bytes that make a further thread worth it, at least 1
     * @return at least 1
     */
    static int usefulThreads(
            List<SegmentFile> segments, int threads, int processors, long shareBytesMin) {
        long bytes = 0;
        for (SegmentFile segment : segments) {
            bytes += segment.sizeBytes();
        }
        long useful = Math.min(1 + bytes / shareBytesMin, processors);
        return (int) Math.max(1, Math.min(Math.min(threads, segments.size()), useful));
    }

    /**
     * Cuts a list into at most {@code shares} contiguous pieces.
     *
     * @param segments the segments in log order
     * @param shares most pieces, at least 1
     * @return the index behind the last segment of each piece, ascending; the last is the size of
     *     the list
     */
    static List<Integer> split(List<SegmentFile> segments, int shares) {
        long low = 1; // the largest share allowed: too small or just right at low, enough at high
        long high = 1;
        for (SegmentFile segment : segments) {
            low = Math.max(low, cost(segment));
            high += cost(segment);
        }
        while (low < high) {
            long middle = low + (high - low) / 2;
            if (ends(segments, middle).size() <= shares) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return ends(segments, high);
    }

    private static List<Integer> ends(List<SegmentFile> segments, long shareMax) {
        List<Integer> ends = new ArrayList<>();
        long share = 0;
        for (int i = 0; i < segments.size(); i++) {
            long cost = cost(segments.get(i));
            if (share > 0 && share + cost > shareMax) {
                ends.add(i);
                share = 0;
            }
            share += cost;
        }
        if (!segments.isEmpty()) {
            ends.add(segments.size());
        }
        return ends;
    }

    private static long cost(SegmentFile segment) {
        return segment.sizeBytes() + SEGMENT_COST_BYTES;
    }
}
