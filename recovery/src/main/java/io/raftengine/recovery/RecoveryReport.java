package io.raftengine.recovery;

import io.raftengine.log.segment.ScanAnomaly;
import java.util.List;

/**
 * Everything a recovery saw and did: every segment, every dropped byte range with its reason, every
 * anomaly of the numbering. Immutable.
 *
 * @param mode the mode it ran in
 * @param readOnly true if nothing was changed on disk: ranges are then dropped from the state, not
 *     from the files
 * @param segments all segments that were replayed, rewrite queue first, ascending
 * @param dropped all dropped ranges, in the same order
 * @param anomalies holes and duplicates of the numbering, each with all file names (decision D4)
 * @param unfinishedGroups atomic groups that were ignored, at most {@link #UNFINISHED_GROUPS_MAX}
 * @param unfinishedGroupCount how many there were
 * @param threads threads that replayed
 * @param partitions contiguous stretches the log was split into
 * @param scanNanos time to read and replay, in nanoseconds
 * @param mergeNanos time to join the partitions, in nanoseconds; mostly the last segments are
 *     written once more and synced in the same time
 * @param cutNanos time to cut and sync, and to write once more what was not before, in nanoseconds
 */
public record RecoveryReport(
        RecoveryMode mode,
        boolean readOnly,
        List<SegmentReport> segments,
        List<DroppedRange> dropped,
        List<ScanAnomaly> anomalies,
        List<UnfinishedGroup> unfinishedGroups,
        long unfinishedGroupCount,
        int threads,
        int partitions,
        long scanNanos,
        long mergeNanos,
        long cutNanos) {

    /** Most unfinished groups that are listed one by one. */
    public static final int UNFINISHED_GROUPS_MAX = 100;

    /** Takes copies of the lists. */
    public RecoveryReport {
        segments = List.copyOf(segments);
        dropped = List.copyOf(dropped);
        anomalies = List.copyOf(anomalies);
        unfinishedGroups = List.copyOf(unfinishedGroups);
    }

    /**
     * Whether there is nothing to tell an operator about.
     *
     * @return true if nothing was dropped, damaged or out of order
     */
    public boolean clean() {
        return dropped.isEmpty() && anomalies.isEmpty() && damagedBlocks() == 0;
    }

    /**
     * Bytes of all replayed segments.
     *
     * @return the sum of the file sizes
     */
    public long fileBytes() {
        long sum = 0;
        for (SegmentReport segment : segments) {
            sum += segment.fileBytes();
        }
        return sum;
    }

    /**
     * Batches of all segments.
     *
     * @return how many were replayed
     */
    public long batches() {
        long sum = 0;
        for (SegmentReport segment : segments) {
            sum += segment.batches();
        }
        return sum;
    }

    /**
     * Entries blocks with a wrong checksum that were left in place.
     *
     * @return how many there are in all segments
     */
    public long damagedBlocks() {
        long sum = 0;
        for (SegmentReport segment : segments) {
            sum += segment.damagedBlocks();
        }
        return sum;
    }

    /**
     * Dropped bytes of all segments.
     *
     * @return the sum of all ranges
     */
    public long droppedBytes() {
        long sum = 0;
        for (DroppedRange range : dropped) {
            sum += range.bytes();
        }
        return sum;
    }

    /**
     * Time of the whole recovery.
     *
     * @return nanoseconds
     */
    public long nanos() {
        return scanNanos + mergeNanos + cutNanos;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(256 + 128 * segments.size());
        text.append("recovery, ").append(mode.key()).append(readOnly ? ", read-only" : "");
        text.append(": ").append(segments.size()).append(" segments, ").append(fileBytes());
        text.append(" bytes, ").append(batches()).append(" batches, ").append(threads);
        text.append(" threads, ").append(nanos() / 1000).append(" us (scan ");
        text.append(scanNanos / 1000).append(", merge ").append(mergeNanos / 1000);
        text.append(", cut and sync ").append(cutNanos / 1000).append(")\n");
        for (SegmentReport segment : segments) {
            text.append("  ").append(segment).append('\n');
        }
        for (DroppedRange range : dropped) {
            text.append("  ").append(range).append('\n');
        }
        for (ScanAnomaly anomaly : anomalies) {
            text.append("  numbering: ").append(anomaly.message()).append('\n');
        }
        for (UnfinishedGroup group : unfinishedGroups) {
            text.append("  unfinished atomic group ").append(Long.toUnsignedString(group.id()));
            text.append(", ").append(group.batches()).append(" batches from ");
            text.append(group.firstSeq()).append(':').append(group.firstOffset());
            text.append(" on ignored\n");
        }
        return text.toString();
    }
}
