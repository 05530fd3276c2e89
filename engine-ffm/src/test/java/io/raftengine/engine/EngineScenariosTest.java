package io.raftengine.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.error.ClosedException;
import io.raftengine.error.CorruptionException;
import io.raftengine.error.LockedException;
import io.raftengine.error.MemoryLimitException;
import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.PoisonedException;
import io.raftengine.error.RaftEngineException;
import io.raftengine.error.StorageException;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.format.InternalRecords;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.io.FileSystem;
import io.raftengine.recovery.RecoveryMode;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.FaultyFileSystem;
import io.raftengine.testing.fs.Operation;
import io.raftengine.testing.fs.SimulatedFileSystem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The engine by the scenarios of the real one: H1 to H22, K1 to K14, L1 to L8 (as D14 has them), Q9
 * to Q13; headers in {@link HeaderScenariosTest}, H16 in {@link CutSegmentTest}.
 */
@Timeout(120)
class EngineScenariosTest {
    private static RaftEngine open(EngineConfig config, FileSystem fs) {
        return RaftEngine.open(
                config, fs, List.of(), false, new EngineClockwork(System::nanoTime, false));
    }

    private static EngineConfig.Builder version(FormatVersion version) {
        return WorkloadRun.config(EngineFixture.DIR)
                .formatVersion(version)
                .enableLogRecycle(version == FormatVersion.V2);
    }

    /**
     * H1, H17: one byte per call at most, and bytes that only the right file system understands.
     */
    @Test
    void worksWithOneByteTransfersAndRefusesTheWrongFileSystem() {
        SimulatedFileSystem disk = new SimulatedFileSystem(3);
        FaultyFileSystem shifted = FaultyFileSystem.byteShift(disk, 1);
        EngineConfig config = WorkloadRun.config(EngineFixture.DIR).build();
        Ledger.Change.Append append =
                new Ledger.Change.Append(1, 1, List.of(EngineFixture.entry(1, 1), new byte[2000]));
        Ledger expected = new Ledger().with(List.of(append));
        try (RaftEngine engine = open(config, shifted);
                LogBatch batch = engine.newBatch()) {
            Ledger.fill(batch, List.of(append));
            engine.write(batch, Durability.SYNC);
            assertThat(expected.differenceTo(engine)).isNull();
        }
        // Two segments: the header of a single one would pass for torn by its creation (D5).
        try (RaftEngine engine = open(config, shifted);
                LogBatch batch = engine.newBatch()) {
            for (long i = 1; engine.statistics().rotations() == 0; i++) {
                batch.addEntry(2, i, new byte[0]);
                batch.put(2, EngineFixture.bytes("padding"), Workload.value(2, i, 5000));
                Ledger.Change entry = new Ledger.Change.Append(2, i, List.of(new byte[0]));
                Ledger.Change key =
                        new Ledger.Change.Put(
                                2, EngineFixture.bytes("padding"), Workload.value(2, i, 5000));
                expected = expected.with(List.of(entry, key));
                engine.write(batch, Durability.SYNC);
            }
        }
        byte[] before = disk.contents(EngineFixture.DIR.resolve("0000000000000001.raftlog"));
        assertThatThrownBy(() -> open(config, disk)).isInstanceOf(CorruptionException.class);
        assertThat(disk.contents(EngineFixture.DIR.resolve("0000000000000001.raftlog")))
                .isEqualTo(before);
        try (RaftEngine engine = open(config, shifted)) {
            assertThat(expected.differenceTo(engine)).isNull();
        }
    }

    /** H2: one batch per segment, plain and compressed. */
    @ParameterizedTest
    @ValueSource(ints = {10, 5120})
    void entriesAreReadFromEverySegment(int entryBytes) {
        try (EngineFixture f =
                new EngineFixture(WorkloadRun.config(EngineFixture.DIR).targetFileSizeBytes(512))
                        .open()) {
            Ledger ledger = new Ledger();
            for (long group = 10; group < 20; group++) {
                List<Ledger.Change> changes =
                        List.of(
                                new Ledger.Change.Append(
                                        group,
                                        1,
                                        List.of(
                                                new byte[entryBytes],
                                                Workload.value(group, 2, entryBytes))));
                ledger = ledger.with(changes);
                try (LogBatch batch = f.engine.newBatch()) {
                    Ledger.fill(batch, changes);
                    f.write(batch, true);
                }
            }
            assertThat(f.engine.path()).isEqualTo(EngineFixture.DIR);
            assertThat(ledger.differenceTo(f.engine)).isNull();
            f.reopen();
            assertThat(ledger.differenceTo(f.engine)).isNull();
        }
    }

    /** H4. */
    @Test
    void scansGoBothWaysAndStopEarly() {
        try (EngineFixture f = new EngineFixture().open()) {
            List<String> seen = new ArrayList<>();
            KeyValueVisitor all =
                    (memory, key, keyBytes, value, valueBytes) ->
                            seen.add(new String(MessageBuffer.copyOut(memory, key, keyBytes)));
            assertThat(f.engine.scan(9, null, null, ScanOrder.ASCENDING, all)).isZero();
            for (String key : List.of("b", "a", "c")) {
                f.put(1, key, key + key, false);
            }
            f.engine.scan(1, null, null, ScanOrder.ASCENDING, all);
            f.engine.scan(1, null, null, ScanOrder.DESCENDING, all);
            assertThat(seen).containsExactly("a", "b", "c", "c", "b", "a");
            seen.clear();
            KeyValueVisitor first =
                    (memory, key, keyBytes, value, valueBytes) -> {
                        seen.add(new String(MessageBuffer.copyOut(memory, key, keyBytes)));
                        return false;
                    };
            f.engine.scan(1, EngineFixture.bytes("b"), null, ScanOrder.ASCENDING, first);
            assertThat(seen).containsExactly("b");
        }
    }

    /** H10. */
    @Test
    void emptyEntriesAndValuesSurviveReopen() {
        try (EngineFixture f = new EngineFixture().open()) {
            try (LogBatch batch = f.engine.newBatch()) {
                batch.addEntry(1, 1, new byte[0]);
                batch.put(1, EngineFixture.bytes("k"), new byte[0]);
                f.write(batch, true);
            }
            for (int i = 0; i < 2; i++) {
                assertThat(f.engine.getEntry(1, 1)).isEmpty();
                assertThat(f.engine.get(1, EngineFixture.bytes("k"))).isEmpty();
                f.reopen();
            }
        }
    }

    /** H11. */
    @Test
    void oneBatchObjectIsUsedAgainAndAgain() {
        try (EngineFixture f = new EngineFixture().open();
                LogBatch batch = f.engine.newBatch()) {
            for (int i = 0; i < 4; i++) {
                f.write(batch, i % 2 == 0);
                assertThat(batch.isEmpty()).isTrue();
            }
            for (int i = 1; i <= 4; i++) {
                batch.addEntry(1, i, EngineFixture.entry(1, i));
                f.write(batch, i % 2 == 0);
                assertThat(batch.isEmpty()).isTrue();
            }
            assertThat(f.holds(1, 1, 4)).isTrue();
        }
    }

    /** H19: what a synced append of compressible entries takes is counted, step by step. */
    @Test
    void theTimeOfASyncedWriteIsCounted() {
        try (EngineFixture f = new EngineFixture().open()) {
            EngineStatistics before = f.engine.statistics();
            long started = System.nanoTime();
            try (LogBatch batch = f.engine.newBatch()) {
                batch.addEntries(1, 1, List.of(new byte[3000], new byte[3000]));
                f.write(batch, true);
            }
            long elapsed = System.nanoTime() - started;
            EngineStatistics after = f.engine.statistics();
            assertThat(after.batchBytes() - before.batchBytes()).as("compressed").isLessThan(1000);
            long[] steps = {
                after.encodeNanos() - before.encodeNanos(),
                after.waitNanos() - before.waitNanos(),
                after.writeNanos() - before.writeNanos(),
                after.syncNanos() - before.syncNanos(),
                after.applyNanos() - before.applyNanos()
            };
            assertThat(steps).doesNotContain(0);
            assertThat(LongStream.of(steps).sum()).as("all of it, once").isBetween(5L, elapsed);
        }
    }

    /** H12. */
    @Test
    void foreignFilesAreIgnored() throws Exception {
        try (EngineFixture f = new EngineFixture().open()) {
            f.append(1, 1, 3, true);
            f.disk.createDirectories(EngineFixture.DIR.resolve("lost+found"));
            f.disk.open(EngineFixture.DIR.resolve("notes.txt"), FileSystem.OpenMode.CREATE).close();
            f.reopen();
            assertThat(f.holds(1, 1, 3)).isTrue();
            assertThat(f.engine.recoveryReport().clean()).isTrue();
            assertThat(f.fs.info(EngineFixture.DIR.resolve("notes.txt"))).isNotNull();
        }
    }

    /** H18, D12. */
    @Test
    void anEngineIsEmptyUntilTheFirstGroupAndAfterTheLastIsCleaned() {
        try (EngineFixture f = new EngineFixture().open()) {
            assertThat(f.engine.isEmpty()).isTrue();
            f.append(1, 1, 2, true);
            f.put(1, "k", "v", true);
            assertThat(f.engine.isEmpty()).isFalse();
            f.engine.compactTo(1, 3);
            try (LogBatch batch = f.engine.newBatch()) {
                batch.delete(1, EngineFixture.bytes("k"));
                f.write(batch, true);
                assertThat(f.engine.isEmpty()).isFalse();
                batch.clean(1);
                f.write(batch, true);
            }
            assertThat(f.engine.isEmpty()).isTrue();
        }
    }

    /** H21: marks that the engine writes for itself make no group, live or after a reopen. */
    @Test
    void watermarksMakeNoGroup() {
        try (EngineFixture f = new EngineFixture().open()) {
            f.append(1, 1, 1, true);
            f.reopen();
            f.append(1, 2, 1, true);
            f.reopen();
            List<Long> groups = new ArrayList<>();
            f.engine.forEachGroup(groups::add);
            assertThat(groups).containsExactly(1L);
            byte[] internal = InternalRecords.key();
            assertThat(f.engine.get(0, internal)).isNull();
            try (LogBatch batch = f.engine.newBatch()) {
                assertThatThrownBy(() -> batch.put(1, internal, new byte[1]))
                        .isInstanceOf(RaftEngineException.class);
            }
        }
    }

    /** H22. */
    @Test
    void errorsWhenFilesAreCreatedOrOpenedFailTheOpen() {
        try (EngineFixture f = new EngineFixture()) {
            var create = f.fs.on(Operation.CREATE).inject(Fault.error());
            assertThatThrownBy(f::open).isInstanceOf(StorageException.class);
            create.remove();
            f.open();
            f.append(1, 1, 1, true);
            f.engine.close();
            var open = f.fs.on(Operation.OPEN).inject(Fault.error());
            assertThatThrownBy(f::open).isInstanceOf(StorageException.class);
            open.remove();
            f.open();
            assertThat(f.holds(1, 1, 1)).isTrue();
        }
    }

    /**
     * K1, K2: the only batch is damaged, in its items or its entries, before anything vouched for
     * it.
     */
    @ParameterizedTest
    @EnumSource(FormatVersion.class)
    void aDamagedOnlyBatchIsATornTail(FormatVersion version) {
        for (boolean items : new boolean[] {true, false}) {
            try (EngineFixture f = new EngineFixture(version(version)).open()) {
                f.append(1, 1, 1, false);
                int end = version.headerBytes() + (int) f.engine.statistics().batchBytes();
                int mark = version == FormatVersion.V2 ? 46 : 0;
                f.disk.settle();
                f.disk.flipBit(
                        f.segment(1),
                        items ? end + mark - 6 : version.headerBytes() + mark + 20,
                        1);
                f.kill();
                assertThat(f.engine.isEmpty()).isTrue();
                assertThat(f.engine.recoveryReport().dropped()).hasSize(1);
                f.append(1, 1, 2, true);
                f.reopen();
                assertThat(f.holds(1, 1, 2)).isTrue();
            }
        }
    }

    /** K5: a damaged header that is not the last is damage in every mode but rescue. */
    @Test
    void aDamagedHeaderOfASealedSegmentFailsTheOpen() {
        try (EngineFixture f = new EngineFixture(WorkloadRun.config(EngineFixture.DIR)).open()) {
            for (long i = 1; f.engine.statistics().rotations() < 2; i += 20) {
                f.append(1, i, 20, true);
            }
            f.engine.close();
            f.disk.flipBit(f.segment(1), 5, 1);
            byte[] before = f.disk.contents(f.segment(1));
            assertThatThrownBy(f::open).isInstanceOf(CorruptionException.class);
            assertThat(f.disk.contents(f.segment(1))).isEqualTo(before);
        }
    }

    /** L1: with the disk gone, what needs no disk still answers. */
    @Test
    void readErrorsAreTypedAndHurtOnlyReadsFromDisk() {
        try (EngineFixture f = new EngineFixture().open()) {
            try (LogBatch batch = f.engine.newBatch()) {
                batch.addEntry(1, 1, new byte[0]);
                batch.put(1, EngineFixture.bytes("k"), EngineFixture.bytes("v"));
                f.write(batch, true);
            }
            f.append(1, 2, 3, true);
            for (int turn = 0; turn < 2; turn++) {
                var rule = f.fs.on(Operation.READ).inject(Fault.error());
                assertThat(f.engine.getEntry(1, 1)).as("a block of length 0").isEmpty();
                List<byte[]> fetched = new ArrayList<>();
                f.engine.fetchEntriesTo(1, 1, 2, Long.MAX_VALUE, fetched);
                assertThat(fetched).singleElement().satisfies(e -> assertThat(e).isEmpty());
                assertThat(f.value(1, "k")).isEqualTo("v");
                assertThat(f.engine.lastIndex(1)).isEqualTo(4);
                assertThat(rule.matched()).as("reads from disk so far").isZero();
                for (long i = 2; i <= 4; i++) {
                    long index = i;
                    assertThatThrownBy(() -> f.engine.getEntry(1, index))
                            .isInstanceOf(StorageException.class);
                    assertThatThrownBy(() ->
                                    f.engine.fetchEntriesTo(
                                            1, 1, index + 1, Long.MAX_VALUE, fetched))
                            .isInstanceOf(StorageException.class);
                }
                rule.remove();
                for (long i = 2; i <= 4; i++) {
                    assertThat(f.engine.getEntry(1, i)).isEqualTo(EngineFixture.entry(1, i));
                }
                f.reopen();
            }
        }
    }

    /** L3: each step of a rotation fails once. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aFailedRotationIsFinishedLaterAndLosesNothing(boolean restart) {
        for (int step = 0; ; step++) {
            try (EngineFixture f =
                    new EngineFixture(
                                    WorkloadRun.config(EngineFixture.DIR).targetFileSizeBytes(512))
                            .open()) {
                long last = 0;
                for (; f.engine.segmentSpan(QueueKind.APPEND).segmentCount() < 2; last += 4) {
                    f.append(1, last + 1, 4, true);
                }
                f.append(1, last + 1, 9, true); // over the target: the next write rotates
                last += 9;
                var rule = f.fs.on().program(step, 1).inject(Fault.error());
                boolean failed = false;
                boolean poisoned = false;
                try {
                    f.append(1, last + 1, 1, false);
                } catch (PoisonedException poison) {
                    failed = true;
                    poisoned = true;
                } catch (RaftEngineException typed) {
                    failed = true;
                }
                rule.remove();
                if (rule.fired() == 0) {
                    return; // every call of the rotation has failed once
                }
                long before = failed ? last : last + 1;
                if (!poisoned) {
                    assertThat(f.holds(1, 1, before)).as("step " + step).isTrue();
                }
                if (restart || poisoned) {
                    f.reopen();
                    assertThat(f.engine.lastIndex(1))
                            .as("step " + step)
                            .isBetween(before, last + 1);
                    before = f.engine.lastIndex(1);
                }
                f.append(1, before + 1, 2, true);
                f.reopen();
                assertThat(f.holds(1, 1, before + 2)).as("step " + step).isTrue();
            }
        }
    }

    /** L5: what a failed write left is overwritten, also by a batch with another first index. */
    @Test
    void aFailedWriteLeavesNothingForALaterOpen() {
        try (EngineFixture f = new EngineFixture().open()) {
            f.append(1, 1, 2, true);
            f.fs.on(Operation.WRITE).program(0, 1).inject(new Fault.ErrorAfter(Fault.EIO));
            assertThatThrownBy(() -> f.append(2, 50, 5, true)).isInstanceOf(StorageException.class);
            for (int seed = 0; seed < 20; seed++) {
                try (EngineFixture after = f.afterPowerCut(seed).open()) {
                    assertThat(after.holds(1, 1, 2)).isTrue();
                    assertThat(after.engine.lastIndex(2)).as("I2").isEqualTo(RaftEngine.NO_INDEX);
                }
            }
            f.append(2, 7, 1, true);
            f.reopen();
            assertThat(f.holds(2, 7, 7)).isTrue();
        }
    }

    /** L5: a failed write that cannot be taken back either. */
    @Test
    void aFailedWriteThatCannotBeCutPoisonsAndKeepsEarlierData() {
        try (EngineFixture f = new EngineFixture().open()) {
            f.append(1, 1, 2, true);
            f.fs.on(Operation.WRITE).program(0, 1).inject(new Fault.ErrorAfter(Fault.EIO));
            f.fs.on(Operation.TRUNCATE).program(0, 1).inject(Fault.error());
            assertThatThrownBy(() -> f.append(2, 50, 5, true))
                    .isInstanceOf(PoisonedException.class);
            assertThat(f.holds(1, 1, 2)).isTrue();
            f.reopen();
            assertThat(f.holds(1, 1, 2)).isTrue();
            assertThat(f.engine.lastIndex(2) == RaftEngine.NO_INDEX || f.holds(2, 50, 54)).isTrue();
        }
    }

    /** L6. */
    @Test
    void spaceThatCannotBeReservedAheadIsNoError() {
        try (EngineFixture f = new EngineFixture()) {
            f.fs.on(Operation.ALLOCATE).inject(Fault.error());
            f.open();
            f.append(1, 1, 30, true);
            f.reopen();
            assertThat(f.holds(1, 1, 30)).isTrue();
        }
    }

    /** L7, both versions, with a second directory. */
    @ParameterizedTest
    @EnumSource(FormatVersion.class)
    void aFullDiskRefusesOrMovesToTheSpillDirectory(FormatVersion version) {
        Path spill = Path.of("/spill");
        EngineConfig.Builder config = version(version).spillDir(spill);
        try (EngineFixture f = new EngineFixture(config).open()) {
            f.append(9, 1, 1, true);
            // (1) every write fails
            var all = f.fs.on(Operation.WRITE).inject(Fault.noSpace());
            assertThatThrownBy(() -> f.append(1, 1, 1, true))
                    .isInstanceOf(OutOfSpaceException.class);
            all.remove();
            assertThat(f.engine.lastIndex(1)).isEqualTo(RaftEngine.NO_INDEX);
            // (2) twice, then space
            var twice = f.fs.on(Operation.WRITE).program(0, 2).inject(Fault.noSpace());
            assertThatThrownBy(() -> f.append(1, 1, 1, true))
                    .isInstanceOf(OutOfSpaceException.class);
            twice.remove();
            f.append(1, 1, 1, true);
            // (3) the main directory is full, the other one is not
            var full =
                    f.fs.on(Operation.AVAILABLE_BYTES)
                            .where(call -> call.path().equals(EngineFixture.DIR))
                            .inject(new Fault.Answer(0));
            var once = f.fs.on(Operation.WRITE).program(0, 1).inject(Fault.noSpace());
            f.append(1, 2, 1, true);
            assertThat(once.fired()).isOne();
            assertThat(f.fs.list(spill)).anyMatch(e -> e.name().endsWith(".raftlog"));
            full.remove();
            // (4) the header fits, the batch does not
            f.fs.on(Operation.WRITE).program(0, 1, 1, 1).inject(Fault.noSpace());
            assertThatThrownBy(() -> f.append(1, 3, 1, true))
                    .isInstanceOf(OutOfSpaceException.class);
            f.fs.clearRules();
            assertThat(f.holds(1, 1, 2)).isTrue();
            f.append(1, 3, 1, true);
            f.reopen();
            assertThat(f.holds(1, 1, 3)).isTrue();
            assertThat(f.holds(9, 1, 1)).isTrue();
        }
    }

    /** L8, D17. */
    @Test
    void readErrorsInAFetchAreReportedAndTheNextFetchWorks() {
        try (EngineFixture f =
                new EngineFixture(WorkloadRun.config(EngineFixture.DIR).targetFileSizeBytes(512))
                        .open()) {
            for (int i = 1; i <= 10; i++) {
                f.append(1, i, 1, true);
            }
            var broken = f.fs.on(Operation.READ).inject(Fault.error());
            List<byte[]> fetched = new ArrayList<>();
            assertThatThrownBy(() -> f.engine.fetchEntriesTo(1, 1, 11, Long.MAX_VALUE, fetched))
                    .isInstanceOf(StorageException.class);
            broken.remove();
            fetched.clear();
            assertThat(f.engine.fetchEntriesTo(1, 1, 11, Long.MAX_VALUE, fetched)).isEqualTo(10);
        }
    }

    /** Q9: absolute-consistency after a death with preallocated zeros behind the end. */
    @ParameterizedTest
    @EnumSource(RecoveryMode.class)
    void aKilledEngineOpensInEveryMode(RecoveryMode mode) {
        try (EngineFixture f =
                new EngineFixture(WorkloadRun.config(EngineFixture.DIR).recoveryMode(mode))
                        .open()) {
            f.append(1, 1, 4, true);
            f.append(1, 5, 2, false);
            f.kill();
            assertThat(f.holds(1, 1, 6)).isTrue();
        }
    }

    @Test
    void afterCloseEverythingSaysClosedAndClosingAgainIsNothing() {
        try (EngineFixture f = new EngineFixture().open();
                LogBatch batch = f.engine.newBatch()) {
            batch.addEntry(1, 1, new byte[3]);
            f.engine.close();
            assertThatThrownBy(() -> f.write(batch, true)).isInstanceOf(ClosedException.class);
            assertThatThrownBy(() -> f.engine.sync()).isInstanceOf(ClosedException.class);
            assertThatThrownBy(() -> f.engine.getEntry(1, 1)).isInstanceOf(ClosedException.class);
            assertThatThrownBy(() -> f.engine.firstIndex(1)).isInstanceOf(ClosedException.class);
            assertThatThrownBy(() -> f.engine.newBatch()).isInstanceOf(ClosedException.class);
            assertThatCode(() -> f.engine.close()).doesNotThrowAnyException();
            assertThat(batch.isEmpty()).as("D16").isFalse();
        }
    }

    /** P10, E1, and the promise of the memory limit (D20). */
    @Test
    void aSecondOwnerAndATooSmallLimitAreRefusedWithNothingLeftBehind(@TempDir Path dir)
            throws Exception {
        EngineConfig config = WorkloadRun.config(dir.resolve("e")).build();
        try (RaftEngine first = RaftEngine.open(config)) {
            assertThat(first.isEmpty()).isTrue();
            assertThatThrownBy(() -> RaftEngine.open(config)).isInstanceOf(LockedException.class);
        }
        int refused = 0;
        for (long limit = 4096; limit < 2 << 20; limit += 24 << 10) {
            EngineConfig tight =
                    WorkloadRun.config(dir.resolve("e")).memoryLimitBytes(limit).build();
            EngineOpener opener =
                    new EngineOpener(
                            tight, FileSystem.local(), List.of(), false, EngineClockwork.REAL);
            try (RaftEngine opened = RaftEngine.open(tight, opener)) {
                assertThat(opened.isEmpty()).isTrue();
            } catch (MemoryLimitException tooSmall) {
                refused++;
            }
            assertThat(opener.budget.reservedBytes()).as("limit " + limit).isZero();
        }
        assertThat(refused).isPositive();
        assertThat(Files.exists(dir.resolve("e"))).isTrue();
    }
}
