package io.raftengine.recovery;

import java.util.List;
import java.util.stream.Collectors;

/**
 * What a recovery had dropped from the disk when it failed: there is no report, and the next open
 * finds files without damage. Never thrown itself; it is among the suppressed ones of what was
 * thrown.
 */
public final class DroppedBeforeFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Not part of the serial form: the message says it all. */
    private final transient List<DroppedRange> ranges;

    DroppedBeforeFailure(List<DroppedRange> ranges) {
        super(
                "dropped before this failure: "
                        + ranges.stream()
                                .map(DroppedRange::toString)
                                .collect(Collectors.joining("; ")));
        this.ranges = List.copyOf(ranges);
    }

    /**
     * The ranges, in the order of a {@link RecoveryReport}.
     *
     * @return at least one
     */
    public List<DroppedRange> ranges() {
        return ranges;
    }
}
