package io.raftengine.ctl;

import io.raftengine.engine.Durability;
import io.raftengine.engine.EngineConfig;
import io.raftengine.engine.LogBatch;
import io.raftengine.engine.RaftEngine;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * What the JVM watches while the launcher records its start-up cache: the common commands once
 * each, on a small directory, so that their classes are found loaded and linked in later runs.
 */
final class StartupTraining {
    private static final String SCRIPT =
            """
            {"op":"write","sync":true,"items":[{"group":1,"append":{"first":1,"term":1,"data":["AA==","AQ=="]}}]}
            {"op":"write","items":[{"group":1,"put":{"key":"aw==","value":"dg=="}},{"group":1,"compact":2}]}
            {"op":"reopen"}
            {"op":"compact_to","group":1,"index":3}
            """;

    private static final int BATCHES = 400_000;
    private static final int GROUPS = 100;
    private static final int ENTRY_BYTES = 64;
    private static final long SEGMENT_BYTES = 8 << 20;
    private static final int OPENS = 3;
    private static final int PURGES = 150;
    private static final int KEPT = 50;
    private static final List<String> LOAD =
            List.of("stress", "--time", "1", "--regions", "100", "--purge-interval", "0");

    private StartupTraining() {}

    /**
     * Runs every command's help, and the small commands in earnest.
     *
     * @param commands names of all commands
     * @param scratch an empty directory to work in
     * @return 0 always: a failing command is still a recorded one
     */
    static int run(Set<String> commands, Path scratch) {
        PrintStream out = System.out;
        System.setOut(
                new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8));
        try {
            Main.run("--help");
            Main.run("--version");
            for (String command : commands) {
                Main.run(command, "--help");
            }
            work(scratch);
            recoverMuch(scratch.resolve("much"));
            load(scratch.resolve("load"));
            purgeOften(scratch.resolve("purged"));
        } catch (IOException noScratch) {
            // What was recorded so far is worth keeping.
            return 0;
        } finally {
            System.setOut(out);
        }
        return 0;
    }

    private static void work(Path scratch) throws IOException {
        Path script = scratch.resolve("script.jsonl");
        Files.writeString(script, SCRIPT);
        String data = scratch.resolve("data").toString();
        Main.run("apply", "--path", data, "--script", script.toString(), "--ack");
        Main.run("export", "--path", data, "--entries");
        Main.run("dump", "--path", data);
        Main.run("info", "--path", data);
    }

    /**
     * Writes as services do, by one thread and by many: what the optimising compiler would have to
     * learn in the first second of a run is in the cache.
     */
    private static void load(Path directory) {
        String path = directory.toString();
        load("--path", path, "--write-threads", "1", "--write-without-sync");
        load("--path", path, "--write-threads", "1");
        load("--path", path, "--write-threads", "16");
        load("--path", path, "--write-threads", "2", "--read-threads", "1", "--write-without-sync");
    }

    private static void load(String... shape) {
        List<String> arguments = new ArrayList<>(LOAD);
        arguments.addAll(List.of(shape));
        Main.run(arguments.toArray(String[]::new));
    }

    /**
     * Opens a log that is long enough for the compiler to be interested: the cache keeps what it
     * learned about the loops of a recovery, which otherwise takes longer than the recovery.
     */
    private static void recoverMuch(Path directory) {
        EngineConfig config =
                EngineConfig.builder(directory)
                        .targetFileSizeBytes(SEGMENT_BYTES)
                        .recoveryThreads(2)
                        .build();
        byte[] entry = new byte[ENTRY_BYTES];
        try (RaftEngine engine = RaftEngine.open(config);
                LogBatch batch = engine.newBatch()) {
            for (int i = 0; i < BATCHES; i++) {
                batch.addEntry(1 + i % GROUPS, 1 + i / GROUPS, entry);
                engine.write(batch, Durability.BUFFERED);
            }
        }
        for (int i = 0; i < OPENS; i++) {
            RaftEngine.open(config).close();
        }
    }

    /**
     * Lives through weeks of purges in a second. They are rare and short in a service, so that
     * without the cache the compiler would get to know them in the course of an hour, one method at
     * a time and each time while writers want the processor.
     */
    private static void purgeOften(Path directory) {
        EngineConfig config =
                EngineConfig.builder(directory)
                        .targetFileSizeBytes(SEGMENT_BYTES / 32)
                        .purgeThresholdBytes(SEGMENT_BYTES / 4)
                        .purgeRewriteThresholdBytes(SEGMENT_BYTES / 16)
                        .build();
        byte[] entry = new byte[ENTRY_BYTES];
        try (RaftEngine engine = RaftEngine.open(config);
                LogBatch batch = engine.newBatch()) {
            long[] next = new long[GROUPS];
            for (int purge = 0; purge < PURGES; purge++) {
                for (int i = 0; i < 50 * GROUPS; i++) {
                    // A few groups write most; one in ten only now and then.
                    int group = i % 3 == 0 ? i / 3 % GROUPS : i % (GROUPS / 10);
                    if (group % 10 != 9 || purge % 10 == 0) {
                        batch.addEntry(1 + group, ++next[group], entry);
                        batch.put(1 + group, "k".getBytes(StandardCharsets.US_ASCII), entry);
                        engine.write(batch, Durability.BUFFERED);
                    }
                }
                for (int group = purge % 2; group < GROUPS; group += 2) {
                    engine.compactTo(1 + group, Math.max(0, next[group] - KEPT));
                }
                engine.purgeExpiredFiles();
            }
        }
    }
}
