package io.raftengine.log.segment;

/**
 * What the writer and the background agent counted. Each field is written by one thread at a time
 * and read by any; a reader may see a value that is a moment old, never a torn one on a 64-bit
 * machine. Not volatile: the append path writes several.
 */
final class QueueCounters {
    // Writer.
    long rotations;
    long rotationNanosLast;
    long rotationNanosLongest;
    long rotationsPrepared;
    long rotationsRecycled;
    long appends;
    long bytesAppended;
    long bytesPadded;
    long syncs;
    long syncNanosLast;
    long syncNanosLongest;
    long preallocations;
    long failedAppends;
    // Background agent.
    long writebacks;
    long bytesPrefilled;
    long segmentsPrepared;
    // Purger.
    long segmentsPurged;
    long segmentsReserved;

    /**
     * Mean bytes of a synced group, over about the last 16; what {@link PrefillPolicy#AUTO} decides
     * by. A group is the last append before a sync and not all since the sync before: filling ahead
     * helps a write that waits for the disk. Megabytes of buffered writes that are synced now and
     * then gain nothing by it and would pay twice, for the zeros and for writing whole pages.
     */
    long syncedBytesMean;

    /** Bytes of the last append; 0 if a sync came after it. */
    private long unsyncedAppendBytes;

    void appended(long bytes) {
        appends++;
        bytesAppended += bytes;
        unsyncedAppendBytes = bytes;
    }

    void synced(long nanos) {
        syncs++;
        syncNanosLast = nanos;
        syncNanosLongest = Math.max(syncNanosLongest, nanos);
        if (unsyncedAppendBytes > 0) {
            syncedBytesMean += (unsyncedAppendBytes - syncedBytesMean) / 16;
            unsyncedAppendBytes = 0;
        }
    }

    void rotated(long nanos) {
        rotations++;
        rotationNanosLast = nanos;
        rotationNanosLongest = Math.max(rotationNanosLongest, nanos);
    }
}
