package io.raftengine.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.StorageException;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.segment.HeadRoom;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.FaultyFileSystem;
import io.raftengine.testing.fs.Operation;
import io.raftengine.testing.fs.SimulatedFileSystem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Defect 15: an engine on a disk that fills up. Writers are refused and go on when there is space;
 * a purge always runs, and brings some; nothing acknowledged is missing; the directory opens.
 */
class FullDiskTest {
    private static final Path DIR = Path.of("/data");
    private static final int TARGET = 64 << 10;
    private static final int ENTRY = 1000;
    private static final int GROUPS = 5;

    /** Writes on and on, and knows what must be there. */
    private static final class Life {
        final FileSystem fs;
        final EngineConfig config;
        final long[] first = new long[GROUPS + 1];
        final long[] next = new long[GROUPS + 1];
        long slow;
        int entryBytes = ENTRY;
        int syncEvery = 3;
        EngineOpener opener;
        RaftEngine engine;

        Life(FileSystem fs, EngineConfig config) {
            this.fs = fs;
            this.config = config;
            for (int g = 0; g <= GROUPS; g++) {
                first[g] = 1;
                next[g] = 1;
            }
        }

        static EngineConfig.Builder config(Path dir) {
            return EngineConfig.builder(dir)
                    .targetFileSizeBytes(TARGET)
                    .purgeThresholdBytes(4 * TARGET)
                    .batchCompressionThresholdBytes(0)
                    .recoveryThreads(1);
        }

        void open() {
            opener =
                    new EngineOpener(
                            config,
                            fs,
                            List.of(),
                            false,
                            new EngineClockwork(System::nanoTime, false));
            engine = RaftEngine.open(config, opener);
        }

        void agent() {
            for (int i = 0; i < 50; i++) {
                opener.agent.doWork();
            }
        }

        /** Four busy groups, compacted as they go, and one that nobody hears from for long. */
        void write(int round) {
            try (LogBatch batch = engine.newBatch()) {
                int group = 1 + round % (GROUPS - 1);
                for (int i = 0; i < 3; i++) {
                    batch.addEntry(group, next[group] + i, entry(group, next[group] + i));
                }
                boolean speaks = round % 20 == 0;
                if (speaks) {
                    batch.addEntry(GROUPS, next[GROUPS], entry(GROUPS, next[GROUPS]));
                    batch.put(GROUPS, key(slow % 10), entry(7, slow));
                }
                engine.write(batch, round % syncEvery == 0 ? Durability.SYNC : Durability.BUFFERED);
                next[group] += 3;
                if (speaks) {
                    next[GROUPS]++;
                    slow++;
                }
            }
            compact(1 + round % (GROUPS - 1), 30, 10);
            compact(GROUPS, 60, 30);
        }

        private void compact(int group, int most, int kept) {
            if (next[group] - first[group] > most) {
                engine.compactTo(group, next[group] - kept);
                first[group] = next[group] - kept;
            }
        }

        int writeUntilFull(int most) {
            for (int round = 0; round < most; round++) {
                try {
                    write(round);
                } catch (OutOfSpaceException full) {
                    return round;
                }
            }
            return most;
        }

        void verify(String where) {
            for (int group = 1; group <= GROUPS; group++) {
                if (next[group] == 1) {
                    continue;
                }
                assertThat(engine.firstIndex(group)).as(where).isEqualTo(first[group]);
                assertThat(engine.lastIndex(group)).as(where).isEqualTo(next[group] - 1);
                for (long i = first[group]; i < next[group]; i++) {
                    assertThat(engine.getEntry(group, i))
                            .as("entry %d of %d, %s", i, group, where)
                            .isEqualTo(entry(group, i));
                }
            }
            for (long k = Math.max(0, slow - 10); k < slow; k++) {
                assertThat(engine.get(GROUPS, key(k % 10))).as(where).isEqualTo(entry(7, k));
            }
        }

        static byte[] key(long k) {
            return ("key" + k).getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        }

        byte[] entry(long group, long index) {
            return Workload.value(group, index, entryBytes);
        }
    }

    private final SimulatedFileSystem disk = new SimulatedFileSystem(3);
    private final FaultyFileSystem fs = new FaultyFileSystem(disk);

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void thePurgeRunsOnAFullDiskAndWritersGoOnWithoutReopening(boolean recycle) {
        Life life = lifeOnAFullDisk(Life.config(DIR).enableLogRecycle(recycle));
        for (int turn = 0; turn < 25; turn++) {
            String where = "turn " + turn;
            PurgeResult result = life.engine.purgeExpiredFiles();
            assertThat(result.appendSegmentsDropped()).as(where).isPositive();
            life.verify(where);
            if (turn % 5 == 0) {
                life.agent();
            }
            assertThat(life.writeUntilFull(10_000)).as(where).isGreaterThan(10);
            if (turn % 7 == 3) {
                life.engine.close();
                life.open();
                life.verify(where);
            }
            if (turn % 7 == 6) {
                disk.killProcess();
                closeDead(life.engine);
                life.open();
                life.verify(where);
            }
        }
        life.engine.close();
        assertThat(fs.openHandles()).isZero();
    }

    /** Each of the purge's syncs shares a group with writers whose write fails. */
    @Test
    void thePurgeFreesSpaceAlthoughWritersTryAgainAndAgain() throws Exception {
        Life life = lifeOnAFullDisk(Life.config(DIR));
        AtomicBoolean enough = new AtomicBoolean();
        CountDownLatch refused = new CountDownLatch(4);
        List<CompletableFuture<Void>> writers = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            long group = 100 + i;
            writers.add(
                    CompletableFuture.runAsync(
                            () -> tryAgainAndAgain(life.engine, group, enough, refused),
                            work -> new Thread(work).start()));
        }
        refused.await();
        try {
            assertThat(life.engine.purgeExpiredFiles().appendSegmentsDropped()).isPositive();
        } finally {
            enough.set(true);
            for (CompletableFuture<Void> writer : writers) {
                writer.get(60, TimeUnit.SECONDS);
            }
        }
        life.verify("after the purge");
        life.engine.close();
    }

    /** A batch that fits nowhere until a purge has freed a segment. */
    private static void tryAgainAndAgain(
            RaftEngine engine, long group, AtomicBoolean enough, CountDownLatch refused) {
        try (LogBatch batch = engine.newBatch()) {
            batch.addEntry(group, 1, new byte[TARGET]);
            while (!enough.get()) {
                try {
                    engine.write(batch, Durability.SYNC);
                    return;
                } catch (OutOfSpaceException full) {
                    refused.countDown();
                }
            }
        }
    }

    private static void closeDead(RaftEngine engine) {
        try {
            engine.close();
        } catch (RuntimeException deadHandles) {
            // Expected: all handles died with the process.
        }
    }

    /** Below the thresholds, too: it is somebody else who filled the disk. */
    @Test
    void whereSpaceIsShortAPurgeDoesNotWaitForItsThreshold() {
        Life life = new Life(fs, Life.config(DIR).purgeThresholdBytes(1L << 30).build());
        life.open();
        life.writeUntilFull(300);
        life.agent();
        assertThat(life.engine.purgeExpiredFiles()).isEqualTo(PurgeResult.NOTHING);
        long used = (1L << 40) - available(1L << 40);
        disk.setCapacity(used);
        assertThat(life.writeUntilFull(100)).isLessThan(100);
        assertThat(life.engine.purgeExpiredFiles().appendSegmentsDropped()).isPositive();
        assertThat(life.writeUntilFull(10)).isEqualTo(10);
        life.verify("after the purge");
        life.engine.close();
    }

    /** It has made its head-room, and its writers have found no space. */
    private Life lifeOnAFullDisk(EngineConfig.Builder config) {
        disk.setCapacity(14 * TARGET);
        Life life = new Life(fs, config.build());
        life.open();
        life.writeUntilFull(40);
        life.agent();
        life.writeUntilFull(10_000);
        return life;
    }

    private long available(long capacity) {
        disk.setCapacity(capacity);
        return disk.availableBytes(DIR);
    }

    /** Interrupted at any call: what was acknowledged is there, and the next purge ends the job. */
    @Test
    void aPurgeOnAFullDiskMayDieAtAnyCall() {
        Life life = lifeOnAFullDisk(Life.config(DIR));
        life.engine.sync();
        int[] calls = {0};
        int[] checked = {0};
        fs.on(Operation.values())
                .where(call -> {
                    if (calls[0]++ % 5 == 0) {
                        checkImage(life, disk.crashImage(calls[0]));
                        checked[0]++;
                    }
                    return false;
                })
                .inject(Fault.error());
        life.engine.purgeExpiredFiles();
        fs.clearRules();
        assertThat(checked[0]).isGreaterThan(20);
        life.engine.close();
    }

    private static void checkImage(Life alive, SimulatedFileSystem image) {
        Life again = new Life(image, alive.config);
        System.arraycopy(alive.first, 0, again.first, 0, alive.first.length);
        System.arraycopy(alive.next, 0, again.next, 0, alive.next.length);
        again.slow = alive.slow;
        again.open();
        again.verify("after a power cut");
        assertNoStrangers(image.list(DIR).stream().map(e -> e.name()).toList());
        again.engine.purgeExpiredFiles();
        assertThat(again.writeUntilFull(5)).as("writes after purge").isPositive();
        again.verify("after the next purge");
        again.engine.close();
    }

    static void assertNoStrangers(List<String> names) {
        assertThat(names)
                .allMatch(name ->
                        name.matches("\\d{16}\\.(raftlog|rewrite|raftlog\\.reserved)")
                                || name.matches("prepared-\\d+\\.tmp")
                                || name.equals(HeadRoom.FILE_NAME)
                                || name.equals(FileSystem.LOCK_NAME));
    }

    /** Bad input: nothing may be deleted or renamed. Nothing is lost, and it works again later. */
    @ParameterizedTest
    @ValueSource(ints = {30 /* read-only file system */, 13 /* permission denied */})
    void aPurgeThatMayNotChangeTheDirectoryLosesNothing(int errno) {
        Life life = new Life(fs, Life.config(DIR).enableLogRecycle(false).build());
        life.open();
        life.writeUntilFull(600);
        var refused =
                fs.on(Operation.DELETE, Operation.RENAME, Operation.CREATE)
                        .inject(new Fault.Error(errno));
        assertThatThrownBy(() -> life.engine.purgeExpiredFiles())
                .isInstanceOf(StorageException.class);
        assertThat(refused.fired()).isPositive();
        life.verify("after the refused purge");
        refused.remove();
        assertThat(life.engine.purgeExpiredFiles().appendSegmentsDropped()).isPositive();
        life.verify("after the purge");
        life.engine.close();
        life.open();
        life.verify("reopened");
        life.engine.close();
    }

    /** The whole file system is read-only: copies fail as well. */
    @Test
    void aPurgeOnAReadOnlyFileSystemLosesNothing() {
        Life life = new Life(fs, Life.config(DIR).build());
        life.open();
        life.writeUntilFull(600);
        fs.on(
                        Operation.DELETE,
                        Operation.RENAME,
                        Operation.CREATE,
                        Operation.WRITE,
                        Operation.ALLOCATE)
                .inject(new Fault.Error(30));
        assertThatThrownBy(() -> life.engine.purgeExpiredFiles())
                .isInstanceOf(StorageException.class);
        fs.clearRules();
        life.verify("after the refused purge");
        life.engine.purgeExpiredFiles();
        life.verify("after the purge");
        life.engine.close();
    }

    // ---- real file systems

    /** Mounts where that is permitted; skipped with a reason where it is not. */
    private static void mounted(Path dir, String kind, RealDisk test) throws Exception {
        Path at = Files.createDirectory(dir.resolve("mnt"));
        List<String> mount;
        if (kind.equals("ext4")) {
            Path image = dir.resolve("image");
            try (var file = new java.io.RandomAccessFile(image.toFile(), "rw")) {
                file.setLength(64L << 20);
            }
            run("no mkfs.ext4", "mkfs.ext4", "-q", "-F", image.toString());
            mount = List.of("mount", "-o", "loop", image.toString(), at.toString());
        } else {
            mount = List.of("mount", "-t", "tmpfs", "-o", "size=48m", "none", at.toString());
        }
        run("mounting a " + kind + " is not permitted", mount.toArray(new String[0]));
        try {
            test.on(at);
        } finally {
            // Lazily: a test that failed may have files open, and must not leave a mount behind.
            new ProcessBuilder("umount", "-l", at.toString()).start().waitFor(30, TimeUnit.SECONDS);
        }
    }

    private interface RealDisk {
        void on(Path mount) throws Exception;
    }

    private static void run(String otherwise, String... command) throws Exception {
        Process process;
        try {
            process = new ProcessBuilder(command).redirectErrorStream(true).start();
        } catch (IOException noSuchProgram) {
            Assumptions.abort(otherwise + ": " + noSuchProgram.getMessage());
            return;
        }
        String said = new String(process.getInputStream().readAllBytes()).strip();
        process.waitFor();
        Assumptions.assumeTrue(process.exitValue() == 0, otherwise + ": " + said);
    }

    @ParameterizedTest
    @ValueSource(strings = {"tmpfs", "ext4"})
    void theSameOnASmallRealDisk(String kind, @TempDir Path dir) throws Exception {
        mounted(
                dir,
                kind,
                mount -> {
                    Path home = mount.resolve("engine");
                    EngineConfig config =
                            Life.config(home)
                                    .targetFileSizeBytes(2 << 20)
                                    .purgeThresholdBytes(8 << 20)
                                    .build();
                    Life life = new Life(FileSystem.local(), config);
                    life.entryBytes = 20_000;
                    life.syncEvery = 50;
                    life.open();
                    life.writeUntilFull(100);
                    life.agent();
                    assertThat(Files.exists(home.resolve(HeadRoom.FILE_NAME))).isTrue();
                    assertThat(life.writeUntilFull(100_000)).isLessThan(100_000);
                    for (int turn = 0; turn < 6; turn++) {
                        String where = kind + ", turn " + turn;
                        PurgeResult result = life.engine.purgeExpiredFiles();
                        assertThat(result.appendSegmentsDropped()).as(where).isPositive();
                        assertThat(life.writeUntilFull(100_000)).as(where).isGreaterThan(20);
                        life.verify(where);
                        if (turn == 2) {
                            life.engine.close();
                            // Not a byte is left, for names and lists neither.
                            stuff(mount);
                            life.open();
                            life.verify(where + ", opened on a full disk");
                        }
                    }
                    life.engine.close();
                    List<String> names = new ArrayList<>();
                    FileSystem.local().list(home).forEach(e -> names.add(e.name()));
                    assertNoStrangers(names);
                });
    }

    private static void stuff(Path mount) throws IOException {
        try (var out = Files.newOutputStream(mount.resolve("somebody-else"))) {
            byte[] piece = new byte[4096];
            while (true) {
                out.write(piece);
            }
        } catch (IOException full) {
            // That was the purpose.
        }
    }

    /** Q10 with the engine as a whole: no rewrite segment, no byte left. */
    @Test
    void anEngineOpensOnAFullDiskWithoutARewriteSegment() {
        Life life = openWithoutRewriteSegment();
        life.verify("on a full disk");
        assertThatThrownBy(() -> life.write(1)).isInstanceOf(OutOfSpaceException.class);
        disk.setCapacity(1L << 30);
        assertThat(life.writeUntilFull(100)).isEqualTo(100);
        life.engine.purgeExpiredFiles();
        life.verify("with space again");
        life.engine.close();
    }

    /** On a disk without a byte left. */
    private Life openWithoutRewriteSegment() {
        Life life = new Life(fs, Life.config(DIR).build());
        life.open();
        life.writeUntilFull(100);
        life.engine.close();
        disk.list(DIR).stream()
                .filter(e -> e.name().endsWith(QueueKind.REWRITE.suffix()))
                .forEach(e -> disk.delete(e.path()));
        disk.setCapacity(1);
        life.open();
        return life;
    }

    /** The only segment of the queue gets its header late, and keeps its number. */
    @Test
    void aRewriteSegmentThatGetsItsHeaderLateIsSealedLikeAnyOther() {
        Life life = openWithoutRewriteSegment();
        disk.setCapacity(1L << 30);
        life.engine.maintenance().rotate(QueueKind.REWRITE);
        life.engine.maintenance().rewriteAppend(Long.MAX_VALUE);
        life.verify("moved");
        life.engine.close();
        life.open();
        life.verify("reopened");
        life.engine.close();
    }
}
