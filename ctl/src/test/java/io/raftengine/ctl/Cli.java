package io.raftengine.ctl;

import io.raftengine.tools.ToolCommand;
import io.raftengine.tools.ToolRunner;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.IntSupplier;

/**
 * What a command left.
 *
 * @param status exit status
 * @param out standard output
 * @param err standard error
 */
record Cli(int status, String out, String err) {
    static Cli run(String... arguments) {
        return runWithInput("", arguments);
    }

    static Cli runWithInput(String input, String... arguments) {
        return capture(input, new ByteArrayOutputStream(), () -> Main.run(arguments));
    }

    /** Runs a command that a test has made itself. */
    static Cli run(ToolCommand command, String... arguments) {
        return capture(
                "",
                new ByteArrayOutputStream(),
                () -> ToolRunner.run("raft-engine", command, arguments));
    }

    /** Runs a command whose standard output goes to a full disk. */
    static Cli runWithFullOutput(String... arguments) {
        OutputStream full =
                new OutputStream() {
                    @Override
                    public void write(int b) throws IOException {
                        throw new IOException("No space left on device");
                    }
                };
        return capture("", full, () -> Main.run(arguments));
    }

    private static Cli capture(String input, OutputStream outBytes, IntSupplier command) {
        InputStream in = System.in;
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream errBytes = new ByteArrayOutputStream();
        System.setIn(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)));
        System.setOut(new PrintStream(outBytes, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(errBytes, true, StandardCharsets.UTF_8));
        try {
            int status = command.getAsInt();
            System.out.flush();
            System.err.flush();
            return new Cli(
                    status,
                    outBytes instanceof ByteArrayOutputStream read
                            ? read.toString(StandardCharsets.UTF_8)
                            : "",
                    errBytes.toString(StandardCharsets.UTF_8));
        } finally {
            System.setIn(in);
            System.setOut(out);
            System.setErr(err);
        }
    }

    List<String> lines() {
        return out.lines().toList();
    }
}
