package io.raftengine.recovery.repair;

import java.nio.file.Path;

/**
 * What a repair has written. Immutable.
 *
 * @param target the repaired directory
 * @param segments segments in it
 * @param bytes their length together
 * @param batchesCopied batches that are there byte for byte, but for their signature
 * @param batchesRecoded batches that were encoded anew or added
 */
public record RepairResult(
        Path target, int segments, long bytes, long batchesCopied, long batchesRecoded) {}
