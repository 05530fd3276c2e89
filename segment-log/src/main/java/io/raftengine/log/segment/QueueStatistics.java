package io.raftengine.log.segment;

/**
 * A snapshot of one queue's counters since it was opened. Times are in nanoseconds. Immutable; the
 * single values may belong to slightly different moments.
 *
 * @param segmentCount segments of the queue, the active one included
 * @param reserveCount files that wait to be used again
 * @param nextPrepared whether the next segment is ready
 * @param rotations how often a new segment was begun
 * @param rotationNanosLast how long the writer stood still in the last rotation
 * @param rotationNanosLongest how long in the longest
 * @param rotationsPrepared how many of them found a prepared segment
 * @param rotationsRecycled how many of them used an old file again
 * @param appends groups written
 * @param bytesAppended their bytes
 * @param bytesPadded zeros and repeated bytes written to fill whole pages
 * @param failedAppends groups whose write failed and was cut back
 * @param syncs successful syncs of the active segment
 * @param syncNanosLast how long the last took
 * @param syncNanosLongest how long the longest took
 * @param preallocations calls that reserved space, by the writer
 * @param writebacks background write-outs started
 * @param bytesPrefilled zeros written ahead
 * @param segmentsPrepared segments made ready ahead
 * @param segmentsPurged segments taken off the queue
 * @param segmentsReserved how many of them were kept for reuse
 */
public record QueueStatistics(
        int segmentCount,
        int reserveCount,
        boolean nextPrepared,
        long rotations,
        long rotationNanosLast,
        long rotationNanosLongest,
        long rotationsPrepared,
        long rotationsRecycled,
        long appends,
        long bytesAppended,
        long bytesPadded,
        long failedAppends,
        long syncs,
        long syncNanosLast,
        long syncNanosLongest,
        long preallocations,
        long writebacks,
        long bytesPrefilled,
        long segmentsPrepared,
        long segmentsPurged,
        long segmentsReserved) {}
