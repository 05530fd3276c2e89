package io.raftengine.recovery;

import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.format.QueueKind;
import java.nio.file.Path;

/**
 * What recovery found in one segment.
 *
 * @param kind queue of the segment
 * @param seq number of the segment
 * @param path path of the segment
 * @param fileBytes size of the file when it was opened
 * @param version format version, or null if neither the header nor, in a repair, the first batch
 *     says it
 * @param batches whole batches that were replayed
 * @param liveEndBytes offset behind the last of them: where the next batch of this segment would go
 * @param watermarkBytes highest synced watermark seen anywhere in the segment, or -1 if it carries
 *     none
 * @param damagedBlocks entries blocks with a wrong checksum that were left in place, since they lie
 *     where the log is whole otherwise; reading their entries is a corruption error
 * @param firstDamagedBlock offset of the first batch with such a block, or -1
 */
public record SegmentReport(
        QueueKind kind,
        long seq,
        Path path,
        long fileBytes,
        FormatVersion version,
        long batches,
        long liveEndBytes,
        long watermarkBytes,
        long damagedBlocks,
        long firstDamagedBlock) {

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(120);
        text.append(path).append(": ").append(fileBytes).append(" bytes, ");
        text.append(version == null ? "no header" : version.toString());
        text.append(", ").append(batches).append(" batches up to ").append(liveEndBytes);
        if (watermarkBytes >= 0) {
            text.append(", synced up to ").append(watermarkBytes);
        }
        if (damagedBlocks > 0) {
            text.append(", ").append(damagedBlocks);
            text.append(" damaged entries blocks, first in the batch at ")
                    .append(firstDamagedBlock);
        }
        return text.toString();
    }
}
