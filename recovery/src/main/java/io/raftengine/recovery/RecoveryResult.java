package io.raftengine.recovery;

import io.raftengine.log.segment.RecoveredSegment;
import java.util.List;

/**
 * Outcome of a recovery.
 *
 * @param append segments of the append queue, ascending, each with its live end
 * @param rewrite segments of the rewrite queue, ascending
 * @param report what was found and dropped
 */
public record RecoveryResult(
        List<RecoveredSegment> append, List<RecoveredSegment> rewrite, RecoveryReport report) {
    /** Takes copies of the lists. */
    public RecoveryResult {
        append = List.copyOf(append);
        rewrite = List.copyOf(rewrite);
    }
}
