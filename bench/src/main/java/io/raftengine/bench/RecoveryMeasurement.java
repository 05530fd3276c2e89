package io.raftengine.bench;

import io.raftengine.engine.Durability;
import io.raftengine.engine.EngineConfig;
import io.raftengine.engine.LogBatch;
import io.raftengine.engine.RaftEngine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * How long directories take to open that are of the shapes of the real engine's own recovery
 * benchmark (P1). Each is written once, then opened so many times; before each open its files are
 * dropped from the page cache.
 *
 * <p>One process opens all of them, so code is compiled from the second open on; for the figure of
 * a fresh process see {@code bench/recovery.sh}.
 */
public final class RecoveryMeasurement {
    /** What a directory is filled with. */
    enum Shape {
        /** Large batches, not compressed. */
        DEFAULT(1L << 30, 100, 1 << 20, 1 << 10, 256, 0),
        /** Large batches, compressed. */
        COMPRESSED(1L << 30, 100, 1 << 20, 1 << 10, 256, 8 << 10),
        /** Small batches of small entries. */
        MINI_BATCH(1L << 30, 100, 1 << 10, 256, 32, 0),
        /** Ten times as many bytes and groups. */
        TEN_GIB(10L << 30, 1000, 1 << 20, 1 << 10, 256, 0);

        final long bytes;
        final int groups;
        final int batchBytes;
        final int itemBytes;
        final int entryBytes;
        final int compressionThreshold;

        Shape(
                long bytes,
                int groups,
                int batchBytes,
                int itemBytes,
                int entryBytes,
                int compressionThreshold) {
            this.bytes = bytes;
            this.groups = groups;
            this.batchBytes = batchBytes;
            this.itemBytes = itemBytes;
            this.entryBytes = entryBytes;
            this.compressionThreshold = compressionThreshold;
        }

        String title() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    private static final int SAMPLES = 10;
    private static final long SEED = 3;
    private static final long DROP_SECONDS_MAX = 60;

    private RecoveryMeasurement() {}

    /**
     * Runs some or all shapes.
     *
     * @param args {@code all|default|compressed|mini-batch|ten-gib directory [divisor]}: one in how
     *     many of the bytes are written, 1 by default
     */
    public static void main(String[] args) {
        if (args.length < 2 || args.length > 3) {
            System.err.println(
                    "usage: RecoveryMeasurement all|default|compressed|mini-batch|ten-gib directory"
                            + " [divisor]");
            System.exit(2);
        }
        long divisor = args.length < 3 ? 1 : Long.parseLong(args[2]);
        for (Shape shape : Shape.values()) {
            if (args[0].equals("all") || args[0].equals(shape.title())) {
                Path directory = Path.of(args[1]).resolve("recovery-" + shape.title());
                long entries = fill(shape, directory, divisor);
                report(shape, entries, measure(shape, directory, entries, SAMPLES));
                ScratchEngine.delete(directory);
            }
        }
    }

    private static EngineConfig config(Shape shape, Path directory) {
        return EngineConfig.builder(directory)
                .batchCompressionThresholdBytes(shape.compressionThreshold)
                .build();
    }

    /**
     * Writes a directory.
     *
     * @return entries in it
     */
    static long fill(Shape shape, Path directory, long divisor) {
        SplittableRandom random = new SplittableRandom(SEED);
        long[] next = new long[shape.groups];
        Arrays.fill(next, 1);
        int perItem = shape.itemBytes / shape.entryBytes;
        long left = shape.bytes / divisor;
        long entries = 0;
        try (RaftEngine engine = RaftEngine.open(config(shape, directory));
                LogBatch batch = engine.newBatch()) {
            while (left > 0) {
                for (int bytes = 0; bytes < shape.batchBytes; bytes += shape.itemBytes) {
                    int group = random.nextInt(shape.groups);
                    byte[] entry = new byte[shape.entryBytes];
                    random.nextBytes(entry);
                    batch.addEntries(group, next[group], Collections.nCopies(perItem, entry));
                    next[group] += perItem;
                    entries += perItem;
                }
                engine.write(batch, Durability.BUFFERED);
                left -= shape.batchBytes;
            }
        }
        return entries;
    }

    /**
     * Opens a directory again and again, each time from the disk.
     *
     * @return how long each open took, in nanoseconds
     */
    static long[] measure(Shape shape, Path directory, long entries, int samples) {
        long[] nanos = new long[samples];
        for (int i = 0; i < samples; i++) {
            dropFromPageCache(directory);
            long started = System.nanoTime();
            try (RaftEngine engine = RaftEngine.open(config(shape, directory))) {
                nanos[i] = System.nanoTime() - started;
                demandAll(shape, engine, entries);
            }
        }
        return nanos;
    }

    /** An open that loses something takes less time than it should. */
    private static void demandAll(Shape shape, RaftEngine engine, long entries) {
        long found = 0;
        for (int group = 0; group < shape.groups; group++) {
            long last = engine.lastIndex(group);
            found += last == RaftEngine.NO_INDEX ? 0 : last;
        }
        if (found != entries) {
            throw new IllegalStateException(found + " entries of " + entries);
        }
    }

    /** By a tool that every system has, which needs no privileges for it. */
    private static void dropFromPageCache(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                List<String> command = new ArrayList<>(List.of("dd", "iflag=nocache", "count=0"));
                command.add("status=none");
                command.add("if=" + file);
                Process process = new ProcessBuilder(command).inheritIO().start();
                if (!process.waitFor(DROP_SECONDS_MAX, TimeUnit.SECONDS)
                        || process.exitValue() != 0) {
                    throw new IllegalStateException(
                            file + " cannot be dropped from the page cache");
                }
            }
        } catch (IOException refused) {
            throw new UncheckedIOException(refused);
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
    }

    private static void report(Shape shape, long entries, long[] nanos) {
        long[] sorted = nanos.clone();
        Arrays.sort(sorted);
        System.out.printf(
                Locale.ROOT,
                "{\"shape\":\"%s\",\"entries\":%d,\"samples\":%d,\"open_ms_median\":%.1f,"
                        + "\"open_ms_min\":%.1f,\"open_ms_max\":%.1f}%n",
                shape.title(),
                entries,
                sorted.length,
                (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2e6,
                sorted[0] / 1e6,
                sorted[sorted.length - 1] / 1e6);
    }
}
