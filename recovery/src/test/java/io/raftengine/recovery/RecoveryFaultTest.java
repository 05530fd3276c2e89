package io.raftengine.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.allocator.GrowableBuffer;
import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.CorruptionException;
import io.raftengine.error.RaftEngineException;
import io.raftengine.error.StorageException;
import io.raftengine.log.format.SegmentName;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileIo;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.segment.DirectoryScan;
import io.raftengine.testing.fs.Call;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.FaultyFileSystem;
import io.raftengine.testing.fs.Operation;
import io.raftengine.testing.fs.SimulatedFileSystem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Failing calls and power cuts during recovery itself: Q7, P8, defect 7. */
class RecoveryFaultTest {
    private static final Path DIR = Path.of("/log");
    private static final String APPEND_1 = "0000000000000001.raftlog";
    private static final String APPEND_2 = "0000000000000002.raftlog";
    private static final String REWRITE_1 = "0000000000000001.rewrite";

    /** A recovery that is repeated makes no second copy of the bytes that it cuts off. */
    private static final Predicate<String> SECOND_COPY = name -> name.endsWith("-2.bytes");

    /**
     * Two append segments, the last one torn, and a rewrite segment with a group to be read twice.
     */
    private static Map<String, byte[]> tornDirectory() {
        Map<String, byte[]> files = new HashMap<>();
        files.put(APPEND_1, SegmentBytes.v2(1).append(1, 1, "a").append(1, 2, "b").bytes());
        SegmentBytes last = SegmentBytes.v2(2).append(1, 3, "c").synced().append(1, 4, "d");
        files.put(APPEND_2, last.truncate(last.size() - 2).zeros(700).bytes());
        SegmentBytes rewrite = SegmentBytes.v2(1);
        rewrite.batch().marker(0, 0).entries(2, 1, "r").end();
        rewrite.batch().entries(2, 2, "s").marker(0, 2).end();
        files.put(REWRITE_1, rewrite.zeros(600).bytes());
        return files;
    }

    /** A directory whose sealed segment is damaged, for the mode that rescues. */
    private static Map<String, byte[]> rottenDirectory() {
        Map<String, byte[]> files = tornDirectory();
        SegmentBytes first = SegmentBytes.v2(1).append(1, 1, "a").append(1, 2, "b");
        first.append(5, 1, "x").damage(first.offset(2) + 12);
        files.put(APPEND_1, first.bytes());
        return files;
    }

    private static SimulatedFileSystem disk(Map<String, byte[]> files, boolean synced) {
        SimulatedFileSystem fs = new SimulatedFileSystem(1);
        fs.createDirectories(DIR);
        files.forEach((name, bytes) -> write(fs, DIR.resolve(name), bytes));
        if (synced) {
            fs.settle();
        }
        return fs;
    }

    private static void write(FileSystem fs, Path path, byte[] bytes) {
        try (GrowableBuffer buffer =
                        new GrowableBuffer(MemoryBudget.unlimited(), bytes.length, bytes.length);
                FileHandle file = fs.open(path, FileSystem.OpenMode.CREATE)) {
            Memory.copyFromArray(bytes, 0, buffer.address(), bytes.length);
            FileIo.writeFully(file, buffer.address(), bytes.length, 0);
        }
    }

    private static List<String> recover(FileSystem fs, RecoveryMode mode) {
        HeapModel model = new HeapModel();
        recover(fs, mode, model);
        return model.told();
    }

    private static void recover(FileSystem fs, RecoveryMode mode, ReplaySink sink) {
        MemoryBudget budget = MemoryBudget.unlimited();
        try {
            Recovery.run(
                    new RecoverySettings(mode, 2, 4096, false),
                    fs,
                    DirectoryScan.scan(fs, List.of(DIR)),
                    sink,
                    budget);
        } finally {
            assertThat(budget.reservedBytes()).as("buffers given back").isZero();
        }
    }

    private static Map<String, byte[]> contents(SimulatedFileSystem fs) {
        Map<String, byte[]> all = new HashMap<>();
        fs.list(DIR).forEach(entry -> all.put(entry.name(), fs.contents(entry.path())));
        return all;
    }

    /** Every single call of a recovery fails once, or for good from there on. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void everyFailingCallIsATypedErrorAndLeavesADirectoryThatOpensWithTheSameState(boolean sticky) {
        everyCallFails(tornDirectory(), RecoveryMode.TOLERATE_TAIL_CORRUPTION, sticky);
        everyCallFails(rottenDirectory(), RecoveryMode.TOLERATE_ANY_CORRUPTION, sticky);
    }

    private static void everyCallFails(
            Map<String, byte[]> files, RecoveryMode mode, boolean sticky) {
        List<String> expected = recover(disk(files, true), mode);
        assertThat(expected).isNotEmpty();
        int failed = 0;
        for (int call = 0; ; call++) {
            SimulatedFileSystem disk = disk(files, true);
            FaultyFileSystem faulty = new FaultyFileSystem(disk);
            if (sticky) {
                faulty.failFrom(call, new Fault.Error(Fault.EIO));
            } else {
                faulty.failCall(call, new Fault.Error(Fault.EIO));
            }
            boolean opened = false;
            try {
                assertThat(recover(faulty, mode)).isEqualTo(expected);
                opened = true;
            } catch (RaftEngineException e) {
                failed++;
                assertThat(e).as("call %d", call).isInstanceOf(StorageException.class);
                assertThat(namesOf(droppedBefore(e)))
                        .as("call %d", call)
                        .isEqualTo(shorter(disk, files));
            }
            assertThat(faulty.openHandles()).as("open files after call %d", call).isZero();
            assertThat(recover(disk, mode)).as("after call %d", call).isEqualTo(expected);
            assertThat(contents(disk).keySet()).as("call %d", call).noneMatch(SECOND_COPY);
            if (opened && faulty.calls() <= call) {
                break; // there is no such call any more
            }
        }
        assertThat(failed).isGreaterThan(15);
    }

    /** What was cut off, as the failure of a recovery tells it; empty where it tells nothing. */
    private static List<DroppedRange> droppedBefore(Throwable failure) {
        for (Throwable suppressed : failure.getSuppressed()) {
            if (suppressed instanceof DroppedBeforeFailure dropped) {
                assertThat(dropped.ranges()).isNotEmpty();
                dropped.ranges()
                        .forEach(range ->
                                assertThat(dropped).hasMessageContaining(range.toString()));
                return dropped.ranges();
            }
        }
        return List.of();
    }

    private static Set<String> namesOf(List<DroppedRange> ranges) {
        return ranges.stream()
                .map(range -> range.path().getFileName().toString())
                .collect(Collectors.toSet());
    }

    private static Set<String> shorter(SimulatedFileSystem disk, Map<String, byte[]> files) {
        return files.keySet().stream()
                .filter(name -> disk.contents(DIR.resolve(name)).length < files.get(name).length)
                .collect(Collectors.toSet());
    }

    /** The listener hears of each loss when it happens, so also of those before a failure. */
    @Test
    void whatIsCutIsToldAtOnceAlsoWhereTheSyncBehindItFails() {
        Map<String, byte[]> files = rottenDirectory();
        for (String name : List.of(APPEND_1, APPEND_2, REWRITE_1)) {
            SimulatedFileSystem disk = disk(files, true);
            FaultyFileSystem faulty = new FaultyFileSystem(disk);
            // What is kept of the last segment of a queue is synced once before it is cut.
            int before = name.equals(APPEND_1) ? 0 : 1;
            faulty.on(Operation.SYNC).onFiles(name::equals).after(before).inject(Fault.error());
            List<DroppedRange> told = new ArrayList<>();
            assertThatThrownBy(() ->
                            Recovery.run(
                                    new RecoverySettings(
                                            RecoveryMode.TOLERATE_ANY_CORRUPTION, 1, 4096, false),
                                    faulty,
                                    DirectoryScan.scan(faulty, List.of(DIR)),
                                    new HeapModel(),
                                    MemoryBudget.unlimited(),
                                    told::add))
                    .isInstanceOfSatisfying(
                            StorageException.class,
                            e -> assertThat(droppedBefore(e)).isEqualTo(told));
            assertThat(namesOf(told)).contains(name).isEqualTo(shorter(disk, files));
        }
    }

    /** Q7, defect 7: a read error is no damage. */
    @ParameterizedTest
    @EnumSource(RecoveryMode.class)
    void aReadErrorFailsTheOpenAndTouchesNoFile(RecoveryMode mode) {
        Map<String, byte[]> files = tornDirectory();
        FaultyFileSystem counting = new FaultyFileSystem(disk(files, true));
        recover(counting, RecoveryMode.TOLERATE_TAIL_CORRUPTION);
        long reads = counting.calls(Operation.READ);
        assertThat(reads).isGreaterThan(3);
        for (int read = 0; read < reads; read++) {
            SimulatedFileSystem disk = disk(files, true);
            FaultyFileSystem faulty = new FaultyFileSystem(disk);
            faulty.on(Operation.READ).after(read).inject(new Fault.Error(Fault.EIO));
            Map<String, byte[]> before = contents(disk);
            try {
                recover(faulty, mode);
                throw new AssertionError("read " + read + " failed unnoticed");
            } catch (StorageException e) {
                assertThat(e).hasMessageContaining("errno 5");
            }
            assertThat(contents(disk)).containsExactlyInAnyOrderEntriesOf(before);
            // What was accepted may have been written once more, as it was.
            assertThat(faulty.calls(Operation.TRUNCATE)).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "ABSOLUTE_CONSISTENCY")
    void whoOnlyReadsWritesNothingAndSyncsNothing(RecoveryMode mode) {
        FaultyFileSystem watched = new FaultyFileSystem(disk(tornDirectory(), true));
        Recovery.run(
                new RecoverySettings(mode, 2, 4096, true),
                watched,
                DirectoryScan.scan(watched, List.of(DIR)),
                new HeapModel());
        assertThat(watched.calls(Operation.READ)).isPositive();
        assertThat(watched.calls(Operation.WRITE)).isZero();
        assertThat(watched.calls(Operation.SYNC)).isZero();
    }

    /** What the merge needs is not known, and it comes first. */
    @Test
    void whereMemoryIsShortNothingIsWrittenBesideTheMerge() {
        assertThat(writersWithMemoryInUse((8 << 20) - 1)).doesNotContain(Thread.currentThread());
        assertThat(writersWithMemoryInUse(8 << 20)).containsOnly(Thread.currentThread());
    }

    /** The threads that wrote in a recovery with so much of 16 MiB taken. */
    private static Set<Thread> writersWithMemoryInUse(long bytes) {
        FaultyFileSystem faulty = new FaultyFileSystem(disk(cleanDirectory(), true));
        Set<Thread> writers = ConcurrentHashMap.newKeySet();
        faulty.on(Operation.WRITE)
                .inject(new Fault.Run(call -> writers.add(Thread.currentThread())));
        MemoryBudget budget = new MemoryBudget(16 << 20);
        budget.reserve(bytes);
        Recovery.run(
                new RecoverySettings(RecoveryMode.TOLERATE_TAIL_CORRUPTION, 2, 4096, false),
                faulty,
                DirectoryScan.scan(faulty, List.of(DIR)),
                new HeapModel(),
                budget);
        assertThat(budget.reservedBytes()).isEqualTo(bytes);
        assertThat(writers).isNotEmpty();
        return writers;
    }

    private static Map<String, byte[]> cleanDirectory() {
        Map<String, byte[]> files = new HashMap<>();
        files.put(APPEND_1, SegmentBytes.v2(1).append(1, 1, "a").append(1, 2, "b").bytes());
        return files;
    }

    /** The merge has taken what there was, and gives it back. */
    @Test
    void whatFindsNoMemoryBesideTheMergeIsWrittenAfterIt() {
        FaultyFileSystem faulty = new FaultyFileSystem(disk(cleanDirectory(), true));
        MemoryBudget budget = new MemoryBudget(16 << 20);
        CountDownLatch opened = new CountDownLatch(1);
        CountDownLatch taken = new CountDownLatch(1);
        CountDownLatch refused = new CountDownLatch(1);
        faulty.on(Operation.OPEN)
                .where(call -> Thread.currentThread().getName().startsWith("raft-engine-recovery"))
                .inject(
                        new Fault.Run(call -> {
                            opened.countDown();
                            await(taken);
                        }));
        ReplaySink sink =
                new MergingSink(() -> {
                    assertThat(await(opened)).isTrue();
                    budget.reserve(16 << 20);
                    budget.relieveWith(refused::countDown);
                    taken.countDown();
                    assertThat(await(refused)).isTrue();
                    while (faulty.openHandles() > 0) {
                        Thread.onSpinWait(); // until it has given up
                    }
                    budget.release(16 << 20);
                });
        Recovery.run(
                new RecoverySettings(RecoveryMode.TOLERATE_TAIL_CORRUPTION, 1, 4096, false),
                faulty,
                DirectoryScan.scan(faulty, List.of(DIR)),
                sink,
                budget);
        assertThat(budget.reservedBytes()).isZero();
        assertThat(faulty.calls(Operation.WRITE)).isPositive();
        assertThat(faulty.calls(Operation.SYNC)).isPositive();
    }

    /** Somebody else writes into the last segment before it is cut. */
    @Test
    void aLastSegmentThatGrewBeforeItsCutIsNotCut() {
        SimulatedFileSystem disk = disk(tornDirectory(), true);
        FaultyFileSystem faulty = new FaultyFileSystem(disk);
        CountDownLatch synced = new CountDownLatch(2);
        faulty.on(Operation.SYNC).inject(new Fault.Run(call -> synced.countDown()));
        byte[] longer = new byte[5000];
        ReplaySink sink =
                new MergingSink(() -> {
                    assertThat(await(synced)).isTrue();
                    write(disk, DIR.resolve(APPEND_2), longer);
                });
        assertThatThrownBy(() -> recover(faulty, RecoveryMode.TOLERATE_TAIL_CORRUPTION, sink))
                .isInstanceOf(StorageException.class)
                .hasMessageContaining("now 5000");
        assertThat(disk.contents(DIR.resolve(APPEND_2))).isEqualTo(longer);
    }

    /** P7: the disk need not wait for the processors. */
    @Test
    void theLastSegmentIsWrittenOnceMoreWhileTheSinkMerges() {
        FaultyFileSystem faulty = new FaultyFileSystem(disk(tornDirectory(), true));
        CountDownLatch synced = new CountDownLatch(2);
        faulty.on(Operation.SYNC).inject(new Fault.Run(call -> synced.countDown()));
        AtomicBoolean seen = new AtomicBoolean();
        ReplaySink sink = new MergingSink(() -> seen.set(await(synced)));
        recover(faulty, RecoveryMode.TOLERATE_TAIL_CORRUPTION, sink);
        assertThat(seen).as("both last segments were on disk before the merge ended").isTrue();
        assertThat(faulty.calls(Operation.TRUNCATE)).as("cut after it").isPositive();
    }

    private static boolean await(CountDownLatch latch) {
        try {
            return latch.await(1, TimeUnit.MINUTES);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aRefusedMergeIsWhatIsToldAlsoWhereTheDiskFailsBesideIt() {
        SimulatedFileSystem disk = disk(tornDirectory(), true);
        Map<String, byte[]> before = contents(disk);
        FaultyFileSystem faulty = new FaultyFileSystem(disk);
        faulty.on(Operation.SYNC).inject(Fault.error());
        CorruptionException refusal = new CorruptionException("f", 1, "group 1", "2", "9");
        ReplaySink refusing =
                new MergingSink(() -> {
                    throw refusal;
                });
        assertThatThrownBy(() -> recover(faulty, RecoveryMode.TOLERATE_TAIL_CORRUPTION, refusing))
                .isSameAs(refusal)
                .satisfies(e ->
                        assertThat(e.getSuppressed())
                                .singleElement()
                                .isInstanceOf(StorageException.class));
        assertThat(contents(disk)).containsExactlyInAnyOrderEntriesOf(before);
        assertThat(faulty.openHandles()).isZero();
    }

    @Test
    void shortReadsChangeNothing() {
        Map<String, byte[]> files = tornDirectory();
        List<String> expected = recover(disk(files, true), RecoveryMode.TOLERATE_TAIL_CORRUPTION);
        for (int bytes : new int[] {1, 7, 100}) {
            FaultyFileSystem faulty = new FaultyFileSystem(disk(files, true));
            faulty.on(Operation.READ).inject(new Fault.ShortTransfer(bytes));
            assertThat(recover(faulty, RecoveryMode.TOLERATE_TAIL_CORRUPTION)).isEqualTo(expected);
        }
    }

    /**
     * P8: what an open shows survives a power cut right after it, even if its writer never synced.
     */
    @Test
    void whatARecoveryShowedIsDurable() {
        for (int seed = 0; seed < 200; seed++) {
            Map<String, byte[]> files = tornDirectory();
            SegmentBytes last = SegmentBytes.v2(2).append(1, 3, "c").synced();
            files.put(APPEND_2, last.bytes());
            SimulatedFileSystem disk = disk(files, true);
            // The writer died before its sync: the last batches are in the cache only, and nothing
            // needs a cut.
            write(disk, DIR.resolve(APPEND_2), last.append(1, 4, "d").append(1, 5, "e").bytes());
            List<String> shown = recover(disk, RecoveryMode.TOLERATE_TAIL_CORRUPTION);
            SimulatedFileSystem after = disk.crashImage(seed);
            assertThat(recover(after, RecoveryMode.TOLERATE_TAIL_CORRUPTION))
                    .as("power cut with seed %d", seed)
                    .isEqualTo(shown);
        }
    }

    /**
     * A second crash inside recovery: at every call, the directory still opens with the same state.
     */
    @Test
    void aPowerCutAtAnyCallOfARecoveryLosesNothing() {
        Map<String, byte[]> files = rottenDirectory();
        RecoveryMode mode = RecoveryMode.TOLERATE_ANY_CORRUPTION;
        FaultyFileSystem counting = new FaultyFileSystem(disk(files, true));
        List<String> expected = recover(counting, mode);
        long calls = counting.calls();
        for (int call = 0; call < calls; call++) {
            for (int seed = 0; seed < 8; seed++) {
                SimulatedFileSystem disk = disk(files, true);
                SimulatedFileSystem[] image = {null};
                int imageSeed = seed;
                FaultyFileSystem faulty = new FaultyFileSystem(disk);
                faulty.failCall(call, new Fault.Run(at -> image[0] = disk.crashImage(imageSeed)));
                recover(faulty, mode);
                assertThat(recover(image[0], mode))
                        .as("power cut at call %d, seed %d", call, seed)
                        .isEqualTo(expected);
                assertThat(contents(image[0]).keySet())
                        .as("power cut at call %d, seed %d", call, seed)
                        .noneMatch(SECOND_COPY);
            }
        }
    }

    /** A side file is whole or is not there, however often it is tried. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aSideFileThatFindsNoSpaceLeavesNothing(boolean killed) {
        SimulatedFileSystem disk = disk(rottenOverTwoPieces(), true);
        Map<String, byte[]> before = contents(disk);
        FaultyFileSystem faulty = new FaultyFileSystem(disk);
        for (int attempt = 0; attempt < 3; attempt++) {
            // The second piece of the copy; the segment itself is only read before it.
            var full = faulty.on(Operation.WRITE).where(call -> !isSegment(call)).program(1, 1);
            full.inject(killed ? new Fault.Run(call -> disk.killProcess()) : Fault.noSpace());
            assertThatThrownBy(() -> recover(faulty, RecoveryMode.TOLERATE_ANY_CORRUPTION))
                    .isInstanceOf(RaftEngineException.class);
            assertThat(full.fired()).isOne();
            faulty.clearRules();
            Map<String, byte[]> after = contents(disk);
            if (killed) {
                // One, under a name by which the next attempt begins anew.
                after.keySet().removeIf(name -> SegmentName.preparedNumber(name) == 1);
            }
            assertThat(after.keySet()).isEqualTo(before.keySet());
            assertThat(after.get(APPEND_1)).isEqualTo(before.get(APPEND_1));
        }
        recover(faulty, RecoveryMode.TOLERATE_ANY_CORRUPTION);
        byte[] rotten = before.get(APPEND_1);
        int cutAt = contents(disk).get(APPEND_1).length;
        Map<String, byte[]> sides = contents(disk);
        sides.keySet().removeAll(before.keySet());
        assertThat(sides).hasSize(1);
        assertThat(sides.get("cut-" + APPEND_1 + "-at-" + cutAt + ".bytes"))
                .isEqualTo(Arrays.copyOfRange(rotten, cutAt, rotten.length));
    }

    /**
     * A sealed segment whose second batch is damaged, with more behind it than is copied at once.
     */
    private static Map<String, byte[]> rottenOverTwoPieces() {
        Map<String, byte[]> files = tornDirectory();
        SegmentBytes first = SegmentBytes.v2(1).append(1, 1, "a").append(1, 2, "b");
        first.append(5, 1, "x".repeat(300 << 10)).append(5, 2, "y".repeat(300 << 10));
        files.put(APPEND_1, first.damage(first.offset(2) + 12).bytes());
        return files;
    }

    private static boolean isSegment(Call call) {
        return SegmentName.parse(call.fileName()) != null;
    }
}
