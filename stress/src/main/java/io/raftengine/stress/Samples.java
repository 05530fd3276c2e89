package io.raftengine.stress;

import com.fasterxml.jackson.core.JsonGenerator;
import io.raftengine.engine.RaftEngine;
import io.raftengine.tools.ProcessMemory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/**
 * What the run takes, looked at again and again: whoever reads the series can tell whether anything
 * grows without end.
 */
final class Samples implements Runnable {
    /**
     * One look.
     *
     * @param nanos since the run began to count
     * @param files files in the data directories
     * @param directoryBytes their lengths
     * @param logBytes lengths of the segments in use: without reserves and prepared segments
     * @param batches written since the engine was opened
     * @param write what the writes took that ended since the look before
     */
    private record Sample(
            long nanos,
            long files,
            long directoryBytes,
            long logBytes,
            long descriptors,
            long mappings,
            long residentBytes,
            long heapBytes,
            long memoryBytes,
            long batches,
            Latency write) {}

    /** In nanoseconds; zeros where nothing was written. */
    private record Latency(long median, long at99, long longest) {}

    private final StressRun run;
    private final long interval;
    private long begin;
    private final List<Sample> samples = new ArrayList<>();
    private final Histogram recent = WorkerFigures.newHistogram();

    /** Of each writer the one that is not being written to. */
    private final Histogram[] spare;

    Samples(StressRun run) {
        this.run = run;
        this.interval = (long) (run.options().sampleInterval * TimeUnit.SECONDS.toNanos(1));
        this.spare = new Histogram[run.options().writeThreads];
    }

    @Override
    public void run() {
        try {
            begin = run.awaitCounting();
            // A look takes milliseconds of a processor, for which neither a purge nor its control,
            // half an interval later, is to be blamed.
            long purges = (long) (run.options().purgeInterval * TimeUnit.SECONDS.toNanos(1));
            Beat beat = new Beat(run.began() + phase(interval, purges), interval).notBefore(begin);
            while (run.sleep(beat.in(System.nanoTime()))) {
                samples.add(look());
                beat.done(System.nanoTime());
            }
            samples.add(look());
        } catch (InterruptedException asked) {
            Thread.currentThread().interrupt();
        } catch (Throwable failure) {
            run.fail(failure);
        }
    }

    /**
     * When the first look is due, of whatever beats from the same moment: where one of the two
     * intervals is a multiple of the other no look falls upon a purge, nor half-way between two.
     *
     * @param purges nanoseconds from one purge to the next; 0 if nothing purges
     */
    static long phase(long interval, long purges) {
        return (purges > 0 ? Math.min(interval, purges) : interval) / 4;
    }

    private Sample look() {
        RaftEngine engine = run.engine();
        long files = 0;
        long bytes = 0;
        long logBytes = 0;
        for (Path dir : run.directories()) {
            try (DirectoryStream<Path> listing = Files.newDirectoryStream(dir)) {
                for (Path file : listing) {
                    long size = sizeOf(file);
                    files++;
                    bytes += size;
                    logBytes += isSegment(file.getFileName().toString()) ? size : 0;
                }
            } catch (IOException unreadable) {
                throw new UncheckedIOException(unreadable);
            }
        }
        Runtime runtime = Runtime.getRuntime();
        return new Sample(
                System.nanoTime() - begin,
                files,
                bytes,
                logBytes,
                ProcessMemory.openDescriptors(),
                ProcessMemory.mappings(),
                ProcessMemory.residentBytes(),
                runtime.totalMemory() - runtime.freeMemory(),
                engine.statistics().memoryBytes(),
                engine.statistics().batches(),
                writeLatency());
    }

    private Latency writeLatency() {
        recent.reset();
        int next = 0;
        for (WriteWorker writer : run.writers()) {
            spare[next] = writer.figures().recent.getIntervalHistogram(spare[next]);
            recent.add(spare[next++]);
        }
        return new Latency(
                recent.getValueAtPercentile(50),
                recent.getValueAtPercentile(99),
                recent.getMaxValue());
    }

    private static boolean isSegment(String name) {
        return name.endsWith(".raftlog") || name.endsWith(".rewrite");
    }

    /** 0 for one that went away between the listing and here: purges do not wait for samples. */
    private static long sizeOf(Path file) throws IOException {
        try {
            return Files.size(file);
        } catch (NoSuchFileException gone) {
            return 0;
        }
    }

    /**
     * @param batchesBefore those written when the run began to count
     */
    void writeJson(JsonGenerator json, long batchesBefore) throws IOException {
        json.writeArrayFieldStart("samples");
        for (Sample sample : samples) {
            json.writeStartObject();
            json.writeNumberField("s", sample.nanos() / 1e9);
            json.writeNumberField("files", sample.files());
            json.writeNumberField("directory_bytes", sample.directoryBytes());
            json.writeNumberField("log_bytes", sample.logBytes());
            json.writeNumberField("descriptors", sample.descriptors());
            json.writeNumberField("mappings", sample.mappings());
            json.writeNumberField("resident_bytes", sample.residentBytes());
            json.writeNumberField("heap_used_bytes", sample.heapBytes());
            json.writeNumberField("memory_bytes", sample.memoryBytes());
            json.writeNumberField("batches", Math.max(0, sample.batches() - batchesBefore));
            json.writeNumberField("write_p50_us", sample.write().median() / 1e3);
            json.writeNumberField("write_p99_us", sample.write().at99() / 1e3);
            json.writeNumberField("write_max_us", sample.write().longest() / 1e3);
            json.writeEndObject();
        }
        json.writeEndArray();
    }
}
