package io.raftengine.recovery.repair;

import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.format.QueueKind;
import io.raftengine.recovery.RecoveryReport;
import io.raftengine.recovery.SegmentReport;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;

/** The format version of every segment of the damaged directory. Immutable. */
final class SourceVersions {
    private final Map<QueueKind, Map<Long, FormatVersion>> versions =
            new EnumMap<>(QueueKind.class);

    SourceVersions(RecoveryReport report) {
        for (QueueKind kind : QueueKind.values()) {
            versions.put(kind, new HashMap<>());
        }
        for (SegmentReport segment : report.segments()) {
            if (segment.version() != null) {
                versions.get(segment.kind()).put(segment.seq(), segment.version());
            }
        }
    }

    /** The version; V2 where nothing says it. */
    FormatVersion of(QueueKind kind, long seq) {
        return versions.get(kind).getOrDefault(seq, FormatVersion.V2);
    }
}
