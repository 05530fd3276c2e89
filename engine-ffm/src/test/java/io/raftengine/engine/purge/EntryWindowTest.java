package io.raftengine.engine.purge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.engine.purge.CopyFixture.EntryKey;
import io.raftengine.engine.purge.CopyFixture.Place;
import io.raftengine.error.BatchFullException;
import io.raftengine.log.format.BatchEncoder;
import io.raftengine.log.format.BatchHeader;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.format.QueueKind;
import io.raftengine.testing.campaign.Seed;
import io.raftengine.testing.fs.Operation;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is collected, how it is read, and that it is handed out as it was written. */
class EntryWindowTest {
    private static final long SEED = Seed.orElse(20_251);
    private static final long ALL = Long.MAX_VALUE;
    private static final int KIB = 1 << 10;

    private final CopyFixture engine = new CopyFixture();
    private EntryWindow window = engine.window(4 << 20, 1000);

    @AfterEach
    void close() {
        window.close();
        engine.close();
    }

    // ---- collecting ----------------------------------------------------------------------------

    @Test
    void entriesOfSeveralBatchesAreARunEach() {
        engine.plain(1, 1, 3, 10).plain(2, 1, 1, 10).write();
        engine.plain(1, 4, 1, 10).write();
        assertThat(collect(1, 1, 5)).isEqualTo(5);
        assertThat(collect(2, 1, 2)).isEqualTo(2);
        read();
        assertThat(window.runs()).isEqualTo(3);
        assertRun(0, 1, 1, 3, 30);
        assertRun(1, 1, 4, 1, 10);
        assertRun(2, 2, 1, 1, 10);
        assertHandsOut(1, 1, 5);
        assertHandsOut(2, 1, 2);
    }

    @Test
    void aRunGoesOnThroughManyPortionsOfTheLookup() {
        engine.plain(1, 1, 1000, 10).write();
        assertThat(collect(1, 1, 1001)).isEqualTo(1001);
        read();
        assertThat(window.runs()).isEqualTo(1);
        assertRun(0, 1, 1, 1000, 10_000);
        assertHandsOut(1, 1, 1001);
    }

    @Test
    void entriesOfOneGroupApartInOneBlockAreTwoRuns() {
        engine.plain(1, 1, 2, 10).plain(2, 1, 1, 7).plain(1, 3, 2, 10).write();
        assertThat(collect(1, 1, 5)).isEqualTo(5);
        read();
        assertThat(window.runs()).isEqualTo(2);
        assertRun(0, 1, 1, 2, 20);
        assertRun(1, 1, 3, 2, 20);
        assertHandsOut(1, 1, 5);
    }

    @Test
    void collectingStopsAboveTheGate() {
        engine.plain(1, 1, 3, 10).write();
        engine.append.rotate();
        engine.plain(1, 4, 3, 10).write();
        assertThat(window.collect(1, 1, 7, QueueKind.APPEND, 0)).isEqualTo(1);
        assertThat(window.collect(1, 1, 7, QueueKind.APPEND, 1)).isEqualTo(4);
        assertThat(window.runs()).isEqualTo(1);
        assertThat(window.full()).isFalse();
        assertThat(window.collect(1, 4, 7, QueueKind.APPEND, 2)).isEqualTo(7);
    }

    @Test
    void collectingStopsAtTheOtherQueue() {
        engine.plain(1, 1, 3, 10).write();
        assertThat(window.collect(1, 1, 4, QueueKind.REWRITE, ALL)).isEqualTo(1);
        assertThat(window.runs()).isZero();
        assertThat(window.full()).isFalse();
    }

    @Test
    void onlyWhatTheGroupHoldsIsTaken() {
        engine.plain(1, 5, 3, 10).write();
        assertThat(collect(9, 1, 5)).as("no such group").isEqualTo(1);
        assertThat(collect(1, 3, 5)).as("below the first").isEqualTo(3);
        assertThat(collect(1, 8, 9)).as("from behind the last").isEqualTo(8);
        assertThat(collect(1, 6, 6)).as("nothing").isEqualTo(6);
        assertThat(collect(1, 7, 6)).as("less than nothing").isEqualTo(7);
        assertThat(window.runs()).isZero();
        assertThat(collect(1, 6, 100)).as("as far as there is something").isEqualTo(8);
        read();
        assertHandsOut(1, 6, 8);
    }

    @Test
    void whatWasCompactedIsPassedOver() {
        engine.plain(1, 5, 3, 10).write();
        assertThat(collect(1, 2, 8)).isEqualTo(8);
        read();
        assertHandsOut(1, 5, 8);
    }

    @Test
    void aGroupThatHoldsNothingAnyMoreGivesNothing() {
        engine.plain(1, 5, 3, 10).write();
        engine.batch.compact(1, 100);
        engine.write();
        assertThat(collect(1, 5, 8)).isEqualTo(5);
        assertThat(collect(1, 200, 208)).isEqualTo(200);
    }

    @Test
    void indexesAreUnsigned() {
        engine.plain(1, Long.MAX_VALUE - 1, 5, 10).write();
        long end = Long.MAX_VALUE + 4;
        assertThat(collect(1, Long.MAX_VALUE - 1, end)).isEqualTo(end);
        read();
        assertHandsOut(1, Long.MAX_VALUE - 1, end);
    }

    // ---- the window's limits -------------------------------------------------------------------

    @Test
    void aRunIsNeverDividedByTheWindowsEnd() {
        engine.plain(1, 1, 10, 100).write();
        engine.plain(1, 11, 10, 100).write();
        int run = EntryWindow.BYTES_PER_RUN + 1000 + 9 * 4; // and where the entries end
        reopen(2 * run - 1, 100);
        assertThat(collect(1, 1, 21)).isEqualTo(11);
        assertThat(window.full()).isTrue();
        assertThat(window.runs()).isEqualTo(1);
        read();
        assertHandsOut(1, 1, 11);
        window.clear();
        assertThat(window.full()).isFalse();
        assertThat(collect(1, 11, 21)).isEqualTo(21);
        read();
        assertHandsOut(1, 11, 21);

        reopen(2 * run, 100);
        assertThat(collect(1, 1, 21)).isEqualTo(21);
        assertThat(window.full()).isFalse();
        engine.plain(1, 21, 1, 0).write();
        assertThat(collect(1, 21, 22)).as("no room for another, even an empty one").isEqualTo(21);
        assertThat(window.full()).isTrue();
    }

    @Test
    void theFirstRunIsTakenWhateverItsSizeAndStaysAlone() {
        engine.plain(1, 1, 300, 100).write();
        engine.plain(1, 301, 1, 1).write();
        reopen(EntryWindow.BYTES_PER_RUN + 50, 100);
        assertThat(collect(1, 1, 302)).isEqualTo(301);
        assertThat(window.full()).isTrue();
        read();
        assertHandsOut(1, 1, 301);
    }

    @Test
    void aLaterCallTakesNothingBackThatAnEarlierOnePromised() {
        engine.plain(1, 1, 10, 100).plain(2, 1, 1, 1).write();
        reopen(3 * EntryWindow.BYTES_PER_RUN + 700, 100);
        assertThat(collect(2, 1, 2)).isEqualTo(2);
        assertThat(collect(1, 1, 5)).isEqualTo(5);
        assertThat(collect(1, 5, 11)).isEqualTo(5);
        assertThat(window.full()).isTrue();
        read();
        assertHandsOut(1, 1, 5);
        assertHandsOut(2, 1, 2);
    }

    @Test
    void theNumberOfRunsIsLimited() {
        for (int i = 1; i <= 5; i++) {
            engine.plain(1, i, 1, 10).write();
        }
        reopen(1 << 20, 3);
        assertThat(collect(1, 1, 6)).isEqualTo(4);
        assertThat(window.full()).isTrue();
        read();
        assertHandsOut(1, 1, 4);
        window.clear();
        assertThat(collect(1, 4, 6)).isEqualTo(6);
        assertThat(window.full()).isFalse();
    }

    @Test
    void entriesWithoutBytesTakeRoomTooAndMayEndAnywhere() {
        engine.entries(1, 1, new byte[5000][0]).write();
        reopen(4 * KIB, 100);
        long end = collect(1, 1, 5001);
        assertThat(end).isBetween(980L, 1030L);
        assertThat(window.full()).isTrue();
        read();
        assertHandsOut(1, 1, end);
        assertThat(engine.budget.reservedBytes()).isLessThan(3 << 20);
    }

    @Test
    void moreThanTheOrderCanTellApartIsTooMany() {
        assertThatThrownBy(() -> engine.window(1, FileOrder.RUNS_MAX + 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> engine.window(1, 0)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void segmentsTooFarApartGoToDifferentWindows() {
        engine.plain(1, 1, 1, 10);
        engine.pretend(1, 100, 14, false);
        engine.plain(1, 2, 1, 10);
        engine.pretend(1 << 12, 100, 14, false);
        engine.plain(1, 3, 1, 10);
        engine.pretend((1 << 12) + 1, 100, 14, false);
        assertThat(collect(1, 1, 4)).isEqualTo(3);
        assertThat(window.full()).isTrue();
        window.clear();
        assertThat(collect(1, 3, 4)).isEqualTo(4);
    }

    // ---- reading -------------------------------------------------------------------------------

    @Test
    void neighboursAreReadTogether() {
        for (int i = 1; i <= 100; i++) {
            engine.plain(1 + i % 10, 1 + (i - 1) / 10, 1, 128).write();
        }
        for (int group = 1; group <= 10; group++) {
            assertThat(collect(group, 1, 11)).isEqualTo(11);
        }
        assertThat(reads()).isEqualTo(1);
        for (int group = 1; group <= 10; group++) {
            assertHandsOut(group, 1, 11);
        }
    }

    @Test
    void aGapOfUpTo8KiBIsReadOver() {
        engine.plain(1, 1, 1, 100).write();
        int between = 2 * BatchHeader.BYTES + 4 + 4; // headers and the items of the two
        engine.plain(2, 1, 1, (8 << 10) - 200).write();
        engine.plain(1, 2, 1, 100).write();
        engine.plain(2, 2, 1, (8 << 10) + between).write();
        engine.plain(1, 3, 1, 100).write();
        collect(1, 1, 4);
        assertThat(reads()).isEqualTo(2);
        assertHandsOut(1, 1, 4);
    }

    @Test
    void aReadIsNoLongerThan1MiB() {
        try (CopyFixture large =
                        new CopyFixture(MemoryBudget.unlimited(), 64 << 20, FormatVersion.V2);
                EntryWindow wide = large.window(16 << 20, 100)) {
            for (int i = 1; i <= 10; i++) {
                large.plain(3, i, 1, 300 << 10).write(); // three fit in
            }
            wide.collect(3, 1, 11, QueueKind.APPEND, ALL);
            large.fs.startTrace();
            wide.read(large.noPace);
            assertThat(large.fs.trace())
                    .hasSize(4)
                    .allSatisfy(call -> assertThat(call.length()).isLessThanOrEqualTo(1 << 20));
            assertThat(large.handOut(wide)).hasSize(10);
        }
    }

    @Test
    void aWholeCompressedBlockIsAdoptedByteForByte() {
        engine.plain(1, 1, 200, 50);
        Place place = engine.writeCompressed();
        collect(1, 1, 201);
        read();
        assertThat(window.wholeCompressedBlock(0)).isTrue();
        assertThat(window.blockBytes(0)).isEqualTo(place.blockBytes());
        try (BatchEncoder copy = new BatchEncoder(MemoryBudget.unlimited())) {
            window.adoptInto(0, copy);
            copy.finish(0, 1);
            assertThat(block(copy)).isEqualTo(block(place));
            assertThat(engine.decode(copy.encoded())).hasSize(200).allSatisfy(this::isAsWritten);
        }
        assertHandsOut(1, 1, 201); // and unfolded if that is wanted
    }

    @Test
    void aBlockThatIsNotWhollyTakenIsUnfolded() {
        engine.plain(1, 1, 100, 50).plain(2, 1, 100, 50);
        engine.writeCompressed();
        engine.plain(3, 1, 200, 50);
        engine.writeCompressed();
        collect(1, 1, 101); // half of a block, and with the next two all of it, but two groups
        collect(2, 1, 101);
        collect(3, 1, 200); // all but the last entry
        read();
        for (int run = 0; run < 3; run++) {
            assertThat(window.wholeCompressedBlock(run)).as("run %d", run).isFalse();
        }
        assertHandsOut(1, 1, 101);
        assertHandsOut(2, 1, 101);
        assertHandsOut(3, 1, 200);
        try (BatchEncoder copy = new BatchEncoder(MemoryBudget.unlimited())) {
            assertThatThrownBy(() -> window.adoptInto(0, copy))
                    .isInstanceOf(IllegalStateException.class);
        }
        window.clear();
        collect(3, 2, 201); // all but the first
        read();
        assertThat(window.wholeCompressedBlock(0)).isFalse();
        assertHandsOut(3, 2, 201);
    }

    @Test
    void anUncompressedBlockIsNeverAdopted() {
        engine.plain(1, 1, 10, 50).write();
        collect(1, 1, 11);
        read();
        assertThat(window.wholeCompressedBlock(0)).isFalse();
    }

    @Test
    void blocksAbove1MiBAreReadInPieces() {
        engine.plain(1, 1, 5, 1000).plain(2, 1, 1, 3 << 20).plain(1, 6, 5, 1000).write();
        engine.entries(3, 1, CopyFixture.noise(1, 2 << 20), new byte[1 << 20]);
        Place whole = engine.writeCompressed();
        engine.entries(4, 1, CopyFixture.noise(2, 2 << 20), new byte[1 << 20]);
        engine.writeCompressed();
        reopen(20 << 20, 100);
        collect(1, 1, 11);
        collect(3, 1, 3);
        collect(4, 1, 2);
        read();
        assertThat(window.runs()).isEqualTo(4);
        assertThat(window.wholeCompressedBlock(2)).isTrue();
        assertThat(window.wholeCompressedBlock(3)).isFalse();
        assertHandsOut(1, 1, 11);
        assertHandsOut(3, 1, 3);
        assertHandsOut(4, 1, 2);
        try (BatchEncoder copy = new BatchEncoder(MemoryBudget.unlimited())) {
            window.adoptInto(2, copy);
            copy.finish(0, 1);
            assertThat(block(copy)).isEqualTo(block(whole));
        }
        window.clear();
        collect(2, 1, 2);
        read();
        assertHandsOut(2, 1, 2);
    }

    @Test
    void aLittleOfALargeBlockNeedsLittleMemory() {
        engine.plain(1, 1, 1, 1000).plain(2, 1, 1, 40 << 20).write();
        long before = engine.budget.reservedBytes();
        MemoryBudget tight = new MemoryBudget(3 << 20);
        try (EntryWindow small = engine.window(tight, 1 << 20, 100)) {
            small.collect(1, 1, 2, QueueKind.APPEND, ALL);
            small.read(engine.noPace);
            assertThat(engine.handOut(small).get(new EntryKey(1, 1)))
                    .isEqualTo(engine.expected(1, 1));
        }
        assertThat(tight.reservedBytes()).isZero();
        assertThat(engine.budget.reservedBytes()).isEqualTo(before);
    }

    @Test
    void whatAGiantBlockNeededIsGivenBack() {
        engine.plain(1, 1, 1, 30 << 20).write();
        reopen(64 << 10, 100);
        collect(1, 1, 2);
        read();
        assertHandsOut(1, 1, 2);
        long grown = engine.budget.reservedBytes();
        window.clear();
        assertThat(grown - engine.budget.reservedBytes()).isGreaterThan(29 << 20);
    }

    @Test
    void runsOfASegmentThatIsGoneAreLostAndTheOthersAreNot() {
        engine.plain(1, 1, 2, 10).write();
        engine.append.rotate();
        engine.plain(1, 3, 2, 10).write();
        collect(1, 1, 5);
        engine.append.purgeTo(2, () -> true);
        read();
        assertThat(window.lost(0)).isTrue();
        assertThat(window.lost(1)).isFalse();
        try (BatchEncoder copy = new BatchEncoder(MemoryBudget.unlimited())) {
            assertThatThrownBy(() -> window.addTo(0, copy))
                    .isInstanceOf(IllegalStateException.class);
            window.addTo(1, copy);
            copy.finish(0, 1);
            assertThat(engine.decode(copy.encoded())).hasSize(2).allSatisfy(this::isAsWritten);
        }
    }

    @Test
    void entriesOverwrittenMeanwhileAreReadAsTheyWereCollected() {
        engine.plain(1, 1, 4, 10).write();
        collect(1, 1, 5);
        byte[] second = engine.expected(1, 2);
        engine.entries(1, 2, new byte[] {1, 2, 3}).write();
        read();
        assertThat(engine.handOut(window).get(new EntryKey(1, 2))).isEqualTo(second);
    }

    @Test
    void aBatchThatIsFullIsLeftAsItWas() {
        engine.plain(1, 1, 10, 100).write();
        collect(1, 1, 11);
        read();
        try (BatchEncoder copy = new BatchEncoder(MemoryBudget.unlimited(), 999)) {
            copy.clean(7);
            assertThatThrownBy(() -> window.addTo(0, copy)).isInstanceOf(BatchFullException.class);
            assertThat(copy.itemCount()).isEqualTo(1);
            assertThat(copy.contentBytes()).isZero();
        }
    }

    @Test
    void callsOutOfOrderAreRefused() {
        engine.plain(1, 1, 10, 100).write();
        assertThatThrownBy(() -> window.lost(0)).isInstanceOf(IllegalStateException.class);
        collect(1, 1, 11);
        try (BatchEncoder copy = new BatchEncoder(MemoryBudget.unlimited())) {
            assertThatThrownBy(() -> window.addTo(0, copy))
                    .isInstanceOf(IllegalStateException.class);
        }
        read();
        assertThatThrownBy(() -> collect(1, 1, 2)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(this::read).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void anEmptyWindowReadsNothing() {
        assertThat(reads()).isZero();
        assertThat(window.runs()).isZero();
    }

    @Test
    void segmentsOfTheOldFormatAreReadToo() {
        try (CopyFixture old =
                        new CopyFixture(MemoryBudget.unlimited(), 1 << 20, FormatVersion.V1);
                EntryWindow oldWindow = old.window(1 << 20, 10)) {
            old.plain(1, 1, 5, 10).write();
            oldWindow.collect(1, 1, 6, QueueKind.APPEND, ALL);
            oldWindow.read(old.noPace);
            assertThat(old.handOut(oldWindow)).hasSize(5);
        }
    }

    // ---- all of it -----------------------------------------------------------------------------

    @Test
    void whateverWasWrittenAndHoweverItIsCutEveryEntryComesOutOnceAsItWas() {
        int seeds = 30 * Math.max(1, Integer.getInteger("raftengine.scale", 1));
        for (long seed = SEED; seed < SEED + seeds; seed++) {
            Random random = new Random(seed);
            try (CopyFixture many =
                    new CopyFixture(
                            MemoryBudget.unlimited(),
                            20_000 + random.nextInt(300_000),
                            FormatVersion.V2)) {
                long[] ends = writeAtRandom(many, random);
                if (seed % 3 == 0) {
                    many.disk.setShortTransfers(true);
                }
                long windowBytes = 1L << 8 + random.nextInt(15);
                int runsMax = 1 + random.nextInt(200);
                copyAll(many, ends, windowBytes, runsMax, "-Draftengine.seed=" + seed);
            }
        }
    }

    /** Index behind the last entry of each group; entries begin at 1. */
    private static long[] writeAtRandom(CopyFixture many, Random random) {
        long[] ends = new long[1 + random.nextInt(20)];
        Arrays.fill(ends, 1);
        int batches = 1 + random.nextInt(150);
        for (int b = 0; b < batches; b++) {
            int items = 1 + random.nextInt(4);
            for (int i = 0; i < items; i++) {
                int group = random.nextInt(ends.length);
                int count = 1 + random.nextInt(random.nextInt(20) == 0 ? 200 : 5);
                int bytes = random.nextInt(10) == 0 ? 0 : random.nextInt(2000);
                many.plain(group, ends[group], count, bytes);
                ends[group] += count;
            }
            if (random.nextInt(60) == 0) {
                many.entries(99, 1, CopyFixture.noise(b, 1_500_000));
            }
            many.write(many.append, random.nextInt(3) == 0 ? 1 : 0);
        }
        return ends;
    }

    private static void copyAll(
            CopyFixture many, long[] ends, long windowBytes, int runsMax, String name) {
        Map<EntryKey, byte[]> found = new HashMap<>();
        int windows = 0;
        try (EntryWindow window = many.window(windowBytes, runsMax);
                BatchEncoder copy = new BatchEncoder(MemoryBudget.unlimited())) {
            int group = 0;
            long next = 1;
            while (group < ends.length) {
                window.clear();
                while (group < ends.length && !window.full()) {
                    next = window.collect(group, next, ends[group], QueueKind.APPEND, ALL);
                    if (next == ends[group]) {
                        group++;
                        next = 1;
                    } else {
                        assertThat(window.full()).as(name).isTrue();
                    }
                }
                assertThat(++windows).as("%s: no progress", name).isLessThan(100_000);
                window.read(many.noPace);
                for (int run = 0; run < window.runs(); run++) {
                    copy.clear();
                    if (window.wholeCompressedBlock(run)) {
                        window.adoptInto(run, copy);
                    } else {
                        window.addTo(run, copy);
                    }
                    copy.finish(0, 1);
                    Map<EntryKey, byte[]> entries = many.decode(copy.encoded());
                    assertThat(entries).as(name).hasSize(window.entries(run));
                    entries.forEach((key, bytes) ->
                            assertThat(found.put(key, bytes)).as("%s %s", name, key).isNull());
                }
            }
        }
        many.model.keySet().removeIf(key -> key.group() == 99);
        assertThat(found.keySet()).as(name).isEqualTo(many.model.keySet());
        found.forEach((key, bytes) ->
                assertThat(bytes).as("%s %s", name, key).isEqualTo(many.model.get(key)));
    }

    // ---- in the tests' own words ---------------------------------------------------------------

    private long collect(long group, long from, long to) {
        return window.collect(group, from, to, QueueKind.APPEND, ALL);
    }

    private void reopen(long windowBytes, int runsMax) {
        window.close();
        window = engine.window(windowBytes, runsMax);
    }

    private void read() {
        window.read(engine.noPace);
    }

    private long reads() {
        long before = engine.fs.calls(Operation.READ);
        read();
        return engine.fs.calls(Operation.READ) - before;
    }

    private void assertRun(int run, long group, long first, int entries, int bytes) {
        assertThat(window.groupId(run)).isEqualTo(group);
        assertThat(window.firstIndex(run)).isEqualTo(first);
        assertThat(window.entries(run)).isEqualTo(entries);
        assertThat(window.contentBytes(run)).isEqualTo(bytes);
        assertThat(window.lost(run)).isFalse();
    }

    private void assertHandsOut(long group, long from, long to) {
        Map<EntryKey, byte[]> found = engine.handOut(window);
        long mine = found.keySet().stream().filter(key -> key.group() == group).count();
        assertThat(mine).as("entries of group %d", group).isEqualTo(to - from);
        for (long index = from; index != to; index++) {
            assertThat(found.get(new EntryKey(group, index)))
                    .as("entry %d of group %d", index, group)
                    .isEqualTo(engine.expected(group, index));
        }
    }

    private void isAsWritten(EntryKey key, byte[] bytes) {
        assertThat(bytes).isEqualTo(engine.model.get(key));
    }

    private static byte[] block(BatchEncoder finished) {
        byte[] block = new byte[(int) finished.encoded().blockBytes()];
        Memory.copyToArray(
                finished.encoded().frontAddress() + BatchHeader.BYTES, block, 0, block.length);
        return block;
    }

    private byte[] block(Place place) {
        byte[] file = engine.disk.contents(engine.file(QueueKind.APPEND, place.segment()));
        int from = (int) place.blockOffset();
        return Arrays.copyOfRange(file, from, from + place.blockBytes());
    }
}
