package io.raftengine.engine.purge;

import java.util.function.LongSupplier;

/**
 * How an engine purges.
 *
 * @param targetBytes size of a segment
 * @param purgeThresholdBytes the append queue is purged when its segments exceed this
 * @param rewriteThresholdBytes the rewrite queue is squeezed when its segments exceed this
 * @param garbageRatio and so much of it is garbage
 * @param appendGarbageRatio the append queue is purged early when its segments exceed {@code
 *     rewriteThresholdBytes} and so much of it is garbage
 * @param compressionThreshold copies of at least so many bytes are compressed; 0 for never
 * @param compressionLevel LZ4 acceleration
 * @param bytesPerSecond most bytes to read and write; 0 to adapt to the writers
 * @param memoryLimitBytes of the engine; the window is small beside it
 * @param listenersGate asked for the first segment of the append queue that must stay
 */
public record PurgeSettings(
        long targetBytes,
        long purgeThresholdBytes,
        long rewriteThresholdBytes,
        double garbageRatio,
        double appendGarbageRatio,
        int compressionThreshold,
        int compressionLevel,
        long bytesPerSecond,
        long memoryLimitBytes,
        LongSupplier listenersGate) {
    /**
     * Whether the log grows faster than it is purged: then space is worth more than latency. A
     * limit that the user has set is a limit all the same.
     *
     * @param sealedSegments sealed segments of the append queue
     * @return true to purge without a pause
     */
    boolean isUrgent(long sealedSegments) {
        return bytesPerSecond == 0
                && sealedSegments * targetBytes > purgeThresholdBytes + purgeThresholdBytes / 4;
    }
}
