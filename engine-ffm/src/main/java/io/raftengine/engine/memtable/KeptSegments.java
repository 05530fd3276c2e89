package io.raftengine.engine.memtable;

/**
 * Segments of the append queue that must stay until a removal in a newer one is carried.
 *
 * <p>A note is a pair: from which segment on, and the segment of the removal, which is the active
 * one. Notes are merged, but never one that is being carried with one that is not, nor one of the
 * active segment with older ones: otherwise a load that notes something in every segment would hold
 * the first of them for ever.
 */
final class KeptSegments {
    private static final long NONE = Long.MAX_VALUE;

    private long carryingFrom = NONE;
    private long olderFrom = NONE;
    private long newestFrom = NONE;
    private long newestTo = -1;

    /** Keeps segments from {@code from} on until the removals in {@code to} are carried. */
    void keep(long from, long to) {
        if (to > newestTo) {
            olderFrom = Math.min(olderFrom, newestFrom);
            newestFrom = from;
            newestTo = to;
        } else if (to == newestTo) {
            newestFrom = Math.min(newestFrom, from);
        } else {
            olderFrom = Math.min(olderFrom, from);
        }
    }

    /** The removals in segments below {@code sealed} begin to be carried. */
    void carrying(long sealed) {
        if (newestTo < sealed) {
            olderFrom = Math.min(olderFrom, newestFrom);
            newestFrom = NONE;
            newestTo = -1;
        }
        carryingFrom = Math.min(carryingFrom, olderFrom);
        olderFrom = NONE;
    }

    /** They are carried. */
    void carried() {
        carryingFrom = NONE;
    }

    /** They could not be carried. */
    void abandoned() {
        olderFrom = Math.min(olderFrom, carryingFrom);
        carryingFrom = NONE;
    }

    /** The first segment that must stay, given that those from {@code sealed} on do anyway. */
    long first(long sealed) {
        long first = Math.min(carryingFrom, Math.min(olderFrom, newestFrom));
        return Math.min(first, sealed);
    }
}
