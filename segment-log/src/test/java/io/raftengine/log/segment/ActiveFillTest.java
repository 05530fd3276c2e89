package io.raftengine.log.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The background agent writes zeros ahead of the writer into the file that is being written: they
 * must never meet.
 */
class ActiveFillTest {
    private static final int HEADER = 69;
    private static final long DEADLINE_SECONDS = 30;

    @TempDir private Path dir;
    private QueueFixture q;
    private ExecutorService agent;

    @BeforeEach
    void start() {
        q = new QueueFixture(dir);
        q.settings().targetBytes(1 << 20).prefill(PrefillPolicy.ALWAYS);
        agent = Executors.newSingleThreadExecutor(r -> new Thread(r, "agent"));
    }

    @AfterEach
    void stop() {
        agent.close();
        q.close();
    }

    private Path log(long seq) {
        return dir.resolve(String.format("%016d.raftlog", seq));
    }

    @Test
    void aFreshSegmentIsFilledAheadAndThenWrittenInWholePages() {
        q.open().append(100).prepare();
        assertThat(q.queue.statistics().bytesPrefilled()).isGreaterThanOrEqualTo(256 << 10);
        q.append(100);
        assertThat(q.queue.statistics().bytesPadded()).as("before the filled part").isZero();
        q.append(100 << 10).append(100);
        assertThat(q.queue.statistics().bytesPadded()).as("inside the filled part").isPositive();
        q.verify();
    }

    @Test
    void aReopenedSegmentIsFilledAheadWithItsTailKept() {
        q.open().append(70_000).reopen();
        q.prepare();
        q.append(1).append(100_000).append(5).append(9000).verify();
        assertThat(q.queue.statistics().bytesPadded()).isPositive();
        q.reopen().verify();
    }

    /**
     * Lets the agent stop in the middle of a piece until the writer waits for it, or has (wrongly)
     * gone through.
     */
    private Future<?> agentStopsInAPiece(
            Thread writer, CountDownLatch filling, CountDownLatch writerDone) {
        q.fs.program((op, path) -> {
            if (op.equals("write") && Thread.currentThread().getName().equals("agent")) {
                filling.countDown();
                awaitBlocked(writer, writerDone);
            }
        });
        return agent.submit(() -> q.queue.prepareNext());
    }

    private static void awaitBlocked(Thread writer, CountDownLatch writerDone) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS);
        while (writer.getState() != Thread.State.WAITING && writerDone.getCount() > 0) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("the writer neither waits nor finishes");
            }
            Thread.onSpinWait();
        }
    }

    @Test
    void aWriterThatRunsIntoAPieceWaitsForIt() throws Exception {
        q.open().append(100);
        CountDownLatch filling = new CountDownLatch(1);
        CountDownLatch writerDone = new CountDownLatch(1);
        Future<?> piece = agentStopsInAPiece(Thread.currentThread(), filling, writerDone);
        spinUntilZero(filling);
        q.append(200 << 10);
        writerDone.countDown();
        piece.get(DEADLINE_SECONDS, TimeUnit.SECONDS);
        q.verify();
    }

    @Test
    void aRotationWaitsForThePieceAndCutsIt() throws Exception {
        q.open().append(100);
        CountDownLatch filling = new CountDownLatch(1);
        CountDownLatch writerDone = new CountDownLatch(1);
        Future<?> piece = agentStopsInAPiece(Thread.currentThread(), filling, writerDone);
        spinUntilZero(filling);
        q.rotate();
        writerDone.countDown();
        piece.get(DEADLINE_SECONDS, TimeUnit.SECONDS);
        assertThat(Files.size(log(1))).isEqualTo(HEADER + 100);
        q.append(10).verify();
        q.assertDirectoryIsSound();
    }

    /** Not by a latch: the agent takes a waiting writer as the sign to go on. */
    private static void spinUntilZero(CountDownLatch latch) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS);
        while (latch.getCount() > 0) {
            assertThat(System.nanoTime() - deadline).as("the agent fills").isNegative();
            Thread.onSpinWait();
        }
    }

    /**
     * The other way round: what the writer has announced is not filled, however long its write
     * takes.
     */
    @Test
    void theAgentGivesWayToAWriteUnderWay() throws Exception {
        q.open().append(100);
        q.fs.program((op, path) -> {
            if (op.equals("write") && !Thread.currentThread().getName().equals("agent")) {
                q.fs.noProgram();
                try {
                    agent.submit(() -> q.queue.prepareNext())
                            .get(DEADLINE_SECONDS, TimeUnit.SECONDS);
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
            }
        });
        // Called when the bytes are in the file but the queue does not know yet.
        q.fs.failAfterWriting();
        q.append(300 << 10);
        assertThat(q.queue.statistics().bytesPrefilled()).isPositive();
        q.verify();
    }

    /**
     * The only segment, without a header: the file that a rotation finishes is the very one that
     * stood in for it, so a piece under way from before would zero what is acknowledged by then.
     */
    @Test
    void aSegmentThatStandsInForItselfIsNotFilled() throws Exception {
        q.open();
        q.queue.close();
        Files.write(log(1), new byte[10]);
        q.fs.program((op, path) -> {
            if (op.equals("write")) {
                throw ProgrammableFileSystem.full(path);
            }
        });
        q.open();
        CountDownLatch filling = new CountDownLatch(1);
        CountDownLatch acknowledged = new CountDownLatch(1);
        q.fs.program((op, path) -> {
            if (op.equals("write") && Thread.currentThread().getName().equals("agent")) {
                filling.countDown();
                awaitUninterrupted(acknowledged);
            }
        });
        Future<?> step =
                agent.submit(() -> {
                    q.queue.prepareNext();
                    filling.countDown(); // it filled nothing, as it should be
                });
        awaitUninterrupted(filling);
        q.append(5000);
        q.queue.sync();
        acknowledged.countDown();
        step.get(DEADLINE_SECONDS, TimeUnit.SECONDS);
        assertThat(q.queue.activeSeq()).isEqualTo(1);
        q.verify();
        q.reopen().verify();
    }

    private static void awaitUninterrupted(CountDownLatch latch) {
        try {
            assertThat(latch.await(DEADLINE_SECONDS, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
