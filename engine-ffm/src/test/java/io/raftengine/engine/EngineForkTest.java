package io.raftengine.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.engine.fork.ForkTarget;
import io.raftengine.error.ClosedException;
import io.raftengine.error.InvalidArgumentException;
import io.raftengine.error.LockedException;
import io.raftengine.error.PoisonedException;
import io.raftengine.error.StorageException;
import io.raftengine.error.UnsupportedFeatureException;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.format.SegmentName;
import io.raftengine.log.io.DirectoryEntry;
import io.raftengine.log.io.FileInfo;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.io.LockMode;
import io.raftengine.recovery.RecoveryMode;
import io.raftengine.testing.forge.DirectoryImage;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.Operation;
import io.raftengine.testing.fs.PausePoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Forks of running engines and of closed directories: N1, D10, D22. */
class EngineForkTest {
    private static final Path TARGET = Path.of("/fork");

    private static EngineFixture smallSegments() {
        return new EngineFixture(WorkloadRun.config(WorkloadRun.DIR)).open();
    }

    private static EngineFixture openFork(EngineFixture source) {
        EngineFixture fork = source.at(TARGET);
        return fork.open();
    }

    private static void fill(EngineFixture fixture, long from, long to) {
        for (long i = from; i <= to; i++) {
            fixture.append(7, i, 1, false);
            fixture.append(8, i, 1, true);
        }
    }

    private static FileInfo segment(EngineFixture fixture, Path dir, long seq) {
        return fixture.disk.info(dir.resolve(SegmentName.segment(QueueKind.APPEND, seq)));
    }

    /** N1: recycling is on, as it is by default. */
    @ParameterizedTest
    @EnumSource(ForkMode.class)
    void aForkHoldsEverythingAndBothGoOnIndependently(ForkMode mode) {
        try (EngineFixture source = smallSegments()) {
            source.put(1, "one", "1", true);
            source.put(1, "two", "2", true);
            fill(source, 1, 300);
            source.put(2, "buffered", "not synced by its writer", false);

            ForkReport report = source.engine.fork(TARGET, mode);

            assertThat(report.target()).isEqualTo(TARGET);
            assertThat(report.appendSegments()).isGreaterThan(3);
            assertThat(report.rewriteSegments()).isEqualTo(1);
            assertThat(report.linked() + report.copied())
                    .isEqualTo(report.appendSegments() + report.rewriteSegments());
            assertThat(report.linked())
                    .isEqualTo(mode == ForkMode.LINK ? report.appendSegments() - 1 : 0);
            try (EngineFixture fork = openFork(source)) {
                assertThat(fork.engine.recoveryReport().clean()).isTrue();
                assertThat(fork.holds(7, 1, 300)).isTrue();
                assertThat(fork.holds(8, 1, 300)).isTrue();
                assertThat(fork.value(1, "one")).isEqualTo("1");
                assertThat(fork.value(1, "two")).isEqualTo("2");
                assertThat(fork.value(2, "buffered")).isEqualTo("not synced by its writer");

                fill(source, 301, 500);
                source.put(1, "one", "of the source", true);
                fill(fork, 301, 400);
                fork.engine.compactTo(8, 350);
                fork.put(1, "one", "of the fork", true);
                source.reopen();
                fork.reopen();

                assertThat(source.holds(7, 1, 500)).isTrue();
                assertThat(source.holds(8, 1, 500)).isTrue();
                assertThat(source.value(1, "one")).isEqualTo("of the source");
                assertThat(fork.holds(7, 1, 400)).isTrue();
                assertThat(fork.holds(8, 350, 400)).isTrue();
                assertThat(fork.value(1, "one")).isEqualTo("of the fork");
            }
        }
    }

    /** D22: never the active one. */
    @Test
    void aLinkedForkSharesSealedSegmentsOnly() {
        try (EngineFixture source = smallSegments()) {
            fill(source, 1, 300);
            SegmentSpan span = source.engine.segmentSpan(QueueKind.APPEND);

            source.engine.fork(TARGET, ForkMode.LINK);

            for (long seq = span.firstSeq(); seq < span.activeSeq(); seq++) {
                FileInfo ours = segment(source, EngineFixture.DIR, seq);
                assertThat(ours.linkCount()).isEqualTo(2);
                assertThat(ours.sameFile(segment(source, TARGET, seq))).isTrue();
            }
            FileInfo active = segment(source, EngineFixture.DIR, span.activeSeq());
            assertThat(active.linkCount()).isEqualTo(1);
            assertThat(active.sameFile(segment(source, TARGET, span.activeSeq()))).isFalse();
        }
    }

    @Test
    void aCopyEndsWhereTheLogEndsAndTakesNothingElseAlong() {
        try (EngineFixture source = smallSegments()) {
            fill(source, 1, 300);
            source.disk.createDirectories(EngineFixture.DIR.resolve("cellar"));
            for (int i = 0; i < 20; i++) {
                source.engine.agent().doWork();
            }
            SegmentSpan span = source.engine.segmentSpan(QueueKind.APPEND);

            source.engine.fork(TARGET, ForkMode.COPY);

            assertThat(source.disk.list(TARGET))
                    .extracting(DirectoryEntry::name)
                    .hasSize((int) span.segmentCount() + 2)
                    .contains(FileSystem.LOCK_NAME, "0000000000000001.rewrite")
                    .allMatch(name ->
                            name.equals(FileSystem.LOCK_NAME)
                                    || SegmentName.parse(name).queue() != null);
            try (EngineFixture fork = openFork(source)) {
                assertThat(fork.engine.recoveryReport().droppedBytes()).isZero();
            }
        }
    }

    @Test
    void blocksAreSharedWhereTheDiskCanDoThat() {
        try (EngineFixture source = smallSegments()) {
            source.disk.setReflinks(true);
            fill(source, 1, 200);

            ForkReport report = source.engine.fork(TARGET, ForkMode.COPY);

            // The two active segments would keep their writers waiting.
            assertThat(report.copied()).isEqualTo(2);
            assertThat(report.cloned()).isEqualTo(report.appendSegments() - 1);
            fill(source, 201, 220);
            try (EngineFixture fork = openFork(source)) {
                assertThat(fork.holds(7, 1, 200)).isTrue();
            }
        }
    }

    @Test
    void aForkOfAForkIsAForkToo() {
        try (EngineFixture source = smallSegments()) {
            fill(source, 1, 200);
            source.engine.fork(TARGET, ForkMode.LINK);
            try (EngineFixture fork = openFork(source)) {
                fork.engine.fork(Path.of("/second"), ForkMode.LINK);
                fill(fork, 201, 300);
                assertThat(segment(source, TARGET, 1).linkCount()).isEqualTo(3);
            }
            try (EngineFixture second = source.at(Path.of("/second")).open()) {
                assertThat(second.holds(7, 1, 200)).isTrue();
            }
        }
    }

    /**
     * D10 for the segment that is written: a directory that lost its youngest segment, or a backup
     * made of hard links, may share it. It gets a file of its own before anything is written.
     */
    @Test
    void aLastSegmentWithAnotherNameIsWrittenInAFileOfItsOwn() {
        for (boolean torn : new boolean[] {false, true}) {
            EngineFixture source = smallSegments();
            fill(source, 1, 200);
            SegmentSpan span = source.engine.segmentSpan(QueueKind.APPEND);
            Path last = source.segment(span.activeSeq());
            Path rewrite = EngineFixture.DIR.resolve("0000000000000001.rewrite");
            if (torn) {
                source.disk.killProcess();
            } else {
                source.close();
            }
            Path backup = source.disk.createDirectories(Path.of("/backup")).resolve("last");
            Path other = Path.of("/backup/rewrite");
            source.disk.createHardLink(backup, last);
            source.disk.createHardLink(other, rewrite);
            byte[] bytes = source.disk.contents(backup);
            byte[] otherBytes = source.disk.contents(other);

            source.open();
            fill(source, 201, 202);
            source.reopen();
            assertThat(source.holds(7, 1, 202)).isTrue();
            source.close();

            assertThat(source.disk.contents(backup)).isEqualTo(bytes);
            assertThat(source.disk.contents(other)).isEqualTo(otherBytes);
            assertThat(source.disk.info(backup).linkCount()).isEqualTo(1);
            assertThat(source.disk.info(last).linkCount()).isEqualTo(1);
            assertThat(source.disk.list(EngineFixture.DIR))
                    .noneMatch(entry -> entry.name().endsWith(".tmp"));
        }
    }

    // ---- what is refused

    @Test
    void aTargetThatHoldsAnythingIsRefusedAndLeftAlone() {
        try (EngineFixture source = smallSegments()) {
            fill(source, 1, 20);
            FileSystem disk = source.disk;
            source.disk.createDirectories(Path.of("/full"));
            disk.open(Path.of("/full/note"), FileSystem.OpenMode.CREATE).close();
            disk.open(Path.of("/file"), FileSystem.OpenMode.CREATE).close();
            source.disk.createDirectories(Path.of("/empty"));
            source.disk.createSymbolicLink(Path.of("/link"), Path.of("/empty"));
            source.disk.createSymbolicLink(Path.of("/nowhere"), Path.of("/none"));

            for (String target : List.of("/full", "/file", "/link", "/nowhere", "/", "/data")) {
                long before = source.disk.fingerprint();
                assertThatThrownBy(() -> source.engine.fork(Path.of(target), ForkMode.COPY))
                        .as(target)
                        .isInstanceOf(InvalidArgumentException.class)
                        .hasMessageContaining(target);
                assertThat(source.disk.fingerprint()).as(target).isEqualTo(before);
            }
            assertThatThrownBy(() -> source.engine.fork(Path.of("/none/deeper"), ForkMode.COPY))
                    .isInstanceOf(StorageException.class);
            assertThat(source.engine.fork(Path.of("/empty"), ForkMode.COPY).copied()).isPositive();
        }
    }

    @Test
    void whatNoForkLeftIsNotClearedAway() {
        try (EngineFixture source = smallSegments()) {
            fill(source, 1, 20);
            Path beside = Path.of(TARGET + ForkTarget.SUFFIX);
            source.disk.createDirectories(beside);
            source.disk.open(beside.resolve("letter"), FileSystem.OpenMode.CREATE).close();

            assertThatThrownBy(() -> source.engine.fork(TARGET, ForkMode.COPY))
                    .isInstanceOf(InvalidArgumentException.class)
                    .hasMessageContaining("letter");

            assertThat(source.disk.info(beside.resolve("letter"))).isNotNull();
            source.disk.delete(beside.resolve("letter"));
            source.engine.fork(TARGET, ForkMode.COPY);
            assertThat(source.disk.info(beside)).isNull();
        }
    }

    /**
     * What is taken over is deleted: a symbolic link would lead that to somebody else's segments.
     */
    @Test
    void aSymbolicLinkIsNotTakenForWhatAForkLeft(@TempDir Path dir) throws IOException {
        Path source = dir.resolve("source");
        Path victim = dir.resolve("victim");
        Path target = dir.resolve("fork");
        Path beside = dir.resolve("fork" + ForkTarget.SUFFIX);
        for (Path engine : List.of(source, victim)) {
            RaftEngine.open(EngineConfig.builder(engine).build()).close();
        }
        DirectoryImage before = DirectoryImage.of(victim);
        for (Path end : List.of(victim, dir.resolve("none"))) {
            Files.createSymbolicLink(beside, end);
            try (RaftEngine engine = RaftEngine.open(EngineConfig.builder(source).build())) {
                assertThatThrownBy(() -> engine.fork(target, ForkMode.COPY))
                        .as(end.toString())
                        .isInstanceOf(InvalidArgumentException.class)
                        .hasMessageContaining(beside.toString());
            }
            assertThat(DirectoryImage.of(victim)).isEqualTo(before);
            Files.delete(beside);
        }
        assertThat(target).doesNotExist();
    }

    /**
     * P4: one fork makes the directory, another locks it first. The loser must not clean up what is
     * the winner's by then: names that are gone from the old end leave no hole that anybody sees.
     */
    @Test
    void aForkThatLosesTheRaceForTheLockTouchesNothingOfTheWinners() throws Exception {
        try (EngineFixture source = smallSegments();
                ExecutorService other = Executors.newSingleThreadExecutor()) {
            fill(source, 1, 300);
            PausePoint secondPiece = new PausePoint();
            List<Future<ForkReport>> winner = new ArrayList<>();
            source.fs
                    .on(Operation.LOCK)
                    .onFiles(name -> name.endsWith(ForkTarget.SUFFIX))
                    .once()
                    .inject(
                            new Fault.Run(call -> {
                                source.fs
                                        .on(Operation.CREATE)
                                        .where(c -> c.path().startsWith(call.path()))
                                        .program(1, 1)
                                        .inject(new Fault.Pause(secondPiece));
                                winner.add(
                                        other.submit(
                                                () -> source.engine.fork(TARGET, ForkMode.COPY)));
                                secondPiece.awaitReached();
                            }));
            source.fs
                    .on(Operation.DELETE_DIRECTORY)
                    .inject(new Fault.Run(call -> finish(winner.get(0), secondPiece)));

            assertThatThrownBy(() -> source.engine.fork(TARGET, ForkMode.COPY))
                    .isInstanceOf(LockedException.class);

            finish(winner.get(0), secondPiece);
            try (EngineFixture fork = openFork(source)) {
                assertThat(fork.holds(7, 1, 300)).isTrue();
                assertThat(fork.holds(8, 1, 300)).isTrue();
            }
        }
    }

    private static void finish(Future<ForkReport> fork, PausePoint pausedAt) {
        pausedAt.release();
        try {
            fork.get();
        } catch (InterruptedException | ExecutionException failed) {
            throw new AssertionError(failed);
        }
    }

    @Test
    void onlyOneForkAtATimeGoesToATarget() throws Exception {
        try (EngineFixture source = smallSegments();
                ExecutorService other = Executors.newSingleThreadExecutor()) {
            fill(source, 1, 100);
            PausePoint point = new PausePoint();
            source.fs
                    .on(Operation.CREATE)
                    .where(call -> call.path().toString().contains(ForkTarget.SUFFIX))
                    .onFiles(name -> name.endsWith(".rewrite"))
                    .once()
                    .inject(new Fault.Pause(point));
            Future<ForkReport> first =
                    other.submit(() -> source.engine.fork(TARGET, ForkMode.COPY));
            point.awaitReached();

            assertThatThrownBy(() -> source.engine.fork(TARGET, ForkMode.COPY))
                    .isInstanceOf(LockedException.class);
            // Meanwhile writers, and forks to elsewhere, go on.
            fill(source, 101, 300);
            source.engine.fork(Path.of("/other"), ForkMode.COPY);
            point.release();
            first.get();

            try (EngineFixture fork = openFork(source)) {
                assertThat(fork.holds(7, 1, 100)).isTrue();
                assertThat(fork.holds(8, 1, 100)).isTrue();
            }
            try (EngineFixture fork = source.at(Path.of("/other")).open()) {
                assertThat(fork.holds(7, 1, 300)).isTrue();
            }
        }
    }

    /** P7: after a failed sync nobody knows what the files hold. */
    @Test
    void aPoisonedEngineIsNotForked() {
        try (EngineFixture source = smallSegments()) {
            fill(source, 1, 20);
            source.fs.on(Operation.SYNC).inject(Fault.error());
            assertThatThrownBy(source.engine::sync).isInstanceOf(PoisonedException.class);
            source.fs.clearRules();

            assertThatThrownBy(() -> source.engine.fork(TARGET, ForkMode.COPY))
                    .isInstanceOf(PoisonedException.class);
            assertThat(source.disk.info(TARGET)).isNull();
        }
    }

    /** P7: poisoned between the look and the end; the target would vouch for what nobody can. */
    @Test
    void anEngineThatIsPoisonedMeanwhileLeavesNoFork() throws Exception {
        try (EngineFixture source = smallSegments();
                ExecutorService other = Executors.newSingleThreadExecutor()) {
            fill(source, 1, 50);
            PausePoint point = new PausePoint();
            source.fs
                    .on(Operation.CREATE)
                    .onFiles(name -> name.endsWith(".rewrite"))
                    .once()
                    .inject(new Fault.Pause(point));
            Future<ForkReport> fork = other.submit(() -> source.engine.fork(TARGET, ForkMode.COPY));
            point.awaitReached();
            source.fs.on(Operation.SYNC).once().inject(Fault.error());
            assertThatThrownBy(source.engine::sync).isInstanceOf(PoisonedException.class);
            source.fs.clearRules();
            point.release();

            assertThatThrownBy(fork::get).hasCauseInstanceOf(PoisonedException.class);
            assertThat(source.disk.info(TARGET)).isNull();
            assertThat(source.disk.info(Path.of(TARGET + ForkTarget.SUFFIX))).isNull();
        }
    }

    @Test
    void aClosedOrReadOnlyEngineIsNotForkedFromInside() {
        EngineFixture source = smallSegments();
        fill(source, 1, 5);
        RaftEngine closed = source.engine;
        source.close();
        assertThatThrownBy(() -> closed.fork(TARGET, ForkMode.COPY))
                .isInstanceOf(ClosedException.class);
        try (RaftEngine reader = RaftEngine.openReadOnly(source.config, source.fs)) {
            assertThatThrownBy(() -> reader.fork(TARGET, ForkMode.COPY))
                    .isInstanceOf(UnsupportedFeatureException.class);
        }
    }

    // ---- writers meanwhile

    /** The fork is a state between the one acknowledged before the call and that after it. */
    @Test
    void forksUnderLoadHoldAPrefixThatCoversWhatWasAcknowledged(@TempDir Path dir)
            throws Exception {
        EngineConfig config =
                EngineConfig.builder(dir.resolve("source"))
                        .targetFileSizeBytes(64 << 10)
                        .purgeThresholdBytes(1 << 20)
                        .build();
        int writers = 3;
        AtomicBoolean stop = new AtomicBoolean();
        AtomicLong[] acknowledged = new AtomicLong[writers];
        CountDownLatch running = new CountDownLatch(writers);
        try (RaftEngine engine = RaftEngine.open(config);
                ExecutorService threads = Executors.newFixedThreadPool(writers)) {
            Future<?>[] done = new Future<?>[writers];
            for (int w = 0; w < writers; w++) {
                acknowledged[w] = new AtomicLong();
                long group = w;
                done[w] =
                        threads.submit(() -> {
                            write(engine, group, acknowledged[(int) group], running, stop);
                            return null;
                        });
            }
            try {
                running.await();
                for (int i = 0; i < 12; i++) {
                    ForkMode mode = ForkMode.values()[i % 2];
                    long[] before = new long[writers];
                    for (int w = 0; w < writers; w++) {
                        before[w] = acknowledged[w].get();
                    }
                    Path target = dir.resolve("fork" + i);
                    engine.fork(target, mode);
                    long[] after = new long[writers];
                    for (int w = 0; w < writers; w++) {
                        // One more may be on disk and not acknowledged yet.
                        after[w] = acknowledged[w].get() + 1;
                    }
                    assertPrefix(target, before, after);
                }
            } finally {
                stop.set(true); // closing waits for the writers, also where a fork was wrong
            }
            for (Future<?> writer : done) {
                writer.get();
            }
        }
    }

    private static void write(
            RaftEngine engine,
            long group,
            AtomicLong acknowledged,
            CountDownLatch running,
            AtomicBoolean stop) {
        byte[] key = {1};
        try (LogBatch batch = engine.newBatch()) {
            for (long i = 1; !stop.get(); i++) {
                batch.addEntry(group, i, EngineFixture.entry(group, i));
                batch.put(group, key, EngineFixture.bytes(Long.toString(i)));
                engine.write(batch, i % 4 == 0 ? Durability.SYNC : Durability.BUFFERED);
                acknowledged.set(i);
                if (i == 100) {
                    running.countDown();
                }
            }
        }
    }

    private static void assertPrefix(Path dir, long[] atLeast, long[] atMost) {
        EngineConfig config =
                EngineConfig.builder(dir).recoveryMode(RecoveryMode.ABSOLUTE_CONSISTENCY).build();
        try (RaftEngine fork = RaftEngine.open(config)) {
            assertThat(fork.recoveryReport().clean()).isTrue();
            for (int group = 0; group < atLeast.length; group++) {
                long last = fork.lastIndex(group);
                assertThat(last).isBetween(atLeast[group], atMost[group]);
                assertThat(fork.firstIndex(group)).isEqualTo(1);
                assertThat(fork.get(group, new byte[] {1}))
                        .as("a batch is there whole or not at all (P4)")
                        .isEqualTo(EngineFixture.bytes(Long.toString(last)));
                for (long i = 1; i <= last; i++) {
                    assertThat(fork.getEntry(group, i)).isEqualTo(EngineFixture.entry(group, i));
                }
            }
        }
    }

    // ---- closed directories

    @ParameterizedTest
    @EnumSource(ForkMode.class)
    void aClosedDirectoryIsForkedAsItIs(ForkMode mode) {
        try (EngineFixture source = smallSegments()) {
            fill(source, 1, 300);
            source.put(1, "key", "value", false);
            // As a kill leaves it: with whatever was preallocated behind the end.
            source.disk.killProcess();

            ForkReport report = RaftEngine.fork(source.config, source.fs, TARGET, mode);

            assertThat(report.linked())
                    .isEqualTo(mode == ForkMode.LINK ? report.appendSegments() - 1 : 0);
            assertThat(report.anomalies()).isEmpty();
            for (DirectoryEntry entry : source.disk.list(TARGET)) {
                assertThat(source.disk.contents(entry.path()))
                        .isEqualTo(source.disk.contents(EngineFixture.DIR.resolve(entry.name())));
            }
            try (EngineFixture fork = openFork(source)) {
                assertThat(fork.holds(7, 1, 300)).isTrue();
                assertThat(fork.value(1, "key")).isEqualTo("value");
            }
        }
    }

    @Test
    void aDirectoryThatIsOpenIsNotForkedFromOutside() {
        try (EngineFixture source = smallSegments()) {
            fill(source, 1, 20);

            assertThatThrownBy(
                            () -> RaftEngine.fork(source.config, source.fs, TARGET, ForkMode.COPY))
                    .isInstanceOf(LockedException.class);
            assertThat(source.disk.info(TARGET)).isNull();
        }
    }

    @Test
    void segmentsOfTheSpillDirectoryMoveIn() {
        Path spill = Path.of("/spill");
        EngineFixture source =
                new EngineFixture(WorkloadRun.config(WorkloadRun.DIR).spillDir(spill)).open();
        fill(source, 1, 200);
        SegmentSpan span = source.engine.segmentSpan(QueueKind.APPEND);
        source.close();
        for (long seq = 2; seq < span.activeSeq(); seq += 2) {
            String name = SegmentName.segment(QueueKind.APPEND, seq);
            source.disk.rename(EngineFixture.DIR.resolve(name), spill.resolve(name));
        }

        RaftEngine.fork(source.config, source.fs, TARGET, ForkMode.LINK);
        try (EngineFixture fork = openFork(source)) {
            assertThat(fork.holds(7, 1, 200)).isTrue();
        }
        source.open();
        source.engine.fork(Path.of("/second"), ForkMode.COPY);
        source.close();
        try (EngineFixture fork = source.at(Path.of("/second")).open()) {
            assertThat(fork.holds(8, 1, 200)).isTrue();
        }
    }

    /** Defect 14: what an open would set aside is named, not lost in silence. */
    @Test
    void whatAHoleInTheNumberingSetsAsideIsNamedAndStaysBehind() {
        EngineFixture source = smallSegments();
        fill(source, 1, 300);
        source.close();
        source.disk.delete(source.segment(2));

        ForkReport report = RaftEngine.fork(source.config, source.fs, TARGET, ForkMode.COPY);

        assertThat(report.anomalies()).hasSize(1);
        assertThat(report.anomalies().getFirst().message()).contains("0000000000000001.raftlog");
        assertThat(segment(source, TARGET, 1)).isNull();
        assertThat(segment(source, EngineFixture.DIR, 1)).isNotNull();
    }

    /** D10: what a symbolic link leads to is somebody else's, and is copied. */
    @Test
    void symbolicLinksBecomeFiles() {
        EngineFixture source = smallSegments();
        fill(source, 1, 200);
        source.close();
        Path elsewhere = source.disk.createDirectories(Path.of("/elsewhere")).resolve("one");
        source.disk.rename(source.segment(1), elsewhere);
        source.disk.createSymbolicLink(source.segment(1), elsewhere);

        RaftEngine.fork(source.config, source.fs, TARGET, ForkMode.LINK);

        assertThat(segment(source, TARGET, 1).symlink()).isFalse();
        assertThat(segment(source, TARGET, 1).sameFile(source.disk.info(elsewhere))).isFalse();
        assertThat(segment(source, TARGET, 2).linkCount()).isEqualTo(2);
        try (EngineFixture fork = openFork(source)) {
            assertThat(fork.holds(7, 1, 200)).isTrue();
        }
    }

    @Test
    void aDirectoryOfSomethingElseIsNotTouched() {
        EngineFixture fixture = new EngineFixture();
        fixture.disk.createDirectories(EngineFixture.DIR);
        long before = fixture.disk.fingerprint();

        assertThatThrownBy(() -> RaftEngine.fork(fixture.config, fixture.fs, TARGET, ForkMode.COPY))
                .isInstanceOf(InvalidArgumentException.class);
        assertThat(fixture.disk.fingerprint()).isEqualTo(before);
        EngineConfig missing = EngineConfig.builder(Path.of("/none")).build();
        assertThatThrownBy(() -> RaftEngine.fork(missing, fixture.fs, TARGET, ForkMode.COPY))
                .isInstanceOf(StorageException.class);
    }

    @Test
    void theLocksOfSourceAndTargetAreGivenBack() {
        EngineFixture source = smallSegments();
        fill(source, 1, 20);
        source.close();
        RaftEngine.fork(source.config, source.fs, TARGET, ForkMode.COPY);

        source.disk.lock(EngineFixture.DIR, LockMode.EXCLUSIVE).close();
        source.disk.lock(TARGET, LockMode.EXCLUSIVE).close();
        assertThat(source.fs.openHandles()).isZero();
    }
}
