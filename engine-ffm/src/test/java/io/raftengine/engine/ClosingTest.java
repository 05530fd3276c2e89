package io.raftengine.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Who closes an engine waits for all that use it, interrupted or not. */
@Timeout(120)
class ClosingTest {
    private static final long CHILD_SECONDS = 60;

    /** Parked with the flag set it would never leave the carrier to the thread it waits for. */
    @Test
    void anInterruptedVirtualThreadClosesAnEngineThatAnotherOneOfItsCarrierReads(@TempDir Path dir)
            throws Exception {
        List<String> command = new ArrayList<>(KillTest.command(InterruptedCloser.class, dir));
        command.addAll(
                1,
                List.of(
                        "-Djdk.virtualThreadScheduler.parallelism=1",
                        "-Djdk.virtualThreadScheduler.maxPoolSize=1"));
        Process child = new ProcessBuilder(command).inheritIO().start();
        try {
            assertThat(child.waitFor(CHILD_SECONDS, TimeUnit.SECONDS)).as("it ended").isTrue();
            assertThat(child.exitValue()).isZero();
        } finally {
            child.destroyForcibly();
        }
    }
}
