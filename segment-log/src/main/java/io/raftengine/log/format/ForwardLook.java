package io.raftengine.log.format;

/**
 * What stands behind a broken batch, in a signed segment.
 *
 * @param firstValidOffset where the first whole batch that is valid for this segment begins, or -1
 * @param lastValidOffset where the last of them begins that was found, or -1; it may lie inside
 *     another
 * @param validBatches how many there are, not counting one inside another
 * @param highestWatermark highest synced watermark among them, or -1
 * @param watermarkOffset where the batch with that watermark begins, or -1
 * @param complete false if the search for valid batches gave up because the file asks for more work
 *     than its length justifies; watermarks are found in any case
 */
public record ForwardLook(
        long firstValidOffset,
        long lastValidOffset,
        long validBatches,
        long highestWatermark,
        long watermarkOffset,
        boolean complete) {

    /** Nothing valid, or not looked. */
    public static final ForwardLook NOTHING = new ForwardLook(-1, -1, 0, -1, -1, true);
}
