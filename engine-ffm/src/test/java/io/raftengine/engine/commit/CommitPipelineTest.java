package io.raftengine.engine.commit;

import static io.raftengine.engine.commit.PipelineFixture.assertAllSucceed;
import static io.raftengine.engine.commit.PipelineFixture.lastAfterReopen;
import static io.raftengine.engine.commit.PipelineFixture.outcome;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.engine.commit.PipelineFixture.HeldLeader;
import io.raftengine.engine.memtable.Memtables;
import io.raftengine.error.ClosedException;
import io.raftengine.error.InvalidArgumentException;
import io.raftengine.error.MemoryLimitException;
import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.PoisonedException;
import io.raftengine.error.StorageException;
import io.raftengine.log.format.EncodedBatch;
import io.raftengine.testing.errors.Undeclared;
import io.raftengine.testing.forge.CollidingGroups;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.Operation;
import io.raftengine.testing.fs.PausePoint;
import java.io.IOException;
import java.lang.reflect.UndeclaredThrowableException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Groups, leaders and outcomes (scenarios E5, E6, L2 to L5, L9, Q2, Q3; D14, D16; P7; I2, I3). */
@Timeout(120)
class CommitPipelineTest {
    private static final int LARGE = CommitPipeline.COPIED_BYTES_MAX + 1;

    /** E5. */
    @Test
    void writersOneAfterTheOtherLeadTheirOwnGroups() {
        try (PipelineFixture f = new PipelineFixture()) {
            for (int i = 1; i <= 4; i++) {
                f.pipeline.commit(f.batch(1, i, 10), true);
                assertThat(f.memtables.last(1)).isEqualTo(i);
            }
            assertThat(f.committer.counters().groups()).isEqualTo(4);
        }
    }

    /** A commit that broke off may be applied by halves: nobody drops anything on its word. */
    @Test
    void nobodyIsToldThatAllIsSyncedOnceACommitBrokeOff() {
        try (PipelineFixture f = new PipelineFixture()) {
            f.pipeline.commit(f.batch(1, 1, 10), true);
            f.pipeline.exclusively(() -> assertThat(f.pipeline.isSynced()).isTrue());
            f.pipeline.commit(f.batch(1, 2, 10), false);
            f.pipeline.exclusively(() -> assertThat(f.pipeline.isSynced()).isFalse());
            f.pipeline.commit(null, true);
            f.pipeline.exclusively(() -> assertThat(f.pipeline.isSynced()).isTrue());
            f.committer.broken = true;
            assertThatThrownBy(() -> f.pipeline.exclusively(f.pipeline::isSynced))
                    .isInstanceOf(PoisonedException.class);
            assertThatThrownBy(f.pipeline::demandSound).isInstanceOf(PoisonedException.class);
        }
    }

    /** E6: whoever comes while a leader syncs forms one group; each caller gets its own outcome. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 40})
    void whoComesWhileALeaderSyncsFormsOneGroup(int followers) {
        for (boolean virtual : new boolean[] {false, true}) {
            try (PipelineFixture f = new PipelineFixture()) {
                HeldLeader leader = f.leaderHeldInItsSync(virtual, f.batch(1, 1, 10));
                List<CompletableFuture<Void>> callers = new ArrayList<>();
                for (int i = 0; i < followers; i++) {
                    callers.add(
                            f.commit(
                                    virtual ^ i % 2 == 0,
                                    f.batch(100 + i, 1, i % 5 == 4 ? LARGE : 10),
                                    true));
                }
                EncodedBatch hole = f.batch(1, 9, 10);
                CompletableFuture<Void> refused = f.commit(virtual, hole, true);
                f.awaitCollecting(followers + 1);
                assertThat(f.memtables.last(1)).as("visible before durable").isEqualTo(-1);
                leader.goesOnAndSucceeds();
                assertAllSucceed(callers);
                assertThat(outcome(refused)).isInstanceOf(InvalidArgumentException.class);
                assertThat(f.committer.counters().groups()).isEqualTo(2);
                for (int i = 0; i < followers; i++) {
                    f.assertVisibleAndWritten(100 + i);
                }
                f.assertVisibleAndWritten(1);
            }
        }
    }

    /** Whoever does not get in sleeps or polls for a whole sync. */
    @Test
    void callersGetIntoAGroupWhoseBufferIsFull() {
        try (PipelineFixture f = new PipelineFixture()) {
            HeldLeader leader = f.leaderHeldInItsSync(false, null);
            List<EncodedBatch> batches = new ArrayList<>();
            List<CompletableFuture<Void>> callers = new ArrayList<>();
            for (int i = 0; i < 48; i++) {
                EncodedBatch batch = f.batch(i, 1, i % 7 == 6 ? 10 : 8 << 10);
                batches.add(batch);
                callers.add(f.commit(i % 3 == 2, batch, true));
            }
            f.awaitCollecting(48);
            leader.goesOnAndSucceeds();
            assertAllSucceed(callers);
            assertThat(f.committer.counters().groups()).isEqualTo(2);
            for (int i = 0; i < 48; i++) {
                f.assertVisibleAndWritten(i);
            }
        }
    }

    @Test
    void whoFindsNoSlotSleepsUntilTheNextGroupCollects() {
        try (PipelineFixture f = new PipelineFixture()) {
            HeldLeader leader = f.leaderHeldInItsSync(false, null);
            List<CompletableFuture<Void>> callers = new ArrayList<>();
            for (int i = 0; i < CommitGroup.SLOTS_MAX; i++) {
                callers.add(f.commit(true, null, true));
            }
            f.awaitCollecting(CommitGroup.SLOTS_MAX);
            for (int i = 0; i < 4; i++) {
                callers.add(f.commit(i % 2 == 0, f.batch(i, 1, 10), true));
            }
            PipelineFixture.await(() -> f.pipeline.latecomers() == 4);
            leader.goesOnAndSucceeds();
            assertAllSucceed(callers);
            for (int i = 0; i < 4; i++) {
                assertThat(f.memtables.last(i)).isEqualTo(1);
            }
            assertThat(f.pipeline.latecomers()).isZero();
        }
    }

    /** L9. */
    @Test
    void emptyAndFullBatchesMixInOneGroup() {
        try (PipelineFixture f = new PipelineFixture()) {
            HeldLeader leader = f.leaderHeldInItsSync(false, null);
            List<CompletableFuture<Void>> callers = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                EncodedBatch batch = i % 3 == 0 ? null : f.batch(i, 1, 20);
                callers.add(f.commit(i % 2 == 0, batch, i % 4 != 0));
            }
            f.awaitCollecting(12);
            leader.goesOnAndSucceeds();
            assertAllSucceed(callers);
            for (int i = 0; i < 12; i++) {
                assertThat(lastAfterReopen(f.fs, i)).isEqualTo(i % 3 == 0 ? -1 : 1);
            }
        }
    }

    /**
     * D14, L4, D16: all members fail, no trace is left, and the same batches may be written again.
     */
    @Test
    void aFailedWriteFailsItsGroupWithoutATraceAndTheBatchesCanBeWrittenAgain() {
        for (Fault fault :
                List.of(
                        Fault.error(),
                        new Fault.ErrorAfter(Fault.EIO),
                        new Fault.ErrorAfterBytes(70, Fault.EIO))) {
            try (PipelineFixture f = new PipelineFixture()) {
                f.pipeline.commit(f.batch(9, 1, 10), true);
                long end = f.queue.end();
                HeldLeader leader = f.leaderHeldInItsSync(false, null);
                List<EncodedBatch> batches =
                        List.of(f.batch(1, 1, 10), f.batch(2, 1, LARGE), f.batch(3, 1, 30));
                List<CompletableFuture<Void>> callers = new ArrayList<>();
                batches.forEach(batch -> callers.add(f.commit(false, batch, true)));
                f.awaitCollecting(3);
                f.fs.on(Operation.WRITE).program(0, 1).inject(fault);
                leader.goesOnAndSucceeds();
                for (CompletableFuture<Void> caller : callers) {
                    assertThat(outcome(caller)).isInstanceOf(StorageException.class);
                }
                assertThat(f.queue.end()).isEqualTo(end);
                for (long group = 1; group <= 3; group++) {
                    assertThat(f.memtables.exists(group)).isFalse();
                    assertThat(lastAfterReopen(f.fs, group)).isEqualTo(-1);
                }
                batches.forEach(batch -> f.pipeline.commit(batch, true));
                for (long group = 1; group <= 3; group++) {
                    f.assertVisibleAndWritten(group);
                }
            }
        }
    }

    /**
     * What one caller adds to its error, as try-with-resources does, must not turn up in another's,
     * and each stack trace must name the caller that it is thrown in.
     */
    @Test
    void eachCallerOfAFailedGroupGetsAnErrorOfItsOwn() {
        record Trouble(Operation operation, Fault fault, Class<? extends Exception> seen) {}
        for (Trouble trouble :
                List.of(
                        new Trouble(Operation.WRITE, Fault.error(), StorageException.class),
                        new Trouble(Operation.WRITE, Fault.noSpace(), OutOfSpaceException.class),
                        new Trouble(Operation.SYNC, Fault.error(), PoisonedException.class))) {
            try (PipelineFixture f = new PipelineFixture()) {
                HeldLeader leader = f.leaderHeldInItsSync(false, null);
                List<CompletableFuture<Void>> callers = new ArrayList<>();
                for (int i = 0; i < 6; i++) {
                    callers.add(f.commit(i % 2 == 0, f.batch(i, 1, 10), true));
                }
                f.awaitCollecting(6);
                f.fs.on(trouble.operation).inject(trouble.fault);
                leader.goesOnAndSucceeds();
                List<Throwable> errors = callers.stream().map(PipelineFixture::outcome).toList();

                assertThat(errors).doesNotHaveDuplicates().hasOnlyElementsOfType(trouble.seen);
                assertThat(errors)
                        .extracting(Throwable::getMessage)
                        .containsOnly(errors.get(0).getMessage());
                assertThat(errors)
                        .extracting(Throwable::getCause)
                        .containsOnly(errors.get(0).getCause());
                assertThat(errors.get(0)).hasCauseExactlyInstanceOf(trouble.seen);
                for (Throwable error : errors) {
                    assertThat(error.getStackTrace())
                            .extracting(StackTraceElement::getMethodName)
                            .contains("commitIn")
                            .doesNotContain("lead");
                }
            }
        }
    }

    /** Nobody else sees it, so there is nothing between the caller and what failed. */
    @Test
    void whoFailsAloneGetsWhatFailed() {
        try (PipelineFixture f = new PipelineFixture()) {
            EncodedBatch batch = f.batch(1, 1, 10);
            f.fs.on(Operation.WRITE).inject(Fault.error());
            assertThatThrownBy(() -> f.pipeline.commit(batch, true))
                    .isInstanceOf(StorageException.class)
                    .hasNoCause();
        }
    }

    /** Whoever led the group: the stack trace shows who handed in what was refused. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whoIsRefusedIsShownItsOwnCall(boolean virtual) {
        try (PipelineFixture f = new PipelineFixture()) {
            HeldLeader leader = f.leaderHeldInItsSync(false, null);
            EncodedBatch one = f.batch(1, 1, 10);
            EncodedBatch behindAHole = f.batch(1, 5, 10);
            EncodedBatch behindALargerOne = f.batch(1, 9, 10);
            CompletableFuture<Void> written = f.commit(virtual, one, true);
            f.awaitCollecting(1);
            CompletableFuture<Void> first =
                    PipelineFixture.run(virtual, () -> firstCaller(f, behindAHole));
            CompletableFuture<Void> second =
                    PipelineFixture.run(virtual, () -> secondCaller(f, behindALargerOne));
            f.awaitCollecting(3);
            leader.goesOnAndSucceeds();
            assertThat(outcome(written)).isNull();
            assertThat(callers(outcome(first))).contains("firstCaller").doesNotContain("second");
            assertThat(callers(outcome(second))).contains("secondCaller").doesNotContain("first");
        }
    }

    private static void firstCaller(PipelineFixture f, EncodedBatch refused) {
        f.pipeline.commit(refused, true);
    }

    private static void secondCaller(PipelineFixture f, EncodedBatch refused) {
        f.pipeline.commit(refused, true);
    }

    private static String callers(Throwable refusal) {
        assertThat(refusal).isInstanceOf(InvalidArgumentException.class);
        return Arrays.toString(refusal.getStackTrace());
    }

    /**
     * A bare sync wrote nothing: a purge that needs one to free space must not fail because others
     * find none.
     */
    @Test
    void aBareSyncSucceedsAlthoughTheBatchesOfItsGroupFindNoSpace() {
        try (PipelineFixture f = new PipelineFixture()) {
            HeldLeader leader = f.leaderHeldInItsSync(false, f.batch(9, 1, 10));
            CompletableFuture<Void> first = f.commit(false, f.batch(1, 1, 10), true);
            CompletableFuture<Void> bare = f.commit(false, null, true);
            CompletableFuture<Void> second = f.commit(false, f.batch(2, 1, 10), false);
            f.awaitCollecting(3);
            f.fs.on(Operation.WRITE, Operation.CREATE, Operation.ALLOCATE).inject(Fault.noSpace());
            long syncs = f.queue.statistics().syncs();
            leader.goesOnAndSucceeds();
            assertThat(outcome(bare)).isNull();
            assertThat(outcome(first)).isInstanceOf(OutOfSpaceException.class);
            assertThat(outcome(second)).isInstanceOf(OutOfSpaceException.class);
            assertThat(f.queue.statistics().syncs() - syncs)
                    .as("the leader's, and one for the bare sync")
                    .isEqualTo(2);
            assertThat(f.disk.hasPendingWork()).isFalse();
            f.fs.clearRules();
            assertThat(f.memtables.exists(1)).isFalse();
            f.pipeline.commit(f.batch(1, 1, 10), true);
            assertThat(lastAfterReopen(f.fs, 1)).isEqualTo(1);
        }
    }

    /** What is on disk is not known any more, so nobody is told that it is. */
    @Test
    void aBareSyncFailsWhereAFailedWriteCannotBeCutOff() {
        try (PipelineFixture f = new PipelineFixture()) {
            HeldLeader leader = f.leaderHeldInItsSync(false, f.batch(9, 1, 10));
            CompletableFuture<Void> batch = f.commit(false, f.batch(1, 1, 10), true);
            CompletableFuture<Void> bare = f.commit(false, null, true);
            f.awaitCollecting(2);
            f.fs.on(Operation.WRITE).inject(new Fault.ErrorAfterBytes(20, Fault.EIO));
            f.fs.on(Operation.TRUNCATE).inject(Fault.error());
            leader.goesOnAndSucceeds();
            assertThat(outcome(batch)).isInstanceOf(PoisonedException.class);
            assertThat(outcome(bare)).isInstanceOf(PoisonedException.class);
        }
    }

    /** L7: out of space is answered by a rotation, for which everything is signed anew. */
    @Test
    void onAFullDiskTheGroupIsTriedOnceMoreInANewSegmentWithItsSignature() {
        try (PipelineFixture f = new PipelineFixture()) {
            f.pipeline.commit(f.batch(9, 1, 10), true);
            f.fs.on(Operation.WRITE).program(0, 1).inject(Fault.noSpace());
            EncodedBatch large = f.batch(1, 1, LARGE);
            f.pipeline.commit(large, false);
            assertThat(f.queue.activeSeq()).isEqualTo(2);
            f.pipeline.commit(f.batch(1, 2, 10), true);
            assertThat(lastAfterReopen(f.fs, 1)).isEqualTo(2);
            assertThat(lastAfterReopen(f.fs, 9)).isEqualTo(1);
        }
    }

    /** Each refused batch leaving one more empty segment would fill the directory with them. */
    @Test
    void aFullDiskDoesNotCollectEmptySegments() {
        try (PipelineFixture f = new PipelineFixture()) {
            f.pipeline.commit(f.batch(9, 1, 10), true);
            f.fs.on(Operation.WRITE).where(call -> call.offset() > 0).inject(Fault.noSpace());
            for (int i = 0; i < 5; i++) {
                EncodedBatch batch = f.batch(1, 1, 100);
                assertThatThrownBy(() -> f.pipeline.commit(batch, true))
                        .isInstanceOf(OutOfSpaceException.class);
            }
            assertThat(f.queue.activeSeq()).isEqualTo(2);
            f.fs.clearRules();
            f.pipeline.commit(f.batch(1, 1, 100), true);
            assertThat(lastAfterReopen(f.fs, 1)).isEqualTo(1);
        }
    }

    /**
     * Q2, P7, defect 2: nobody is told success, nothing becomes visible, the sync is never tried
     * again.
     */
    @Test
    void aFailedSyncIsReportedToEveryMemberAndEverAfter() {
        try (PipelineFixture f = new PipelineFixture()) {
            f.pipeline.commit(f.batch(9, 1, 10), true);
            HeldLeader first = f.leaderHeldIn(Operation.WRITE, false, f.batch(8, 1, 10), false);
            List<CompletableFuture<Void>> callers = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                callers.add(f.commit(i % 2 == 0, f.batch(i, 1, 10), i == 3));
            }
            f.awaitCollecting(6);
            f.fs.on(Operation.SYNC).program(0, 1).inject(Fault.error());
            first.goesOnAndSucceeds();
            for (CompletableFuture<Void> caller : callers) {
                assertThat(outcome(caller)).isInstanceOf(PoisonedException.class);
            }
            for (int i = 0; i < 6; i++) {
                assertThat(f.memtables.exists(i)).isFalse();
            }
            long syncs = f.fs.calls(Operation.SYNC);
            EncodedBatch later = f.batch(1, 1, 10);
            assertThatThrownBy(() -> f.pipeline.commit(later, false))
                    .isInstanceOf(PoisonedException.class);
            assertThatThrownBy(() -> f.pipeline.commit(null, true))
                    .isInstanceOf(PoisonedException.class);
            f.pipeline.idleMark();
            assertThat(f.fs.calls(Operation.SYNC)).as("syncs after the failure").isEqualTo(syncs);
            assertThat(f.memtables.last(9)).as("reads go on").isEqualTo(1);
        }
    }

    /**
     * Positions inside a segment have 32 bits: a group of many large batches is divided, each part
     * whole.
     */
    @Test
    void aGroupOfManyLargeBatchesIsWrittenInParts() {
        try (PipelineFixture f = new PipelineFixture(1 << 20, 3 * LARGE, 0)) {
            HeldLeader leader = f.leaderHeldInItsSync(false, null);
            List<CompletableFuture<Void>> callers = new ArrayList<>();
            for (int i = 0; i < 7; i++) {
                callers.add(f.commit(false, f.batch(i, 1, LARGE), true));
            }
            f.awaitCollecting(7);
            leader.goesOnAndSucceeds();
            assertAllSucceed(callers);
            assertThat(f.committer.counters().groups())
                    .as("one bare sync, then two, two, two, one")
                    .isEqualTo(5);
            for (int i = 0; i < 7; i++) {
                assertThat(lastAfterReopen(f.fs, i)).isEqualTo(1);
            }
        }
    }

    /**
     * I3: the mark of a closing engine must not lengthen a segment that may no longer be the last.
     */
    @Test
    void noMarkIsWrittenBehindAHalfDoneRotation() {
        try (PipelineFixture f = new PipelineFixture(100, GroupCommitter.RUN_BYTES_MAX, 0)) {
            f.pipeline.commit(f.batch(1, 1, 100), true);
            f.fs.on(Operation.WRITE).program(0, 1).inject(Fault.error()); // the new header
            EncodedBatch second = f.batch(1, 2, 100);
            assertThatThrownBy(() -> f.pipeline.commit(second, true))
                    .isInstanceOf(StorageException.class);
            long end = f.queue.end();
            f.pipeline.idleMark();
            f.pipeline.idleMark();
            assertThat(f.queue.end()).isEqualTo(end);
            f.closeAll();
            assertThat(lastAfterReopen(f.fs, 1)).isEqualTo(1);
        }
    }

    /** D3: a mark covers all, is written once, and only after a moment of rest. */
    @Test
    void anIdleMarkIsWrittenOnceAndSynced() {
        try (PipelineFixture f = new PipelineFixture()) {
            f.pipeline.commit(f.batch(1, 1, 10), false);
            long end = f.queue.end();
            f.pipeline.idleMark();
            assertThat(f.queue.end()).as("somebody has just written").isEqualTo(end);
            f.pipeline.idleMark();
            long marked = f.queue.end();
            assertThat(marked).isGreaterThan(end);
            assertThat(f.disk.hasPendingWork()).isFalse();
            f.pipeline.idleMark();
            f.pipeline.idleMark();
            assertThat(f.queue.end()).isEqualTo(marked);
        }
    }

    @Test
    void aMarkThatFindsNoRoomIsLeftOutAndTheCloseSucceeds() {
        try (PipelineFixture f = new PipelineFixture()) {
            f.pipeline.commit(f.batch(1, 1, 10), false);
            f.fs.on(Operation.WRITE).inject(Fault.noSpace());
            f.pipeline.close();
            assertThat(f.disk.hasPendingWork()).as("the data itself is synced").isFalse();
            f.fs.clearRules();
        }
    }

    /**
     * The leader for virtual callers is none of them: it must be gone from the group before its
     * memory is.
     */
    @Test
    void closingRightAfterTheLastVirtualCallerTouchesNoMemoryThatIsGone() {
        for (int round = 0; round < 150; round++) {
            try (PipelineFixture f = new PipelineFixture()) {
                List<CompletableFuture<Void>> callers = new ArrayList<>();
                for (int i = 0; i < 3; i++) {
                    callers.add(f.commit(true, f.batch(i, 1, 10), i == 0));
                }
                assertAllSucceed(callers);
            }
        }
    }

    /** Closing lets those inside finish and tells all others that it is closed; nothing else. */
    @Test
    void whoComesWhileItClosesIsWrittenOrToldThatItIsClosed() {
        for (int round = 0; round < 40; round++) {
            PipelineFixture f = new PipelineFixture();
            List<CompletableFuture<Void>> callers = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                callers.add(f.commit(i % 2 == 0, f.batch(i, 1, 10), i % 3 == 0));
            }
            f.pipeline.close();
            for (int i = 0; i < 8; i++) {
                Throwable failed = outcome(callers.get(i));
                if (failed == null) {
                    assertThat(lastAfterReopen(f.fs, i)).isEqualTo(1);
                } else {
                    assertThat(failed).isInstanceOf(ClosedException.class);
                    assertThat(lastAfterReopen(f.fs, i)).isEqualTo(-1);
                }
            }
            f.close();
        }
    }

    /** An interrupt must neither cut a wait short nor be lost. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anInterruptedCallerWaitsForItsOutcomeAndStaysInterrupted(boolean virtual)
            throws Exception {
        try (PipelineFixture f = new PipelineFixture()) {
            HeldLeader leader = f.leaderHeldInItsSync(false, f.batch(1, 1, 10));
            AtomicBoolean stillInterrupted = new AtomicBoolean();
            EncodedBatch batch = f.batch(2, 1, 10);
            Runnable work =
                    () -> {
                        Thread.currentThread().interrupt();
                        f.pipeline.commit(batch, true);
                        stillInterrupted.set(Thread.currentThread().isInterrupted());
                    };
            Thread caller =
                    virtual ? Thread.ofVirtual().start(work) : Thread.ofPlatform().start(work);
            f.awaitCollecting(1);
            assertThat(f.memtables.exists(2)).isFalse();
            leader.goesOnAndSucceeds();
            caller.join();
            assertThat(stillInterrupted).isTrue();
            assertThat(f.memtables.last(2)).isEqualTo(1);
        }
    }

    /** The leader that runs it must neither throw what is not its own nor keep the token. */
    @Test
    void aStepThatThrowsWhatItMustNotThrowsItWhereItWasWanted() {
        for (Throwable thrown : List.of(new IOException("sneaked"), new AssertionError("error"))) {
            try (PipelineFixture f = new PipelineFixture()) {
                PausePoint syncing = new PausePoint();
                f.fs.on(Operation.SYNC).program(0, 1).inject(new Fault.Pause(syncing));
                CompletableFuture<Void> leader = f.commit(false, f.batch(1, 1, 10), true);
                syncing.awaitReached();
                CompletableFuture<Void> step =
                        f.run(() -> f.pipeline.exclusively(() -> Undeclared.raise(thrown)));
                PipelineFixture.await(f.pipeline::hasStep);
                syncing.release();

                assertThat(outcome(leader)).isNull();
                Throwable seen = outcome(step);
                assertThat(
                                seen instanceof UndeclaredThrowableException undeclared
                                        ? undeclared.getCause()
                                        : seen)
                        .isSameAs(thrown);
                assertThat(seen).isInstanceOfAny(RuntimeException.class, Error.class);
                assertThat(outcome(f.commit(false, f.batch(1, 2, 10), true))).isNull();
            }
        }
    }

    @Test
    void aLimitThatLeavesNoRoomForTheGroupsLeavesNothingBehind() {
        try (PipelineFixture f = new PipelineFixture()) {
            for (long limit = 4096; limit < 3L * (132 << 10); limit += 32 << 10) {
                MemoryBudget tight = new MemoryBudget(limit);
                try (Memtables none = new Memtables(MemoryBudget.unlimited(), 1L << 30);
                        GroupCommitter committer =
                                new GroupCommitter(
                                        MemoryBudget.unlimited(), f.queue, none, null, () -> 0)) {
                    assertThatThrownBy(() -> new CommitPipeline(tight, committer))
                            .isInstanceOf(MemoryLimitException.class);
                }
                assertThat(tight.reservedBytes()).isZero();
            }
        }
    }

    /** P9: ids chosen to share one place in the table cost their writer an error, nobody else. */
    @Test
    void aBatchOfGroupsThatTheTableCannotTellApartIsRefusedAlone() {
        long[] colliding = CollidingGroups.ids(CollidingGroups.CUSTOMARY_SEED, 200);
        try (PipelineFixture f = new PipelineFixture(CollidingGroups.CUSTOMARY_SEED)) {
            f.pipeline.commit(f.batch(1, 1, 10), true);
            long before = f.budget.reservedBytes();
            assertThatThrownBy(() -> f.pipeline.commit(f.batchOf(colliding), true))
                    .isInstanceOf(MemoryLimitException.class)
                    .hasMessageContaining("collide");
            assertThat(f.budget.peakBytes() - before).as("bytes it took").isLessThan(1 << 20);
            assertThat(f.memtables.groupCount()).isEqualTo(1);

            f.pipeline.commit(f.batch(1, 2, 10), true);
            int found = 0;
            for (long group : colliding) {
                found += outcome(f.commit(false, f.batch(group, 1, 10), false)) == null ? 1 : 0;
            }
            assertThat(found).as("groups that find room one by one").isBetween(100, 199);
            f.pipeline.commit(f.batch(1, 3, 10), true);
            assertThat(f.memtables.groupCount()).isEqualTo(1 + found);
            assertThat(lastAfterReopen(f.fs, 1)).isEqualTo(3);
            // The next open hashes with a seed of its own.
            assertThat(lastAfterReopen(f.fs, colliding[0])).isEqualTo(1);
        }
    }
}
