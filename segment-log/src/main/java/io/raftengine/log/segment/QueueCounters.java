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
     * by.
     */
    long syncedBytesMean;

    private long bytesAtLastSync;

    void synced(long nanos) {
        syncs++;
        syncNanosLast = nanos;
        syncNanosLongest = Math.max(syncNanosLongest, nanos);
        long group = bytesAppended - bytesAtLastSync;
        bytesAtLastSync = bytesAppended;
        if (group > 0) {
            syncedBytesMean += (group - syncedBytesMean) / 16;
        }
    }

    void rotated(long nanos) {
        rotations++;
        rotationNanosLast = nanos;
        rotationNanosLongest = Math.max(rotationNanosLongest, nanos);
    }
}
