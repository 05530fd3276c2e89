package io.raftengine.engine.commit;

import static io.raftengine.engine.commit.PipelineFixture.outcome;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.log.format.EncodedBatch;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.Operation;
import io.raftengine.testing.fs.PausePoint;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Where the time of synced batches goes (L10), by a clock that moves only when it is looked at. */
@Timeout(120)
class CommitTimesTest {
    private static final int FOLLOWERS = 3;
    private static final long DELAY = 1_000_000;
    private final AtomicLong clock = new AtomicLong();

    /** L10. */
    @Test
    void followersOfADelayedLeaderEncodeWaitAreWrittenSyncedAndApplied() {
        try (PipelineFixture f = new PipelineFixture(clock::incrementAndGet)) {
            PausePoint syncing = new PausePoint();
            f.fs.on(Operation.SYNC).program(0, 1).inject(new Fault.Pause(syncing));
            CompletableFuture<Void> leader = f.commit(false, f.batch(9, 1, 10), true);
            syncing.awaitReached();
            CommitCounters.Snapshot before = f.committer.counters();
            List<CompletableFuture<Void>> followers = new ArrayList<>();
            for (int i = 0; i < FOLLOWERS; i++) {
                long begun = f.pipeline.now();
                EncodedBatch batch = f.batch(i, 1, 100);
                followers.add(f.run(() -> f.pipeline.commit(batch, true, begun)));
            }
            f.awaitCollecting(FOLLOWERS);
            clock.addAndGet(DELAY);
            syncing.release();
            assertThat(outcome(leader)).isNull();
            followers.forEach(follower -> assertThat(outcome(follower)).isNull());

            CommitCounters.Snapshot after = f.committer.counters();
            assertThat(after.groups()).as("the leader's, and the followers'").isEqualTo(2);
            assertThat(after.encodeNanos() - before.encodeNanos())
                    .isBetween((long) FOLLOWERS, DELAY);
            assertThat(after.waitNanos() - before.waitNanos())
                    .as("each of them waited for all of it")
                    .isBetween(FOLLOWERS * DELAY, FOLLOWERS * DELAY + 1_000);
            assertThat(after.writeNanos() - before.writeNanos()).isBetween(1L, DELAY);
            assertThat(after.syncNanos() - before.syncNanos())
                    .as("the leader's, which was delayed, and that of the followers")
                    .isBetween(DELAY + 1, DELAY + 1_000);
            assertThat(after.applyNanos() - before.applyNanos()).isBetween(2L, DELAY);
        }
    }

    /** The clock would be a part of what it measures. */
    @Test
    void withoutASyncNobodyAsksForTheTime() {
        try (PipelineFixture f = new PipelineFixture(clock::incrementAndGet)) {
            f.pipeline.commit(f.batch(1, 1, 10), true);
            CommitCounters.Snapshot before = f.committer.counters();
            long now = clock.get();
            f.pipeline.commit(f.batch(1, 2, 10), false, 0);
            assertThat(clock.get() - now).isZero();
            CommitCounters.Snapshot after = f.committer.counters();
            assertThat(after.batches()).isEqualTo(before.batches() + 1);
            assertThat(after.encodeNanos()).isEqualTo(before.encodeNanos());
            assertThat(after.waitNanos()).isEqualTo(before.waitNanos());
            assertThat(after.writeNanos()).isEqualTo(before.writeNanos());
            assertThat(after.syncNanos()).isEqualTo(before.syncNanos());
            assertThat(after.applyNanos()).isEqualTo(before.applyNanos());
        }
    }
}
