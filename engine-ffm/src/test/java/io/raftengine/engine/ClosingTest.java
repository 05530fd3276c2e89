package io.raftengine.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.testing.fs.SimulatedFileSystem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
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

    /** Whatever the agent still does, it does with memory that is there. */
    @Test
    void anInterruptedThreadThatClosesWaitsForTheAgent() throws Exception {
        SimulatedFileSystem fs = new SimulatedFileSystem(1);
        fs.createDirectories(EngineFixture.DIR);
        AtomicReference<Thread> closer = new AtomicReference<>();
        AtomicBoolean agentIsDone = new AtomicBoolean();
        CountDownLatch agentIsAtWork = new CountDownLatch(1);
        EngineClockwork clockwork =
                new EngineClockwork(
                        () -> {
                            // It works until somebody who closes waits for it, or does not.
                            if (isAgent(Thread.currentThread())) {
                                agentIsAtWork.countDown();
                                while (!waitsOrIsDone(closer.get())) {
                                    Thread.yield();
                                }
                                agentIsDone.set(true);
                            }
                            return System.nanoTime();
                        },
                        true);
        EngineConfig config = WorkloadRun.config(EngineFixture.DIR).build();
        RaftEngine engine = RaftEngine.open(config, fs, List.of(), false, clockwork);
        boolean[] seen = new boolean[2];
        Thread thread =
                new Thread(() -> {
                    Thread.currentThread().interrupt();
                    engine.close();
                    seen[0] = agentIsDone.get();
                    seen[1] = Thread.currentThread().isInterrupted();
                });
        agentIsAtWork.await();
        closer.set(thread);
        thread.start();
        thread.join();
        assertThat(seen[0]).as("the agent was done").isTrue();
        assertThat(seen[1]).as("still interrupted").isTrue();
    }

    private static boolean isAgent(Thread thread) {
        return thread.getName().equals("raft-engine-agent");
    }

    private static boolean waitsOrIsDone(Thread thread) {
        if (thread == null) {
            return false;
        }
        return switch (thread.getState()) {
            case WAITING, TIMED_WAITING, TERMINATED -> true;
            default -> false;
        };
    }
}
