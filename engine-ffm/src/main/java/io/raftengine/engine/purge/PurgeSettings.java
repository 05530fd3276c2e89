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
     * Whether space is worth more than latency: on a full disk, where writers wait for nothing but
     * space, and where the log grows faster than it is purged. Other than the full disk, a long log
     * is no reason to exceed a limit that the user has set.
     *
     * @param sealedSegments sealed segments of the append queue
     * @param spaceIsShort whether the disk is full
     * @return true to purge without a pause
     */
    boolean isUrgent(long sealedSegments, boolean spaceIsShort) {
        return spaceIsShort
                || bytesPerSecond == 0
                        && sealedSegments * targetBytes
                                > purgeThresholdBytes + purgeThresholdBytes / 4;
    }
}
