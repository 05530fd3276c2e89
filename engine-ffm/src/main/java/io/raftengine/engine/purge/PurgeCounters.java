package io.raftengine.engine.purge;

/** Totals of an engine's purges. Written by one purger at a time, read by any thread. */
public final class PurgeCounters {
    private volatile long purges;
    private volatile long nanosLongest;
    private volatile long segmentsDropped;
    private volatile long bytesWritten;

    /** All zero. */
    public PurgeCounters() {}

    /** A purge ended well. By the purger, which holds the purge lock. */
    void ended(PurgeOutcome outcome, long nanos) {
        long dropped = outcome.appendDropped() + outcome.rewriteDropped();
        segmentsDropped = segmentsDropped + dropped;
        bytesWritten = bytesWritten + outcome.bytesWritten();
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
     * How long the longest of them took.
     *
     * @return nanoseconds
     */
    public long nanosLongest() {
        return nanosLongest;
    }

    /**
     * How many segments they dropped.
     *
     * @return a count, both queues together
     */
    public long segmentsDropped() {
        return segmentsDropped;
    }

    /**
     * How much they wrote to the rewrite queue.
     *
     * @return bytes
     */
    public long bytesWritten() {
        return bytesWritten;
    }
}
