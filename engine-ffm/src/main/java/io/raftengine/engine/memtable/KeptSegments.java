package io.raftengine.engine.memtable;

/**
 * Segments of the append queue that must stay until a removal in a newer one is carried.
 *
 * <p>What was noted with the newest segment is kept apart from what was noted before: the latter is
 * carried by the next purge even if the former grows all the time.
 */
final class KeptSegments {
    private static final long NONE = Long.MAX_VALUE;

    private long olderFrom = NONE;
    private long olderTo = -1;
    private long newestFrom = NONE;
    private long newestTo = -1;

    /** Keeps segments from {@code from} on until the removals in {@code to} are carried. */
    void keep(long from, long to) {
        if (to > newestTo) {
            olderFrom = Math.min(olderFrom, newestFrom);
            olderTo = Math.max(olderTo, newestTo);
            newestFrom = from;
            newestTo = to;
        } else if (to == newestTo) {
            newestFrom = Math.min(newestFrom, from);
        } else {
            olderFrom = Math.min(olderFrom, from);
            olderTo = Math.max(olderTo, to);
        }
    }

    /** Removals in segments below {@code sealed} are carried. */
    void carried(long sealed) {
        if (olderTo < sealed) {
            olderFrom = NONE;
            olderTo = -1;
        }
        if (newestTo < sealed) {
            newestFrom = NONE;
            newestTo = -1;
        }
    }

    /** The first segment that must stay, given that those from {@code sealed} on do anyway. */
    long first(long sealed) {
        long first = sealed;
        if (olderTo >= sealed) {
            first = Math.min(first, olderFrom);
        }
        if (newestTo >= sealed) {
            first = Math.min(first, newestFrom);
        }
        return first;
    }
}
