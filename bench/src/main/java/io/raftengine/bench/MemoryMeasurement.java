package io.raftengine.bench;

import io.raftengine.engine.Durability;
import io.raftengine.engine.EngineConfig;
import io.raftengine.engine.LogBatch;
import io.raftengine.engine.RaftEngine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import javax.management.JMException;
import javax.management.ObjectName;

/**
 * Resident memory of the index: how much larger a process is because an engine holds so many
 * entries or groups.
 *
 * <p>One process measures one case, either right after it wrote the data or after it opened what
 * another process wrote. First it does the same with a tenth of the data in another directory and
 * throws that away, so that compiled code and class data are there before the first look. The heap
 * is given its size at the start and touched whole ({@code -Xms} equal to {@code -Xmx}, {@code
 * -XX:+AlwaysPreTouch}), so that what grows between two looks is not heap.
 */
public final class MemoryMeasurement {
    /** What an engine is filled with. */
    private enum Shape {
        /** One entry per batch. */
        SINGLE,
        /** Ten entries per batch, of one group. */
        TENS,
        /** Groups without entries, each with a key of 6 bytes and a value of 16. */
        IDLE;

        void fill(RaftEngine engine, long count, long groups) {
            switch (this) {
                case SINGLE -> fillEntries(engine, count, groups, 1);
                case TENS -> fillEntries(engine, count, groups, 10);
                case IDLE -> fillGroups(engine, count);
            }
        }
    }

    private static final int ENTRY_BYTES = 32;
    private static final int GROUPS_PER_BATCH = 100;
    private static final int WARMUP_SHARE = 10;
    private static final long COMPILER_MILLIS = 2000;

    private MemoryMeasurement() {}

    /**
     * Runs one case.
     *
     * @param args {@code fill|live|recovered single|tens|idle count groups directory}; {@code fill}
     *     only leaves the directory for {@code recovered}
     */
    public static void main(String[] args) {
        if (args.length != 5) {
            System.err.println(
                    "usage: MemoryMeasurement fill|live|recovered single|tens|idle count groups directory");
            System.exit(2);
        }
        Shape shape = Shape.valueOf(args[1].toUpperCase(Locale.ROOT));
        long count = Long.parseLong(args[2]);
        long groups = Long.parseLong(args[3]);
        Path directory = Path.of(args[4]);
        switch (args[0]) {
            case "fill" -> {
                fill(shape, count, groups, directory);
                fill(shape, count / WARMUP_SHARE, groups, warmup(directory));
            }
            case "live" -> measureLive(shape, count, groups, directory);
            case "recovered" -> measureRecovered(args[1], count, directory);
            default -> throw new IllegalArgumentException(args[0]);
        }
    }

    private static Path warmup(Path directory) {
        return directory.resolveSibling(directory.getFileName() + "-warmup");
    }

    private static EngineConfig config(Path directory) {
        return EngineConfig.builder(directory).build();
    }

    private static void fill(Shape shape, long count, long groups, Path directory) {
        try (RaftEngine engine = RaftEngine.open(config(directory))) {
            shape.fill(engine, count, groups);
        }
    }

    private static void measureLive(Shape shape, long count, long groups, Path directory) {
        fill(shape, count / WARMUP_SHARE, groups, warmup(directory));
        long before = residentBytes();
        try (RaftEngine engine = RaftEngine.open(config(directory))) {
            shape.fill(engine, count, groups);
            report("live", shape.name(), count, before, engine);
        }
    }

    private static void measureRecovered(String shape, long count, Path directory) {
        RaftEngine.open(config(warmup(directory))).close();
        long before = residentBytes();
        try (RaftEngine engine = RaftEngine.open(config(directory))) {
            report("recovered", shape, count, before, engine);
        }
    }

    private static void report(
            String mode, String shape, long count, long before, RaftEngine engine) {
        long grown = residentBytes() - before;
        long reserved = engine.statistics().memoryBytes();
        System.out.printf(
                Locale.ROOT,
                "{\"mode\":\"%s\",\"shape\":\"%s\",\"count\":%d,\"resident_bytes\":%d,"
                        + "\"resident_each\":%.2f,\"budget_bytes\":%d,\"budget_each\":%.2f}%n",
                mode,
                shape.toLowerCase(Locale.ROOT),
                count,
                grown,
                (double) grown / count,
                reserved,
                (double) reserved / count);
    }

    private static void fillEntries(RaftEngine engine, long count, long groups, int perBatch) {
        List<byte[]> entries = Collections.nCopies(perBatch, new byte[ENTRY_BYTES]);
        long perGroup = count / groups;
        try (LogBatch batch = engine.newBatch()) {
            // Round by round, as groups that live side by side are written.
            for (long first = 1; first <= perGroup; first += perBatch) {
                for (long group = 1; group <= groups; group++) {
                    batch.addEntries(group, first, entries);
                    engine.write(batch, Durability.BUFFERED);
                }
            }
        }
    }

    private static void fillGroups(RaftEngine engine, long count) {
        byte[] key = "status".getBytes(StandardCharsets.US_ASCII);
        byte[] value = new byte[16];
        try (LogBatch batch = engine.newBatch()) {
            for (long group = 1; group <= count; group++) {
                batch.put(group, key, value);
                if (group % GROUPS_PER_BATCH == 0 || group == count) {
                    engine.write(batch, Durability.BUFFERED);
                }
            }
        }
    }

    /**
     * Memory of this process in RAM that is its own; pages of files and libraries are the system's
     * to take back.
     */
    private static long residentBytes() {
        try {
            // The compiler works on what became hot, in memory of its own; let it finish.
            Thread.sleep(COMPILER_MILLIS);
            System.gc();
            trimNativeHeap();
            return Files.readAllLines(Path.of("/proc/self/smaps_rollup")).stream()
                    .filter(line -> line.startsWith("Anonymous:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                    .sum();
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
    }

    /**
     * Gives back what malloc keeps after the compiler's work; the engine's index is not in malloc's
     * memory.
     */
    private static void trimNativeHeap() {
        try {
            ManagementFactory.getPlatformMBeanServer()
                    .invoke(
                            new ObjectName("com.sun.management:type=DiagnosticCommand"),
                            "systemTrimNativeHeap",
                            new Object[0],
                            new String[0]);
        } catch (JMException unavailable) {
            throw new IllegalStateException(unavailable);
        }
    }
}
