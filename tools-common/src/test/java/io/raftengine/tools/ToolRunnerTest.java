package io.raftengine.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import picocli.CommandLine.Command;

class ToolRunnerTest {
    @Command
    static final class Failing extends ToolCommand {
        private final Error failure;

        Failing(Error failure) {
            this.failure = failure;
        }

        @Override
        public Integer call() {
            throw failure;
        }
    }

    @Test
    void anErrorOfTheMachineIsOneLineToo() {
        Error failure = new OutOfMemoryError("unable to create native thread");

        assertThat(errorOutputOf(failure))
                .isEqualTo("error: java.lang.OutOfMemoryError: unable to create native thread\n");
        assertThat(errorOutputOf(failure, "--verbose")).contains("\tat ");
    }

    private static String errorOutputOf(Error failure, String... arguments) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        PrintStream before = System.err;
        System.setErr(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        try {
            assertThat(ToolRunner.run("tool", new Failing(failure), arguments)).isEqualTo(1);
        } finally {
            System.setErr(before);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
