package io.raftengine.testing.fs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.error.ClosedException;
import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.StorageException;
import io.raftengine.log.io.DirectoryLock;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileSystem.OpenMode;
import io.raftengine.log.io.Iovecs;
import io.raftengine.log.io.LockMode;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SimulatedFileSystemTest {
    private static final int SECTOR = SimulatedFileSystem.SECTOR_BYTES;

    private final SimulatedFileSystem disk = new SimulatedFileSystem(7);
    private final Path dir = disk.createDirectories(Path.of("/data"));
    private final Path file = dir.resolve("a");
    private final NativeBytes memory = new NativeBytes(1 << 20);

    @AfterEach
    void release() {
        memory.close();
    }

    private static byte[] sectors(int... fills) {
        byte[] bytes = new byte[fills.length * SECTOR];
        for (int i = 0; i < fills.length; i++) {
            Arrays.fill(bytes, i * SECTOR, (i + 1) * SECTOR, (byte) fills[i]);
        }
        return bytes;
    }

    /** One character per sector: its bytes if all are equal, "?" otherwise. */
    private static String summary(byte[] bytes) {
        StringBuilder text = new StringBuilder();
        for (int at = 0; at < bytes.length; at += SECTOR) {
            byte[] sector = Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + SECTOR));
            byte first = sector[0];
            boolean equal = true;
            for (byte b : sector) {
                equal &= b == first;
            }
            text.append(equal ? String.valueOf(first) : "?");
        }
        return text.toString();
    }

    private Set<String> allCrashes() {
        Set<String> seen = new TreeSet<>();
        ExhaustiveChoices choices = new ExhaustiveChoices();
        int images = 0;
        do {
            SimulatedFileSystem image = disk.crashImage(choices);
            seen.add(image.info(file) == null ? "absent" : summary(memory.read(image, file)));
            assertThat(image.hasPendingWork()).isFalse();
            assertThat(++images).as("the walk ends").isLessThan(100_000);
        } while (choices.advance());
        return seen;
    }

    private FileHandle durableFile(int... fills) {
        FileHandle handle = disk.open(file, OpenMode.CREATE);
        memory.write(handle, sectors(fills), 0);
        disk.settle();
        return handle;
    }

    @Test
    void pastTheCacheOnlyWholeBlocksAreTaken() {
        durableFile(1, 2).close();
        try (FileHandle direct = disk.open(file, OpenMode.DIRECT)) {
            long block = (memory.address() + 4095) & -4096L;
            assertThat(direct.write(block, 4096, 4096)).isEqualTo(4096);
            for (long[] odd : new long[][] {{1, 4096, 0}, {0, 4096, 1}}) {
                assertThatThrownBy(() -> direct.write(block + odd[0], odd[1], odd[2]))
                        .isInstanceOfSatisfying(
                                StorageException.class, e -> assertThat(e.errno()).isEqualTo(22));
            }
            assertThat(direct.size()).isEqualTo(8192);
            Iovecs.put(memory.address(), 0, block, 4096);
            Iovecs.put(memory.address(), 1, block, 100);
            assertThatThrownBy(() -> direct.writeVector(memory.address(), 2, 0))
                    .isInstanceOfSatisfying(
                            StorageException.class, e -> assertThat(e.errno()).isEqualTo(22));
        }
    }

    // ---- what a crash leaves ------------------------------------------------------------------

    /** P1, P8 */
    @Test
    void whatIsSyncedUnderASyncedNameSurvivesEveryCrash() {
        FileHandle handle = disk.open(file, OpenMode.CREATE);
        memory.write(handle, sectors(1, 2), 0);
        handle.sync();
        disk.syncDirectory(dir);

        assertThat(disk.hasPendingWork()).isFalse();
        assertThat(allCrashes()).containsExactly("12");
        assertThat(disk.platterContents(file)).isEqualTo(sectors(1, 2));
    }

    /** Q12 */
    @Test
    void aSyncedFileWithoutASyncedNameCanBeLost() {
        FileHandle handle = disk.open(file, OpenMode.CREATE);
        memory.write(handle, sectors(1), 0);
        handle.sync();

        assertThat(allCrashes()).containsExactlyInAnyOrder("absent", "1");
    }

    @Test
    void overwrittenSectorsLandOneByOneInAnyOfTheirStates() {
        FileHandle handle = durableFile(1, 1);
        memory.write(handle, sectors(2, 2), 0);
        memory.write(handle, sectors(3), 0);

        assertThat(allCrashes()).containsExactlyInAnyOrder("11", "21", "31", "12", "22", "32");
        assertThat(disk.contents(file)).isEqualTo(sectors(3, 2));
    }

    @Test
    void aFileGrowsBeforeItsDataOrNotAtAll() {
        durableFile(1);
        try (FileHandle handle = disk.open(file, OpenMode.WRITE)) {
            memory.write(handle, sectors(2, 2), SECTOR);
        }

        Set<String> seen = allCrashes();

        // Nothing; half; whole; each sector missing or there; zeros, or noise shown as "?".
        assertThat(seen).contains("1", "10", "12", "100", "102", "120", "122", "1??", "1?2", "12?");
        assertThat(seen).allMatch(text -> text.startsWith("1"));
    }

    @Test
    void aFileThatWasCutCanShowItsFormerLifeWhereItGrowsAgain() {
        FileHandle handle = durableFile(1, 7);
        handle.truncate(SECTOR);
        disk.settle();
        memory.write(handle, sectors(2), SECTOR);

        assertThat(allCrashes()).contains("1", "10", "12", "17");
    }

    @Test
    void aCutThatLandedWipesWhatWasWrittenBeforeIt() {
        FileHandle handle = durableFile(1);
        memory.write(handle, sectors(2), SECTOR);
        handle.truncate(SECTOR);
        handle.truncate(3 * SECTOR);

        // The write alone, or the cut and what follows; never the written bytes in the grown file.
        assertThat(allCrashes()).contains("1", "12", "100").doesNotContain("120");
        assertThat(disk.contents(file)).isEqualTo(sectors(1, 0, 0));
        handle.sync();
        assertThat(allCrashes()).containsExactly("100");
    }

    @Test
    void aRenameLandsWholeOrNotAtAll() {
        durableFile(1);
        Path other = dir.resolve("b");
        disk.rename(file, other);

        ExhaustiveChoices choices = new ExhaustiveChoices();
        Set<String> seen = new HashSet<>();
        do {
            SimulatedFileSystem image = disk.crashImage(choices);
            assertThat(image.info(file) == null).isNotEqualTo(image.info(other) == null);
            seen.add(image.info(file) == null ? "new" : "old");
        } while (choices.advance());
        assertThat(seen).containsExactlyInAnyOrder("new", "old");

        disk.syncDirectory(dir);
        assertThat(allCrashes()).containsExactly("absent");
    }

    @Test
    void aRenameAcrossDirectoriesNeedsBothSynced() {
        durableFile(1);
        Path other = disk.createDirectories(Path.of("/other")).resolve("b");
        disk.rename(file, other);
        disk.syncDirectory(dir);
        assertThat(disk.hasPendingWork()).isTrue();
        disk.syncDirectory(other.getParent());
        assertThat(disk.hasPendingWork()).isFalse();
        assertThat(disk.crashImage(1).info(other)).isNotNull();
    }

    @Test
    void deletionsLandInAnyOrderUntilTheDirectoryIsSynced() {
        for (String name : List.of("1", "2")) {
            memory.create(disk, dir.resolve(name), sectors(1));
        }
        disk.settle();
        disk.delete(dir.resolve("1"));
        disk.delete(dir.resolve("2"));

        Set<Integer> seen = new HashSet<>();
        ExhaustiveChoices choices = new ExhaustiveChoices();
        do {
            SimulatedFileSystem image = disk.crashImage(choices);
            seen.add(
                    (image.info(dir.resolve("1")) == null ? 0 : 1)
                            + (image.info(dir.resolve("2")) == null ? 0 : 2));
        } while (choices.advance());
        assertThat(seen).containsExactlyInAnyOrder(0, 1, 2, 3);

        disk.syncDirectory(dir);
        assertThat(disk.crashImage(3).list(dir)).isEmpty();
    }

    @Test
    void theSameSeedGivesTheSameImageAndLeavesTheDiskAlone() {
        FileHandle handle = durableFile(1, 1, 1, 1);
        memory.write(handle, sectors(2, 3, 4, 5, 6, 7), SECTOR);
        long before = disk.fingerprint();

        Set<Long> different = new HashSet<>();
        for (int seed = 0; seed < 200; seed++) {
            long first = disk.crashImage(seed).fingerprint();
            assertThat(disk.crashImage(seed).fingerprint()).isEqualTo(first);
            different.add(first);
        }

        assertThat(different.size()).isGreaterThan(50);
        assertThat(disk.fingerprint()).isEqualTo(before);
        assertThat(disk.hasPendingWork()).isTrue();
    }

    @Test
    void writingToAnImageChangesNeitherTheDiskNorOtherImages() {
        FileHandle handle = durableFile(1, 1);
        memory.write(handle, sectors(2), 0);
        SimulatedFileSystem one = disk.crashImage(1);
        SimulatedFileSystem two = disk.crashImage(1);
        long twoBefore = two.fingerprint();

        try (FileHandle inOne = one.open(file, OpenMode.WRITE)) {
            memory.write(inOne, sectors(9, 9, 9), 0);
            inOne.sync();
        }

        assertThat(disk.contents(file)).isEqualTo(sectors(2, 1));
        assertThat(disk.platterContents(file)).isEqualTo(sectors(1, 1));
        assertThat(two.fingerprint()).isEqualTo(twoBefore);
        assertThat(one.crashImage(5).contents(file)).isEqualTo(sectors(9, 9, 9));
    }

    /** Every sector of every image is one of the states it may be in, over random histories. */
    @Test
    void imagesHoldNothingButWhatWasWrittenSinceTheLastSync() {
        long base = 4_711;
        for (int round = 0; round < 200; round++) {
            long seed = base + round;
            SplittableRandom random = new SplittableRandom(seed);
            SimulatedFileSystem fs = new SimulatedFileSystem(seed);
            Path path = fs.createDirectories(Path.of("/d")).resolve("f");
            int count = 12;
            Map<Integer, Set<Byte>> allowed = new HashMap<>();
            try (FileHandle handle = fs.open(path, OpenMode.CREATE)) {
                handle.allocate(0, (long) count * SECTOR);
                fs.settle();
                byte[] now = new byte[count];
                for (int i = 0; i < count; i++) {
                    allowed.put(i, new HashSet<>(Set.of((byte) 0)));
                }
                for (int step = 1; step <= 20; step++) {
                    if (random.nextInt(5) == 0) {
                        handle.sync();
                        for (int i = 0; i < count; i++) {
                            allowed.put(i, new HashSet<>(Set.of(now[i])));
                        }
                    } else {
                        int sector = random.nextInt(count);
                        now[sector] = (byte) step;
                        memory.write(handle, sectors(step), (long) sector * SECTOR);
                        allowed.get(sector).add((byte) step);
                    }
                    byte[] bytes = fs.crashImage(random.nextLong()).contents(path);
                    assertThat(bytes).hasSize(count * SECTOR);
                    for (int at = 0; at < bytes.length; at++) {
                        if (bytes[at] != bytes[at / SECTOR * SECTOR]
                                || !allowed.get(at / SECTOR).contains(bytes[at])) {
                            throw new AssertionError(
                                    "seed %d step %d: byte %d is %d"
                                            .formatted(seed, step, at, bytes[at]));
                        }
                    }
                }
            }
        }
    }

    @Test
    void aPowerCutEndsAllHandlesAndLocks() {
        FileHandle handle = durableFile(1);
        DirectoryLock lock = disk.lock(dir, LockMode.EXCLUSIVE);
        memory.write(handle, sectors(2), 0);

        disk.powerCut(5);

        assertThat(disk.hasPendingWork()).isFalse();
        assertThat(lock.held()).isFalse();
        assertThatThrownBy(handle::sync).isInstanceOf(ClosedException.class);
        handle.close();
        lock.close();
        disk.lock(dir, LockMode.EXCLUSIVE).close();
        assertThat(summary(disk.contents(file))).isIn("1", "2");
    }

    /** P2 */
    @Test
    void aKilledProcessLosesItsLockButNothingItWrote() {
        FileHandle handle = durableFile(1);
        disk.lock(dir, LockMode.EXCLUSIVE);
        memory.write(handle, sectors(2), 0);

        disk.killProcess();

        assertThatThrownBy(() -> memory.read(handle, 1, 0)).isInstanceOf(ClosedException.class);
        assertThat(disk.contents(file)).isEqualTo(sectors(2));
        assertThat(disk.hasPendingWork()).isTrue();
        disk.lock(dir, LockMode.EXCLUSIVE).close();
    }

    // ---- failures of sync ---------------------------------------------------------------------

    private static void assertSyncFails(FileHandle handle) {
        assertThatThrownBy(handle::sync)
                .isInstanceOfSatisfying(
                        StorageException.class, e -> assertThat(e.errno()).isEqualTo(5));
    }

    /** P7: the second sync succeeds and proves nothing. */
    @Test
    void aFailedSyncDropsBytesThatReadsGoOnShowing() {
        FileHandle handle = durableFile(1, 1, 1, 1, 1, 1, 1, 1);
        memory.write(handle, sectors(2, 2, 2, 2, 2, 2, 2, 2), 0);
        disk.failNextSync(file, SyncFailure.CACHE_KEEPS_NEW_BYTES);

        assertSyncFails(handle);
        handle.sync();

        assertThat(summary(disk.contents(file))).isEqualTo("22222222");
        String platter = summary(disk.platterContents(file));
        assertThat(platter).contains("1").contains("2");
        assertThat(allCrashes()).containsExactly(platter);

        // Only what is written again can still reach the disk.
        memory.write(handle, sectors(3), 0);
        handle.sync();
        assertThat(summary(disk.platterContents(file))).isEqualTo("3" + platter.substring(1));
    }

    @Test
    void aFailedSyncCanRevertWhatReadsShow() {
        FileHandle handle = durableFile(1, 1, 1, 1, 1, 1, 1, 1);
        memory.write(handle, sectors(2, 2, 2, 2, 2, 2, 2, 2), 0);
        disk.failNextSync(file, SyncFailure.CACHE_REVERTS);

        assertSyncFails(handle);

        assertThat(disk.contents(file)).isEqualTo(disk.platterContents(file));
        assertThat(summary(disk.contents(file))).contains("1").contains("2");
    }

    @Test
    void aFailedSyncCanBeReportedOneCallLate() {
        FileHandle handle = durableFile(1, 1, 1, 1, 1, 1, 1, 1);
        memory.write(handle, sectors(2, 2, 2, 2, 2, 2, 2, 2), 0);
        disk.failNextSync(file, SyncFailure.REPORTED_ONE_CALL_LATE);

        handle.sync();
        assertThat(disk.platterContents(file)).isNotEqualTo(disk.contents(file));
        assertSyncFails(handle);
        handle.sync();
    }

    /** Architecture, section 4, point 6 */
    @Test
    void everyOpenDescriptionReportsALostWriteOnce() {
        FileHandle one = durableFile(1);
        FileHandle two = disk.open(file, OpenMode.WRITE);
        memory.write(one, sectors(2), 0);
        disk.failWriteback(file);
        FileHandle late = disk.open(file, OpenMode.WRITE);

        assertSyncFails(one);
        one.sync();
        assertSyncFails(two);
        two.sync();
        late.sync();
    }

    // ---- space and damage ---------------------------------------------------------------------

    @Test
    void aFullDiskWritesWhatFitsAndThenNothing() {
        disk.setCapacity(8_192);
        FileHandle handle = disk.open(file, OpenMode.CREATE);

        assertThat(handle.write(memory.address(), 10_000, 0)).isEqualTo(8_192);
        assertThat(disk.availableBytes(dir)).isZero();
        assertThatThrownBy(() -> handle.write(memory.address(), 10, 8_192))
                .isInstanceOf(OutOfSpaceException.class)
                .hasMessageContaining(file.toString());
        assertThatThrownBy(() -> handle.allocate(8_192, 1)).isInstanceOf(OutOfSpaceException.class);
        assertThat(handle.write(memory.address(), 100, 8_000)).isEqualTo(100);

        handle.truncate(4_096);
        assertThat(handle.write(memory.address(), 10, 4_096)).isEqualTo(10);
        disk.delete(file);
        assertThat(disk.availableBytes(dir)).as("still open").isZero();
        handle.close();
        assertThat(disk.availableBytes(dir)).isEqualTo(8_192);
    }

    @Test
    void allocatedSpaceIsThereWhenItIsNeeded() {
        disk.setCapacity(8_192);
        FileHandle handle = disk.open(file, OpenMode.CREATE);
        handle.allocate(0, 8_192);
        FileHandle other = disk.open(dir.resolve("b"), OpenMode.CREATE);

        assertThatThrownBy(() -> other.write(memory.address(), 1, 0))
                .isInstanceOf(OutOfSpaceException.class);
        assertThat(handle.write(memory.address(), 8_192, 0)).isEqualTo(8_192);
    }

    @Test
    void aFlippedBitIsFlippedForGood() {
        durableFile(1);
        disk.flipBit(file, 3, 2);

        byte[] expected = sectors(1);
        expected[3] ^= 4;
        assertThat(disk.contents(file)).isEqualTo(expected);
        assertThat(disk.crashImage(1).contents(file)).isEqualTo(expected);
    }

    @Test
    void directoriesAreCopiedBetweenFileSystems() {
        durableFile(1, 2, 3);
        memory.create(disk, disk.createDirectories(dir.resolve("sub")).resolve("x"), sectors(4));
        SimulatedFileSystem other = new SimulatedFileSystem(1);

        DirectoryCopy.copy(disk, dir, other, Path.of("/copy"));

        assertThat(other.contents(Path.of("/copy/a"))).isEqualTo(sectors(1, 2, 3));
        assertThat(other.contents(Path.of("/copy/sub/x"))).isEqualTo(sectors(4));
        assertThat(other.hasPendingWork()).isFalse();
    }
}
