package io.raftengine.ctl;

import com.fasterxml.jackson.core.JsonGenerator;
import io.raftengine.ctl.check.CheckSummary;
import io.raftengine.ctl.check.DirectoryCheck;
import io.raftengine.log.io.FileSystem;
import io.raftengine.tools.EngineOptions;
import io.raftengine.tools.JsonLines;
import io.raftengine.tools.StandardOutput;
import io.raftengine.tools.ToolCommand;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code check}: what is wrong with a directory. Strictly read-only. */
@Command(
        description = {
            "Checks a directory and prints every finding as one JSON object per line, a summary",
            "last. Goes on past damage and changes nothing. Exit status 1 if something is wrong."
        })
final class CheckCommand extends ToolCommand {
    private static final int BUFFER_BYTES = 64 << 10;

    @Option(names = "--path", paramLabel = "DIR", required = true, description = "The directory.")
    private Path path;

    @Option(
            names = "--deep",
            description = "Verify and unfold the entries of every batch, and read every live one.")
    private boolean deep;

    @Mixin private EngineOptions options;

    @Override
    public Integer call() throws IOException {
        CheckSummary summary;
        try (OutputStream out = new BufferedOutputStream(new StandardOutput(), BUFFER_BYTES);
                JsonGenerator json = JsonLines.generator(out)) {
            FindingsWriter findings = new FindingsWriter(json);
            summary = DirectoryCheck.run(options.config(path), FileSystem.local(), deep, findings);
            findings.summary(summary, deep);
        }
        return summary.sound() ? 0 : 1;
    }
}
