package io.raftengine.engine.purge;

/** Totals of an engine's purges. Written by one purger at a time, read by any thread. */
public final class PurgeCounters {
    private volatile long purges;
    private volatile long nanosLongest;
    private volatile long segmentsDropped;
    private volatile long bytesWritten;

    /** All zero. */
    public PurgeCounters() {}

    /**
     * What a purge did, whether it ended well or not. By the purger, which holds the purge lock.
     */
    void did(PurgeOutcome outcome) {
        long dropped = outcome.appendDropped() + outcome.rewriteDropped();
        segmentsDropped = segmentsDropped + dropped;
        bytesWritten = bytesWritten + outcome.bytesWritten();
    }

    /** A purge ended well. By the purger. */
    void ended(long nanos) {
        nanosLongest = Math.max(nanosLongest, nanos);
        purges = purges + 1;
    }

    /**
     * How many purges ended well.
     *
     * @return a count, forced ones included
     */
    public long purges() {
        return purges;
    }

    /**
     * How long the longest of those took.
     *
     * @return nanoseconds
     */
    public long nanosLongest() {
        return nanosLongest;
    }

    /**
     * How many segments were dropped, by purges that failed later as well.
     *
     * @return a count, both queues together
     */
    public long segmentsDropped() {
        return segmentsDropped;
    }

    /**
     * How much was written to the rewrite queue, by purges that failed as well.
     *
     * @return bytes
     */
    public long bytesWritten() {
        return bytesWritten;
    }
}
