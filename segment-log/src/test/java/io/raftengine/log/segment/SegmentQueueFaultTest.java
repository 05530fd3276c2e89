package io.raftengine.log.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.PoisonedException;
import io.raftengine.error.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a failing disk may do to a queue: scenarios L2 to L7 as far as one queue can tell, D14, P7.
 */
class SegmentQueueFaultTest {
    private static final int HEADER = 69;

    @TempDir private Path root;
    private QueueFixture q;

    @BeforeEach
    void start() {
        q = QueueFixture.withSpill(root);
    }

    @AfterEach
    void stop() {
        q.close();
    }

    private Path log(long seq) {
        return root.resolve("main").resolve(String.format("%016d.raftlog", seq));
    }

    /**
     * Fails the first {@code times} calls of an operation after {@code passes} of it went through.
     */
    private void fail(String operation, int passes, int times) {
        int[] seen = {0};
        q.fs.program((op, path) -> {
            if (op.equals(operation)) {
                int n = seen[0]++;
                if (n >= passes && n < passes + times) {
                    throw ProgrammableFileSystem.failure(op, path);
                }
            }
        });
    }

    /**
     * As {@link #fail}, for lack of space; {@code pattern} says call by call: F full, anything else
     * passes.
     */
    private void full(String pattern) {
        int[] seen = {0};
        q.fs.program((op, path) -> {
            if (op.equals("write") && seen[0] < pattern.length()) {
                if (pattern.charAt(seen[0]++) == 'F') {
                    throw ProgrammableFileSystem.full(path);
                }
            }
        });
    }

    /** L2, L5, D14: nothing is left of a write that failed, before or after its bytes went out. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aFailedWriteLeavesNothingAndTheNextTakesItsPlace(boolean afterWriting) throws IOException {
        q.open().append(300);
        fail("write", 0, 1);
        if (afterWriting) {
            q.fs.failAfterWriting();
        }
        assertThatThrownBy(() -> q.append(500)).isInstanceOf(StorageException.class);
        assertThat(q.queue.end()).isEqualTo(HEADER + 300);
        assertThat(Files.size(log(1))).isEqualTo(HEADER + 300);
        assertThat(q.queue.poisoned()).isFalse();
        q.fs.noProgram();
        q.append(77).verify();
        q.reopen().verify();
    }

    /** I2: the cut itself is durable before the caller hears of the failure. */
    @Test
    void theCutOfAFailedWriteIsSynced() {
        q.open().append(300);
        fail("write", 0, 1);
        q.fs.forgetCalls();
        assertThatThrownBy(() -> q.append(500)).isInstanceOf(StorageException.class);
        assertThat(q.fs.calls())
                .containsExactly(
                        "write 0000000000000001.raftlog",
                        "truncate 0000000000000001.raftlog",
                        "sync 0000000000000001.raftlog");
    }

    @Test
    void aFailedWriteIntoARecycledSegmentIsCutOffToo() {
        q.settings().targetBytes(8 << 10).recycleCapacity(10);
        q.open().append(9000).rotate().purgeTo(2).append(9000).append(700);
        assertThat(q.queue.statistics().rotationsRecycled()).isEqualTo(1);
        fail("write", 0, 1);
        q.fs.failAfterWriting();
        assertThatThrownBy(() -> q.append(5000)).isInstanceOf(StorageException.class);
        q.fs.noProgram();
        q.append(3).append(5000).verify();
        q.assertDirectoryIsSound();
        q.reopen().verify();
    }

    /** L4, L5: what cannot be cut off cannot be vouched for. */
    @ParameterizedTest
    @ValueSource(strings = {"truncate", "sync"})
    void aFailedWriteThatCannotBeCutOffPoisons(String operation) {
        q.open().append(300);
        q.fs.program((op, path) -> {
            if (op.equals("write") || op.equals(operation)) {
                throw ProgrammableFileSystem.failure(op, path);
            }
        });
        assertThatThrownBy(() -> q.append(500)).isInstanceOf(PoisonedException.class);
        q.fs.noProgram();
        assertThat(q.queue.poisoned()).isTrue();
        assertThatThrownBy(() -> q.append(1)).isInstanceOf(PoisonedException.class);
        assertThatThrownBy(() -> q.queue.sync()).isInstanceOf(PoisonedException.class);
        assertThatThrownBy(() -> q.queue.rotate()).isInstanceOf(PoisonedException.class);
        q.verify(); // reads go on
        q.reopen().append(10).verify();
    }

    /** P7, defect 2: once, for good, and never tried again. */
    @Test
    void aFailedSyncPoisonsForGoodAndIsNeverRetried() {
        q.open().append(300);
        q.queue.sync();
        q.append(100);
        fail("sync", 0, 1);
        assertThatThrownBy(() -> q.queue.sync())
                .isInstanceOf(PoisonedException.class)
                .hasCauseInstanceOf(StorageException.class);
        q.fs.forgetCalls();
        assertThatThrownBy(() -> q.queue.sync()).isInstanceOf(PoisonedException.class);
        assertThatThrownBy(() -> q.append(1)).isInstanceOf(PoisonedException.class);
        assertThat(q.queue.prepareNext()).isFalse();
        q.verify();
        q.queue.close();
        assertThat(q.fs.calls()).doesNotContain("sync 0000000000000001.raftlog");
    }

    /** L3, and the rule of architecture section 4 point 5 about cuts, syncs and directory syncs. */
    @ParameterizedTest
    @ValueSource(strings = {"truncate 1", "sync 1", "sync 2", "syncdir"})
    void aRotationThatLosesCertaintyPoisons(String where) {
        q.open().append(300);
        String operation = where.split(" ")[0];
        String number = where.contains(" ") ? where.split(" ")[1] + ".raftlog" : "";
        q.fs.program((op, path) -> {
            if (op.equals(operation) && path.toString().endsWith(number)) {
                throw ProgrammableFileSystem.failure(op, path);
            }
        });
        assertThatThrownBy(() -> q.queue.rotate()).isInstanceOf(PoisonedException.class);
        assertThat(q.queue.activeSeq()).isEqualTo(1);
        assertThat(q.queue.poisoned()).isTrue();
        q.fs.noProgram();
        assertThatThrownBy(() -> q.queue.rotate()).isInstanceOf(PoisonedException.class);
        q.verify();
        q.queue.close();
        q.assertDirectoryIsSound();
        q.open().append(10).verify();
    }

    /**
     * L3: the old segment stays, the half-made file is finished by the next attempt, only one is
     * ever made.
     */
    @ParameterizedTest
    @ValueSource(strings = {"create", "write"})
    void aRotationThatCannotMakeTheNewFileIsFinishedLater(String operation) {
        q.open().append(300);
        fail(operation, 0, 2);
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(() -> q.queue.rotate()).isInstanceOf(StorageException.class);
            assertThat(q.queue.activeSeq()).isEqualTo(1);
            assertThat(q.queue.poisoned()).isFalse();
            q.verify();
            // The next append must not go to a segment that a crash could make the last but one
            // (I3).
            assertThat(q.queue.rotateBefore(1)).isTrue();
            assertThatThrownBy(() -> q.queue.append(0, 1))
                    .isInstanceOf(IllegalStateException.class);
            q.assertDirectoryIsSound();
        }
        q.append(10);
        assertThat(q.queue.activeSeq()).isEqualTo(2);
        assertThat(q.names(0))
                .containsExactly("0000000000000001.raftlog", "0000000000000002.raftlog");
        q.verify();
        q.reopen().verify();
    }

    @Test
    void aHalfMadeFileIsTheActiveSegmentAfterARestart() {
        q.open().append(300);
        fail("write", 0, 1);
        assertThatThrownBy(() -> q.queue.rotate()).isInstanceOf(StorageException.class);
        q.fs.noProgram();
        q.reopen();
        assertThat(q.queue.activeSeq()).isEqualTo(2);
        q.append(10).verify();
    }

    /** L6. */
    @Test
    void preallocationMayFail() {
        fail("allocate", 0, 1000);
        q.open().append(300).append(1024).append(10).prepare();
        assertThat(q.queue.statistics().preallocations()).isGreaterThan(0);
        q.verify();
        q.reopen().verify();
    }

    /**
     * L7 (1), (2): lack of space is a typed error, nothing is stored, and the next write succeeds.
     */
    @Test
    void aFullDiskRefusesTheGroupAndNothingElse() {
        q.open().append(300);
        full("F");
        assertThatThrownBy(() -> q.append(500)).isInstanceOf(OutOfSpaceException.class);
        assertThat(q.queue.end()).isEqualTo(HEADER + 300);
        assertThat(q.queue.poisoned()).isFalse();
        q.append(20).verify();
    }

    /** L7 (3): one failure, then the spill directory takes the group. */
    @Test
    void afterAFullDiskRotationGoesWhereThereIsRoom() {
        q.open().append(300);
        full("F");
        assertThatThrownBy(() -> q.append(500)).isInstanceOf(OutOfSpaceException.class);
        q.mainIsFull();
        q.rotate().append(500);
        assertThat(q.names(1)).containsExactly("0000000000000002.raftlog");
        q.verify();
        q.reopen().verify();
        q.assertDirectoryIsSound();
    }

    /**
     * L7 (4) and beyond: a header without room does not leave two files of one number behind (I4).
     */
    @Test
    void aHalfMadeFileWithoutRoomMovesToTheOtherDirectory() {
        q.open().append(300);
        full("FF");
        assertThatThrownBy(() -> q.append(500)).isInstanceOf(OutOfSpaceException.class);
        assertThatThrownBy(() -> q.queue.rotate()).isInstanceOf(OutOfSpaceException.class);
        assertThat(q.names(0)).contains("0000000000000002.raftlog");
        q.assertDirectoryIsSound();
        q.mainIsFull();
        q.fs.forgetCalls();
        q.rotate().append(500);
        assertThat(q.fs.calls())
                .containsSubsequence(
                        "delete 0000000000000002.raftlog",
                        "syncdir main",
                        "create 0000000000000002.raftlog");
        assertThat(q.names(0)).containsExactly("0000000000000001.raftlog");
        assertThat(q.names(1)).containsExactly("0000000000000002.raftlog");
        q.verify();
        q.reopen().verify();
    }

    /** As network file systems do: what was deleted is not there, whatever was reported. */
    @Test
    void aHalfMadeFileThatIsGoneIsNotFinished() {
        q.open().append(300);
        full("FF");
        assertThatThrownBy(() -> q.append(500)).isInstanceOf(OutOfSpaceException.class);
        assertThatThrownBy(() -> q.queue.rotate()).isInstanceOf(OutOfSpaceException.class);
        q.mainIsFull();
        q.fs.program((op, path) -> {
            if (op.equals("delete")) {
                assertThat(path.toFile().delete()).isTrue();
                throw ProgrammableFileSystem.failure(op, path);
            }
        });
        assertThatThrownBy(() -> q.queue.rotate()).isInstanceOf(StorageException.class);
        q.fs.noProgram();
        q.fs.forgetCalls();
        q.append(500);
        assertThat(q.fs.calls())
                .as("I4: not in both directories after a power cut")
                .containsSubsequence("syncdir main", "create 0000000000000002.raftlog");
        assertThat(q.names(1)).containsExactly("0000000000000002.raftlog");
        q.reopen().verify();
    }

    /** I3: either there is no next segment, or nothing is written to this one any more. */
    @Test
    void aHeapThatRunsOutDuringARotationLeavesNoSecondSegmentBehind() {
        q.settings().targetBytes(1);
        q.open();
        while (q.queue.activeSeq() < 64) {
            q.append(10);
        }
        q.queue
                .table()
                .ringsFrom(length -> {
                    throw new OutOfMemoryError("ordered by the test");
                });
        assertThatThrownBy(() -> q.queue.rotate()).isInstanceOf(OutOfMemoryError.class);
        assertThat(log(65)).doesNotExist();
        q.queue.table().ringsFrom(AtomicReferenceArray::new);
        q.append(10).verify();
        assertThat(q.queue.activeSeq()).isEqualTo(65);
        q.assertDirectoryIsSound();
        q.reopen().verify();
    }

    /** I8: a full disk with reserves goes on. */
    @Test
    void reservesAreUsedWhenTheDiskIsFull() {
        q.settings().recycleCapacity(10);
        q.open().append(1024).append(1024).append(1024).purgeTo(3);
        q.mainIsFull();
        q.spillIsFull();
        q.rotate().append(10).rotate().append(10);
        assertThat(q.queue.statistics().rotationsRecycled()).isEqualTo(2);
        q.verify();
    }

    /** Where a reserve resists, a new file does the job. */
    @ParameterizedTest
    @ValueSource(strings = {"rename", "open"})
    void aReserveThatCannotBeUsedIsReplacedByANewFile(String operation) {
        q.settings().recycleCapacity(10);
        q.open().append(1024).append(1024).purgeTo(2);
        fail(operation, 0, 1);
        q.rotate().append(10);
        assertThat(q.queue.statistics().rotationsRecycled()).isZero();
        assertThat(q.names(0))
                .containsExactly("0000000000000002.raftlog", "0000000000000003.raftlog");
        q.verify();
    }

    /**
     * I4: whatever a rotation stumbles over once a reserve has its new name, there is no second
     * file of that number in the other directory.
     */
    @ParameterizedTest
    @ValueSource(strings = {"renamed", "close", "open", "open close"})
    void aReserveThatGotItsNewNameIsNotForgotten(String failing) {
        q.settings().recycleCapacity(10);
        q.mainIsFull();
        q.open().append(1024).append(1024).purgeTo(2);
        assertThat(q.names(1))
                .containsExactly("0000000000000001.raftlog.reserved", "0000000000000002.raftlog");
        // The rotation renames it in the spill directory and stumbles; the main one has room again.
        q.mainHasSpaceAgain();
        boolean[] renamed = {false};
        q.fs.program((op, path) -> {
            renamed[0] |= op.equals("rename");
            if (renamed[0] && List.of(failing.split(" ")).contains(op)) {
                throw ProgrammableFileSystem.failure(op, path);
            }
        });
        try {
            q.rotate();
        } catch (StorageException e) {
            assertThat(q.queue.rotateBefore(1)).isTrue();
        }
        q.fs.noProgram();
        q.append(10);
        assertThat(q.queue.activeSeq()).isEqualTo(3);
        q.verify();
        q.assertDirectoryIsSound();
        q.reopen().append(20).verify();
    }

    /**
     * The oldest goes first and only when its name is gone for good; what could not be removed is
     * still there.
     */
    @Test
    void aPurgeThatFailsHalfWayCanBeRepeated() {
        q.open().append(1024).append(1024).append(1024).append(1024);
        fail("delete", 1, 1);
        assertThatThrownBy(() -> q.queue.purgeTo(4, () -> true))
                .isInstanceOf(StorageException.class);
        assertThat(q.queue.firstSeq()).isEqualTo(2);
        q.model.headMap(2L).clear();
        q.verify();
        q.assertDirectoryIsSound();
        q.fs.noProgram();
        q.purgeTo(4).verify();
    }

    @Test
    void everyRemovedNameIsDurableBeforeTheNextOneGoes() {
        q.settings().recycleCapacity(3);
        q.open().append(1024).append(1024).append(1024).append(1024);
        q.fs.forgetCalls();
        q.purgeTo(4);
        List<String> changes = q.fs.calls().stream().filter(c -> !c.startsWith("info")).toList();
        assertThat(changes)
                .containsExactly(
                        "rename 0000000000000001.raftlog 0000000000000001.raftlog.reserved",
                        "syncdir main",
                        "rename 0000000000000002.raftlog 0000000000000002.raftlog.reserved",
                        "syncdir main",
                        "delete 0000000000000003.raftlog",
                        "syncdir main");
    }

    /** Q11: reserves stay in their own directory, so no rename ever crosses file systems. */
    @Test
    void segmentsAreReservedAndReusedInTheirOwnDirectory() {
        q.settings().recycleCapacity(10);
        q.open().append(1024);
        q.mainIsFull();
        q.append(1024).append(1024);
        q.mainHasSpaceAgain();
        q.append(1024).purgeTo(4);
        assertThat(q.names(0)).contains("0000000000000001.raftlog.reserved");
        assertThat(q.names(1))
                .containsExactly(
                        "0000000000000002.raftlog.reserved", "0000000000000003.raftlog.reserved");
        q.reopen();
        q.append(1024).append(1024).append(1024);
        assertThat(q.names(1))
                .containsExactly("0000000000000006.raftlog", "0000000000000007.raftlog");
        q.verify();
    }

    /**
     * The background agent's failures: its own files cost nothing, the active segment's write-out
     * poisons.
     */
    @Test
    void aPreparedFileThatFailsIsForgotten() {
        q.settings().targetBytes(64 << 10).prefill(PrefillPolicy.ALWAYS);
        q.open();
        for (int i = 0; i < 8; i++) {
            q.append(5 << 10);
        }
        q.fs.program((op, path) -> {
            if (op.equals("write") && path.getFileName().toString().startsWith("prepared-")) {
                throw ProgrammableFileSystem.failure(op, path);
            }
        });
        q.prepare();
        q.fs.noProgram();
        assertThat(q.queue.poisoned()).isFalse();
        assertThat(q.names(0)).containsExactly("0000000000000001.raftlog");
        q.append(30 << 10).append(10).verify();
    }

    @Test
    void aFailedBackgroundWriteOutPoisons() {
        q.settings().targetBytes(4 << 20).writebackBytes(64 << 10);
        q.open().append(60 << 10).prepare();
        assertThat(q.queue.statistics().writebacks()).isZero();
        q.append(10 << 10).prepare();
        assertThat(q.queue.statistics().writebacks()).isEqualTo(1);
        fail("writeback", 0, 1);
        q.append(100 << 10);
        assertThatThrownBy(() -> q.queue.prepareNext()).isInstanceOf(PoisonedException.class);
        assertThatThrownBy(() -> q.queue.sync()).isInstanceOf(PoisonedException.class);
        q.verify();
    }

    @Test
    void syncedBytesAreNotWrittenOutAgain() {
        q.settings().targetBytes(4 << 20).writebackBytes(64 << 10);
        q.open().append(500 << 10);
        q.queue.sync();
        q.append(10 << 10).prepare();
        assertThat(q.queue.statistics().writebacks()).isZero();
    }

    /** Everything is given back, whatever fails. The fixture's close checks the budget. */
    @ParameterizedTest
    @ValueSource(strings = {"truncate", "sync"})
    void closeGivesEverythingBackEvenIfItFails(String operation) {
        q.open().append(300);
        fail(operation, 0, 1);
        assertThatThrownBy(() -> q.queue.close()).isInstanceOf(PoisonedException.class);
        assertThat(q.budget.reservedBytes()).isZero();
        q.queue.close();
    }

    /** H22: an open that fails at any call gives everything back and the next one succeeds. */
    @Test
    void anOpenThatFailsAtAnyCallLeaksNothing() {
        q.settings().recycleCapacity(10);
        q.open().append(1024).append(1024).append(1024).purgeTo(2);
        q.queue.close();
        int failing = 0;
        for (; ; failing++) {
            int[] left = {failing};
            q.fs.program((op, path) -> {
                if (left[0]-- == 0) {
                    throw ProgrammableFileSystem.failure(op, path);
                }
            });
            try {
                q.open();
            } catch (StorageException | PoisonedException e) {
                assertThat(q.budget.reservedBytes()).as("call %d", failing).isZero();
                continue;
            }
            q.fs.noProgram();
            q.verify();
            if (left[0] >= 0) {
                break; // no call failed any more
            }
            q.queue.close();
        }
        assertThat(failing).isGreaterThan(8);
    }

    /**
     * Q10, defect 15: without room for a header the queue opens, reads, and goes on once there is
     * room.
     */
    @Test
    void aLastSegmentWithoutHeaderOpensOnAFullDisk() throws IOException {
        q.open().append(1024).append(500);
        q.queue.close();
        Files.write(log(3), new byte[10]);
        full("FF");
        q.open();
        assertThat(q.queue.activeSeq()).isEqualTo(2);
        q.verify();
        assertThat(q.queue.rotateBefore(1)).isTrue();
        assertThatThrownBy(() -> q.queue.rotate()).isInstanceOf(OutOfSpaceException.class);
        q.queue.close();
        full("F");
        q.open().verify();
        q.append(10);
        assertThat(q.queue.activeSeq()).isEqualTo(3);
        q.verify();
        q.assertDirectoryIsSound();
        q.reopen().verify();
    }

    /** I3: a segment that has a successor is whole, also while it stands in for it. */
    @Test
    void theAgentKeepsOffASegmentThatStandsIn() throws IOException {
        q.settings().targetBytes(1 << 20).prefill(PrefillPolicy.ALWAYS);
        q.open().append(1000).rotate();
        q.queue.close();
        Files.write(log(2), new byte[10]);
        full("F");
        q.open();
        assertThat(q.queue.activeSeq()).isEqualTo(1);
        // From here on there is space.
        q.fs.forgetCalls();
        q.prepare();
        assertThat(Files.size(log(1))).isEqualTo(HEADER + 1000);
        assertThat(q.fs.calls()).doesNotContain("open 0000000000000001.raftlog");
        q.append(10);
        assertThat(q.queue.activeSeq()).isEqualTo(2);
        q.assertDirectoryIsSound();
        q.prepare();
        assertThat(q.queue.statistics().bytesPrefilled()).as("the real one").isPositive();
        q.reopen().verify();
    }
}
