package io.raftengine.engine.purge;

import java.util.Arrays;

/**
 * Sorts the runs of a window by where their blocks are. A key is all there is to a run here:
 *
 * <pre>
 *    bit   63       62..47             46..15         14..0
 *          +-------+------------------+--------------+-----+
 *          | queue | segment - base   | block offset | run |      unsigned
 *          +-------+------------------+--------------+-----+
 *    queue    0 append, 1 rewrite
 *    base     the first run's segment less 2^15; a window takes no run outside 2^16 segments from there
 * </pre>
 *
 * <p>A radix sort, because it needs no memory of its own and does not mind that group after group
 * is already in order; digits that all keys share cost one look. Runs of the same block stay in the
 * order they came in.
 */
final class FileOrder {
    static final int RUN_BITS = 15;
    static final int RUNS_MAX = 1 << RUN_BITS;

    private static final int OFFSET_BITS = 32;
    private static final int SEGMENT_BITS = 16;
    private static final int DIGIT_BITS = 11;
    private static final int DIGITS = 1 << DIGIT_BITS;
    private static final long SEGMENT_BIAS = 1L << SEGMENT_BITS - 1;

    private final int[] places = new int[DIGITS];
    private long[] keys;
    private long[] spare;
    private long segmentBase;
    private int count;

    FileOrder(int runsMax) {
        if (runsMax < 1 || runsMax > RUNS_MAX) {
            throw new IllegalArgumentException("a window of " + runsMax + " runs");
        }
        keys = new long[runsMax];
        spare = new long[runsMax];
    }

    void clear() {
        count = 0;
    }

    /** Whether a run in this segment can be told apart from those in the others. */
    boolean takes(long segment) {
        return count == 0 || segment - segmentBase >>> SEGMENT_BITS == 0;
    }

    /** Adds the next run; the first one has the number 0. */
    void add(boolean rewrite, long segment, long blockOffset) {
        if (count == 0) {
            segmentBase = segment - SEGMENT_BIAS;
        }
        assert takes(segment) : segment + " from " + segmentBase;
        assert blockOffset >>> OFFSET_BITS == 0 : blockOffset;
        keys[count] =
                (rewrite ? Long.MIN_VALUE : 0)
                        | segment - segmentBase << OFFSET_BITS + RUN_BITS
                        | blockOffset << RUN_BITS
                        | count;
        count++;
    }

    void removeLast() {
        count--;
    }

    /** Number of the run at a place of the order; only after {@link #sort}. */
    int run(int place) {
        return (int) keys[place] & RUNS_MAX - 1;
    }

    void sort() {
        for (int shift = RUN_BITS; shift < Long.SIZE; shift += DIGIT_BITS) {
            sortByDigit(shift);
        }
    }

    private void sortByDigit(int shift) {
        long[] from = keys;
        int[] behind = places;
        Arrays.fill(behind, 0);
        for (int i = 0; i < count; i++) {
            behind[digit(from[i], shift)]++;
        }
        if (count == 0 || behind[digit(from[0], shift)] == count) {
            return;
        }
        int sum = 0;
        for (int d = 0; d < DIGITS; d++) {
            int begin = sum;
            sum += behind[d];
            behind[d] = begin;
        }
        long[] to = spare;
        for (int i = 0; i < count; i++) {
            to[behind[digit(from[i], shift)]++] = from[i];
        }
        keys = to;
        spare = from;
    }

    private static int digit(long key, int shift) {
        return (int) (key >>> shift) & DIGITS - 1;
    }
}
