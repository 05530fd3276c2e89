package io.raftengine.testing.fs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.allocator.Memory;
import io.raftengine.error.ClosedException;
import io.raftengine.error.LockedException;
import io.raftengine.error.StorageException;
import io.raftengine.log.io.DirectoryEntry;
import io.raftengine.log.io.DirectoryLock;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileInfo;
import io.raftengine.log.io.FileIo;
import io.raftengine.log.io.FileKind;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.io.FileSystem.OpenMode;
import io.raftengine.log.io.LockMode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every file system has to do, real or not. */
abstract class FileSystemContract {
    private static final int ENOENT = 2;
    private static final int EBADF = 9;
    private static final int EEXIST = 17;
    private static final int ENOTDIR = 20;
    private static final int EISDIR = 21;
    private static final int ENOTEMPTY = 39;
    private static final int ELOOP = 40;

    private final NativeBytes memory = new NativeBytes(1 << 20);
    private FileSystem fs;
    private Path dir;

    /** The file system under test. */
    abstract FileSystem fileSystem();

    /** An empty directory of it. */
    abstract Path directory();

    /** Makes a symbolic link by other means. */
    abstract void symbolicLink(Path link, Path target);

    /** Makes a hard link by other means. */
    abstract void hardLink(Path link, Path existing);

    @BeforeEach
    void prepare() {
        fs = fileSystem();
        dir = directory();
    }

    @AfterEach
    void release() {
        memory.close();
    }

    private Path path(String name) {
        return dir.resolve(name);
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static void assertErrno(Runnable call, int errno, Path named) {
        assertThatThrownBy(call::run)
                .isInstanceOfSatisfying(
                        StorageException.class,
                        e -> {
                            assertThat(e.errno()).isEqualTo(errno);
                            assertThat(e.file()).isEqualTo(named.toString());
                            assertThat(e.getMessage()).contains(named.toString());
                        });
    }

    // ---- files --------------------------------------------------------------------------------

    @Test
    void aCreatedFileIsEmptyAndStays() {
        memory.create(fs, path("a"), new byte[0]);

        assertThat(fs.info(path("a")).kind()).isEqualTo(FileKind.FILE);
        assertThat(fs.info(path("a")).sizeBytes()).isZero();
        assertThat(memory.read(fs, path("a"))).isEmpty();
    }

    @Test
    void aMissingFileIsReportedByNameAndErrorNumber() {
        assertErrno(() -> fs.open(path("none"), OpenMode.READ), ENOENT, path("none"));
        assertErrno(() -> fs.open(path("none"), OpenMode.WRITE), ENOENT, path("none"));
        assertErrno(() -> fs.delete(path("none")), ENOENT, path("none"));
        assertErrno(() -> fs.rename(path("none"), path("b")), ENOENT, path("none"));
        assertErrno(() -> fs.list(path("none")), ENOENT, path("none"));
        assertErrno(() -> fs.syncDirectory(path("none")), ENOENT, path("none"));
        assertErrno(() -> fs.availableBytes(path("none")), ENOENT, path("none"));
        Path deep = path("none").resolve("a");
        assertErrno(() -> fs.open(deep, OpenMode.CREATE), ENOENT, deep);
        assertErrno(() -> fs.createDirectory(deep), ENOENT, deep);
        assertThat(fs.info(path("none"))).isNull();
        assertThat(fs.info(deep)).isNull();
    }

    @Test
    void aFileIsNoDirectory() {
        memory.create(fs, path("a"), text("abc"));

        assertThat(fs.info(path("a").resolve("b"))).isNull();
        assertThatThrownBy(() -> fs.list(path("a"))).isInstanceOf(StorageException.class);
        assertThatThrownBy(() -> fs.createDirectory(path("a").resolve("b")))
                .isInstanceOf(StorageException.class);
    }

    @Test
    void openingForCreationNeverTruncates() {
        memory.create(fs, path("a"), text("kept"));

        try (FileHandle file = fs.open(path("a"), OpenMode.CREATE)) {
            assertThat(file.size()).isEqualTo(4);
            assertThat(memory.read(file, 10, 0)).isEqualTo(text("kept"));
        }
    }

    @Test
    void aHandleForReadingDoesNotWrite() {
        memory.create(fs, path("a"), text("kept"));

        try (FileHandle file = fs.open(path("a"), OpenMode.READ)) {
            assertErrno(() -> file.write(memory.address(), 3, 0), EBADF, path("a"));
            assertThatThrownBy(() -> file.truncate(0)).isInstanceOf(StorageException.class);
        }
        assertThat(memory.read(fs, path("a"))).isEqualTo(text("kept"));
    }

    @Test
    void aDirectoryIsNotOpenedAsAFile() {
        fs.createDirectory(path("d"));

        for (OpenMode mode : OpenMode.values()) {
            assertErrno(() -> fs.open(path("d"), mode), EISDIR, path("d"));
        }
    }

    @Test
    void randomWritesAndCutsMatchAModel() {
        long seed = 20_260;
        SplittableRandom random = new SplittableRandom(seed);
        byte[] model = new byte[0];
        try (FileHandle file = fs.open(path("a"), OpenMode.CREATE)) {
            for (int step = 0; step < 300; step++) {
                String context = "seed " + seed + " step " + step;
                switch (random.nextInt(4)) {
                    case 0, 1 -> {
                        byte[] bytes = new byte[1 + random.nextInt(9_000)];
                        random.nextBytes(bytes);
                        int offset = random.nextInt(20_000);
                        memory.write(file, bytes, offset);
                        model = Arrays.copyOf(model, Math.max(model.length, offset + bytes.length));
                        System.arraycopy(bytes, 0, model, offset, bytes.length);
                    }
                    case 2 -> {
                        int size = random.nextInt(24_000);
                        file.truncate(size);
                        model = Arrays.copyOf(model, size);
                    }
                    default -> {
                        int offset = random.nextInt(25_000);
                        int length = 1 + random.nextInt(12_000);
                        int end = Math.min(model.length, offset + length);
                        byte[] expected =
                                offset >= end
                                        ? new byte[0]
                                        : Arrays.copyOfRange(model, offset, end);
                        assertThat(memory.read(file, length, offset))
                                .as(context)
                                .isEqualTo(expected);
                    }
                }
                assertThat(file.size()).as(context).isEqualTo(model.length);
            }
            file.sync();
        }
        assertThat(memory.read(fs, path("a"))).isEqualTo(model);
    }

    @Test
    void readingAtTheEndGivesNothing() {
        memory.create(fs, path("a"), text("abc"));

        try (FileHandle file = fs.open(path("a"), OpenMode.READ)) {
            assertThat(file.read(memory.address(), 10, 3)).isZero();
            assertThat(file.read(memory.address(), 10, 4_000_000_000L)).isZero();
            assertThat(FileIo.readUpTo(file, memory.address(), 10, 1)).isEqualTo(2);
            assertThatThrownBy(() -> FileIo.readFully(file, memory.address(), 10, 1))
                    .isInstanceOf(StorageException.class)
                    .hasMessageContaining("10 bytes at 1")
                    .hasMessageContaining("after 2 bytes");
        }
    }

    @Test
    void offsetsBeyondFourGibibytesAreFarAway() {
        long far = (5L << 30) + 3;
        try (FileHandle file = fs.open(path("a"), OpenMode.CREATE)) {
            memory.write(file, text("far"), far);
            memory.write(file, text("near"), far - (1L << 32));

            assertThat(file.size()).isEqualTo(far + 3);
            assertThat(memory.read(file, 100, far)).isEqualTo(text("far"));
            assertThat(memory.read(file, 4, far - (1L << 32))).isEqualTo(text("near"));
        }
    }

    @Test
    void aVectorIsWrittenPieceByPiece() {
        long iovec = memory.address() + 4_096;
        byte[] all = text("first--third");
        Memory.copyFromArray(all, 0, memory.address(), all.length);
        long[] pieces = {memory.address(), 5, memory.address(), 0, memory.address() + 7, 5};
        for (int i = 0; i < pieces.length; i++) {
            Memory.putLong(iovec + i * 8L, pieces[i]);
        }

        try (FileHandle file = fs.open(path("a"), OpenMode.CREATE)) {
            long n = file.writeVector(iovec, 3, 2);

            assertThat(n).isBetween(1L, 10L);
            byte[] expected = Arrays.copyOf(text("\0\0firstthird"), 2 + (int) n);
            assertThat(memory.read(file, 100, 0)).isEqualTo(expected);
        }
    }

    @Test
    void allocatedSpaceReadsAsZerosAndKeepsWhatIsThere() {
        try (FileHandle file = fs.open(path("a"), OpenMode.CREATE)) {
            memory.write(file, text("abc"), 0);
            file.allocate(0, 10_000);

            assertThat(file.size()).isIn(3L, 10_000L);
            byte[] expected = Arrays.copyOf(text("abc"), (int) file.size());
            if (file.size() > 3) {
                // What a byte-shifting file system stores as 0 it reads as something else.
                assertThat(memory.read(file, 3, 0)).isEqualTo(text("abc"));
            } else {
                assertThat(memory.read(file, 10_000, 0)).isEqualTo(expected);
            }
            file.startWriteback(0, 4_096);
            file.dropCache(0, 0);
            file.willNeed(0, 0);
            assertThat(memory.read(file, 3, 0)).isEqualTo(text("abc"));
        }
    }

    /** Where the system cannot tell, every byte may be data. */
    @Test
    void whatLiesInFrontOfTheNextDataReadsAsZeros() {
        int size = 1 << 19;
        try (FileHandle file = fs.open(path("a"), OpenMode.CREATE)) {
            file.truncate(size);
            memory.write(file, text("data"), 300_000);
            file.allocate(400_000, 50_000);
            file.sync();

            for (int from : new int[] {0, 1, 150_000, 300_000, 300_003, 300_004, 420_000}) {
                int data = (int) file.dataFrom(from);
                assertThat(data).isBetween(from, size);
                if (data > from) {
                    assertThat(memory.read(file, data - from, from)).containsOnly(0);
                }
            }
            assertThat(file.dataFrom(300_002)).isEqualTo(300_002);
            assertThat(file.dataFrom(size)).isEqualTo(size);
            assertThat(file.dataBytes()).isBetween(4L, (long) size);
        }
    }

    @Test
    void threadsTransferAtOnceWithoutDisturbingEachOther() throws Exception {
        int threads = 4;
        int part = 64 << 10;
        try (FileHandle file = fs.open(path("a"), OpenMode.CREATE);
                ExecutorService pool = Executors.newFixedThreadPool(threads)) {
            List<Future<?>> done = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                int thread = t;
                done.add(
                        pool.submit(() -> {
                            try (NativeBytes own = new NativeBytes(part)) {
                                for (int at = 0; at < part; at += 1_000) {
                                    byte[] bytes = new byte[Math.min(1_000, part - at)];
                                    Arrays.fill(bytes, (byte) (thread + 1));
                                    long offset = (long) thread * part + at;
                                    own.write(file, bytes, offset);
                                    assertThat(own.read(file, bytes.length, offset))
                                            .isEqualTo(bytes);
                                }
                            }
                            return null;
                        }));
            }
            for (Future<?> future : done) {
                future.get();
            }
        }
        byte[] all = memory.read(fs, path("a"));
        assertThat(all).hasSize(threads * part);
        for (int i = 0; i < all.length; i += 501) {
            assertThat(all[i]).isEqualTo((byte) (i / part + 1));
        }
    }

    @Test
    void aClosedHandleRefusesEverything() {
        FileHandle file = fs.open(path("a"), OpenMode.CREATE);
        file.close();
        file.close();

        assertThatThrownBy(() -> file.read(memory.address(), 1, 0))
                .isInstanceOf(ClosedException.class);
        assertThatThrownBy(() -> file.write(memory.address(), 1, 0))
                .isInstanceOf(ClosedException.class);
        assertThatThrownBy(file::sync).isInstanceOf(ClosedException.class);
        assertThatThrownBy(file::size).isInstanceOf(ClosedException.class);
        assertThatThrownBy(() -> file.truncate(0)).isInstanceOf(ClosedException.class);
    }

    // ---- names --------------------------------------------------------------------------------

    @Test
    void aDirectoryListsItsNamesWithTheirKinds() {
        memory.create(fs, path("file"), text("abc"));
        fs.createDirectory(path("directory"));
        memory.create(fs, path("directory").resolve("deeper"), text("abc"));
        symbolicLink(path("link"), path("file"));
        symbolicLink(path("nowhere"), path("none"));
        symbolicLink(path("linked-directory"), path("directory"));

        assertThat(fs.list(dir))
                .containsExactlyInAnyOrder(
                        new DirectoryEntry("file", path("file"), FileKind.FILE),
                        new DirectoryEntry("directory", path("directory"), FileKind.DIRECTORY),
                        new DirectoryEntry("link", path("link"), FileKind.SYMLINK_TO_FILE),
                        new DirectoryEntry("nowhere", path("nowhere"), FileKind.OTHER),
                        new DirectoryEntry(
                                "linked-directory", path("linked-directory"), FileKind.DIRECTORY));
    }

    @Test
    void aDirectoryIsCreatedOnce() {
        fs.createDirectory(path("d"));
        fs.syncDirectory(dir);

        assertThat(fs.info(path("d")).kind()).isEqualTo(FileKind.DIRECTORY);
        assertThat(fs.list(path("d"))).isEmpty();
        assertErrno(() -> fs.createDirectory(path("d")), EEXIST, path("d"));
    }

    @Test
    void aDeletedFileStaysReadableForWhoHasItOpen() {
        memory.create(fs, path("a"), text("abc"));
        try (FileHandle file = fs.open(path("a"), OpenMode.READ)) {
            fs.delete(path("a"));

            assertThat(fs.info(path("a"))).isNull();
            assertThat(memory.read(file, 10, 0)).isEqualTo(text("abc"));
            assertThat(file.info().linkCount()).isZero();

            memory.create(fs, path("a"), text("another"));
            assertThat(file.info().sameFile(fs.info(path("a")))).isFalse();
            assertThat(memory.read(file, 10, 0)).isEqualTo(text("abc"));
        }
    }

    @Test
    void aDirectoryIsNotDeletedAsAFile() {
        fs.createDirectory(path("d"));

        assertThatThrownBy(() -> fs.delete(path("d"))).isInstanceOf(StorageException.class);
        assertThat(fs.info(path("d"))).isNotNull();
    }

    @Test
    void aRenamedFileReplacesTheOneThatHadTheName() {
        memory.create(fs, path("a"), text("new"));
        memory.create(fs, path("b"), text("older"));
        FileInfo before = fs.info(path("a"));
        try (FileHandle file = fs.open(path("a"), OpenMode.WRITE)) {
            fs.rename(path("a"), path("b"));

            assertThat(fs.info(path("a"))).isNull();
            assertThat(fs.info(path("b")).sameFile(before)).isTrue();
            assertThat(memory.read(fs, path("b"))).isEqualTo(text("new"));
            memory.write(file, text("NEWER"), 0);
        }
        assertThat(memory.read(fs, path("b"))).isEqualTo(text("NEWER"));
        assertThat(fs.list(dir)).hasSize(1);
    }

    @Test
    void aFileMovesBetweenDirectories() {
        fs.createDirectory(path("d"));
        memory.create(fs, path("a"), text("abc"));

        fs.rename(path("a"), path("d").resolve("b"));
        fs.syncDirectory(path("d"));
        fs.syncDirectory(dir);

        assertThat(fs.info(path("a"))).isNull();
        assertThat(memory.read(fs, path("d").resolve("b"))).isEqualTo(text("abc"));
    }

    @Test
    void hardLinksAreCounted() {
        memory.create(fs, path("a"), text("abc"));
        assertThat(fs.info(path("a")).linkCount()).isEqualTo(1);

        hardLink(path("b"), path("a"));
        assertThat(fs.info(path("a")).linkCount()).isEqualTo(2);
        assertThat(fs.info(path("a")).sameFile(fs.info(path("b")))).isTrue();

        fs.delete(path("a"));
        assertThat(fs.info(path("b")).linkCount()).isEqualTo(1);
        assertThat(memory.read(fs, path("b"))).isEqualTo(text("abc"));
    }

    @Test
    void aLinkIsOneMoreNameOfTheSameFile() {
        memory.create(fs, path("a"), text("abc"));
        fs.createDirectory(path("d"));
        Path link = path("d").resolve("b");

        assertThat(fs.link(path("a"), link)).isTrue();

        assertThat(fs.info(link).sameFile(fs.info(path("a")))).isTrue();
        assertThat(fs.info(link).linkCount()).isEqualTo(2);
        fs.syncDirectory(path("d"));
        fs.delete(path("a"));
        assertThat(fs.info(link).linkCount()).isEqualTo(1);
        assertThat(memory.read(fs, link)).isEqualTo(text("abc"));
    }

    @Test
    void aLinkNeverReplacesAndNeedsAFile() {
        memory.create(fs, path("a"), text("abc"));
        memory.create(fs, path("b"), text("kept"));

        assertErrno(() -> fs.link(path("a"), path("b")), EEXIST, path("b"));
        assertErrno(() -> fs.link(path("none"), path("c")), ENOENT, path("none"));
        assertThat(memory.read(fs, path("b"))).isEqualTo(text("kept"));
        assertThat(fs.info(path("c"))).isNull();
        assertThat(fs.info(path("a")).linkCount()).isEqualTo(1);
    }

    /** Where blocks cannot be shared nothing is left; where they can both files are independent. */
    @Test
    void aCloneHasAllBytesAndALifeOfItsOwnOrDoesNotExist() {
        byte[] bytes = new byte[10_000];
        new SplittableRandom(3).nextBytes(bytes);
        memory.create(fs, path("a"), bytes);

        if (!fs.cloneFile(path("a"), path("b"))) {
            assertThat(fs.info(path("b"))).isNull();
            return;
        }
        assertThat(memory.read(fs, path("b"))).isEqualTo(bytes);
        try (FileHandle file = fs.open(path("b"), OpenMode.WRITE)) {
            memory.write(file, text("other"), 4_000);
            file.sync();
        }
        assertThat(memory.read(fs, path("a"))).isEqualTo(bytes);
        assertThat(fs.info(path("b")).sameFile(fs.info(path("a")))).isFalse();
        assertThat(fs.info(path("a")).linkCount()).isEqualTo(1);
    }

    @Test
    void aCloneNeverReplacesAndNeedsAFile() {
        memory.create(fs, path("a"), text("abc"));
        memory.create(fs, path("b"), text("kept"));

        assertErrno(() -> fs.cloneFile(path("a"), path("b")), EEXIST, path("b"));
        assertErrno(() -> fs.cloneFile(path("none"), path("c")), ENOENT, path("none"));
        assertThat(memory.read(fs, path("b"))).isEqualTo(text("kept"));
        assertThat(fs.info(path("c"))).isNull();
    }

    @Test
    void aDirectoryIsRenamedWithAllItHoldsAndReplacesAnEmptyOneOnly() {
        fs.createDirectory(path("d"));
        memory.create(fs, path("d").resolve("a"), text("abc"));
        fs.createDirectory(path("empty"));
        fs.createDirectory(path("full"));
        memory.create(fs, path("full").resolve("b"), text("kept"));
        memory.create(fs, path("file"), text("kept"));

        assertErrnoOfRename("full", ENOTEMPTY, EEXIST);
        assertErrnoOfRename("file", ENOTDIR, ENOTDIR);
        fs.rename(path("d"), path("empty"));
        fs.syncDirectory(dir);

        assertThat(fs.info(path("d"))).isNull();
        assertThat(memory.read(fs, path("empty").resolve("a"))).isEqualTo(text("abc"));
        assertThat(memory.read(fs, path("full").resolve("b"))).isEqualTo(text("kept"));
        fs.rename(path("empty"), path("new"));
        assertThat(memory.read(fs, path("new").resolve("a"))).isEqualTo(text("abc"));
    }

    private void assertErrnoOfRename(String target, int one, int other) {
        assertThatThrownBy(() -> fs.rename(path("d"), path(target)))
                .isInstanceOfSatisfying(
                        StorageException.class, e -> assertThat(e.errno()).isIn(one, other));
    }

    @Test
    void onlyAnEmptyDirectoryIsDeleted() {
        fs.createDirectory(path("d"));
        memory.create(fs, path("d").resolve("a"), text("abc"));

        assertThatThrownBy(() -> fs.deleteDirectory(path("d")))
                .isInstanceOf(StorageException.class);
        assertThatThrownBy(() -> fs.deleteDirectory(path("d").resolve("a")))
                .isInstanceOf(StorageException.class);
        assertErrno(() -> fs.deleteDirectory(path("none")), ENOENT, path("none"));
        fs.delete(path("d").resolve("a"));
        fs.deleteDirectory(path("d"));
        fs.syncDirectory(dir);

        assertThat(fs.info(path("d"))).isNull();
    }

    /** D10: a symbolic link is followed for reading only. */
    @Test
    void aSymbolicLinkIsReadButNeverWrittenThrough() {
        memory.create(fs, path("a"), text("abc"));
        symbolicLink(path("link"), path("a"));

        FileInfo info = fs.info(path("link"));
        assertThat(info.kind()).isEqualTo(FileKind.SYMLINK_TO_FILE);
        assertThat(info.symlink()).isTrue();
        assertThat(info.sizeBytes()).isEqualTo(3);
        assertThat(memory.read(fs, path("link"))).isEqualTo(text("abc"));
        assertErrno(() -> fs.open(path("link"), OpenMode.WRITE), ELOOP, path("link"));
        assertErrno(() -> fs.open(path("link"), OpenMode.CREATE), ELOOP, path("link"));
    }

    @Test
    void creatingThroughALinkThatLeadsNowhereIsRefused() {
        symbolicLink(path("link"), path("target"));

        assertErrno(() -> fs.open(path("link"), OpenMode.CREATE), ELOOP, path("link"));
        assertThat(fs.info(path("target"))).isNull();
        assertThat(fs.info(path("link")).kind()).isEqualTo(FileKind.OTHER);
    }

    @Test
    void linksInCirclesAreNoFiles() {
        symbolicLink(path("a"), path("b"));
        symbolicLink(path("b"), path("a"));

        assertThat(fs.info(path("a")).kind()).isEqualTo(FileKind.OTHER);
        assertThatThrownBy(() -> fs.open(path("a"), OpenMode.READ))
                .isInstanceOf(StorageException.class);
    }

    @Test
    void deletingALinkLeavesItsTarget() {
        memory.create(fs, path("a"), text("abc"));
        symbolicLink(path("link"), path("a"));

        fs.delete(path("link"));

        assertThat(fs.info(path("link"))).isNull();
        assertThat(fs.info(path("a"))).isNotNull();
    }

    @Test
    void thereIsSpaceLeft() {
        assertThat(fs.availableBytes(dir)).isPositive();
    }

    // ---- lock ---------------------------------------------------------------------------------

    /** E1, E4 */
    @Test
    void anExclusiveLockKeepsEverybodyOutUntilItIsClosed() {
        DirectoryLock lock = fs.lock(dir, LockMode.EXCLUSIVE);
        assertThat(lock.held()).isTrue();
        assertThat(lock.intact()).isTrue();
        assertThat(lock.directory()).isEqualTo(dir);
        assertThat(lock.mode()).isEqualTo(LockMode.EXCLUSIVE);

        for (LockMode mode : LockMode.values()) {
            assertThatThrownBy(() -> fs.lock(dir, mode))
                    .isInstanceOf(LockedException.class)
                    .hasMessageContaining("another instance")
                    .hasMessageContaining(dir.toString());
        }
        assertThat(lock.intact()).isTrue();

        lock.close();
        lock.close();
        assertThat(lock.held()).isFalse();
        assertThat(lock.intact()).isFalse();
        assertThat(fs.info(path("LOCK"))).isNotNull();
        fs.lock(dir, LockMode.EXCLUSIVE).close();
    }

    @Test
    void sharedLocksAdmitEachOtherButNoWriter() {
        fs.lock(dir, LockMode.EXCLUSIVE).close();
        try (DirectoryLock one = fs.lock(dir, LockMode.SHARED)) {
            DirectoryLock two = fs.lock(dir, LockMode.SHARED);
            assertThat(one.held() && two.held()).isTrue();
            assertThatThrownBy(() -> fs.lock(dir, LockMode.EXCLUSIVE))
                    .isInstanceOf(LockedException.class);
            two.close();
            two.close();
            assertThatThrownBy(() -> fs.lock(dir, LockMode.EXCLUSIVE))
                    .isInstanceOf(LockedException.class);
        }
        fs.lock(dir, LockMode.EXCLUSIVE).close();
    }

    /** D25: reading creates nothing. */
    @Test
    void aSharedLockWithoutALockFileHoldsNothingAndCreatesNothing() {
        try (DirectoryLock lock = fs.lock(dir, LockMode.SHARED)) {
            assertThat(lock.held()).isFalse();
            assertThat(lock.intact()).isFalse();
            assertThat(fs.list(dir)).isEmpty();
            fs.lock(dir, LockMode.EXCLUSIVE).close();
        }
    }

    /** D10: the reference truncates the lock file, we never do. */
    @Test
    void lockingLeavesTheContentOfTheLockFileAlone() {
        memory.create(fs, path("LOCK"), text("somebody's note"));

        fs.lock(dir, LockMode.EXCLUSIVE).close();

        assertThat(memory.read(fs, path("LOCK"))).isEqualTo(text("somebody's note"));
    }

    /** D10 */
    @Test
    void aLockFileThatIsALinkIsRefused() {
        memory.create(fs, path("elsewhere"), text(""));
        symbolicLink(path("LOCK"), path("elsewhere"));

        assertErrno(() -> fs.lock(dir, LockMode.EXCLUSIVE), ELOOP, path("LOCK"));
        assertErrno(() -> fs.lock(dir, LockMode.SHARED), ELOOP, path("LOCK"));
    }

    @Test
    void aMissingDirectoryIsNotLocked() {
        for (LockMode mode : LockMode.values()) {
            assertThatThrownBy(() -> fs.lock(path("none"), mode))
                    .isInstanceOf(StorageException.class);
        }
    }

    /** P10: a stolen lock is noticed. */
    @Test
    void aReplacedLockFileIsNoticed() {
        try (DirectoryLock lock = fs.lock(dir, LockMode.EXCLUSIVE)) {
            fs.rename(path("LOCK"), path("old"));
            assertThat(lock.intact()).isFalse();
            memory.create(fs, path("LOCK"), text(""));
            assertThat(lock.intact()).isFalse();
            assertThat(lock.held()).isTrue();

            fs.rename(path("old"), path("LOCK"));
            assertThat(lock.intact()).isTrue();
        }
    }

    @Test
    void openingAndClosingTheLockFileDropsNoLock() {
        try (DirectoryLock lock = fs.lock(dir, LockMode.EXCLUSIVE)) {
            fs.open(path("LOCK"), OpenMode.WRITE).close();

            assertThat(lock.intact()).isTrue();
            assertThatThrownBy(() -> fs.lock(dir, LockMode.EXCLUSIVE))
                    .isInstanceOf(LockedException.class);
        }
    }
}
