package io.raftengine.stress;

/**
 * When something that is done again and again is due: at multiples of an interval, however long it
 * takes each time. Two that beat at the same interval keep out of each other's way for the whole
 * run, if they begin so.
 *
 * <p>Each time a little later than that, by up to a {@value #SPREAD_PART}th of the interval, all
 * delays alike often: else what is done by paced threads would meet it at the same moment every
 * time, or never. For one thread.
 */
final class Beat {
    private static final int SPREAD_PART = 100;

    /** Whoever wants less means "all the time". */
    private static final long INTERVAL_MIN = 1_000;

    /** Multiples of it, without their whole part, lie evenly between 0 and 1. */
    private static final double GOLDEN_RATIO = 0.618033988749895;

    private final long first;
    private final long interval;
    private long count;

    /**
     * A beat.
     *
     * @param first when it is due first, in nanoseconds
     * @param interval nanoseconds
     */
    Beat(long first, long interval) {
        this.first = first;
        this.interval = Math.max(interval, INTERVAL_MIN);
    }

    /** What becomes due before is left out. */
    Beat notBefore(long begin) {
        count = Math.max(0, Math.ceilDiv(begin - first, interval));
        return this;
    }

    /** Nanoseconds until it is due; not above 0 if it is. */
    long in(long now) {
        double turn = count * GOLDEN_RATIO;
        long delay = (long) ((turn - Math.floor(turn)) * interval / SPREAD_PART);
        return first + count * interval + delay - now;
    }

    /** It was done; what became due meanwhile is left out. */
    void done(long now) {
        count = Math.max(count, Math.floorDiv(now - first, interval)) + 1;
    }
}
