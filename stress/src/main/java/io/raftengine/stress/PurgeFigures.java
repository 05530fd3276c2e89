package io.raftengine.stress;

import com.fasterxml.jackson.core.JsonGenerator;
import io.raftengine.engine.PurgeResult;
import java.io.IOException;

/** What all purges of a run did together. Written by the purger's thread. */
final class PurgeFigures {
    private static final double NANOS_PER_MILLI = 1e6;

    long purges;
    long compactedEntries;
    private long reportedGroups;
    private long bytesRewritten;
    private long appendSegmentsDropped;
    private long rewriteSegmentsDropped;
    private long nanos;
    private long nanosLongest;

    void record(PurgeResult result, long duration) {
        purges++;
        reportedGroups += result.groups().size();
        bytesRewritten += result.bytesRewritten();
        appendSegmentsDropped += result.appendSegmentsDropped();
        rewriteSegmentsDropped += result.rewriteSegmentsDropped();
        nanos += duration;
        nanosLongest = Math.max(nanosLongest, duration);
    }

    void writeJson(JsonGenerator json) throws IOException {
        json.writeObjectFieldStart("purge");
        json.writeNumberField("purges", purges);
        json.writeNumberField("duration_ms", nanos / NANOS_PER_MILLI);
        json.writeNumberField("duration_max_ms", nanosLongest / NANOS_PER_MILLI);
        json.writeNumberField("bytes_rewritten", bytesRewritten);
        json.writeNumberField("append_segments_dropped", appendSegmentsDropped);
        json.writeNumberField("rewrite_segments_dropped", rewriteSegmentsDropped);
        json.writeNumberField("reported_groups", reportedGroups);
        json.writeNumberField("compacted_entries", compactedEntries);
        json.writeEndObject();
    }

    /** One line for people. */
    String text() {
        return String.format(
                java.util.Locale.ROOT,
                "[purge]%nPurges = %d, longest = %.1f ms; rewritten = %d B; dropped = %d + %d segments; reported groups = %d%n",
                purges,
                nanosLongest / NANOS_PER_MILLI,
                bytesRewritten,
                appendSegmentsDropped,
                rewriteSegmentsDropped,
                reportedGroups);
    }
}
