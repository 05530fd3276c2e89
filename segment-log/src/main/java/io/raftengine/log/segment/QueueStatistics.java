package io.raftengine.log.segment;

/**
 * A snapshot of one queue's counters since it was opened. Times are in nanoseconds. Immutable; the
 * single values may belong to slightly different moments.
 *
 * @param segmentCount segments of the queue, the active one included
 * @param reserveCount files that wait to be used again
 * @param nextPrepared whether the next segment is ready
 * @param rotations how often a new segment was begun
 * @param rotationNanosLongest how long the writer stood still in the longest rotation
 * @param rotationsPrepared how many rotations found a prepared segment
 * @param rotationsRecycled how many of them used an old file again
 * @param appends groups written
 * @param bytesAppended their bytes
 * @param bytesPadded zeros and repeated bytes written to fill whole pages
 * @param syncs successful syncs of the active segment
 * @param syncNanosLongest how long the longest of them took
 * @param preallocations calls that reserved space, by the writer
 * @param writebacks background write-outs started
 * @param bytesPrefilled zeros written ahead
 * @param segmentsPurged segments taken off the queue
 */
public record QueueStatistics(
        int segmentCount,
        int reserveCount,
        boolean nextPrepared,
        long rotations,
        long rotationNanosLongest,
        long rotationsPrepared,
        long rotationsRecycled,
        long appends,
        long bytesAppended,
        long bytesPadded,
        long syncs,
        long syncNanosLongest,
        long preallocations,
        long writebacks,
        long bytesPrefilled,
        long segmentsPurged) {}
