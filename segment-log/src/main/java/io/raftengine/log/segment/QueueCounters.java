package io.raftengine.log.segment;

/**
 * What the writer and the background agent counted. Each field is written by one thread at a time
 * and read by any; a reader may see a value that is a moment old, never a torn one on a 64-bit
 * machine. Not volatile: the append path writes several.
 */
final class QueueCounters {
    // Writer.
    long rotations;
    long rotationNanosLongest;
    long rotationsPrepared;
    long rotationsRecycled;
    long appends;
    long bytesAppended;
    long bytesPadded;
    long syncs;
    long syncNanosLongest;
    long preallocations;
    // Background agent.
    long writebacks;
    long bytesPrefilled;
    // Purger.
    long segmentsPurged;

    /** Until enough is known, nothing is filled: some fifty synced writes change it. */
    private static final double APPENDS_PER_SYNC_AT_FIRST = 64;

    /** A hundred appends take about half off. */
    private static final int FORGET_SHIFT = 7;

    /** How many syncs the mean is about. */
    private static final int MEAN_OVER = 16;

    /** Where a sync covers fewer appends than this on average, writers wait for the disk. */
    private static final double FEW_APPENDS = 4;

    /** Mean number of appends that a sync covers. */
    private double appendsPerSync = APPENDS_PER_SYNC_AT_FIRST;

    private int unsyncedAppends;

    /** As long as the longest append lately; one of a kind is forgotten after a few hundred. */
    long longAppendBytes;

    void appended(long bytes) {
        appends++;
        bytesAppended += bytes;
        longAppendBytes = Math.max(bytes, longAppendBytes - (longAppendBytes >> FORGET_SHIFT));
        unsyncedAppends++;
    }

    void synced(long nanos) {
        syncs++;
        syncNanosLongest = Math.max(syncNanosLongest, nanos);
        if (unsyncedAppends > 0) {
            appendsPerSync += (unsyncedAppends - appendsPerSync) / MEAN_OVER;
            unsyncedAppends = 0;
        }
    }

    /**
     * Whether syncs come so often that writers wait for them; what {@link PrefillPolicy#AUTO}
     * decides by. Filling ahead helps a write that waits for the disk. Many buffered writes that
     * are synced now and then gain nothing by it and would pay twice, for the zeros and for writing
     * whole pages.
     */
    boolean syncsFewAppends() {
        return appendsPerSync < FEW_APPENDS;
    }

    void rotated(long nanos) {
        rotations++;
        rotationNanosLongest = Math.max(rotationNanosLongest, nanos);
    }
}
