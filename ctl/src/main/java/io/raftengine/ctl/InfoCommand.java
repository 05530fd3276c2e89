package io.raftengine.ctl;

import com.fasterxml.jackson.core.JsonGenerator;
import io.raftengine.engine.EngineConfig;
import io.raftengine.engine.EngineStatistics;
import io.raftengine.engine.RaftEngine;
import io.raftengine.engine.SegmentSpan;
import io.raftengine.error.StorageException;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.segment.ScanAnomaly;
import io.raftengine.recovery.DroppedRange;
import io.raftengine.recovery.RecoveryReport;
import io.raftengine.recovery.SegmentReport;
import io.raftengine.tools.EngineOptions;
import io.raftengine.tools.JsonLines;
import io.raftengine.tools.ProcessMemory;
import io.raftengine.tools.StandardOutput;
import io.raftengine.tools.ToolCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code info}: how long a normal open takes, what it finds and what it costs. */
@Command(description = "Opens a directory, prints figures as one JSON object, and closes it.")
final class InfoCommand extends ToolCommand {
    private static final double NANOS_PER_MILLI = 1e6;

    @Option(names = "--path", paramLabel = "DIR", required = true, description = "The directory.")
    private Path path;

    @Mixin private EngineOptions options;

    @Override
    public Integer call() throws IOException {
        EngineConfig config = options.config(path);
        if (!Files.isDirectory(path)) {
            // An open would make it, and report an empty engine for a name mistyped.
            throw new StorageException(path.toString(), "open", 0, "not a directory");
        }
        long residentBefore = ProcessMemory.residentBytes();
        long start = System.nanoTime();
        try (RaftEngine engine = RaftEngine.open(config);
                StandardOutput out = new StandardOutput();
                JsonGenerator json = JsonLines.generator(out)) {
            long openNanos = System.nanoTime() - start;
            json.writeStartObject();
            json.writeNumberField("open_ms", openNanos / NANOS_PER_MILLI);
            json.writeNumberField("resident_bytes", ProcessMemory.residentBytes());
            json.writeNumberField("resident_before_open_bytes", residentBefore);
            json.writeNumberField("peak_resident_bytes", ProcessMemory.peakResidentBytes());
            writeContent(json, engine);
            json.writeNumberField("heap_used_bytes", ProcessMemory.liveHeapBytes());
            writeReport(json, engine.recoveryReport());
            json.writeEndObject();
            JsonLines.endLine(json);
        }
        return 0;
    }

    private static void writeContent(JsonGenerator json, RaftEngine engine) throws IOException {
        EngineStatistics statistics = engine.statistics();
        json.writeNumberField("groups", statistics.groups());
        JsonLines.unsignedField(json, "entries", entries(engine));
        json.writeNumberField("index_bytes", statistics.memoryBytes());
        for (QueueKind queue : QueueKind.values()) {
            json.writeObjectFieldStart(queue.name().toLowerCase(Locale.ROOT));
            SegmentSpan span = engine.segmentSpan(queue);
            JsonLines.unsignedField(json, "first_segment", span.firstSeq());
            JsonLines.unsignedField(json, "last_segment", span.activeSeq());
            json.writeNumberField("segments", span.segmentCount());
            writeFiles(json, engine.recoveryReport(), queue);
            json.writeNumberField(
                    "reserves", queue == QueueKind.APPEND ? statistics.reservedSegments() : 0);
            json.writeEndObject();
        }
    }

    private static long entries(RaftEngine engine) {
        long[] sum = {0};
        engine.forEachGroup(group -> {
            long first = engine.firstIndex(group);
            if (first != RaftEngine.NO_INDEX) {
                sum[0] += engine.lastIndex(group) - first + 1;
            }
        });
        return sum[0];
    }

    private static void writeFiles(JsonGenerator json, RecoveryReport report, QueueKind queue)
            throws IOException {
        long bytes = 0;
        long v1 = 0;
        long v2 = 0;
        for (SegmentReport segment : report.segments()) {
            if (segment.kind() == queue) {
                bytes += segment.liveEndBytes();
                v1 += isVersion(segment, 1);
                v2 += isVersion(segment, 2);
            }
        }
        json.writeNumberField("bytes", bytes);
        json.writeObjectFieldStart("format_versions");
        json.writeNumberField("1", v1);
        json.writeNumberField("2", v2);
        json.writeEndObject();
    }

    private static int isVersion(SegmentReport segment, int number) {
        return segment.version() != null && segment.version().number() == number ? 1 : 0;
    }

    private static void writeReport(JsonGenerator json, RecoveryReport report) throws IOException {
        json.writeObjectFieldStart("recovery");
        json.writeStringField("mode", report.mode().key());
        json.writeBooleanField("clean", report.clean());
        json.writeNumberField("threads", report.threads());
        json.writeNumberField("partitions", report.partitions());
        json.writeNumberField("scan_ms", report.scanNanos() / NANOS_PER_MILLI);
        json.writeNumberField("merge_ms", report.mergeNanos() / NANOS_PER_MILLI);
        json.writeNumberField("cut_ms", report.cutNanos() / NANOS_PER_MILLI);
        json.writeNumberField("batches", report.batches());
        json.writeNumberField("damaged_blocks", report.damagedBlocks());
        json.writeArrayFieldStart("segments");
        for (SegmentReport segment : report.segments()) {
            writeSegment(json, segment);
        }
        json.writeEndArray();
        json.writeArrayFieldStart("dropped");
        for (DroppedRange range : report.dropped()) {
            writeRange(json, range);
        }
        json.writeEndArray();
        json.writeArrayFieldStart("anomalies");
        for (ScanAnomaly anomaly : report.anomalies()) {
            json.writeString(anomaly.message());
        }
        json.writeEndArray();
        json.writeNumberField("unfinished_atomic_groups", report.unfinishedGroupCount());
        json.writeEndObject();
    }

    private static void writeSegment(JsonGenerator json, SegmentReport segment) throws IOException {
        json.writeStartObject();
        json.writeStringField("file", String.valueOf(segment.path().getFileName()));
        json.writeNumberField("file_bytes", segment.fileBytes());
        json.writeNumberField("live_end", segment.liveEndBytes());
        if (segment.watermarkBytes() >= 0) {
            json.writeNumberField("watermark", segment.watermarkBytes());
        }
        json.writeNumberField("batches", segment.batches());
        json.writeEndObject();
    }

    private static void writeRange(JsonGenerator json, DroppedRange range) throws IOException {
        json.writeStartObject();
        json.writeStringField("file", String.valueOf(range.path().getFileName()));
        json.writeNumberField("from", range.fromBytes());
        json.writeNumberField("to", range.toBytes());
        json.writeStringField("cause", range.cause().text());
        json.writeStringField("detail", range.detail());
        json.writeNumberField("valid_batches_behind", range.validBatchesBehind());
        if (range.keptIn() != null) {
            json.writeStringField("kept_in", range.keptIn().toString());
        }
        json.writeEndObject();
    }
}
