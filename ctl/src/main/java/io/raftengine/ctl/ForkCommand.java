package io.raftengine.ctl;

import com.fasterxml.jackson.core.JsonGenerator;
import io.raftengine.engine.ForkMode;
import io.raftengine.engine.ForkReport;
import io.raftengine.engine.RaftEngine;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.segment.ScanAnomaly;
import io.raftengine.tools.EngineOptions;
import io.raftengine.tools.JsonLines;
import io.raftengine.tools.StandardOutput;
import io.raftengine.tools.ToolCommand;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code fork}: a second directory with the same state as one that nobody has open. */
@Command(
        description = {
            "Makes a second directory with the same state and prints what was done as one JSON",
            "object. Blocks are shared where the file system can do that, else bytes are copied.",
            "No engine may have the directory open; a running engine forks itself by its own call."
        })
final class ForkCommand extends ToolCommand {
    @Option(names = "--path", paramLabel = "DIR", required = true, description = "The directory.")
    private Path path;

    @Option(
            names = "--target",
            paramLabel = "DIR",
            required = true,
            description = "The new directory; must not exist or be empty.")
    private Path target;

    @Option(
            names = "--link",
            description = {
                "Hard links for sealed segments: instant, no space. Only where this engine alone",
                "opens both directories: others may write into files that recycling shares."
            })
    private boolean link;

    @Mixin private EngineOptions options;

    @Override
    public Integer call() throws IOException {
        ForkReport report =
                RaftEngine.fork(
                        options.config(path),
                        FileSystem.local(),
                        target,
                        link ? ForkMode.LINK : ForkMode.COPY);
        try (StandardOutput out = new StandardOutput();
                JsonGenerator json = JsonLines.generator(out)) {
            json.writeStartObject();
            json.writeStringField("target", report.target().toString());
            json.writeNumberField("append_segments", report.appendSegments());
            json.writeNumberField("rewrite_segments", report.rewriteSegments());
            json.writeNumberField("bytes", report.bytes());
            json.writeNumberField("linked", report.linked());
            json.writeNumberField("cloned", report.cloned());
            json.writeNumberField("copied", report.copied());
            json.writeNumberField("copied_bytes", report.copiedBytes());
            json.writeArrayFieldStart("anomalies");
            for (ScanAnomaly anomaly : report.anomalies()) {
                json.writeString(anomaly.message());
            }
            json.writeEndArray();
            json.writeEndObject();
            JsonLines.endLine(json);
        }
        return 0;
    }
}
