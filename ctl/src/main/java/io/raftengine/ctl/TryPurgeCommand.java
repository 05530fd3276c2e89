package io.raftengine.ctl;

import com.fasterxml.jackson.core.JsonGenerator;
import io.raftengine.engine.EngineConfig;
import io.raftengine.engine.PurgeResult;
import io.raftengine.engine.RaftEngine;
import io.raftengine.error.StorageException;
import io.raftengine.tools.EngineOptions;
import io.raftengine.tools.JsonLines;
import io.raftengine.tools.StandardOutput;
import io.raftengine.tools.ToolCommand;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code try-purge}: one purge, and what keeps it from doing more. */
@Command(
        description = {
            "Opens a directory, purges once, and prints the groups that should be compacted, one",
            "JSON object per line, most bytes first; what was done is the last line. How much a",
            "purge leaves alone follows from the configuration: give the one the engine runs with."
        })
final class TryPurgeCommand extends ToolCommand {
    private static final int BUFFER_BYTES = 64 << 10;

    @Option(names = "--path", paramLabel = "DIR", required = true, description = "The directory.")
    private Path path;

    @Mixin private EngineOptions options;

    @Override
    public Integer call() throws IOException {
        EngineConfig config = options.config(path);
        if (!Files.isDirectory(path)) {
            // An open would make it.
            throw new StorageException(path.toString(), "open", 0, "not a directory");
        }
        PurgeResult result;
        try (RaftEngine engine = RaftEngine.open(config)) {
            result = engine.purgeExpiredFiles();
        }
        try (OutputStream out = new BufferedOutputStream(new StandardOutput(), BUFFER_BYTES);
                JsonGenerator json = JsonLines.generator(out)) {
            for (PurgeResult.BlockingGroup group : result.groups()) {
                json.writeStartObject();
                JsonLines.unsignedField(json, "group", group.groupId());
                json.writeNumberField("bytes", group.bytes());
                json.writeEndObject();
                JsonLines.endLine(json);
            }
            json.writeStartObject();
            json.writeNumberField("groups", result.groups().size());
            json.writeNumberField("append_segments_dropped", result.appendSegmentsDropped());
            json.writeNumberField("rewrite_segments_dropped", result.rewriteSegmentsDropped());
            json.writeNumberField("bytes_rewritten", result.bytesRewritten());
            json.writeEndObject();
            JsonLines.endLine(json);
        }
        return 0;
    }
}
