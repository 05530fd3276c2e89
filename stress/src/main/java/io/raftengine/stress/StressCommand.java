package io.raftengine.stress;

import io.raftengine.allocator.Memory;
import io.raftengine.engine.EngineConfig;
import io.raftengine.engine.EngineStatistics;
import io.raftengine.engine.RaftEngine;
import io.raftengine.log.io.FileSystem;
import io.raftengine.tools.StandardOutput;
import io.raftengine.tools.ToolCommand;
import io.raftengine.tools.UsageException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code stress}: generates load on a directory and measures it. */
@Command(description = "Generates load and measures it.")
public final class StressCommand extends ToolCommand {
    @Mixin private StressOptions options;

    /** A command to be filled by picocli. */
    public StressCommand() {}

    @Override
    public Integer call() throws IOException, InterruptedException {
        options.check();
        if (options.checked && !Memory.checked()) {
            throw new UsageException(
                    "--checked needs assertions: start with ./raft-engine, or add -ea to the JVM's options");
        }
        EngineConfig config = options.engineConfig();
        demandJsonOutside(directories(config));
        // Opened first: a run must not be over before it turns out that its figures go nowhere.
        try (OutputStream json = openJson()) {
            run(config, json);
        }
        return 0;
    }

    private void run(EngineConfig config, OutputStream json)
            throws IOException, InterruptedException {
        if (!options.reuseData) {
            DataDirectory.empty(FileSystem.local(), directories(config));
        }
        StressReport report = measure(config);
        if (json != null) {
            report.writeJson(json);
        }
        // Standard output belongs to whoever reads acknowledgements or JSON there.
        if (options.ack || jsonOnOutput()) {
            System.err.print(report.text());
        } else {
            try (StandardOutput out = new StandardOutput()) {
                out.write(report.text().getBytes(StandardCharsets.UTF_8));
            }
        }
    }

    private static List<Path> directories(EngineConfig config) {
        List<Path> dirs = new ArrayList<>(List.of(config.dir()));
        config.spillDir().ifPresent(dirs::add);
        return dirs;
    }

    /**
     * Under the name of a segment the figures would overwrite it; under another the directory would
     * hold a file that is no engine's, and would not be emptied by the next run.
     */
    private void demandJsonOutside(List<Path> dirs) {
        if (options.json == null || jsonOnOutput()) {
            return;
        }
        for (Path dir : dirs) {
            if (DataDirectory.contains(dir, Path.of(options.json))) {
                throw new UsageException(
                        "--json: "
                                + options.json
                                + " lies within the data directory "
                                + dir
                                + "; expected a file outside");
            }
        }
    }

    /** Where the figures go for machines, or null. */
    private OutputStream openJson() throws IOException {
        if (options.json == null) {
            return null;
        }
        return jsonOnOutput() ? new StandardOutput() : Files.newOutputStream(Path.of(options.json));
    }

    private boolean jsonOnOutput() {
        return "-".equals(options.json);
    }

    private StressReport measure(EngineConfig config) throws InterruptedException {
        try (RaftEngine engine = RaftEngine.open(config)) {
            if (options.verify && options.reuseData) {
                EntryChecker.checkAll(engine, options.seed);
            }
            StressRun run = new StressRun(options, config, engine);
            run.execute();
            ProcessFigures process = ProcessFigures.now().since(run.processBefore());
            EngineStatistics engineAfter = engine.statistics();
            long verified = options.verify ? EntryChecker.checkAll(engine, options.seed) : -1;
            return new StressReport(
                    options,
                    config,
                    run.writeFigures(),
                    run.readFigures(),
                    run.purgeFigures(),
                    run.samples(),
                    process,
                    run.engineBefore(),
                    engineAfter,
                    liveEntries(engine),
                    verified);
        }
    }

    private static long liveEntries(RaftEngine engine) {
        long[] sum = {0};
        engine.forEachGroup(group -> {
            long first = engine.firstIndex(group);
            if (first != RaftEngine.NO_INDEX) {
                sum[0] += engine.lastIndex(group) - first + 1;
            }
        });
        return sum[0];
    }
}
