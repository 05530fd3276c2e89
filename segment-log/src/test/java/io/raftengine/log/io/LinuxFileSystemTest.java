package io.raftengine.log.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.raftengine.error.LockedException;
import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.StorageException;
import io.raftengine.log.io.FileSystem.OpenMode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What only the real file system can show: other processes, odd files, permissions, the system's
 * own errors.
 */
class LinuxFileSystemTest {
    private static final int EPERM = 1;
    private static final int EFAULT = 14;
    private static final int EINVAL = 22;

    @TempDir private Path dir;

    private final FileSystem fs = FileSystem.local();

    /** Runs a shell command to its end; returns its exit code. */
    private int shell(String command) throws IOException, InterruptedException {
        Process process =
                new ProcessBuilder("bash", "-c", command)
                        .directory(dir.toFile())
                        .redirectErrorStream(true)
                        .start();
        process.getInputStream().readAllBytes();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).as(command).isTrue();
        return process.exitValue();
    }

    private boolean available(String program) throws IOException, InterruptedException {
        return shell("command -v " + program) == 0;
    }

    private String permissions(String name) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(dir.resolve(name)));
    }

    // ---- past the page cache ------------------------------------------------------------------

    private void assumeWaysPastTheCache() throws IOException, InterruptedException {
        assumeTrue(
                shell("dd if=/dev/zero of=probe bs=4096 count=1 oflag=direct") == 0,
                "needs a file system with direct writes");
    }

    @Test
    void whatIsWrittenPastTheCacheIsReadByAll() throws Exception {
        assumeWaysPastTheCache();
        Path file = dir.resolve("direct");
        Files.write(file, new byte[] {1, 2, 3});
        try (Arena arena = Arena.ofConfined();
                FileHandle direct = fs.open(file, OpenMode.DIRECT)) {
            MemorySegment page = arena.allocate(4096, 4096).fill((byte) 7);
            FileIo.writeFully(direct, page.address(), 4096, 4096);
            direct.sync();
        }
        byte[] expected = new byte[8192];
        System.arraycopy(new byte[] {1, 2, 3}, 0, expected, 0, 3);
        Arrays.fill(expected, 4096, 8192, (byte) 7);
        assertThat(Files.readAllBytes(file)).isEqualTo(expected);
    }

    @Test
    void pastTheCacheOnlyWholeBlocksAreTaken() throws Exception {
        assumeWaysPastTheCache();
        Path file = Files.createFile(dir.resolve("direct"));
        try (Arena arena = Arena.ofConfined();
                FileHandle direct = fs.open(file, OpenMode.DIRECT)) {
            MemorySegment page = arena.allocate(8192, 4096);
            assertThatThrownBy(() -> direct.write(page.address() + 1, 4095, 1))
                    .isInstanceOfSatisfying(
                            StorageException.class, e -> assertThat(e.errno()).isEqualTo(EINVAL));
        }
    }

    @Test
    void aSymbolicLinkIsNotWrittenThroughPastTheCacheEither() throws Exception {
        Files.createSymbolicLink(dir.resolve("link"), Files.createFile(dir.resolve("file")));
        assertThatThrownBy(() -> fs.open(dir.resolve("link"), OpenMode.DIRECT))
                .isInstanceOf(StorageException.class)
                .hasMessageContaining("symbolic link");
    }

    // ---- lock ---------------------------------------------------------------------------------

    /** E1: a real flock, as the reference takes it, seen by another process. */
    @Test
    void theLockKeepsOtherProcessesOut() throws Exception {
        assumeTrue(available("flock"), "needs the flock command");
        assertThat(shell("flock -n LOCK true")).isZero();

        DirectoryLock lock = fs.lock(dir, LockMode.EXCLUSIVE);
        assertThat(shell("flock -n LOCK true")).isNotZero();
        assertThat(shell("flock -n -s LOCK true")).isNotZero();
        lock.close();

        DirectoryLock shared = fs.lock(dir, LockMode.SHARED);
        assertThat(shell("flock -n LOCK true")).isNotZero();
        assertThat(shell("flock -n -s LOCK true")).isZero();
        shared.close();

        assertThat(shell("flock -n LOCK true")).isZero();
    }

    @Test
    void theLockIsRefusedWhileAnotherProcessHoldsIt() throws Exception {
        assumeTrue(available("flock"), "needs the flock command");
        Process holder =
                new ProcessBuilder("flock", "LOCK", "bash", "-c", "echo locked; read -r line")
                        .directory(dir.toFile())
                        .start();
        try (BufferedReader out =
                new BufferedReader(
                        new InputStreamReader(
                                holder.getInputStream(), StandardCharsets.US_ASCII))) {
            assertThat(out.readLine()).isEqualTo("locked");
            for (LockMode mode : LockMode.values()) {
                assertThatThrownBy(() -> fs.lock(dir, mode))
                        .isInstanceOf(LockedException.class)
                        .hasMessageContaining("another process");
            }
            holder.getOutputStream().close();
            assertThat(holder.waitFor(60, TimeUnit.SECONDS)).isTrue();
            // A refused attempt leaves nothing behind, neither here nor in the system.
            fs.lock(dir, LockMode.EXCLUSIVE).close();
        } finally {
            holder.destroyForcibly();
        }
    }

    @Test
    void childProcessesDoNotInheritTheLock() throws Exception {
        assumeTrue(available("flock"), "needs the flock command");
        DirectoryLock lock = fs.lock(dir, LockMode.EXCLUSIVE);
        Process child = new ProcessBuilder("bash", "-c", "read -r line").start();
        try {
            lock.close();
            assertThat(shell("flock -n LOCK true")).isZero();
        } finally {
            child.destroyForcibly();
        }
    }

    @Test
    void twoNamesOfOneDirectoryAreOneDirectory() throws Exception {
        Path real = Files.createDirectory(dir.resolve("real"));
        Path alias = Files.createSymbolicLink(dir.resolve("alias"), real);
        try (DirectoryLock lock = fs.lock(real, LockMode.EXCLUSIVE)) {
            assertThat(lock.held()).isTrue();
            assertThatThrownBy(() -> fs.lock(alias, LockMode.EXCLUSIVE))
                    .isInstanceOf(LockedException.class)
                    .hasMessageContaining("this process");
            assertThatThrownBy(() ->
                            FileSystem.local(FileSystem.NetworkFileSystems.ALLOW)
                                    .lock(alias, LockMode.EXCLUSIVE))
                    .isInstanceOf(LockedException.class);
        }
    }

    @Test
    void aLockFileThatIsAPipeIsRefusedAtOnce() throws Exception {
        assumeTrue(shell("mkfifo LOCK") == 0, "needs the mkfifo command");
        for (LockMode mode : LockMode.values()) {
            assertThatThrownBy(() -> fs.lock(dir, mode))
                    .isInstanceOf(StorageException.class)
                    .hasMessageContaining("not a regular file");
        }
    }

    @Test
    void fileSystemsOfOtherComputersAreKnown() {
        assertThat(Statfs.remoteName(0x6969)).isEqualTo("NFS");
        assertThat(Statfs.remoteName(0xff534d42L)).isEqualTo("CIFS");
        assertThat(Statfs.remoteName(0xffffffffff534d42L)).isEqualTo("CIFS");
        assertThat(Statfs.remoteName(0x65735546)).isEqualTo("FUSE");
        assertThat(Statfs.remoteName(0x01021997)).isEqualTo("9p");
        long[] localOnes = {0xef53, 0x58465342, 0x9123683eL, 0x01021994, 0x794c7630, 0x2fc12fc1};
        for (long local : localOnes) {
            assertThat(Statfs.remoteName(local)).as("%x", local).isNull();
        }
    }

    // ---- odd files ----------------------------------------------------------------------------

    @Test
    void aPipeNamedLikeASegmentDoesNotHoldUsUp() throws Exception {
        assumeTrue(shell("mkfifo 0000000000000001.raftlog") == 0, "needs the mkfifo command");
        Path pipe = dir.resolve("0000000000000001.raftlog");

        assertThat(fs.list(dir)).singleElement().extracting("kind").isEqualTo(FileKind.OTHER);
        for (OpenMode mode : OpenMode.values()) {
            // Past the cache the system has its own reason, before it says what kind of file it is.
            String why = mode == OpenMode.DIRECT ? "open: " : "not a regular file";
            assertThatThrownBy(() -> fs.open(pipe, mode))
                    .isInstanceOf(StorageException.class)
                    .hasMessageContaining(why);
        }
    }

    /** The reference aborts its process on such a name (defect 19). */
    @Test
    void namesThatAreNotTextAreLeftOut() throws Exception {
        assumeTrue(
                shell("printf x > \"$(printf '0000000000000001\\xff.raftlog')\"") == 0,
                "needs a file system that takes any bytes as names");
        Files.writeString(dir.resolve("0000000000000002.raftlog"), "x");

        assertThat(fs.list(dir))
                .singleElement()
                .extracting("name")
                .isEqualTo("0000000000000002.raftlog");
    }

    @Test
    void pathsBeyondAsciiReachTheFilesTheyName() throws Exception {
        assumeTrue("UTF-8".equals(System.getProperty("sun.jnu.encoding")), "needs a UTF-8 locale");
        Path odd = dir.resolve("Gr\u00f6\u00dfe 100% \u2211 #?");
        fs.createDirectory(odd);
        Path file = odd.resolve("\u00e4");
        fs.open(file, OpenMode.CREATE).close();

        assertThat(Files.isRegularFile(file)).isTrue();
        assertThat(fs.list(odd)).singleElement().extracting("path").isEqualTo(file);
        fs.rename(file, odd.resolve("b"));
        fs.syncDirectory(odd);
        assertThat(Files.isRegularFile(odd.resolve("b"))).isTrue();
    }

    @Test
    void relativePathsStartWhereTheProcessDoes() {
        assertThat(fs.info(Path.of("")).kind()).isEqualTo(FileKind.DIRECTORY);
        assertThat(fs.info(Path.of("")).sameFile(fs.info(Path.of("").toAbsolutePath()))).isTrue();
    }

    // ---- permissions --------------------------------------------------------------------------

    /**
     * D10; the umask of this process is whatever it is, so a child with an odd one creates the
     * files.
     */
    @Test
    void newFilesAndDirectoriesBelongToTheOwnerAloneWhateverTheUmask() throws Exception {
        for (String umask : new String[] {"000", "022", "077", "377", "777"}) {
            String file = "file-" + umask;
            String directory = "directory-" + umask;
            Process child =
                    new ProcessBuilder(
                                    "bash",
                                    "-c",
                                    "umask " + umask + "; exec \"$@\"",
                                    "bash",
                                    Path.of(System.getProperty("java.home"), "bin", "java")
                                            .toString(),
                                    "-XX:TieredStopAtLevel=1",
                                    "--enable-native-access=ALL-UNNAMED",
                                    "-cp",
                                    classPath(),
                                    CreateFiles.class.getName(),
                                    dir.resolve(file).toString(),
                                    dir.resolve(directory).toString())
                            .redirectErrorStream(true)
                            .start();
            String output =
                    new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(child.waitFor()).as(output).isZero();
            assertThat(permissions(file)).as(umask).isEqualTo("rw-------");
            assertThat(permissions(directory)).as(umask).isEqualTo("rwx------");
            assertThat(permissions(directory + "/LOCK")).as(umask).isEqualTo("rw-------");
        }
    }

    /** Run by a child process: creates a file, a directory and a lock file. */
    static final class CreateFiles {
        private CreateFiles() {}

        public static void main(String[] arguments) {
            FileSystem fs = FileSystem.local();
            fs.open(Path.of(arguments[0]), OpenMode.CREATE).close();
            fs.createDirectory(Path.of(arguments[1]));
            fs.lock(Path.of(arguments[1]), LockMode.EXCLUSIVE).close();
        }
    }

    private static String classPath() throws Exception {
        Path classes = placeOf(FileSystem.class);
        // Patched into its module, a test class claims to come from the module's own place.
        Path tests = classes.resolveSibling("test-classes");
        return tests + ":" + classes + ":" + placeOf(StorageException.class);
    }

    private static Path placeOf(Class<?> type) throws Exception {
        return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
    }

    @Test
    void permissionsOfFilesThatExistAreLeftAlone() throws Exception {
        Files.writeString(dir.resolve("a"), "x");
        Files.setPosixFilePermissions(
                dir.resolve("a"), PosixFilePermissions.fromString("rw-r-----"));

        fs.open(dir.resolve("a"), OpenMode.CREATE).close();

        assertThat(permissions("a")).isEqualTo("rw-r-----");
    }

    @Test
    void whatTheSystemForbidsIsReportedWithItsErrorNumberAndText() throws Exception {
        Files.writeString(dir.resolve("a"), "x");
        assumeTrue(
                available("chattr") && shell("chattr +i a") == 0,
                "needs a file system with immutable files, and the right to make them");
        try {
            for (Runnable call :
                    new Runnable[] {
                        () -> fs.delete(dir.resolve("a")),
                        () -> fs.rename(dir.resolve("a"), dir.resolve("b")),
                        () -> fs.open(dir.resolve("a"), OpenMode.WRITE)
                    }) {
                assertThatThrownBy(call::run)
                        .isInstanceOfSatisfying(
                                StorageException.class, e -> assertThat(e.errno()).isEqualTo(EPERM))
                        .hasMessageContaining(dir.resolve("a").toString())
                        .hasMessageContaining("Operation not permitted (errno 1)");
            }
        } finally {
            assertThat(shell("chattr -i a")).isZero();
        }
    }

    // ---- transfers ----------------------------------------------------------------------------

    @Test
    void aFailedTransferNamesFileOperationOffsetAndLength() {
        try (FileHandle file = fs.open(dir.resolve("a"), OpenMode.CREATE);
                Arena arena = Arena.ofConfined()) {
            FileIo.writeFully(file, arena.allocate(100).address(), 100, 0);
            assertThatThrownBy(() -> file.read(16, 64, 7))
                    .isInstanceOfSatisfying(
                            StorageException.class,
                            e -> {
                                assertThat(e.errno()).isEqualTo(EFAULT);
                                assertThat(e.operation()).isEqualTo("read of 64 bytes at 7");
                            })
                    .hasMessage(
                            dir.resolve("a") + ": read of 64 bytes at 7: Bad address (errno 14)");
            assertThatThrownBy(() -> file.write(16, 64, 7))
                    .hasMessageContaining("write of 64 bytes at 7: Bad address");
            assertThatThrownBy(() -> file.truncate(-1))
                    .hasMessageContaining("truncate to -1 bytes: Invalid argument");
            assertThatThrownBy(() -> file.allocate(0, -1))
                    .hasMessageContaining("allocate -1 bytes at 0");
        }
    }

    /** Defect 15 */
    @Test
    void aFullFileSystemHasAnErrorOfItsOwn() throws Exception {
        Path small = Files.createDirectory(dir.resolve("small"));
        assumeTrue(
                shell("mount -t tmpfs -o size=64k tmpfs small") == 0,
                "needs the right to mount a small file system");
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(128 << 10);
            assertThat(fs.availableBytes(small)).isEqualTo(64 << 10);
            try (FileHandle file = fs.open(small.resolve("a"), OpenMode.CREATE)) {
                assertThatThrownBy(() -> file.allocate(0, 128 << 10))
                        .isInstanceOf(OutOfSpaceException.class);
                file.truncate(0);
                // The system writes what fits; only the next call meets the end.
                assertThatThrownBy(() -> FileIo.writeFully(file, bytes.address(), 128 << 10, 0))
                        .isInstanceOf(OutOfSpaceException.class)
                        .hasMessageContaining(small.resolve("a").toString())
                        .hasMessageContaining("at 65536")
                        .hasMessageContaining("No space left on device");
                assertThat(file.size()).isEqualTo(64 << 10);
                assertThat(fs.availableBytes(small)).isZero();
            }
        } finally {
            assertThat(shell("umount small")).isZero();
        }
    }

    @Test
    void descriptorsAreClosedInChildProcesses() throws Exception {
        Path file = dir.resolve("a");
        try (FileHandle handle = fs.open(file, OpenMode.CREATE);
                DirectoryLock lock = fs.lock(dir, LockMode.EXCLUSIVE)) {
            assertThat(handle.size()).isZero();
            assertThat(lock.held()).isTrue();
            int found = 0;
            try (var descriptors = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
                for (Path descriptor : descriptors) {
                    if (pointsInto(descriptor, dir)) {
                        found++;
                        String flags =
                                Files.readAllLines(
                                                Path.of("/proc/self/fdinfo")
                                                        .resolve(descriptor.getFileName()))
                                        .stream()
                                        .filter(line -> line.startsWith("flags:"))
                                        .findFirst()
                                        .orElseThrow()
                                        .substring("flags:".length())
                                        .strip();
                        assertThat(Long.parseLong(flags, 8) & LinuxCalls.O_CLOEXEC)
                                .as(descriptor.toString())
                                .isNotZero();
                    }
                }
            }
            assertThat(found).isEqualTo(2);
        }
    }

    @Test
    void nothingStaysOpen() throws Exception {
        for (int i = 0; i < 3; i++) {
            fs.open(dir.resolve("a"), OpenMode.CREATE).close();
            fs.lock(dir, LockMode.EXCLUSIVE).close();
            fs.list(dir);
            fs.syncDirectory(dir);
            assertThatThrownBy(() -> fs.open(dir, OpenMode.READ))
                    .isInstanceOf(StorageException.class);
        }
        try (var descriptors = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            for (Path descriptor : descriptors) {
                assertThat(pointsInto(descriptor, dir)).as(descriptor.toString()).isFalse();
            }
        }
    }

    private static boolean pointsInto(Path descriptor, Path directory) {
        try {
            return Files.readSymbolicLink(descriptor).startsWith(directory);
        } catch (IOException e) {
            // Closed meanwhile by another thread.
            return false;
        }
    }
}
