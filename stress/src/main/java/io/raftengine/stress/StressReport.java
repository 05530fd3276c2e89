package io.raftengine.stress;

import com.fasterxml.jackson.core.JsonGenerator;
import io.raftengine.allocator.Memory;
import io.raftengine.engine.EngineConfig;
import io.raftengine.engine.EngineStatistics;
import io.raftengine.tools.JsonLines;
import io.raftengine.tools.ProcessMemory;
import io.raftengine.tools.ToolVersion;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Locale;
import java.util.Map;
import org.HdrHistogram.Histogram;

/**
 * The figures of a run, for people and for machines. Times inside histograms are nanoseconds, those
 * beside them microseconds.
 */
final class StressReport {
    private static final double NANOS_PER_MICRO = 1e3;

    private static final long UNKNOWN = -1;

    private final StressOptions options;
    private final EngineConfig config;
    private final KindFigures write;
    private final KindFigures read;
    private final PurgeFigures purges;
    private final Samples samples;
    private final ProcessFigures process;
    private final EngineStatistics before;
    private final EngineStatistics after;
    private final long liveEntries;
    private final long verifiedEntries;
    private final long residentBytes = ProcessMemory.residentBytes();
    private final long peakResidentBytes = ProcessMemory.peakResidentBytes();
    private final long heapUsedBytes = ProcessMemory.liveHeapBytes();

    /**
     * @param write null without writers
     * @param read null without readers
     * @param purges null without purges
     * @param samples null if none were taken
     * @param process what the JVM did in the time that counts
     * @param before the engine's counters when that began
     * @param after and when it ended
     * @param liveEntries entries the engine holds at the end
     * @param verifiedEntries entries that were checked at the end, or -1 if none were
     */
    StressReport(
            StressOptions options,
            EngineConfig config,
            KindFigures write,
            KindFigures read,
            PurgeFigures purges,
            Samples samples,
            ProcessFigures process,
            EngineStatistics before,
            EngineStatistics after,
            long liveEntries,
            long verifiedEntries) {
        this.options = options;
        this.config = config;
        this.write = write;
        this.read = read;
        this.purges = purges;
        this.samples = samples;
        this.process = process;
        this.before = before;
        this.after = after;
        this.liveEntries = liveEntries;
        this.verifiedEntries = verifiedEntries;
    }

    private long syncs() {
        return after.syncedGroups() - before.syncedGroups();
    }

    private long rotations() {
        return after.rotations() - before.rotations();
    }

    private long rotationNanosLongest() {
        return longest(rotations(), before.rotationNanosLongest(), after.rotationNanosLongest());
    }

    /**
     * The longest of so many, {@link #UNKNOWN} if the warm-up had one as long: the engine keeps
     * none but the longest since it was opened.
     */
    private long longest(long count, long nanosBefore, long nanosAfter) {
        if (options.warmUp == 0 || nanosAfter > nanosBefore) {
            return nanosAfter;
        }
        return count == 0 ? 0 : UNKNOWN;
    }

    private double batchesPerSync() {
        return KindFigures.ratio(after.syncedBatches() - before.syncedBatches(), syncs());
    }

    private double allocatedPerOp() {
        long ops = (write == null ? 0 : write.ops) + (read == null ? 0 : read.ops);
        long workers =
                (write == null ? 0 : write.allocatedBytes)
                        + (read == null ? 0 : read.allocatedBytes);
        return KindFigures.ratio(options.virtualThreads ? process.allocatedBytes() : workers, ops);
    }

    /** Behind the first quarter, of the writers and readers; 0 where virtual threads hide it. */
    private double steadyAllocatedPerOp() {
        long ops = (write == null ? 0 : write.steadyOps) + (read == null ? 0 : read.steadyOps);
        long bytes =
                (write == null ? 0 : write.steadyAllocatedBytes)
                        + (read == null ? 0 : read.steadyAllocatedBytes);
        return KindFigures.ratio(bytes, ops);
    }

    // ---- for machines
    // ----------------------------------------------------------------------------

    void writeJson(OutputStream out) throws IOException {
        try (JsonGenerator json = JsonLines.generator(out)) {
            json.writeStartObject();
            writeSettings(json);
            writeKind(json, "write", write);
            writeKind(json, "read", read);
            writeProcess(json);
            writeEngine(json);
            if (purges != null) {
                purges.writeJson(json);
            }
            if (samples != null) {
                samples.writeJson(json, before.batches());
            }
            json.writeEndObject();
            JsonLines.endLine(json);
        }
    }

    private void writeSettings(JsonGenerator json) throws IOException {
        json.writeObjectFieldStart("settings");
        json.writeStringField("command", "stress");
        json.writeStringField("implementation", new ToolVersion().getVersion()[0]);
        json.writeStringField("path", options.path.toString());
        json.writeNumberField("time", options.time);
        json.writeNumberField("warm_up", options.warmUp);
        json.writeNumberField("regions", options.regions);
        json.writeNumberField("purge_interval", options.purgeInterval);
        json.writeNumberField("compact_count", options.compactCount);
        json.writeNumberField("force_compact_factor", options.forceCompactFactor);
        json.writeNumberField("write_threads", options.writeThreads);
        json.writeNumberField("write_ops_per_thread", options.writeOpsPerThread);
        json.writeNumberField("read_threads", options.readThreads);
        json.writeNumberField("read_ops_per_thread", options.readOpsPerThread);
        json.writeNumberField("entry_size", options.entrySize);
        json.writeNumberField("write_entry_count", options.writeEntryCount);
        json.writeNumberField("write_region_count", options.writeRegionCount);
        json.writeNumberField("hot_regions", options.hotRegions);
        json.writeNumberField("hot_writes", options.hotWrites);
        json.writeNumberField("idle_regions", options.idleRegions);
        json.writeBooleanField("write_without_sync", options.writeWithoutSync);
        json.writeBooleanField("reuse_data", options.reuseData);
        json.writeBooleanField("verify", options.verify);
        json.writeNumberField("seed", options.seed);
        // Whether assertions are really on, not only asked for (decision D23).
        json.writeBooleanField("checked", Memory.checked());
        json.writeBooleanField("virtual_threads", options.virtualThreads);
        json.writeObjectFieldStart("engine");
        for (Map.Entry<String, String> setting : config.toMap().entrySet()) {
            json.writeStringField(setting.getKey(), setting.getValue());
        }
        json.writeEndObject();
        json.writeEndObject();
    }

    private static void writeKind(JsonGenerator json, String name, KindFigures figures)
            throws IOException {
        if (figures == null) {
            return;
        }
        json.writeObjectFieldStart(name);
        json.writeNumberField("ops", figures.ops);
        json.writeNumberField("seconds", figures.seconds);
        json.writeNumberField("ops_per_s", figures.opsPerSecond);
        json.writeNumberField("bytes_per_s", figures.bytesPerSecond);
        json.writeNumberField("fairness", figures.fairness);
        writeLatency(json, "latency_us", figures.latency);
        json.writeStringField("histogram", KindFigures.encode(figures.latency));
        json.writeStringField("histogram_unit", "ns");
        if (figures.service != null) {
            writeLatency(json, "service_us", figures.service);
            json.writeStringField("service_histogram", KindFigures.encode(figures.service));
        }
        if (figures.duringPurge != null) {
            writePart(json, "during_purge", figures.duringPurge);
            writePart(json, "outside_purge", figures.outsidePurge);
            writePart(json, "during_control", figures.duringControl);
            json.writeNumberField("purge_p99_ratio", figures.purgeRatioAt99());
            json.writeNumberField("control_p99_ratio", figures.controlRatioAt99());
        }
        json.writeEndObject();
    }

    private static void writePart(JsonGenerator json, String name, Histogram part)
            throws IOException {
        json.writeObjectFieldStart(name);
        json.writeNumberField("ops", part.getTotalCount());
        writeLatency(json, "latency_us", part);
        json.writeStringField("histogram", KindFigures.encode(part));
        json.writeEndObject();
    }

    private static void writeLatency(JsonGenerator json, String name, Histogram histogram)
            throws IOException {
        json.writeObjectFieldStart(name);
        json.writeNumberField("min", micros(histogram.getMinValue()));
        json.writeNumberField("avg", micros(histogram.getMean()));
        json.writeNumberField("p50", at(histogram, 50));
        json.writeNumberField("p90", at(histogram, 90));
        json.writeNumberField("p95", at(histogram, 95));
        json.writeNumberField("p99", at(histogram, 99));
        json.writeNumberField("p99_9", at(histogram, 99.9));
        json.writeNumberField("max", micros(histogram.getMaxValue()));
        json.writeEndObject();
    }

    private void writeProcess(JsonGenerator json) throws IOException {
        json.writeObjectFieldStart("process");
        json.writeNumberField("resident_bytes", residentBytes);
        json.writeNumberField("peak_resident_bytes", peakResidentBytes);
        json.writeNumberField("heap_used_bytes", heapUsedBytes);
        json.writeNumberField("gc_pauses", process.gcPauses());
        json.writeNumberField("gc_pause_ms", process.gcPauseMillis());
        json.writeNumberField("allocated_bytes_per_op", allocatedPerOp());
        if (!options.virtualThreads) {
            json.writeNumberField("steady_allocated_bytes_per_op", steadyAllocatedPerOp());
        }
        json.writeNumberField("allocated_bytes", process.allocatedBytes());
        json.writeNumberField("written_bytes", process.writtenBytes());
        json.writeNumberField("cpu_s", process.cpuNanos() / 1e9);
        json.writeEndObject();
    }

    private void writeEngine(JsonGenerator json) throws IOException {
        json.writeObjectFieldStart("engine");
        json.writeNumberField("rotations", rotations());
        writeLongest(json, "rotation_max_us", rotationNanosLongest());
        json.writeNumberField("syncs", syncs());
        long fileSyncs = after.syncs() - before.syncs();
        json.writeNumberField("file_syncs", fileSyncs);
        writeLongest(
                json,
                "sync_max_us",
                longest(fileSyncs, before.syncNanosLongest(), after.syncNanosLongest()));
        json.writeNumberField("batches_per_sync", batchesPerSync());
        json.writeNumberField("batches", after.batches() - before.batches());
        json.writeNumberField("commit_groups", after.commitGroups() - before.commitGroups());
        json.writeNumberField("watermarks", after.watermarks() - before.watermarks());
        json.writeNumberField("groups", after.groups());
        json.writeNumberField("live_entries", liveEntries);
        json.writeNumberField("memory_bytes", after.memoryBytes());
        json.writeNumberField("memory_peak_bytes", after.memoryPeakBytes());
        json.writeNumberField("append_segments", after.appendSegments());
        json.writeNumberField("rewrite_segments", after.rewriteSegments());
        json.writeNumberField("reserved_segments", after.reservedSegments());
        if (verifiedEntries >= 0) {
            json.writeNumberField("verified_entries", verifiedEntries);
        }
        json.writeEndObject();
    }

    private static void writeLongest(JsonGenerator json, String name, long nanos)
            throws IOException {
        if (nanos == UNKNOWN) {
            json.writeNullField(name);
        } else {
            json.writeNumberField(name, micros(nanos));
        }
    }

    // ---- for people
    // --------------------------------------------------------------------------------

    String text() {
        StringBuilder out = new StringBuilder();
        if (options.warmUp > 0) {
            line(out, "[warm-up]\nSeconds = %s, counted in no figure", options.warmUp);
        }
        describe(out, "write", write);
        describe(out, "read", read);
        if (purges != null) {
            out.append(purges.text());
        }
        boolean known = rotationNanosLongest() != UNKNOWN;
        line(
                out,
                "[engine]\nRotations = %d, longest %s %.1f us; Syncs = %d, batches per sync = %.2f",
                rotations(),
                known ? "=" : "<=",
                micros(known ? rotationNanosLongest() : after.rotationNanosLongest()),
                syncs(),
                batchesPerSync());
        line(
                out,
                "[process]\nResident = %d B; Heap = %d B; GC pauses = %d (%d ms); Allocated per operation = %.2f B, behind the first quarter %.2f B",
                residentBytes,
                heapUsedBytes,
                process.gcPauses(),
                process.gcPauseMillis(),
                allocatedPerOp(),
                steadyAllocatedPerOp());
        if (verifiedEntries >= 0) {
            line(out, "[verify]\nEntries checked at the end = %d, all as written", verifiedEntries);
        }
        return out.toString();
    }

    private static void describe(StringBuilder out, String name, KindFigures figures) {
        if (figures == null) {
            return;
        }
        line(out, "[%s]%nThroughput(QPS) = %.2f", name, figures.opsPerSecond);
        describe(out, "Latency", figures.latency);
        if (figures.service != null) {
            describe(out, "Service", figures.service);
        }
        if (figures.duringPurge != null && figures.duringPurge.getTotalCount() > 0) {
            describe(out, "During purge", figures.duringPurge);
            describe(out, "Outside purge", figures.outsidePurge);
            describe(out, "During control", figures.duringControl);
            line(
                    out,
                    "p99 during / outside purge = %.2f, and of purges that do nothing = %.2f",
                    figures.purgeRatioAt99(),
                    figures.controlRatioAt99());
        }
        line(out, "Bandwidth = %.2f MiB/s", figures.bytesPerSecond / (1 << 20));
        line(out, "Fairness = %.1f%%", figures.fairness * 100);
    }

    private static void describe(StringBuilder out, String title, Histogram histogram) {
        line(
                out,
                "%s(us) min = %.1f, avg = %.1f, p50 = %.1f, p90 = %.1f, p95 = %.1f, p99 = %.1f, p99.9 = %.1f, max = %.1f",
                title,
                micros(histogram.getMinValue()),
                micros(histogram.getMean()),
                at(histogram, 50),
                at(histogram, 90),
                at(histogram, 95),
                at(histogram, 99),
                at(histogram, 99.9),
                micros(histogram.getMaxValue()));
    }

    private static void line(StringBuilder out, String format, Object... values) {
        out.append(String.format(Locale.ROOT, format, values)).append('\n');
    }

    private static double at(Histogram histogram, double percentile) {
        return micros(histogram.getValueAtPercentile(percentile));
    }

    private static double micros(long nanos) {
        return micros((double) nanos);
    }

    private static double micros(double nanos) {
        return nanos / NANOS_PER_MICRO;
    }
}
