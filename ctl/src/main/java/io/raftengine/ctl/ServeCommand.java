package io.raftengine.ctl;

import com.fasterxml.jackson.core.JsonGenerator;
import io.raftengine.engine.EngineConfig;
import io.raftengine.engine.RaftEngine;
import io.raftengine.error.InvalidArgumentException;
import io.raftengine.tools.JsonLines;
import io.raftengine.tools.JsonTree;
import io.raftengine.tools.StandardOutput;
import io.raftengine.tools.StateWriter;
import io.raftengine.tools.ToolCommand;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Set;
import picocli.CommandLine.Command;

/**
 * {@code serve}: one process for many scripts, one JSON request per line and one JSON answer per
 * line, at once. The protocol is that of {@code bench/reference}, so that tests drive both engines
 * alike.
 */
@Command(
        description = {
            "Answers JSON requests on standard input, one line each:",
            "open, line, state, close, abandon, export. One engine is open at a time."
        })
final class ServeCommand extends ToolCommand {
    private static final String OK = "{\"ok\":true}";

    private EngineSession session;

    @Override
    public Integer call() throws IOException {
        LineReader in = new LineReader(System.in);
        try (StandardOutput out = new StandardOutput()) {
            for (byte[] line = in.next(); line != null; line = in.next()) {
                if (!LineReader.isBlank(line)) {
                    String answer = answerOrFailure(line) + "\n";
                    out.write(answer.getBytes(StandardCharsets.UTF_8));
                    out.flush();
                }
            }
        } finally {
            if (session != null) {
                session.close();
            }
        }
        return 0;
    }

    private String answerOrFailure(byte[] line) throws IOException {
        OperationFailure failure;
        try {
            return answer(JsonTree.parse(line));
        } catch (RuntimeException failed) {
            failure = OperationFailure.of(failed);
        }
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        try (JsonGenerator json = JsonLines.generator(text)) {
            json.writeStartObject();
            failure.writeFields(json);
            json.writeEndObject();
        }
        return text.toString(StandardCharsets.UTF_8);
    }

    private String answer(JsonTree request) throws IOException {
        String cmd = request.text("cmd");
        return switch (cmd) {
            case "open" -> {
                request.only(Set.of("cmd", "path", "set"));
                if (session != null) {
                    throw new InvalidArgumentException("an engine is open already");
                }
                session = new EngineSession(config(request));
                yield OK;
            }
            case "line" -> {
                request.only(Set.of("cmd", "line"));
                String result = new ScriptRunner(open()).run(request.object("line"));
                yield result == null ? OK : "{\"ok\":true,\"result\":" + result + "}";
            }
            case "state" -> {
                request.only(Set.of("cmd", "entries", "empty_groups"));
                yield state(open().engine(), request);
            }
            case "export" -> {
                request.only(Set.of("cmd", "path", "set", "entries", "empty_groups"));
                try (RaftEngine engine = RaftEngine.openReadOnly(config(request))) {
                    yield state(engine, request);
                }
            }
            case "close" -> {
                request.only(Set.of("cmd"));
                take().close();
                yield OK;
            }
            case "abandon" -> {
                request.only(Set.of("cmd"));
                take().abandon();
                yield OK;
            }
            default -> throw new InvalidArgumentException("cmd: unknown request '" + cmd + "'");
        };
    }

    private static String state(RaftEngine engine, JsonTree request) throws IOException {
        boolean entries = request.truthOr("entries", false);
        boolean emptyGroups = request.truthOr("empty_groups", false);
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        try (JsonGenerator json = JsonLines.generator(text)) {
            json.writeStartObject();
            json.writeFieldName("state");
            new StateWriter(engine, entries, emptyGroups).writeList(json);
            json.writeEndObject();
        }
        return text.toString(StandardCharsets.UTF_8);
    }

    private static EngineConfig config(JsonTree request) {
        EngineConfig.Builder builder = EngineConfig.builder(Path.of(request.text("path")));
        if (request.has("set")) {
            JsonTree set = request.object("set");
            set.names().forEach(key -> builder.set(key, set.anyText(key)));
        }
        return builder.build();
    }

    private EngineSession open() {
        if (session == null) {
            throw new InvalidArgumentException("no engine is open");
        }
        return session;
    }

    private EngineSession take() {
        EngineSession taken = open();
        session = null;
        return taken;
    }
}
