package io.raftengine.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.error.OutOfSpaceException;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.io.FileSystem;
import io.raftengine.testing.fs.DirectoryCopy;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.FaultyFileSystem;
import io.raftengine.testing.fs.Operation;
import io.raftengine.testing.fs.SimulatedFileSystem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Which files are there, under which names, in which directory: scenarios I1 to I10 and H14. Every
 * write begins a segment of its own, so names can be counted.
 */
class ManagedFilesTest {
    private static final Path MAIN = Path.of("/main");
    private static final Path SPILL = Path.of("/spill");
    private static final String LOG = ".raftlog";
    private static final String RESERVED = ".raftlog.reserved";

    private final SimulatedFileSystem disk = new SimulatedFileSystem(5);
    private final FaultyFileSystem fs = new FaultyFileSystem(disk);

    /** First and last index by group, of groups that exist. */
    private final TreeMap<Long, long[]> model = new TreeMap<>();

    private EngineOpener opener;
    private RaftEngine engine;

    @AfterEach
    void stop() {
        fs.clearRules();
        if (engine != null) {
            engine.close();
        }
        assertThat(fs.openHandles()).as("descriptors").isZero();
    }

    private void open(UnaryOperator<EngineConfig.Builder> settings) {
        if (engine != null) {
            engine.close();
            engine = null;
        }
        EngineConfig config =
                settings.apply(
                                EngineConfig.builder(MAIN)
                                        .targetFileSizeBytes(1)
                                        .purgeThresholdBytes(1)
                                        .enableLogRecycle(false)
                                        .verifyEveryRead(true)
                                        .recoveryThreads(2))
                        .build();
        long[] nanos = new long[1];
        opener =
                new EngineOpener(
                        config,
                        fs,
                        List.of(),
                        false,
                        new EngineClockwork(() -> nanos[0] += 1_000_000_000L, false));
        engine = RaftEngine.open(config, opener);
    }

    private static UnaryOperator<EngineConfig.Builder> recycling(int threshold) {
        return b -> b.enableLogRecycle(true).purgeThresholdBytes(threshold);
    }

    private static UnaryOperator<EngineConfig.Builder> prefilling(int threshold) {
        return b -> recycling(threshold).apply(b).prefillForRecycle(true);
    }

    private static UnaryOperator<EngineConfig.Builder> spilling(
            UnaryOperator<EngineConfig.Builder> settings) {
        return b -> settings.apply(b).spillDir(SPILL);
    }

    private void agent() {
        for (int i = 0; i < 3000; i++) {
            opener.agent.doWork();
        }
    }

    private void append(long group, int count) {
        long[] range = model.computeIfAbsent(group, g -> new long[] {1, 0});
        try (LogBatch batch = engine.newBatch()) {
            for (int i = 1; i <= count; i++) {
                batch.addEntry(group, range[1] + i, EngineFixture.entry(group, range[1] + i));
            }
            engine.write(batch, Durability.SYNC);
        }
        range[1] += count;
    }

    private void appendTo(int groups) {
        for (long group = 1; group <= groups; group++) {
            append(group, 10);
        }
    }

    private void clean(long group) {
        try (LogBatch batch = engine.newBatch()) {
            batch.clean(group);
            engine.write(batch, Durability.SYNC);
        }
        model.remove(group);
    }

    private void verify() {
        List<Long> groups = new ArrayList<>();
        engine.forEachGroup(groups::add);
        assertThat(groups).containsExactlyInAnyOrderElementsOf(model.keySet());
        model.forEach((group, range) -> {
            assertThat(engine.firstIndex(group)).isEqualTo(range[0]);
            assertThat(engine.lastIndex(group)).isEqualTo(range[1]);
            for (long i = range[0]; i <= range[1]; i++) {
                assertThat(engine.getEntry(group, i)).isEqualTo(EngineFixture.entry(group, i));
            }
        });
    }

    private SegmentSpan span() {
        return engine.segmentSpan(QueueKind.APPEND);
    }

    /** Everything live goes to the rewrite queue; one append segment remains. */
    private void purgeAll() {
        engine.maintenance().rewriteAppend(Long.MAX_VALUE);
        assertThat(span().segmentCount()).isOne();
    }

    private List<String> names(Path dir, String suffix) {
        List<String> names = new ArrayList<>();
        if (disk.info(dir) != null) {
            disk.list(dir)
                    .forEach(e -> {
                        if (e.name().endsWith(suffix)) {
                            names.add(e.name());
                        }
                    });
        }
        names.sort(null);
        return names;
    }

    private int count(String suffix) {
        return names(MAIN, suffix).size() + names(SPILL, suffix).size();
    }

    /** Reserves, and the next segment that was made ready of one or beside them. */
    private int kept() {
        return count(RESERVED) + count(".tmp");
    }

    private static String log(long seq) {
        return String.format("%016d.raftlog", seq);
    }

    /** On disk is exactly what the engine knows. */
    private void assertFilesAreKnown() {
        assertThat((long) count(LOG)).as("append segments").isEqualTo(span().segmentCount());
        long prepared = opener.appendQueue.statistics().nextPrepared() ? 1 : 0;
        assertThat((long) count(RESERVED))
                .as("reserves")
                .isBetween(
                        engine.statistics().reservedSegments(),
                        engine.statistics().reservedSegments() + prepared);
        assertThat((long) count(".rewrite"))
                .isEqualTo(engine.segmentSpan(QueueKind.REWRITE).segmentCount());
        FullDiskTest.assertNoStrangers(disk.list(MAIN).stream().map(e -> e.name()).toList());
    }

    @Test
    void i1_purgedSegmentsAreDeletedAndNothingElseIsLeft() {
        open(b -> b);
        appendTo(10);
        for (long group = 1; group <= 5; group++) {
            clean(group);
        }
        engine.purgeExpiredFiles();
        assertThat(span().firstSeq()).isGreaterThan(5);
        assertThat(names(MAIN, LOG).get(0)).isEqualTo(log(span().firstSeq()));
        assertFilesAreKnown();
        verify();
        SegmentSpan before = span();
        open(b -> b);
        assertThat(span()).isEqualTo(before);
        assertFilesAreKnown();
        verify();
    }

    @Test
    void i2_reservesAreUsedInOrderAndPurgedSegmentsBecomeReserves() {
        open(prefilling(50));
        agent();
        assertThat(kept()).isEqualTo(74); // 50 * 3 / 2 less the one in use
        appendTo(20);
        assertThat(names(MAIN, RESERVED).get(0)).as("oldest first").startsWith("0000000000000020");
        assertThat(names(MAIN, RESERVED)).hasSize(54);
        verify();
        purgeAll();
        assertFilesAreKnown();
        int files = count(LOG) + count(RESERVED);
        long active = span().activeSeq();
        List<String> reserves = names(MAIN, RESERVED);
        open(prefilling(50));
        assertThat(count(LOG) + count(RESERVED)).as("files after a restart").isEqualTo(files);
        assertThat(names(MAIN, RESERVED)).isEqualTo(reserves);
        assertThat(span().activeSeq()).isEqualTo(active);
        verify();
        while (engine.statistics().reservedSegments() > 0) {
            append(3, 1);
        }
        assertThat(names(MAIN, RESERVED)).isEmpty();
        append(3, 1);
        clean(4);
        purgeAll();
        long recycled = opener.appendQueue.statistics().rotationsRecycled();
        append(5, 1);
        assertThat(opener.appendQueue.statistics().rotationsRecycled()).isEqualTo(recycled + 1);
        assertThat(span().activeSeq()).as("numbers only grow").isGreaterThan(active);
        verify();
    }

    @Test
    void i3_segmentsOfVersion1AreNeverRecycled() {
        open(b -> b.formatVersion(FormatVersion.V1));
        appendTo(10);
        open(recycling(100));
        for (long group = 6; group <= 10; group++) {
            append(group, 3);
        }
        purgeAll();
        // Those of version 2 were kept, those of version 1 were not.
        assertThat(engine.statistics().reservedSegments()).isBetween(5L, 7L);
        assertFilesAreKnown();
        open(b -> b.formatVersion(FormatVersion.V1));
        assertThat(count(RESERVED)).as("of no use to version 1").isZero();
        appendTo(10);
        verify();
        open(recycling(100));
        for (long group = 1; group <= 10; group++) {
            clean(group);
        }
        purgeAll();
        assertThat(engine.isEmpty()).isTrue();
        assertThat(count(LOG)).isOne();
        assertFilesAreKnown();
    }

    @Test
    void i4_theCapacityMayChangeBetweenOpens() {
        open(b -> b.purgeThresholdBytes(80));
        appendTo(5);
        assertThat(count(RESERVED)).isZero();
        open(prefilling(80));
        agent();
        int reserves = kept();
        assertThat(reserves).isEqualTo(120 - (int) span().segmentCount());
        appendTo(5);
        assertThat(kept()).isEqualTo(reserves - 5);
        SegmentSpan before = span();
        open(prefilling(20));
        assertThat(count(RESERVED)).isEqualTo(30 - (int) before.segmentCount());
        assertThat(span()).isEqualTo(before);
        assertThat(engine.purgeExpiredFiles()).isEqualTo(PurgeResult.NOTHING);
        assertThat(span()).isEqualTo(before);
        appendTo(3);
        assertThat(span().activeSeq()).isEqualTo(before.activeSeq() + 3);
        verify();
        open(prefilling(20));
        verify();
        open(b -> b);
        assertThat(count(RESERVED)).isZero();
        assertFilesAreKnown();
        verify();
    }

    /** Also Q11: what lies in the spill directory stays there, under whatever name. */
    @Test
    void i5_segmentsOfBothDirectoriesAreRecycledWhereTheyAre() {
        open(spilling(b -> b));
        appendTo(10);
        engine.close();
        engine = null;
        for (long seq = 2; seq <= 5; seq++) {
            disk.rename(MAIN.resolve(log(seq)), SPILL.resolve(log(seq)));
        }
        open(spilling(recycling(100)));
        verify();
        clean(1);
        purgeAll();
        assertFilesAreKnown();
        assertThat(names(SPILL, RESERVED)).hasSize(4);
        assertThat(names(SPILL, LOG)).isEmpty();
        int files = count(LOG) + count(RESERVED);
        while (engine.statistics().reservedSegments() > 0) {
            append(2, 1);
            assertThat(count(LOG) + count(RESERVED)).as("no new file").isEqualTo(files);
        }
        assertThat(names(SPILL, LOG)).hasSize(4);
        verify();
        open(spilling(b -> b));
        assertThat(names(SPILL, LOG)).as("still in use").hasSize(4);
        verify();
        SegmentSpan before = span();
        String youngest = names(SPILL, LOG).get(3);
        engine.close();
        engine = null;
        DirectoryCopy.copy(disk, SPILL, disk, Path.of("/copy"));
        for (String name : names(SPILL, LOG)) {
            disk.rename(Path.of("/copy").resolve(name), MAIN.resolve(name));
        }
        open(spilling(b -> b));
        // D4: everything up to the youngest duplicate is set aside, its copy in the spill directory
        // is the first segment.
        assertThat(log(span().firstSeq())).isEqualTo(youngest);
        assertThat(span().activeSeq()).isEqualTo(before.activeSeq());
        assertThat(names(MAIN, youngest)).as("nobody touches it").hasSize(1);
    }

    @Test
    void i6_reservesInTwoDirectoriesServeBoth() {
        fs.on(Operation.AVAILABLE_BYTES)
                .where(call -> call.path().equals(MAIN) && names(MAIN, RESERVED).size() >= 10)
                .inject(new Fault.Answer(0));
        open(spilling(prefilling(20)));
        agent();
        assertThat(names(MAIN, RESERVED)).hasSize(10);
        assertThat(kept()).as("30 less the one in use").isEqualTo(29);
        appendTo(15);
        assertThat(names(MAIN, LOG).size() + names(SPILL, LOG).size()).isEqualTo(16);
        assertThat(names(SPILL, LOG)).isNotEmpty();
        for (long group = 1; group <= 15; group++) {
            engine.compactTo(group, 11);
            model.get(group)[0] = 11;
            append(group, 2);
        }
        verify();
        assertThat(engine.purgeExpiredFiles().appendSegmentsDropped()).isPositive();
        verify();
        assertFilesAreKnown();
        open(spilling(prefilling(20)));
        verify();
        assertFilesAreKnown();
    }

    @Test
    void i6_belowTheThresholdNothingIsPurged() {
        open(spilling(prefilling(50)));
        appendTo(15);
        SegmentSpan before = span();
        assertThat(engine.purgeExpiredFiles()).isEqualTo(PurgeResult.NOTHING);
        assertThat(span()).isEqualTo(before);
    }

    @Test
    void i7_anEngineOpensAndReadsWithAllDirectoriesFull() {
        for (boolean two : new boolean[] {false, true}) {
            UnaryOperator<EngineConfig.Builder> settings = prefilling(50);
            open(two ? spilling(settings) : settings);
            appendTo(4);
            disk.setCapacity(1);
            open(two ? spilling(settings) : settings);
            verify();
            agent();
            assertThat(count(RESERVED)).as("the fill gives up").isZero();
            assertThatThrownBy(() -> append(1, 1)).isInstanceOf(OutOfSpaceException.class);
            verify();
            disk.setCapacity(Long.MAX_VALUE);
            append(1, 1);
            verify();
        }
    }

    @Test
    void i8_reservesKeepAWriterGoingOnAFullDisk() {
        open(prefilling(20));
        agent();
        long reserves = engine.statistics().reservedSegments();
        assertThat(reserves).isGreaterThan(20);
        disk.setCapacity(1);
        for (int i = 0; i < 10; i++) {
            append(1, 1);
        }
        verify();
        assertThat(span()).isEqualTo(new SegmentSpan(1, 11));
        disk.setCapacity(Long.MAX_VALUE);
        open(b -> b);
        SegmentSpan before = span();
        disk.setCapacity(1);
        for (int i = 0; i < 5; i++) {
            assertThatThrownBy(() -> append(1, 1)).isInstanceOf(OutOfSpaceException.class);
        }
        assertThat(span()).as("unchanged").isEqualTo(before);
        disk.setCapacity(Long.MAX_VALUE);
        append(1, 1);
        verify();
    }

    @Test
    void i9_aReserveThatWasNotFilledIsMissingOnceOnly() {
        var fifth =
                fs.on(Operation.WRITE)
                        .onFiles(name -> name.startsWith("prepared-"))
                        .program(4, 1)
                        .inject(new Fault.ErrorAfterBytes(100, Fault.ENOSPC));
        open(prefilling(5));
        for (int i = 0; i < 3000 && fifth.fired() == 0; i++) {
            opener.agent.doWork();
        }
        assertThat(fifth.fired()).isOne();
        assertThat(count(RESERVED)).isEqualTo(4);
        assertThat(kept()).as("the next one, and no half-filled one").isEqualTo(5);
        open(prefilling(5));
        agent();
        assertThat(kept()).as("7 less the one in use").isEqualTo(6);
        appendTo(4);
        assertThat(span()).isEqualTo(new SegmentSpan(1, 5));
        assertThat(kept()).isEqualTo(2);
        appendTo(4);
        purgeAll();
        verify();
        assertFilesAreKnown();
    }

    @Test
    void i10_leftoversOfAnIncompleteDeletionHideNothing() {
        open(b -> b);
        appendTo(10);
        var skipped =
                fs.on(Operation.DELETE)
                        .onFiles(name -> name.endsWith(LOG) && name.compareTo(log(5)) <= 0)
                        .inject(new Fault.Skip());
        engine.maintenance().rewriteAppend(7);
        assertThat(skipped.fired()).isEqualTo(5);
        long first = span().firstSeq();
        assertThat(first).isGreaterThan(6);
        verify();
        fs.clearRules();
        open(b -> b);
        // Leftovers below a hole are named and left alone (D4).
        assertThat(span().firstSeq()).isEqualTo(first);
        assertThat(engine.recoveryReport().toString()).contains(log(5));
        assertThat(names(MAIN, LOG)).contains(log(1), log(5));
        verify();
        clean(10);
        engine.maintenance().rewriteAppend(Long.MAX_VALUE);
        open(b -> b);
        verify();
    }

    @Test
    void h14_versionsAndRecyclingMayChangeBackAndForth() {
        for (int turn = 0; turn < 3; turn++) {
            open(b -> b.formatVersion(FormatVersion.V1));
            appendTo(6);
            compactAll();
            engine.purgeExpiredFiles();
            verify();
            open(b -> b);
            appendTo(6);
            engine.purgeExpiredFiles();
            verify();
            open(prefilling(10));
            agent();
            appendTo(12);
            compactAll();
            engine.purgeExpiredFiles();
            appendTo(6);
            verify();
            assertFilesAreKnown();
            open(b -> b.formatVersion(FormatVersion.V1));
            appendTo(3);
            verify();
            engine.purgeExpiredFiles();
            verify();
            assertFilesAreKnown();
        }
    }

    private void compactAll() {
        model.forEach((group, range) -> {
            engine.compactTo(group, range[1]);
            range[0] = range[1];
        });
    }

    /** Defect 13: recycling is on by default, and what it keeps survives every end of a process. */
    @Test
    void reservesOutliveProcessesThatDie() {
        open(recycling(10));
        for (int life = 0; life < 20; life++) {
            appendTo(8);
            compactAll();
            engine.maintenance().rewriteAppend(Long.MAX_VALUE);
            long reserves = engine.statistics().reservedSegments();
            assertThat(reserves).isPositive();
            disk.killProcess();
            try {
                engine.close();
            } catch (RuntimeException deadHandles) {
                // Expected: all handles died with the process.
            }
            engine = null;
            open(recycling(10));
            assertThat(engine.statistics().reservedSegments()).isEqualTo(reserves);
            verify();
            assertFilesAreKnown();
            assertThat(count(LOG) + count(RESERVED)).isLessThanOrEqualTo(15);
        }
    }

    /** The names the reference may meet: it ignores what it does not know. */
    @Test
    void noNameOfOursIsTakenForALog() {
        open(b -> b.targetFileSizeBytes(64 << 10).purgeThresholdBytes(256 << 10));
        for (int i = 0; i < 400; i++) {
            append(1, 10);
        }
        agent();
        assertThat(names(MAIN, ".tmp")).contains("purge-head-room.tmp");
        for (String name : names(MAIN, ".tmp")) {
            assertThat(io.raftengine.log.format.SegmentName.parse(name)).isNull();
        }
        assertThat(fs.info(MAIN.resolve(FileSystem.LOCK_NAME))).isNotNull();
        verify();
    }
}
