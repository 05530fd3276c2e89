package io.raftengine.log.segment;

import java.util.Arrays;

/**
 * How many reserves the writers will use up before the next purge brings new ones, by what they
 * used the last few times. More would be space that nobody uses.
 *
 * <p>For the purger.
 */
final class ReserveNeed {
    /** How many times are looked back on: a rare burst finds its reserves still there. */
    private static final int TIMES = 16;

    private final long[] begun = new long[TIMES];
    private int count;
    private long activeBefore = -1;

    /**
     * A purge is about to take segments off the queue.
     *
     * @param active the active segment
     */
    void purged(long active) {
        if (active == activeBefore) {
            return; // the same purge, step by step, or nobody wrote
        }
        if (activeBefore >= 0) {
            begun[count++ % TIMES] = active - activeBefore;
        }
        activeBefore = active;
    }

    /** How many were enough each time; as many as may be kept until that is known. */
    long always() {
        return enoughIn(1, 1);
    }

    /** How many were enough three times out of four; as many as may be kept until that is known. */
    long mostly() {
        return enoughIn(3, 4);
    }

    private long enoughIn(int part, int of) {
        if (count == 0) {
            return Long.MAX_VALUE;
        }
        long[] sorted = Arrays.copyOf(begun, Math.min(count, TIMES));
        Arrays.sort(sorted);
        return sorted[(sorted.length * part + of - 1) / of - 1];
    }
}
