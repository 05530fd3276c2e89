package io.raftengine.engine.commit;

import static io.raftengine.engine.commit.PipelineFixture.lastAfterReopen;
import static io.raftengine.engine.commit.PipelineFixture.outcome;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.engine.memtable.Memtables;
import io.raftengine.error.PoisonedException;
import io.raftengine.log.format.EncodedBatch;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.Operation;
import io.raftengine.testing.fs.PausePoint;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A thread deep in a recursion commits together with others, and runs out of stack at every place
 * where it can: before its slot is filled, while it waits, while it leads, in the handler of the
 * error, and in what the handler calls.
 */
@Timeout(300)
class LeaderWithoutStackTest {
    private static final long STACK_BYTES = 1 << 20;

    /** Calls of the recursion below which a commit is tried, beginning at the last one. */
    private static final int LEVELS = 4000;

    private static final int OTHERS = 2;

    /** It waits as long as another group is synced, is woken to lead, and others wait for it. */
    @Test
    void whoWaitsBesideItDoesNotHangAndWhatIsAcknowledgedIsThere() throws Exception {
        sweep(LeaderWithoutStackTest::survivesInCompany);
    }

    /** It leads at once, with more stack in use than a caller that could wait before. */
    @Test
    void whoComesAfterItDoesNotHangAndWhatIsAcknowledgedIsThere() throws Exception {
        sweep(LeaderWithoutStackTest::survivesAlone);
    }

    private interface Attempt {
        /** Whether the pipeline goes on as if nothing had been. */
        boolean survives(int level) throws Exception;
    }

    private static void sweep(Attempt attempt) throws Exception {
        runTheRareWays();
        int whole = 0;
        int broken = 0;
        for (int level = 0; level < LEVELS; level += level < 200 ? 1 : 200) {
            if (attempt.survives(level)) {
                whole++;
            } else {
                broken++;
            }
        }
        assertThat(whole).as("commits that had stack enough").isPositive();
        assertThat(broken).as("commits that broke off").isPositive();
    }

    private static boolean survivesAlone(int level) throws Exception {
        PipelineFixture f = new PipelineFixture();
        Deep deep = new Deep(level, f, f.batch(OTHERS, 1, 20_000));
        Thread thread = new Thread(null, deep::descend, "deep", STACK_BYTES);
        thread.start();
        awaitEnd(f, thread);
        return goesOn(f, deep);
    }

    private static void awaitEnd(PipelineFixture f, Thread thread) throws InterruptedException {
        while (thread.isAlive()) {
            // What the engine's agent does every now and then.
            f.pipeline.idleMark();
            thread.join(1);
        }
    }

    private static boolean survivesInCompany(int level) throws Exception {
        PipelineFixture f = new PipelineFixture();
        PausePoint syncing = new PausePoint();
        f.fs.on(Operation.SYNC).program(0, 1).inject(new Fault.Pause(syncing));
        CompletableFuture<Void> first = f.commit(false, f.batch(100, 1, 10), true);
        syncing.awaitReached();
        Deep deep = new Deep(level, f, f.batch(OTHERS, 1, 20_000));
        Thread thread = new Thread(null, deep::descend, "deep", STACK_BYTES);
        thread.start();
        // First in the line: so it is the one that is woken to lead.
        PipelineFixture.await(() -> deep.over || f.pipeline.collecting() > 0);
        List<CompletableFuture<Void>> others = new ArrayList<>();
        for (int i = 0; i < OTHERS; i++) {
            others.add(f.commit(false, f.batch(i, 1, 10), true));
        }
        PipelineFixture.await(() ->
                f.committer.broken || f.pipeline.collecting() >= OTHERS + (deep.over ? 0 : 1));
        syncing.release();
        awaitEnd(f, thread);

        assertThat(outcome(first)).isNull();
        for (int i = 0; i < OTHERS; i++) {
            Throwable refused = outcome(others.get(i));
            if (refused == null) {
                assertIsThere(f, i, level);
            } else {
                assertThat(refused).isInstanceOf(PoisonedException.class);
            }
        }
        return goesOn(f, deep);
    }

    private static boolean goesOn(PipelineFixture f, Deep deep) {
        if (deep.acknowledged) {
            assertIsThere(f, OTHERS, deep.level);
        }
        Throwable next = outcome(f.commit(false, f.batch(101, 1, 10), true));
        if (next == null) {
            f.close();
            return true;
        }
        assertThat(next).isInstanceOf(PoisonedException.class);
        f.closeAll();
        return false;
    }

    private static void assertIsThere(PipelineFixture f, long group, int level) {
        assertThat(lastAfterReopen(f.fs, group))
                .as("acknowledged batch of group %d, %d levels above the last", group, level)
                .isEqualTo(1);
        assertThat(readable(f, group)).isTrue();
    }

    /** Either what was acknowledged is to be seen, or the index says that it is broken. */
    private static boolean readable(PipelineFixture f, long group) {
        Memtables index = f.memtables;
        try {
            return index.last(group) == 1;
        } catch (PoisonedException broken) {
            return true;
        }
    }

    /** A class whose first use runs out of stack can never be used again, so use them before. */
    private static void runTheRareWays() throws Exception {
        try (PipelineFixture f = new PipelineFixture()) {
            f.pipeline.commit(f.batch(1, 1, 10), true);
            assertThat(f.committer.brokenOff()).hasMessageContaining("unknown");
            f.fs.on(Operation.WRITE)
                    .inject(
                            new Fault.Run(call -> {
                                throw new StackOverflowError("ordered by the test");
                            }));
            assertThat(outcome(f.commit(false, f.batch(1, 2, 10), true)))
                    .isInstanceOf(PoisonedException.class);
            assertThat(outcome(f.commit(false, f.batch(1, 2, 10), true)))
                    .isInstanceOf(PoisonedException.class);
        }
        survivesInCompany(LEVELS);
        survivesAlone(LEVELS);
    }

    /** Commits once, a given number of calls above the one that finds no stack any more. */
    private static final class Deep {
        private final int level;
        private final PipelineFixture f;
        private final EncodedBatch batch;
        private boolean tried;
        private volatile boolean acknowledged;
        private volatile boolean over;

        Deep(int level, PipelineFixture f, EncodedBatch batch) {
            this.level = level;
            this.f = f;
            this.batch = batch;
        }

        int descend() {
            int above;
            try {
                above = descend() + 1;
            } catch (StackOverflowError last) {
                above = 0;
            }
            if (above >= level && !tried) {
                tried = true;
                try {
                    f.pipeline.commit(batch, true);
                    acknowledged = true;
                } catch (StackOverflowError | PoisonedException brokenOff) {
                    over = true;
                    return above;
                }
                over = true;
            }
            return above;
        }
    }
}
