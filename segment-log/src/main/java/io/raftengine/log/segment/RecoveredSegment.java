package io.raftengine.log.segment;

import io.raftengine.log.format.FormatVersion;
import java.util.Objects;

/**
 * What recovery found out about one segment. Immutable.
 *
 * @param file the file
 * @param version its own format version; of no meaning where {@code headerValid} is false
 * @param liveEnd logical end in bytes: behind the last whole batch; what lies behind it is cut when
 *     the queue is opened
 * @param headerValid false if the file has no usable header; only possible for the last segment of
 *     a queue, which then gets a new one, and for files that were emptied on request
 */
public record RecoveredSegment(
        SegmentFile file, FormatVersion version, long liveEnd, boolean headerValid) {

    /** Checks that nothing is missing and the end is no negative number. */
    public RecoveredSegment {
        Objects.requireNonNull(file, "file");
        Objects.requireNonNull(version, "version");
        if (liveEnd < 0) {
            throw new IllegalArgumentException("liveEnd " + liveEnd + " of " + file.path());
        }
    }
}
