package io.raftengine.stress;

import io.raftengine.engine.EngineConfig;
import io.raftengine.tools.EngineOptions;
import io.raftengine.tools.UsageException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Help;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What the user asked for; names and defaults are the reference's. */
final class StressOptions {
    @Option(
            names = "--path",
            paramLabel = "DIR",
            required = true,
            description =
                    "Data directory; emptied first, as is the spill directory, unless --reuse-data.")
    Path path;

    @Option(
            names = "--time",
            paramLabel = "S",
            defaultValue = "60",
            description = "Seconds to run. Default: ${DEFAULT-VALUE}")
    double time;

    @Option(
            names = "--warm-up",
            paramLabel = "S",
            defaultValue = "0",
            description =
                    "Seconds of the same load before --time begins, counted in no figure. Default: ${DEFAULT-VALUE}")
    double warmUp;

    @Option(
            names = "--regions",
            paramLabel = "N",
            defaultValue = "5",
            description =
                    "Raft groups; each belongs to the writer 'group modulo threads'. Default: ${DEFAULT-VALUE}")
    int regions;

    @Option(
            names = "--purge-interval",
            paramLabel = "S",
            defaultValue = "10",
            description = "Seconds between purges; 0 = never. Default: ${DEFAULT-VALUE}")
    double purgeInterval;

    @Option(
            names = "--compact-count",
            paramLabel = "N",
            defaultValue = "0",
            showDefaultValue = Help.Visibility.NEVER,
            description = "Keep at most so many entries per group; 0 = all.")
    long compactCount;

    @Option(
            names = "--force-compact-factor",
            paramLabel = "F",
            defaultValue = "0.5",
            description = "Share of a reported group's entries to drop. Default: ${DEFAULT-VALUE}")
    double forceCompactFactor;

    @Option(
            names = "--hot-regions",
            paramLabel = "F",
            defaultValue = "0",
            description =
                    "Share of each writer's groups that is hot; 0 = all alike. Default: ${DEFAULT-VALUE}")
    double hotRegions;

    @Option(
            names = "--hot-writes",
            paramLabel = "F",
            defaultValue = "0.9",
            description = "Share of the batches that go to hot groups. Default: ${DEFAULT-VALUE}")
    double hotWrites;

    @Option(
            names = "--idle-regions",
            paramLabel = "F",
            defaultValue = "0",
            description =
                    "Share of the groups that get one batch at the beginning and nothing after. Default: ${DEFAULT-VALUE}")
    double idleRegions;

    @Option(
            names = "--write-threads",
            paramLabel = "N",
            defaultValue = "1",
            description = "Writers. Default: ${DEFAULT-VALUE}")
    int writeThreads;

    @Option(
            names = "--write-ops-per-thread",
            paramLabel = "N",
            defaultValue = "0",
            description = "Batches per second of each writer; 0 = unlimited.")
    long writeOpsPerThread;

    @Option(
            names = "--read-threads",
            paramLabel = "N",
            defaultValue = "0",
            description = "Readers of a random group's newest entry. Default: ${DEFAULT-VALUE}")
    int readThreads;

    @Option(
            names = "--read-ops-per-thread",
            paramLabel = "N",
            defaultValue = "0",
            description = "Reads per second of each reader; 0 = unlimited.")
    long readOpsPerThread;

    @Option(
            names = "--entry-size",
            paramLabel = "B",
            defaultValue = "1024",
            converter = SizeConverter.class,
            description = "Bytes of random payload per entry. Default: ${DEFAULT-VALUE}")
    int entrySize;

    @Option(
            names = "--write-entry-count",
            paramLabel = "N",
            defaultValue = "10",
            description = "Entries per group in a batch. Default: ${DEFAULT-VALUE}")
    int writeEntryCount;

    @Option(
            names = "--write-region-count",
            paramLabel = "N",
            defaultValue = "5",
            description = "Groups per batch. Default: ${DEFAULT-VALUE}")
    int writeRegionCount;

    @Option(names = "--write-without-sync", description = "Do not sync.")
    boolean writeWithoutSync;

    @Option(
            names = "--reuse-data",
            description = "Keep what is in the directory and continue behind it.")
    boolean reuseData;

    @Option(
            names = "--target-file-size",
            paramLabel = "SIZE",
            description = "Engine setting. Default: 128MB")
    String targetFileSize;

    @Option(
            names = "--purge-threshold",
            paramLabel = "SIZE",
            description = "Engine setting. Default: 10GB")
    String purgeThreshold;

    @Option(
            names = "--purge-rewrite-threshold",
            paramLabel = "SIZE",
            description = "Engine setting. Default: 1GB")
    String purgeRewriteThreshold;

    @Option(
            names = "--purge-rewrite-garbage-ratio",
            paramLabel = "RATIO",
            description = "Engine setting. Default: 0.6")
    String purgeRewriteGarbageRatio;

    @Option(
            names = "--compression-threshold",
            paramLabel = "SIZE",
            description = "Engine setting, of batches. Default: 8KB")
    String compressionThreshold;

    @Option(
            names = "--format-version",
            paramLabel = "V",
            description = "Engine setting. Default: 2")
    String formatVersion;

    @Option(
            names = "--enable-log-recycle",
            paramLabel = "BOOL",
            arity = "0..1",
            fallbackValue = "true",
            description = "Engine setting. Default: true")
    String enableLogRecycle;

    @Option(
            names = "--verify",
            description =
                    "Entries with self-checking content; every read is checked, and everything at both ends of the run.")
    boolean verify;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "0",
            description = "Part of the self-checking content. Default: ${DEFAULT-VALUE}")
    long seed;

    @Option(
            names = "--ack",
            description = "Print 'group last-index' for each acknowledged batch, a line per group.")
    boolean ack;

    @Option(names = "--checked", description = "Check every access to off-heap memory; slow.")
    boolean checked;

    @Option(names = "--virtual-threads", description = "Writers and readers are virtual threads.")
    boolean virtualThreads;

    @Option(
            names = "--json",
            paramLabel = "FILE",
            description = "Write the figures as JSON; - is standard output.")
    String json;

    @Option(
            names = "--sample-interval",
            paramLabel = "S",
            defaultValue = "0",
            description =
                    "Seconds between looks at what the run takes, listed in the JSON; 0 = none.")
    double sampleInterval;

    @Mixin EngineOptions engine;

    EngineConfig engineConfig() {
        Map<String, String> options = new LinkedHashMap<>();
        options.put("target-file-size", targetFileSize);
        options.put("purge-threshold", purgeThreshold);
        options.put("purge-rewrite-threshold", purgeRewriteThreshold);
        options.put("purge-rewrite-garbage-ratio", purgeRewriteGarbageRatio);
        options.put("batch-compression-threshold", compressionThreshold);
        options.put("format-version", formatVersion);
        options.put("enable-log-recycle", enableLogRecycle);
        options.values().removeIf(value -> value == null);
        // The one default that is not the engine's own.
        return engine.config(path, Map.of("purge-rewrite-threshold", "1GB"), options);
    }

    void check() {
        demand(time > 0 && time < 1e7, "--time must be more than 0 seconds");
        demand(warmUp >= 0 && warmUp < 1e7, "--warm-up must not be negative");
        demand(purgeInterval >= 0 && purgeInterval < 1e7, "--purge-interval must not be negative");
        demand(
                forceCompactFactor > 0 && forceCompactFactor < 1,
                "--force-compact-factor must lie between 0 and 1");
        demand(
                sampleInterval >= 0 && sampleInterval < 1e7,
                "--sample-interval must not be negative");
        demand(isShare(hotRegions), "--hot-regions must be at least 0 and less than 1");
        demand(isShare(idleRegions), "--idle-regions must be at least 0 and less than 1");
        demand(hotWrites >= 0 && hotWrites <= 1, "--hot-writes must lie between 0 and 1");
        demand(regions >= 1, "--regions must be at least 1");
        demand(writeThreads >= 0 && readThreads >= 0, "numbers of threads must not be negative");
        demand(writeThreads + readThreads > 0, "no thread has anything to do");
        demand(regions >= writeThreads, "--regions must be at least --write-threads");
        demand(regions >= readThreads, "--regions must be at least --read-threads");
        demand(
                compactCount >= 0 && writeOpsPerThread >= 0 && readOpsPerThread >= 0,
                "counts must not be negative");
        if (writeThreads > 0) {
            demand(
                    writeRegionCount >= 1 && writeEntryCount >= 1,
                    "--write-region-count and --write-entry-count must be at least 1");
            demand(
                    writeRegionCount <= regions / writeThreads,
                    "--write-region-count must be at most --regions / --write-threads");
        }
    }

    private static boolean isShare(double value) {
        return value >= 0 && value < 1;
    }

    private static void demand(boolean holds, String message) {
        if (!holds) {
            throw new UsageException(message);
        }
    }
}
