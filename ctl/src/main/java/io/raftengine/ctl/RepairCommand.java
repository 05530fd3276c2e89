package io.raftengine.ctl;

import com.fasterxml.jackson.core.JsonGenerator;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.engine.EngineConfig;
import io.raftengine.error.InvalidArgumentException;
import io.raftengine.log.io.FileSystem;
import io.raftengine.recovery.repair.Repair;
import io.raftengine.recovery.repair.RepairPlan;
import io.raftengine.recovery.repair.RepairResult;
import io.raftengine.recovery.repair.RepairRules;
import io.raftengine.tools.EngineOptions;
import io.raftengine.tools.JsonLines;
import io.raftengine.tools.StandardOutput;
import io.raftengine.tools.ToolCommand;
import io.raftengine.tools.UsageException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code repair}: a second directory with what can be saved of a damaged one. */
@Command(
        description = {
            "Writes a repaired copy of a damaged directory. The damaged one is only read.",
            "Says first what it does, one JSON object per line. Exit status 1 if a rule is missing.",
            "",
            "A rule is a line of a file or an option; # begins a comment:",
            "  group 7: remove                     everything of the group",
            "  group 7: drop-before 100            entries below index 100",
            "  group 7: drop-from 200              entries from index 200 on",
            "  group 7: keep existing              at a hole: discard what does not join",
            "  group 7: keep incoming              at a hole: discard what comes before it",
            "  group 7: fill-hole                  put empty entries (of length 0) into a hole",
            "  group 7: fill-hole eraftpb term 5   ... that are eraftpb messages of this term",
            "  group 7: keep existing on overlap   entries below the first one do not replace all",
            "  group *: keep existing              what no rule of a group decides"
        })
final class RepairCommand extends ToolCommand {
    private static final int BUFFER_BYTES = 64 << 10;

    @Option(
            names = "--path",
            paramLabel = "DIR",
            required = true,
            description = "The damaged directory.")
    private Path path;

    @Option(
            names = "--target",
            paramLabel = "DIR",
            required = true,
            description = "Where the copy goes: absent or empty.")
    private Path target;

    @Option(names = "--rules", paramLabel = "FILE", description = "Rules, one per line.")
    private Path rulesFile;

    @Option(names = "--rule", paramLabel = "RULE", description = "One more rule; repeatable.")
    private List<String> rules = new ArrayList<>();

    @Option(names = "--dry-run", description = "Only say what would be done.")
    private boolean dryRun;

    @Option(
            names = "--keep-versions",
            description = "Segments keep their format version; otherwise all become V2.")
    private boolean keepVersions;

    @Mixin private EngineOptions options;

    private final FileSystem fs = FileSystem.local();

    @Override
    public Integer call() throws IOException {
        RepairRules read = readRules();
        EngineConfig config = options.config(path);
        try (Repair repair =
                        Repair.open(
                                fs,
                                sources(config),
                                read,
                                keepVersions ? Repair.Versions.AS_THEY_WERE : Repair.Versions.V2,
                                budget(config));
                OutputStream out = new BufferedOutputStream(new StandardOutput(), BUFFER_BYTES);
                JsonGenerator json = JsonLines.generator(out)) {
            repair.checkTarget(target);
            RepairPlan plan = repair.plan();
            RepairReport report = new RepairReport(json);
            report.plan(plan);
            out.flush();
            if (dryRun) {
                return plan.undecided().isEmpty() ? 0 : 1;
            }
            RepairedDirectory proof = new RepairedDirectory(fs, config.memoryLimitBytes());
            RepairResult result = repair.write(target, proof::check);
            report.result(result, proof);
            return 0;
        }
    }

    private List<Path> sources(EngineConfig config) {
        if (fs.info(path) == null) {
            throw new InvalidArgumentException(path + ": expected a directory, found nothing");
        }
        List<Path> sources = new ArrayList<>(List.of(path));
        config.spillDir().ifPresent(sources::add);
        return sources;
    }

    private static MemoryBudget budget(EngineConfig config) {
        return config.memoryLimitBytes() == EngineConfig.UNLIMITED
                ? MemoryBudget.unlimited()
                : new MemoryBudget(config.memoryLimitBytes());
    }

    private RepairRules readRules() {
        RepairRules.Builder builder = RepairRules.builder();
        try {
            if (rulesFile != null) {
                builder.addLines(rulesFile.toString(), Files.readAllLines(rulesFile));
            }
            for (int i = 0; i < rules.size(); i++) {
                builder.add("--rule " + (i + 1), rules.get(i));
            }
        } catch (IOException unreadable) {
            throw new UsageException("--rules: cannot read " + rulesFile, unreadable);
        } catch (InvalidArgumentException noRule) {
            throw new UsageException(noRule.getMessage(), noRule);
        }
        return builder.build();
    }
}
