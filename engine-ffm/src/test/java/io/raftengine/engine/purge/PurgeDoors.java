package io.raftengine.engine.purge;

/** What only tests may ask of a purger: to stop half-way, and to cut copies into small batches. */
public final class PurgeDoors {
    private PurgeDoors() {}

    /** Stops when the removals are in the rewrite queue: a purge that was interrupted there. */
    public static PurgeOutcome stopAfterRemovals(PurgeManager purge, long through) {
        return purge.rewriteAppend(through, AppendRewrite.StopAfter.REMOVALS);
    }

    /** Stops when the copies are in place, before anything is dropped. */
    public static PurgeOutcome stopAfterCopies(PurgeManager purge, long through) {
        return purge.rewriteAppend(through, AppendRewrite.StopAfter.COPIES);
    }

    /** How often purges of this engine asked for the write token so far. */
    public static long tokenSteps(PurgeManager purge) {
        return purge.tokenSteps();
    }

    /**
     * Batches of this size from now on, and windows not much larger; copies of the append queue as
     * atomic groups, if asked.
     */
    public static void cut(PurgeManager purge, long batchBytes, boolean alwaysAtomic) {
        purge.setShape(new CopyShape(batchBytes, alwaysAtomic, 2 * batchBytes + 1000));
    }
}
