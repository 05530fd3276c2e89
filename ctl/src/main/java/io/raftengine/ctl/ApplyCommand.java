package io.raftengine.ctl;

import com.fasterxml.jackson.core.JsonGenerator;
import io.raftengine.tools.EngineOptions;
import io.raftengine.tools.JsonLines;
import io.raftengine.tools.JsonTree;
import io.raftengine.tools.StandardOutput;
import io.raftengine.tools.ToolCommand;
import io.raftengine.tools.UsageException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code apply}: runs a script, line by line as it arrives. */
@Command(description = "Runs an operation script against a directory.")
final class ApplyCommand extends ToolCommand {
    @Option(names = "--path", paramLabel = "DIR", required = true, description = "The directory.")
    private Path path;

    @Option(
            names = "--script",
            paramLabel = "FILE",
            required = true,
            description = "The script, one JSON object per line; - reads standard input.")
    private String script;

    @Option(
            names = "--ack",
            description = "Print a line for each operation as soon as it has returned.")
    private boolean ack;

    @Option(names = "--stop-on-error", description = "Stop at the first failed operation.")
    private boolean stopOnError;

    @Option(names = "--abandon", description = "At the end leave the directory as a kill would.")
    private boolean abandon;

    @Mixin private EngineOptions options;

    private long lines;
    private long errors;

    @Override
    public Integer call() throws IOException {
        var config = options.config(path);
        try (InputStream in = open();
                OutputStream out = new BufferedOutputStream(new StandardOutput());
                JsonGenerator json = JsonLines.generator(out);
                EngineSession session = new EngineSession(config)) {
            run(new LineReader(in), new ScriptRunner(session), json, out);
            leave(session);
            json.writeStartObject();
            json.writeNumberField("lines", lines);
            json.writeNumberField("errors", errors);
            json.writeEndObject();
            JsonLines.endLine(json);
            out.flush();
        }
        return errors == 0 ? 0 : 1;
    }

    private void leave(EngineSession session) {
        if (abandon) {
            session.abandon();
        } else {
            session.close();
        }
    }

    private InputStream open() throws IOException {
        if (script.equals("-")) {
            return System.in;
        }
        Path file = Path.of(script);
        if (!Files.isReadable(file) || Files.isDirectory(file)) {
            throw new UsageException(script + ": cannot read the script");
        }
        return Files.newInputStream(file);
    }

    private void run(LineReader in, ScriptRunner runner, JsonGenerator json, OutputStream out)
            throws IOException {
        for (byte[] line = in.next(); line != null; line = in.next()) {
            lines++;
            if (LineReader.isBlank(line)) {
                continue;
            }
            OperationFailure failure = attempt(runner, line);
            if (failure != null || ack) {
                json.writeStartObject();
                json.writeNumberField("line", lines);
                if (failure == null) {
                    json.writeBooleanField("ok", true);
                } else {
                    failure.writeFields(json);
                }
                json.writeEndObject();
                JsonLines.endLine(json);
                out.flush();
            }
            if (failure != null) {
                errors++;
                if (stopOnError) {
                    return;
                }
            }
        }
    }

    private static OperationFailure attempt(ScriptRunner runner, byte[] line) {
        try {
            runner.run(JsonTree.parse(line));
            return null;
        } catch (RuntimeException failed) {
            return OperationFailure.of(failed);
        }
    }
}
