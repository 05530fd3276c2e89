package io.raftengine.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.error.CorruptionException;
import io.raftengine.error.EntryNotFoundException;
import io.raftengine.error.InvalidArgumentException;
import io.raftengine.error.PoisonedException;
import io.raftengine.error.RaftEngineException;
import io.raftengine.error.StorageException;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.format.SegmentName;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileSystem.OpenMode;
import io.raftengine.recovery.DropCause;
import io.raftengine.recovery.RecoveryMode;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.Operation;
import io.raftengine.testing.fs.PausePoint;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The defects of the real engine, each provoked the way it shows there. Numbers are those of the
 * list in the design.
 */
@Timeout(120)
class ReferenceDefectsTest {
    /** Defect 1, Q1. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void syncAndAnEmptySyncedWriteReallySync(boolean emptyWrite) {
        try (EngineFixture f = new EngineFixture().open()) {
            f.append(1, 1, 5, false);
            assertThat(f.disk.hasPendingWork()).isTrue();
            if (emptyWrite) {
                try (LogBatch nothing = f.engine.newBatch()) {
                    f.write(nothing, true);
                }
            } else {
                f.engine.sync();
            }
            for (int seed = 0; seed < 20; seed++) {
                try (EngineFixture after = f.afterPowerCut(seed).open()) {
                    assertThat(after.holds(1, 1, 5)).as("seed " + seed).isTrue();
                }
            }
        }
    }

    /** Defect 2, Q2; several members of one group are in CommitPipelineTest. */
    @Test
    void aFailedSyncIsNotSuccessAndPoisons() {
        try (EngineFixture f = new EngineFixture().open()) {
            f.append(1, 1, 2, true);
            f.fs.on(Operation.SYNC).program(0, 1).inject(Fault.error());
            assertThatThrownBy(() -> f.append(1, 3, 1, true)).isInstanceOf(PoisonedException.class);
            assertThat(f.holds(1, 1, 2)).isTrue();
            assertThatThrownBy(() -> f.append(1, 3, 1, false))
                    .isInstanceOf(PoisonedException.class);
            assertThatThrownBy(() -> f.engine.sync()).isInstanceOf(PoisonedException.class);
            f.reopen();
            assertThat(f.holds(1, 1, 2) || f.holds(1, 1, 3)).as("whole or not at all").isTrue();
            long last = f.engine.lastIndex(1);
            f.append(1, last + 1, 1, true);
            assertThat(f.holds(1, 1, last + 1)).isTrue();
        }
    }

    /** Defect 3, Q3: refused before anything is written, and the directory stays openable. */
    @Test
    void holesAndAppendsBelowTheFirstEntryAreRefusedBeforeAnythingIsWritten() {
        try (EngineFixture f = new EngineFixture().open()) {
            f.append(1, 10, 5, true);
            assertThat(f.engine.compactTo(1, 12)).isEqualTo(2);
            long writes = f.fs.calls(Operation.WRITE);
            assertThatThrownBy(() -> f.append(1, 16, 1, true))
                    .isInstanceOf(InvalidArgumentException.class);
            assertThatThrownBy(() -> f.append(1, 11, 1, true))
                    .isInstanceOf(InvalidArgumentException.class);
            try (LogBatch partly = f.engine.newBatch()) {
                partly.put(2, EngineFixture.bytes("k"), EngineFixture.bytes("v"));
                partly.addEntry(1, 99, new byte[3]);
                assertThatThrownBy(() -> f.write(partly, true))
                        .isInstanceOf(InvalidArgumentException.class);
            }
            assertThat(f.fs.calls(Operation.WRITE)).isEqualTo(writes);
            assertThat(f.value(2, "k")).as("all or nothing").isNull();
            f.reopen();
            assertThat(f.holds(1, 12, 14)).isTrue();
            assertThat(f.value(2, "k")).isNull();
        }
    }

    /** Defect 6, Q6: same files, same offsets, same thread, other bytes. */
    @Test
    void twoEnginesInOneProcessReadTheirOwnBlocks() {
        try (EngineFixture a = new EngineFixture().open();
                EngineFixture b = new EngineFixture().open()) {
            byte[] ours = new byte[4000];
            byte[] theirs = new byte[4000];
            Arrays.fill(ours, (byte) 'a');
            Arrays.fill(theirs, (byte) 'b');
            for (EngineFixture f : List.of(a, b)) {
                try (LogBatch batch = f.engine.newBatch()) {
                    for (int i = 1; i <= 4; i++) {
                        batch.addEntry(1, i, f == a ? ours : theirs);
                    }
                    f.write(batch, true);
                }
            }
            for (int i = 1; i <= 4; i++) {
                assertThat(a.engine.getEntry(1, i)).isEqualTo(ours);
                assertThat(b.engine.getEntry(1, i)).isEqualTo(theirs);
            }
        }
    }

    /** Defect 7, Q7: every read of an open fails once; never is a byte of the log changed. */
    @Test
    void aTransientReadErrorInRecoveryFailsTheOpenAndTruncatesNothing() {
        try (EngineFixture f = new EngineFixture().open()) {
            f.append(1, 1, 20, true);
            f.reopen();
            f.engine.close();
            byte[] before = f.disk.contents(f.segment(1));
            for (int read = 0; ; read++) {
                var rule = f.fs.on(Operation.READ).program(read, 1).inject(Fault.error());
                boolean opened = true;
                try {
                    f.open();
                } catch (StorageException typed) {
                    opened = false;
                }
                rule.remove();
                if (opened) {
                    assertThat(rule.fired()).isZero();
                    assertThat(read).isPositive();
                    break;
                }
                assertThat(f.disk.contents(f.segment(1))).isEqualTo(before);
            }
            assertThat(f.holds(1, 1, 20)).isTrue();
        }
    }

    /** Defect 9, K3, D5. */
    @ParameterizedTest
    @EnumSource(FormatVersion.class)
    void aDamagedHeaderOfTheLastSegmentComesBackInTheConfiguredVersion(FormatVersion version) {
        try (EngineFixture f =
                new EngineFixture(
                                WorkloadRun.config(EngineFixture.DIR)
                                        .formatVersion(version)
                                        .enableLogRecycle(version == FormatVersion.V2))
                        .open()) {
            f.engine.close();
            f.disk.flipBit(f.segment(1), 5, 3);
            f.open();
            f.append(1, 1, 3, true);
            f.reopen();
            assertThat(f.holds(1, 1, 3)).isTrue();
            assertThat(f.engine.recoveryReport().segments())
                    .allMatch(segment -> segment.version() == version);
        }
    }

    /** Defect 9: with whole batches behind it the header is damage, not an accident of creation. */
    @Test
    void aDamagedHeaderInFrontOfBatchesIsRefused() {
        try (EngineFixture f = new EngineFixture().open()) {
            f.append(1, 1, 3, true);
            f.engine.close();
            f.disk.flipBit(f.segment(1), 5, 3);
            byte[] before = f.disk.contents(f.segment(1));
            assertThatThrownBy(f::open).isInstanceOf(CorruptionException.class);
            assertThat(f.disk.contents(f.segment(1))).isEqualTo(before);
        }
    }

    /**
     * Defect 10, Q12: files and directories are there after the first acknowledgement, whatever
     * else is lost.
     */
    @Test
    void theFirstSyncedWriteOfANewDirectorySurvivesAPowerCut() {
        try (EngineFixture f =
                new EngineFixture(WorkloadRun.config(EngineFixture.DIR).spillDir(Path.of("/spill")))
                        .open()) {
            f.append(1, 1, 1, true);
            for (int seed = 0; seed < 60; seed++) {
                try (EngineFixture after = f.afterPowerCut(seed)) {
                    assertThat(after.fs.info(EngineFixture.DIR)).as("seed " + seed).isNotNull();
                    assertThat(after.fs.info(Path.of("/spill"))).as("seed " + seed).isNotNull();
                    after.open();
                    assertThat(after.holds(1, 1, 1)).as("seed " + seed).isTrue();
                }
            }
        }
    }

    /**
     * Defect 11, P5, P6: every single bit position's byte below the closing mark, one by one.
     * Either the open refuses and changes nothing, or it opens, says what is damaged, and the
     * damaged entries are errors when read; never other data.
     */
    @Test
    void aFlippedBitInAcknowledgedDataIsReportedAndNeverCut() {
        int refusals = 0;
        int reported = 0;
        try (EngineFixture f = new EngineFixture().open()) {
            f.append(1, 1, 4, true);
            f.put(1, "k", "v", true);
            f.append(1, 5, 3, true);
            f.engine.close();
            int markStart = f.length(1) - 46;
            for (int at = 0; at < markStart; at++) {
                try (EngineFixture rotten = f.afterPowerCut(0)) {
                    rotten.disk.flipBit(rotten.segment(1), at, at % 8);
                    byte[] before = rotten.disk.contents(rotten.segment(1));
                    try {
                        rotten.open();
                    } catch (RaftEngineException refused) {
                        refusals++;
                        assertThat(rotten.disk.contents(rotten.segment(1)))
                                .as("byte " + at)
                                .isEqualTo(before);
                        continue;
                    }
                    if (at >= FormatVersion.V1.headerBytes()
                            && at < FormatVersion.V2.headerBytes()) {
                        // The alignment of a V2 header: nothing in the file depends on it.
                        assertThat(rotten.holds(1, 1, 7)).as("byte " + at).isTrue();
                        continue;
                    }
                    reported++;
                    assertDamagedButHonest(rotten, at);
                }
            }
        }
        assertThat(refusals).isGreaterThan(100);
        assertThat(reported).isGreaterThan(100);
    }

    private static void assertDamagedButHonest(EngineFixture rotten, int at) {
        assertThat(rotten.engine.recoveryReport().clean()).as("byte " + at).isFalse();
        assertThat(rotten.engine.recoveryReport().droppedBytes()).as("byte " + at).isZero();
        assertThat(rotten.engine.lastIndex(1)).as("byte " + at).isEqualTo(7);
        assertThat(rotten.value(1, "k")).isEqualTo("v");
        int wrong = 0;
        for (long i = 1; i <= 7; i++) {
            try {
                assertThat(rotten.engine.getEntry(1, i)).isEqualTo(EngineFixture.entry(1, i));
            } catch (CorruptionException honest) {
                wrong++;
            }
        }
        assertThat(wrong).as("entries that are errors, byte " + at).isBetween(3, 4);
    }

    /**
     * Defect 12, Q9: an unclean stop opens in absolute-consistency, at every length the last write
     * can have.
     */
    @Test
    void aTornTailOpensInAbsoluteConsistency() {
        EngineConfig.Builder strict =
                WorkloadRun.config(EngineFixture.DIR)
                        .recoveryMode(RecoveryMode.ABSOLUTE_CONSISTENCY);
        try (EngineFixture f = new EngineFixture(strict).open()) {
            f.append(1, 1, 4, true);
            int synced = (int) f.engine.segmentSpan(QueueKind.APPEND).segmentCount();
            assertThat(synced).isEqualTo(1);
            f.append(1, 5, 20, false);
            int opened = 0;
            for (int seed = 0; seed < 200; seed++) {
                try (EngineFixture torn = f.afterPowerCut(seed).open()) {
                    opened++;
                    assertThat(torn.holds(1, 1, 4) || torn.holds(1, 1, 24))
                            .as("seed " + seed)
                            .isTrue();
                    assertThat(torn.engine.recoveryReport().dropped())
                            .allMatch(d -> d.cause() != DropCause.ROT);
                }
            }
            assertThat(opened).isEqualTo(200);
        }
    }

    /** Defect 13: reserved segments survive restarts and are used. */
    @Test
    void reservedSegmentsAreAdoptedKeptAndUsed() {
        try (EngineFixture f = new EngineFixture(WorkloadRun.config(EngineFixture.DIR)).open()) {
            f.engine.close();
            for (int n = 1; n <= 3; n++) {
                try (FileHandle reserve =
                        f.fs.open(
                                EngineFixture.DIR.resolve(SegmentName.reserved(n)),
                                OpenMode.CREATE)) {
                    reserve.truncate(8 << 10);
                }
            }
            f.open();
            f.reopen();
            assertThat(f.engine.statistics().reservedSegments()).isEqualTo(3);
            for (long i = 1; f.engine.statistics().rotations() < 2; i += 20) {
                f.append(1, i, 20, true);
            }
            assertThat(f.engine.statistics().reservedSegments()).isEqualTo(1);
            long last = f.engine.lastIndex(1);
            f.kill();
            assertThat(f.holds(1, 1, last)).isTrue();
            assertThat(f.engine.statistics().reservedSegments()).isEqualTo(1);
        }
    }

    /** Defect 14, D4. */
    @Test
    void aHoleInTheNumberingIsReportedByNameAndRefusedOnlyInAbsoluteConsistency() {
        try (EngineFixture f = new EngineFixture(WorkloadRun.config(EngineFixture.DIR)).open()) {
            for (long group = 1; f.engine.statistics().rotations() < 3; group++) {
                f.append(group, 1, 30, true);
            }
            f.engine.close();
            f.disk.delete(f.segment(2));
            byte[] setAside = f.disk.contents(f.segment(1));
            EngineConfig tolerant = f.config;
            f.config =
                    WorkloadRun.config(EngineFixture.DIR)
                            .recoveryMode(RecoveryMode.ABSOLUTE_CONSISTENCY)
                            .build();
            assertThatThrownBy(f::open)
                    .isInstanceOf(CorruptionException.class)
                    .hasMessageContaining(SegmentName.segment(QueueKind.APPEND, 1));
            f.config = tolerant;
            f.open();
            assertThat(f.engine.recoveryReport().anomalies().toString())
                    .contains(SegmentName.segment(QueueKind.APPEND, 1));
            assertThat(f.disk.contents(f.segment(1))).isEqualTo(setAside);
        }
    }

    /**
     * Defect 18, D17: a reader that waits for the disk holds nobody up, not even the same group.
     */
    @Test
    void aReadThatHangsInTheDiskBlocksNeitherWritersNorReaders() throws Exception {
        try (EngineFixture f = new EngineFixture().open()) {
            f.append(1, 1, 3, true);
            PausePoint hanging = new PausePoint();
            f.fs.on(Operation.READ).program(0, 1).inject(new Fault.Pause(hanging));
            List<byte[]> result = new ArrayList<>();
            Thread reader = Thread.ofPlatform().start(() -> result.add(f.engine.getEntry(1, 2)));
            hanging.awaitReached();
            f.append(1, 4, 3, true);
            assertThat(f.holds(1, 1, 6)).isTrue();
            assertThat(f.engine.compactTo(1, 4)).isEqualTo(3);
            hanging.release();
            reader.join();
            assertThat(result).containsExactly(EngineFixture.entry(1, 2));
        }
    }

    private static void fetchTooMuch(EngineFixture f, long end, List<byte[]> into) {
        assertThatThrownBy(() -> f.engine.fetchEntriesTo(1, 1, end, Long.MAX_VALUE, into))
                .isInstanceOf(EntryNotFoundException.class);
    }

    /** Defect 18: a huge range reserves nothing ahead. */
    @Test
    void aHugeFetchRangeCostsNothingBeforeThereIsSomethingToShow() {
        try (EngineFixture f = new EngineFixture().open()) {
            f.append(1, 1, 3, true);
            List<byte[]> into = new ArrayList<>();
            fetchTooMuch(f, 5, into); // whatever the first call of a thread needs
            long peak = f.engine.statistics().memoryPeakBytes();
            fetchTooMuch(f, 1 << 20, into);
            fetchTooMuch(f, Long.MAX_VALUE, into);
            assertThat(f.engine.statistics().memoryPeakBytes()).isEqualTo(peak);
            assertThat(into).isEmpty();
        }
    }

    /** Defect 19, Q13. */
    @Test
    void mistakesOfCallersAreTypedErrorsOrEmptyResults() {
        try (EngineFixture f = new EngineFixture().open()) {
            f.append(1, 5, 3, true);
            List<byte[]> none = new ArrayList<>();
            assertThat(f.engine.fetchEntriesTo(1, 7, 5, 100, none)).isZero();
            assertThat(none).isEmpty();
            byte[] a = {1};
            byte[] b = {2};
            assertThat(f.engine.scan(1, b, a, ScanOrder.ASCENDING, (m, k, kb, v, vb) -> true))
                    .isZero();
            try (LogBatch batch = f.engine.newBatch()) {
                batch.addEntry(1, 8, a);
                try {
                    batch.addEntry(1, 10, b);
                    f.write(batch, true);
                    assertThat(false).as("indexes that do not follow were accepted").isTrue();
                } catch (RaftEngineException typed) {
                    assertThat(f.engine.lastIndex(1)).isEqualTo(7);
                }
            }
            assertThat(f.engine.getEntry(1, -1)).isNull();
            assertThat(f.engine.getEntry(2, 1)).isNull();
            f.reopen();
            assertThat(f.holds(1, 5, 7)).isTrue();
        }
    }

    /**
     * Defect 21: a tail is overwritten and compacted in a later segment; any number of recovery
     * threads.
     */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 8})
    void parallelReplayDoesNotBringOverwrittenEntriesBack(int threads) {
        EngineConfig.Builder small =
                WorkloadRun.config(EngineFixture.DIR)
                        .targetFileSizeBytes(1 << 10)
                        .recoveryThreads(threads);
        try (EngineFixture f = new EngineFixture(small).open()) {
            for (int round = 0; round < 6; round++) {
                f.append(1, 1 + round * 10L, 40, true);
                f.append(2, 1 + round, 30, true);
                f.engine.compactTo(1, 6 + round * 10L);
                f.append(1, 20 + round * 10L, 3, true); // cuts the tail off
                f.engine.compactTo(2, 2 + round);
                f.append(3, 1, 20, true);
                f.append(3, 5, 2, true);
            }
            f.reopen();
            if (threads > 1) {
                assertThat(f.engine.recoveryReport().threads()).isGreaterThan(1);
                assertThat(f.engine.recoveryReport().partitions()).isGreaterThan(1);
            }
            assertThat(f.holds(1, 56, 72)).isTrue();
            assertThat(f.holds(2, 7, 35)).isTrue();
            assertThat(f.holds(3, 1, 6)).isTrue();
        }
    }

    /**
     * Defect 21 as it is: what a later share knows of the group is emptied by a compaction beyond
     * its own end, which must not bring back the tail that it had overwritten before.
     */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 8})
    void aShareThatIsLeftWithoutEntriesStillCutsTheTailBeforeIt(int threads) {
        for (int before = 0; before < 4; before++) {
            for (int behind = 0; behind < 3; behind++) {
                EngineConfig.Builder config =
                        WorkloadRun.config(EngineFixture.DIR).recoveryThreads(threads);
                try (EngineFixture f = new EngineFixture(config).open()) {
                    for (int i = 0; i < before; i++) {
                        f.append(2, 1 + 3L * i, 3, true);
                        f.engine.maintenance().rotate(QueueKind.APPEND);
                    }
                    f.append(1, 1, 10, true);
                    f.engine.maintenance().rotate(QueueKind.APPEND);
                    f.append(1, 5, 2, true);
                    try (LogBatch batch = f.engine.newBatch()) {
                        batch.compactTo(1, 7); // 7 is the end of what is there
                        f.write(batch, true);
                    }
                    for (int i = 0; i < behind; i++) {
                        f.engine.maintenance().rotate(QueueKind.APPEND);
                        f.append(1, 20 + 3L * i, 3, true);
                    }
                    f.reopen();
                    if (threads > 1) {
                        assertThat(f.engine.recoveryReport().threads()).isGreaterThan(1);
                        assertThat(f.engine.recoveryReport().partitions()).isGreaterThan(1);
                    }
                    String what = before + " segments before, " + behind + " behind";
                    if (behind == 0) {
                        assertThat(f.engine.lastIndex(1)).as(what).isEqualTo(RaftEngine.NO_INDEX);
                    } else {
                        assertThat(f.holds(1, 20, 19 + 3L * behind)).as(what).isTrue();
                    }
                }
            }
        }
    }
}
