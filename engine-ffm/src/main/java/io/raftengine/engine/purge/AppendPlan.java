package io.raftengine.engine.purge;

import java.util.function.LongToDoubleFunction;

/**
 * When the append queue is to be purged by its threshold, and how far: where waiting does not help,
 * as far as the real engine goes, which copies what lives in seven tenths of the queue. But where
 * younger segments hold more that lives than the oldest, much of it will be compacted before their
 * turn comes. Then only what the threshold asks for is freed, and less is copied.
 *
 * <pre>
 *   | oldest ............................................... active |
 *   |--- over the threshold ---|--- growth ---|            lives in them: 1 % 1 % 2 % 9 % 40 % ...
 *   |---------------- always freed -----------|---- freed if no more lives in them ----|
 *                                                                                   reach
 * </pre>
 *
 * <p>Growth is what was begun since the purge before, and so is expected until the next: with it
 * the log stays below its threshold, instead of being cut back after each time it has exceeded it,
 * and the reserves that wait for the growth are within the threshold, too. It counts for no more
 * than half of the threshold. At the first purge it is not known and counts for nothing, so the log
 * has exceeded the threshold before anything is freed.
 *
 * <p>For the purger's thread. All numbers are of segments.
 */
final class AppendPlan {
    /** Share of the queue that a purge frees at most. */
    private static final double REACH_SHARE = 0.7;

    /**
     * A purge has a price of its own: one that frees anything frees this share of the threshold.
     */
    private static final int LEAST_SHARE = 16;

    /** Fewer live bytes than this share cost nothing worth waiting for. */
    private static final double FREE_OF_CHARGE = 1.0 / 256;

    /** Segments with so much more that lives than the oldest are waited for. */
    private static final double MORE_ALIVE = 17.0 / 16;

    private final long threshold;
    private final LongToDoubleFunction liveShare;
    private long activeBefore = -1;
    private long growth;
    private long named = -1;

    /**
     * A plan.
     *
     * @param thresholdBytes the queue is purged when its segments exceed this
     * @param targetBytes size of a segment
     * @param liveShare share of a sealed segment's bytes that is live, 0 to 1
     */
    AppendPlan(long thresholdBytes, long targetBytes, LongToDoubleFunction liveShare) {
        threshold = thresholdBytes / targetBytes;
        this.liveShare = liveShare;
    }

    /**
     * A purge begins.
     *
     * @param active the active segment
     */
    void purgeBegins(long active) {
        growth = activeBefore < 0 ? 0 : active - activeBefore;
        activeBefore = active;
    }

    /** Whether the queue is longer than its threshold, or will be before the next purge. */
    boolean isDue(long first, long active) {
        return first < active && excess(first, active) > 0;
    }

    /** The last segment of which something may be copied. */
    static long reach(long first, long active) {
        return segmentAt(first, active, REACH_SHARE);
    }

    /** The last segment to be freed by a purge that is due. */
    long through(long first, long active) {
        long reach = reach(first, active);
        long freed = Math.max(excess(first, active), Math.max(1, threshold / LEAST_SHARE));
        long through = Math.min(first + freed - 1, reach);
        double alive = 0;
        for (long segment = first; segment <= through; segment++) {
            alive += liveShare.applyAsDouble(segment);
        }
        double bound = alive / (through - first + 1) * MORE_ALIVE + FREE_OF_CHARGE;
        while (through < reach && liveShare.applyAsDouble(through + 1) <= bound) {
            through++;
        }
        return through;
    }

    private long excess(long first, long active) {
        return active - first + 1 + expected() - threshold;
    }

    /**
     * Whether it is time to name groups that lie in the rewrite queue only, which is as often as
     * the real engine purges, more rarely and further. If so, they count as named now.
     */
    boolean beginNaming(long first, long active) {
        boolean over = active - first + 1 > threshold;
        if (over || named < 0 || active - named >= threshold * REACH_SHARE) {
            named = active;
            return true;
        }
        return false;
    }

    /** Segments until the next purge, the one that is prepared ahead included. */
    private long expected() {
        return growth == 0 ? 0 : Math.min(growth + 1, threshold / 2);
    }

    /** The segment at a share of the queue; never the active one. */
    static long segmentAt(long first, long active, double share) {
        return Math.min(first + (long) ((active - first + 1) * share), active - 1);
    }
}
