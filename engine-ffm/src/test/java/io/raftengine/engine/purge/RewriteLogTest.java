package io.raftengine.engine.purge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.allocator.GrowableBuffer;
import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.engine.commit.CommitListener;
import io.raftengine.engine.memtable.Memtables;
import io.raftengine.error.InvalidArgumentException;
import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.PoisonedException;
import io.raftengine.error.StorageException;
import io.raftengine.log.format.BatchEncoder;
import io.raftengine.log.format.BatchScanner;
import io.raftengine.log.format.EncodedBatch;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.format.WatermarkBatch;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.segment.DirectoryScan;
import io.raftengine.recovery.Recovery;
import io.raftengine.recovery.RecoveryMode;
import io.raftengine.recovery.RecoverySettings;
import io.raftengine.testing.errors.Undeclared;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.FaultRule;
import io.raftengine.testing.fs.Operation;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * The writer of the rewrite queue: places, watermarks, sync accounting, and what failures leave.
 */
class RewriteLogTest {
    private static final int HEADER = FormatVersion.V2.headerBytes();

    private CopyFixture engine = new CopyFixture();
    private final List<String> told = new ArrayList<>();
    private Throwable breaking;
    private final List<PoisonedException> poisons = new ArrayList<>();
    private long now = 5;
    private final CommitListener listener =
            new CommitListener() {
                @Override
                public void batchWritten(QueueKind queue, long seq, long offset, long bytes) {
                    told.add(queue + " " + seq + " " + offset + " " + bytes);
                    if (breaking != null) {
                        Undeclared.raise(breaking);
                    }
                }

                @Override
                public void batchApplied(QueueKind queue, long seq) {
                    throw new AssertionError("the log applies nothing");
                }
            };
    private RewriteLog log = open(0xFFFF_0000L);
    private final BatchEncoder batch = new BatchEncoder(MemoryBudget.unlimited());
    private long nextIndex = 1;

    private RewriteLog open(long segmentBytesMax) {
        return new RewriteLog(
                engine.budget,
                engine.rewrite,
                listener,
                () -> now,
                poison -> {
                    poisons.add(poison);
                    engine.append.poison("the rewrite queue", poison);
                },
                segmentBytesMax);
    }

    private void restart(long targetBytes, FormatVersion version) {
        log.close();
        engine.close();
        engine = new CopyFixture(MemoryBudget.unlimited(), targetBytes, version);
        log = open(0xFFFF_0000L);
    }

    @AfterEach
    void close() {
        batch.close();
        log.close();
        engine.close();
    }

    /** Appends a batch of one entry; returns its length. */
    private long append(int bytes) {
        batch.clear();
        batch.beginEntries(1, nextIndex);
        batch.addEntry(CopyFixture.content(1, nextIndex, bytes), 0, bytes);
        batch.endEntries();
        batch.finish(0, 1);
        log.append(batch.encoded());
        nextIndex++;
        return batch.encoded().bytes();
    }

    // ---- places and bytes ----------------------------------------------------------------------

    @Test
    void aBatchIsWhereTheLogSays() {
        for (int i = 1; i <= 5; i++) {
            long bytes = append(100 + i);
            assertThat(log.segment()).isEqualTo(1);
            byte[] file = engine.disk.contents(engine.file(QueueKind.REWRITE, 1));
            byte[] content = CopyFixture.content(1, i, 100 + i);
            int at = (int) log.blockOffset();
            assertThat(Arrays.copyOfRange(file, at, at + content.length)).isEqualTo(content);
            assertThat(told.getLast()).isEqualTo("REWRITE 1 " + (at - 16) + " " + bytes);
        }
        assertThat(lastRecovered(engine.disk)).isEqualTo(5);
    }

    @Test
    void aBatchIsUnsignedAgainAndMayBeAppendedAgain() {
        long bytes = append(100);
        byte[] before = bytesOf(batch.encoded());
        log.rotate();
        log.append(batch.encoded());
        assertThat(bytesOf(batch.encoded())).isEqualTo(before);
        assertThat(log.segment()).isEqualTo(2);
        assertThat(told)
                .containsExactly(
                        "REWRITE 1 " + (HEADER + WatermarkBatch.BYTES) + " " + bytes,
                        "REWRITE 2 " + (HEADER + WatermarkBatch.BYTES) + " " + bytes);
        assertThat(lastRecovered(engine.disk)).isEqualTo(1);
    }

    @Test
    void anEmptyBatchIsNotWritten() {
        assertThatThrownBy(() -> log.append(batch.encoded()))
                .isInstanceOf(InvalidArgumentException.class);
        assertThat(engine.rewrite.end()).isEqualTo(HEADER);
    }

    @Test
    void segmentsRotateAtTheirTarget() {
        restart(2000, FormatVersion.V2);
        for (int i = 0; i < 30; i++) {
            append(500);
        }
        assertThat(log.segment()).isBetween(6L, 9L);
        assertThat(lastRecovered(engine.disk)).isEqualTo(30);
    }

    @Test
    void noBatchReachesBeyond32BitsOfASegment() {
        log.close();
        long most = HEADER + 3 * (WatermarkBatch.BYTES + 200);
        log = open(most);
        for (int i = 0; i < 10; i++) {
            append(150);
            assertThat(engine.rewrite.end()).isLessThanOrEqualTo(most);
        }
        assertThat(log.segment()).isGreaterThan(2);
        assertThat(lastRecovered(engine.disk)).isEqualTo(10);
    }

    // ---- watermarks ----------------------------------------------------------------------------

    @Test
    void theFirstBatchOfASegmentIsPrecededByAWatermark() {
        append(10);
        append(10);
        log.rotate();
        append(10);
        assertThat(watermarks(1)).containsExactly((long) HEADER);
        assertThat(watermarks(2)).containsExactly((long) HEADER);
    }

    @Test
    void afterASyncTheNextBatchSaysWhatIsOnDiskUnlessThatWasSaidJustNow() {
        append(10);
        log.sync();
        long synced = engine.rewrite.end();
        append(10); // at the same time, and not 64 KiB later
        assertThat(watermarks(1)).hasSize(1);
        now += 10_000_000;
        append(10);
        assertThat(watermarks(1)).containsExactly((long) HEADER, synced);
        append(10); // nothing new
        append(70_000);
        log.sync();
        synced = engine.rewrite.end();
        append(10);
        assertThat(watermarks(1)).hasSize(3).endsWith(synced);
    }

    @Test
    void aWatermarkNeverStandsLastUnlessItCoversAll() { // D3
        append(10);
        now += 10_000_000;
        log.sync();
        assertThat(watermarks(1)).hasSize(1);
        log.seal();
        long end = engine.rewrite.end();
        assertThat(watermarks(1)).hasSize(2).endsWith(end - WatermarkBatch.BYTES);
    }

    // ---- sync and seal -------------------------------------------------------------------------

    @Test
    void unsyncedBytesAreExactlyThoseAppendedSinceTheLastSync() {
        assertThat(log.unsyncedBytes()).isZero();
        long bytes = append(1000) + WatermarkBatch.BYTES;
        assertThat(log.unsyncedBytes()).isEqualTo(bytes);
        bytes += append(2000);
        assertThat(log.unsyncedBytes()).isEqualTo(bytes);
        log.sync();
        assertThat(log.unsyncedBytes()).isZero();
        bytes = append(3000);
        assertThat(log.unsyncedBytes()).isEqualTo(bytes);
        log.rotate(); // syncs what it seals
        assertThat(log.unsyncedBytes()).isZero();
        append(10);
        log.seal();
        assertThat(log.unsyncedBytes()).isZero();
    }

    @Test
    void whatIsOnDiskIsNotSyncedAgain() {
        append(10);
        log.sync();
        long syncs = engine.fs.calls(Operation.SYNC);
        log.sync();
        log.sync();
        assertThat(engine.fs.calls(Operation.SYNC)).isEqualTo(syncs);
        log.seal();
        assertThat(engine.fs.calls(Operation.SYNC)).isEqualTo(syncs + 1);
        long end = engine.rewrite.end();
        log.seal();
        assertThat(engine.rewrite.end()).isEqualTo(end);
        assertThat(engine.fs.calls(Operation.SYNC)).isEqualTo(syncs + 1);
    }

    @Test
    void whatIsSealedSurvivesEveryPowerCut() { // I6, P6
        append(10);
        log.sync();
        append(100_000);
        append(10);
        log.seal();
        for (long seed = 0; seed < 50; seed++) {
            assertThat(lastRecovered(engine.disk.crashImage(seed)))
                    .as("seed %d", seed)
                    .isEqualTo(3);
        }
        assertThat(watermarks(1)).endsWith(engine.rewrite.end() - WatermarkBatch.BYTES);
    }

    @Test
    void anUntouchedSegmentNeedsNoSeal() {
        log.seal();
        assertThat(engine.rewrite.end()).isEqualTo(HEADER);
        append(10);
        log.rotate();
        log.seal();
        assertThat(engine.rewrite.end()).isEqualTo(HEADER);
    }

    @Test
    void aSegmentOfTheOldFormatIsSealedWithoutAMark() {
        restart(1 << 20, FormatVersion.V1);
        append(10);
        long end = engine.rewrite.end();
        long syncs = engine.fs.calls(Operation.SYNC);
        log.seal();
        assertThat(engine.fs.calls(Operation.SYNC)).isEqualTo(syncs + 1);
        assertThat(engine.rewrite.end()).isEqualTo(end);
        assertThat(lastRecovered(engine.disk)).isEqualTo(1);
    }

    @Test
    void aMarkThatFindsNoRoomIsLeftOutAndNotTriedAgain() {
        append(10);
        log.sync();
        long end = engine.rewrite.end();
        FaultRule full = engine.fs.on(Operation.WRITE).inject(Fault.noSpace());
        log.seal();
        log.seal();
        assertThat(full.fired()).isEqualTo(1);
        assertThat(engine.rewrite.end()).isEqualTo(end);
        full.remove();
        append(10);
        log.seal();
        assertThat(watermarks(1)).endsWith(engine.rewrite.end() - WatermarkBatch.BYTES);
        assertThat(lastRecovered(engine.disk)).isEqualTo(2);
    }

    // ---- failures ------------------------------------------------------------------------------

    @Test
    void aFullDiskIsAnsweredByOneRotation() {
        append(10);
        FaultRule full = engine.fs.on(Operation.WRITE).once().inject(Fault.noSpace());
        append(10);
        assertThat(full.fired()).isEqualTo(1);
        assertThat(log.segment()).isEqualTo(2);
        assertThat(lastRecovered(engine.disk)).isEqualTo(2);
    }

    @Test
    void aDiskThatStaysFullFailsTheBatchAndLeavesNothingOfIt() {
        append(10);
        log.sync();
        long end = engine.rewrite.end();
        batch.clear();
        batch.clean(1);
        batch.finish(0, 1);
        byte[] before = bytesOf(batch.encoded());
        FaultRule full = engine.fs.on(Operation.WRITE, Operation.CREATE).inject(Fault.noSpace());
        assertThatThrownBy(() -> log.append(batch.encoded()))
                .isInstanceOf(OutOfSpaceException.class);
        assertThat(full.fired()).isPositive();
        assertThat(bytesOf(batch.encoded())).as("unsigned as it was").isEqualTo(before);
        assertThat(log.unsyncedBytes()).isZero();
        assertThat(engine.rewrite.activeSeq()).isEqualTo(1);
        assertThat(engine.rewrite.end()).isEqualTo(end);
        assertThat(lastRecovered(engine.disk)).isEqualTo(1);
        full.remove();
        append(10); // it goes on by itself when there is space again
        assertThat(lastRecovered(engine.disk)).isEqualTo(2);
        assertThat(poisons).isEmpty();
    }

    @Test
    void refusedBatchesDoNotPileUpEmptySegments() {
        append(10);
        engine.fs.on(Operation.WRITE).where(call -> call.length() > 1000).inject(Fault.noSpace());
        for (int i = 0; i < 5; i++) {
            assertThatThrownBy(() -> append(5000)).isInstanceOf(OutOfSpaceException.class);
        }
        assertThat(engine.rewrite.activeSeq()).isEqualTo(2);
    }

    @Test
    void aFailedWriteLeavesNothingAndTheLogGoesOn() {
        append(10);
        FaultRule broken =
                engine.fs
                        .on(Operation.WRITE)
                        .once()
                        .inject(new Fault.ErrorAfterBytes(20, Fault.EIO));
        assertThatThrownBy(() -> append(10)).isInstanceOf(StorageException.class);
        assertThat(broken.fired()).isEqualTo(1);
        append(10);
        assertThat(lastRecovered(engine.disk)).isEqualTo(2);
        assertThat(poisons).isEmpty();
    }

    @Test
    void aFailedSyncPoisonsBothQueues() { // P7
        append(10);
        engine.fs.on(Operation.SYNC).once().inject(Fault.error());
        long syncs = engine.fs.calls(Operation.SYNC) + 1;
        assertThatThrownBy(log::sync).isInstanceOf(PoisonedException.class);
        assertThat(poisons).hasSize(1);
        assertThat(engine.append.poisoned()).isTrue();
        assertThatThrownBy(log::sync).isInstanceOf(PoisonedException.class);
        assertThatThrownBy(log::seal).isInstanceOf(PoisonedException.class);
        assertThatThrownBy(log::rotate).isInstanceOf(PoisonedException.class);
        assertThatThrownBy(() -> append(10)).isInstanceOf(PoisonedException.class);
        assertThat(poisons).hasSize(5);
        assertThat(engine.fs.calls(Operation.SYNC)).as("never tried again").isEqualTo(syncs);
    }

    @Test
    void everyCallMayFailAndWhatWasSealedStays() {
        for (Fault fault :
                List.of(
                        Fault.error(),
                        Fault.noSpace(),
                        new Fault.ErrorAfter(Fault.EIO),
                        new Fault.ErrorAfterBytes(20, Fault.EIO))) {
            int failures = 0;
            for (long call = 0; ; call++) {
                restart(1000, FormatVersion.V2);
                poisons.clear();
                nextIndex = 1;
                FaultRule rule = engine.fs.failCall(engine.fs.calls() + call, fault);
                Outcome outcome = life();
                String name = fault + " at call " + call;
                assertThat(engine.append.poisoned())
                        .as("%s: both queues or none", name)
                        .isEqualTo(engine.rewrite.poisoned());
                engine.fs.clearRules();
                for (long seed = 0; seed < 4; seed++) {
                    long found = lastRecovered(engine.disk.crashImage(seed));
                    assertThat(found).as(name).isGreaterThanOrEqualTo(outcome.sealed);
                    assertThat(found).as(name).isLessThanOrEqualTo(outcome.tried);
                }
                if (!engine.rewrite.poisoned()) {
                    assertThat(lastRecovered(engine.disk)).as(name).isEqualTo(outcome.appended);
                }
                if (rule.fired() == 0) {
                    break;
                }
                failures++;
            }
            assertThat(failures).as("calls that failed by %s", fault).isGreaterThan(25);
        }
    }

    private record Outcome(long appended, long sealed, long tried) {}

    /** Appends, syncs, rotates, seals, whatever fails on the way. */
    private Outcome life() {
        long appended = 0;
        long sealed = 0;
        long tried = 0;
        for (int step = 0; step < 12; step++) {
            try {
                tried = Math.max(tried, nextIndex);
                append(300);
                appended = nextIndex - 1;
                if (step % 3 == 1) {
                    log.sync();
                    sealed = appended;
                }
                if (step == 6) {
                    log.rotate();
                    sealed = appended;
                }
                if (step % 4 == 3) {
                    log.seal();
                    sealed = appended;
                }
            } catch (PoisonedException poison) {
                assertThat(poisons).contains(poison);
                break;
            } catch (StorageException | OutOfSpaceException typed) {
                assertThat(poisons).isEmpty();
            }
        }
        return new Outcome(appended, sealed, tried);
    }

    /** Whatever it is that breaks off there, the index will never hear of the batch. */
    @Test
    void whoBreaksOffAfterABatchWasWrittenPoisonsBothQueues() {
        append(100);
        breaking = new IOException("on purpose");
        assertThatThrownBy(() -> append(100))
                .isInstanceOf(PoisonedException.class)
                .hasRootCause(breaking);
        assertThat(poisons).hasSize(1);
        assertThat(engine.append.poisoned()).isTrue();
        assertThat(engine.rewrite.poisoned()).isTrue();
    }

    // ---- in the tests' own words ---------------------------------------------------------------

    private static byte[] bytesOf(EncodedBatch finished) {
        try (GrowableBuffer copy =
                new GrowableBuffer(MemoryBudget.unlimited(), finished.bytes(), Integer.MAX_VALUE)) {
            finished.copyTo(copy.address());
            byte[] bytes = new byte[(int) finished.bytes()];
            Memory.copyToArray(copy.address(), bytes, 0, bytes.length);
            return bytes;
        }
    }

    /** What the watermarks of a rewrite segment say, in their order. */
    private List<Long> watermarks(long seq) {
        List<Long> found = new ArrayList<>();
        try (BatchScanner scanner = new BatchScanner(MemoryBudget.unlimited(), 4096);
                FileHandle file =
                        engine.disk.open(
                                engine.file(QueueKind.REWRITE, seq), FileSystem.OpenMode.READ)) {
            scanner.open(file, "test", file.size(), seq);
            while (scanner.position() < engineEnd(seq) && scanner.next() == BatchScanner.BATCH) {
                if (scanner.watermark() >= 0) {
                    found.add(scanner.watermark());
                }
            }
        }
        return found;
    }

    private long engineEnd(long seq) {
        return seq == engine.rewrite.activeSeq() ? engine.rewrite.end() : Long.MAX_VALUE;
    }

    private static long lastRecovered(FileSystem fs) {
        MemoryBudget budget = MemoryBudget.unlimited();
        try (Memtables recovered = new Memtables(budget, 1L << 30)) {
            Recovery.run(
                    new RecoverySettings(RecoveryMode.TOLERATE_TAIL_CORRUPTION, 1, 64 << 10, true),
                    fs,
                    DirectoryScan.scan(fs, List.of(CopyFixture.DIR)),
                    recovered.replaySink());
            long last = recovered.last(1);
            return last == Memtables.NO_INDEX ? 0 : last;
        }
    }
}
