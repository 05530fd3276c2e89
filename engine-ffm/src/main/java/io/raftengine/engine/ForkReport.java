package io.raftengine.engine;

import io.raftengine.log.segment.ScanAnomaly;
import java.nio.file.Path;
import java.util.List;

/**
 * What a fork did. Immutable.
 *
 * @param target the new directory
 * @param appendSegments segments of its append queue
 * @param rewriteSegments segments of its rewrite queue
 * @param linked segments that share their file with the source
 * @param cloned segments that share blocks on disk with the source until one side writes them
 * @param copied segments that were copied
 * @param copiedBytes bytes read and written again for that
 * @param bytes length of all segments
 * @param anomalies holes and duplicates in the numbering of a closed source; the files that an open
 *     sets aside because of them (D4) are not in the fork
 */
public record ForkReport(
        Path target,
        int appendSegments,
        int rewriteSegments,
        int linked,
        int cloned,
        int copied,
        long copiedBytes,
        long bytes,
        List<ScanAnomaly> anomalies) {

    /** Takes a copy of the list. */
    public ForkReport {
        anomalies = List.copyOf(anomalies);
    }
}
