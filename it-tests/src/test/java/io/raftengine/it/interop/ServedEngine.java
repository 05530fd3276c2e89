package io.raftengine.it.interop;

import io.raftengine.testing.model.Operation;
import io.raftengine.testing.model.ScriptJson;
import io.raftengine.tools.JsonTree;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * An engine behind a child process: the real one, or ours in a JVM of its own. The protocol is the
 * same.
 */
final class ServedEngine implements Contender {
    private static final String STATE_FIELD = "{\"state\":";

    private final String name;
    private final boolean reference;
    private final List<String> command;
    private final Path errors;
    private ServeProcess process;

    private ServedEngine(String name, boolean reference, List<String> command, Path errors) {
        this.name = name;
        this.reference = reference;
        this.command = command;
        this.errors = errors;
    }

    /** The real engine. */
    static ServedEngine reference(Path binary, Path errors) {
        return new ServedEngine("reference", true, List.of(binary.toString(), "serve"), errors);
    }

    /** Ours, behind {@code ctl serve}. */
    static ServedEngine ours(List<String> command, Path errors) {
        return new ServedEngine("ours in a JVM of its own", false, command, errors);
    }

    @Override
    public String name() {
        return name;
    }

    private ServeProcess process() {
        if (process == null) {
            process = new ServeProcess(command, errors);
        }
        return process;
    }

    @Override
    public void open(Path dir, Settings settings) {
        demandOk(process().ask("{\"cmd\":\"open\"," + where(dir, settings) + "}"));
    }

    private String where(Path dir, Settings settings) {
        Map<String, String> keys = reference ? settings.forReference() : settings.forOurs();
        return "\"path\":\""
                + dir
                + "\",\"set\":"
                + keys.entrySet().stream()
                        .map(e -> "\"" + e.getKey() + "\":\"" + e.getValue() + "\"")
                        .collect(Collectors.joining(",", "{", "}"));
    }

    @Override
    public Outcome run(Operation operation) {
        return outcome(process().ask(line(operation)));
    }

    private static String line(Operation operation) {
        return "{\"cmd\":\"line\",\"line\":" + ScriptJson.print(operation) + "}";
    }

    private static Outcome outcome(String answer) {
        JsonTree tree = JsonTree.parse(answer.getBytes(StandardCharsets.UTF_8));
        if (tree.has("error")) {
            return new Outcome(tree.text("error"), tree.text("message"), null);
        }
        if (tree.has("result") && tree.object("result").has("removed")) {
            return new Outcome(null, null, tree.object("result").number("removed"));
        }
        return Outcome.DONE;
    }

    /** Kills the process while it is at an operation. Returns whether it had been acknowledged. */
    boolean killIn(Operation operation, int nanosBefore) {
        process.send(line(operation));
        // Not a synchronisation: any moment is a good one to be killed at.
        for (long end = System.nanoTime() + nanosBefore; System.nanoTime() < end; ) {
            Thread.onSpinWait();
        }
        boolean acknowledged = process.killAndDrain();
        process = null;
        return acknowledged;
    }

    /** Kills the process while it does nothing. */
    void kill() {
        process.kill();
        process = null;
    }

    @Override
    public String state() {
        return stateOf(process().ask("{\"cmd\":\"state\",\"entries\":true}"));
    }

    private String stateOf(String answer) {
        if (!answer.startsWith(STATE_FIELD)) {
            throw new AssertionError(name + " has no state: " + answer);
        }
        return answer.substring(STATE_FIELD.length(), answer.length() - 1);
    }

    @Override
    public void shut() {
        demandOk(process().ask("{\"cmd\":\"close\"}"));
    }

    @Override
    public void abandon() {
        demandOk(process().ask("{\"cmd\":\"abandon\"}"));
    }

    @Override
    public String export(Path dir, Settings settings) {
        return stateOf(
                process()
                        .ask("{\"cmd\":\"export\"," + where(dir, settings) + ",\"entries\":true}"));
    }

    /** Whether it cannot export a directory. */
    boolean refuses(Path dir) {
        String answer = process().ask("{\"cmd\":\"export\"," + where(dir, Settings.PLAIN) + "}");
        return !answer.startsWith(STATE_FIELD);
    }

    private void demandOk(String answer) {
        if (!answer.equals("{\"ok\":true}")) {
            throw new AssertionError(name + " answers " + answer);
        }
    }

    @Override
    public void close() {
        if (process != null) {
            process.close();
            process = null;
        }
    }
}
