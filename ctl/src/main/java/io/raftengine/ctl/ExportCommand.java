package io.raftengine.ctl;

import com.fasterxml.jackson.core.JsonGenerator;
import io.raftengine.engine.RaftEngine;
import io.raftengine.tools.EngineOptions;
import io.raftengine.tools.JsonLines;
import io.raftengine.tools.StandardOutput;
import io.raftengine.tools.StateWriter;
import io.raftengine.tools.ToolCommand;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code export}: the logical state of a directory, as recovery would see it. */
@Command(
        description =
                "Prints the logical state of a directory, one JSON object per group. Changes nothing.")
final class ExportCommand extends ToolCommand {
    private static final int BUFFER_BYTES = 64 << 10;

    @Option(names = "--path", paramLabel = "DIR", required = true, description = "The directory.")
    private Path path;

    @Option(names = "--entries", description = "Print each entry, not only their checksum.")
    private boolean entries;

    @Option(names = "--empty-groups", description = "Print groups that hold nothing, too.")
    private boolean emptyGroups;

    @Mixin private EngineOptions options;

    @Override
    public Integer call() throws IOException {
        try (RaftEngine engine = RaftEngine.openReadOnly(options.config(path));
                OutputStream out = new BufferedOutputStream(new StandardOutput(), BUFFER_BYTES);
                JsonGenerator json = JsonLines.generator(out)) {
            new StateWriter(engine, entries, emptyGroups).writeLines(json);
        }
        return 0;
    }
}
