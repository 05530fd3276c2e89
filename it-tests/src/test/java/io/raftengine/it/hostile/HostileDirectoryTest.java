package io.raftengine.it.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.raftengine.engine.Durability;
import io.raftengine.engine.EngineConfig;
import io.raftengine.engine.LogBatch;
import io.raftengine.engine.RaftEngine;
import io.raftengine.error.ConfigException;
import io.raftengine.error.CorruptionException;
import io.raftengine.error.LockedException;
import io.raftengine.error.RaftEngineException;
import io.raftengine.error.StorageException;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.io.FileSystem;
import io.raftengine.recovery.RecoveryMode;
import io.raftengine.testing.forge.DirectoryImage;
import io.raftengine.testing.forge.ItemForge;
import io.raftengine.testing.forge.MeteredFileSystem;
import io.raftengine.testing.forge.SegmentForge;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Directories that are not what they should be: a typed error that says what is wrong and changes
 * nothing, or an open that is not led astray (D4, D10, P9, P10).
 */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class HostileDirectoryTest {
    private static final RecoveryMode TAIL = RecoveryMode.TOLERATE_TAIL_CORRUPTION;

    @TempDir Path temp;
    private Path dir;

    @BeforeEach
    void makeDirectory() throws IOException {
        dir = Files.createDirectory(temp.resolve("engine"));
    }

    @Test
    void aDirectoryThatIsAFileIsRefused() throws IOException {
        Path file = Files.writeString(temp.resolve("file"), "precious");
        assertRefused(file, StorageException.class, "not a directory");
        assertThat(file).hasContent("precious");
    }

    @Test
    void aDirectoryThatIsAPipeIsRefused() throws Exception {
        Path pipe = temp.resolve("pipe");
        run("mkfifo", pipe.toString());
        assertRefused(pipe, StorageException.class, "not a directory");
    }

    @Test
    void aLinkThatLeadsNowhereIsRefused() throws IOException {
        Path link = Files.createSymbolicLink(temp.resolve("link"), temp.resolve("nowhere"));
        assertRefused(link, StorageException.class, "");
        assertThat(temp.resolve("nowhere")).doesNotExist();
    }

    @Test
    void aMissingParentIsNotMade() {
        assertRefused(temp.resolve("no/such"), StorageException.class, "");
        assertThat(temp.resolve("no")).doesNotExist();
    }

    @Test
    void aNameThatNoFileSystemTakesIsRefused() {
        assertRefused(temp.resolve("n".repeat(300)), StorageException.class, "");
    }

    @Test
    void aSpillDirectoryThatIsAFileChangesNothing() throws IOException {
        Path file = Files.writeString(temp.resolve("file"), "precious");
        Path fresh = temp.resolve("fresh");
        EngineConfig config = EngineConfig.builder(fresh).spillDir(file).build();
        assertThatThrownBy(() -> RaftEngine.open(config)).isInstanceOf(StorageException.class);
        assertThat(file).hasContent("precious");
        assertThat(fresh).doesNotExist();
    }

    @Test
    void aSpillDirectoryThatIsTheMainOneIsAMistake() throws IOException {
        for (Path same :
                List.of(
                        dir,
                        dir.resolve("../engine"),
                        Files.createSymbolicLink(temp.resolve("alias"), dir))) {
            DirectoryImage before = DirectoryImage.of(dir);
            assertThatThrownBy(
                            () -> RaftEngine.open(EngineConfig.builder(dir).spillDir(same).build()))
                    .isInstanceOf(ConfigException.class)
                    .hasMessageContaining("spill-dir");
            assertThat(DirectoryImage.of(dir)).isEqualTo(before);
        }
    }

    @Test
    void aSpillDirectoryThatIsTheMainOneIsAMistakeAlsoWhereThereIsNone() {
        Path fresh = temp.resolve("fresh");
        EngineConfig config = EngineConfig.builder(fresh).spillDir(fresh.resolve(".")).build();
        assertThatThrownBy(() -> RaftEngine.open(config)).isInstanceOf(ConfigException.class);
        assertThat(fresh).doesNotExist();
    }

    @Test
    void aSpillDirectoryInsideTheMainOneIsJustAnother() {
        EngineConfig config = EngineConfig.builder(dir).spillDir(dir.resolve("spill")).build();
        writeAndReopen(config);
    }

    @Test
    void aLockThatIsALinkIsNotFollowed() throws IOException {
        sound(1);
        Path victim = Files.writeString(temp.resolve("victim"), "precious");
        Files.createSymbolicLink(dir.resolve("LOCK"), victim);
        assertRefused(dir, StorageException.class, "symbolic link");
        assertThat(victim).hasContent("precious");
    }

    @Test
    void aLockThatIsALinkToNowhereMakesNoFile() throws IOException {
        Files.createSymbolicLink(dir.resolve("LOCK"), temp.resolve("made"));
        assertRefused(dir, StorageException.class, "symbolic link");
        assertThat(temp.resolve("made")).doesNotExist();
    }

    @Test
    void aLockThatIsADirectoryIsRefused() throws IOException {
        Files.createDirectory(dir.resolve("LOCK"));
        assertRefused(dir, StorageException.class, "LOCK");
    }

    @Test
    void aLockThatIsAPipeIsRefusedAndNotWaitedFor() throws Exception {
        run("mkfifo", dir.resolve("LOCK").toString());
        assertRefused(dir, StorageException.class, "LOCK");
    }

    @Test
    void aLockThatHoldsBytesKeepsThem() throws IOException {
        Files.writeString(dir.resolve("LOCK"), "precious");
        writeAndReopen(EngineConfig.builder(dir).build());
        assertThat(dir.resolve("LOCK")).hasContent("precious");
    }

    @Test
    void lockIsRefusedWhileAnotherProcessHoldsIt() throws Exception {
        sound(1);
        Path lock = Files.createFile(dir.resolve("LOCK"));
        Process holder =
                new ProcessBuilder("flock", "-x", lock.toString(), "sh", "-c", "echo held; cat")
                        .start();
        try {
            assertThat(holder.getInputStream().read()).isEqualTo('h');
            assertRefused(dir, LockedException.class, "another process");
        } finally {
            holder.getOutputStream().close();
            holder.waitFor(10, TimeUnit.SECONDS);
        }
        assertThat(open(dir, TAIL)).isEqualTo("opens");
    }

    @Test
    void lockIsRefusedWhileThisProcessHoldsIt() {
        try (RaftEngine engine = RaftEngine.open(EngineConfig.builder(dir).build())) {
            assertThatThrownBy(() -> RaftEngine.open(engine.config()))
                    .isInstanceOf(LockedException.class);
            assertThatThrownBy(() -> RaftEngine.openReadOnly(engine.config()))
                    .isInstanceOf(LockedException.class);
        }
    }

    @Test
    void namesThatAreNotTextAreLeftAlone() throws Exception {
        sound(1);
        // Latin-1 bytes, also in front of and behind what makes a segment's name.
        run(
                "sh",
                "-c",
                "cd '"
                        + dir
                        + "' && touch \"$(printf 'caf\\351')\""
                        + " \"$(printf '0000000000000009\\351.raftlog')\""
                        + " \"$(printf '\\377000000000000009.raftlog')\"");
        assertThat(open(dir, RecoveryMode.ABSOLUTE_CONSISTENCY)).isEqualTo("opens");
    }

    @Test
    void whatIsNoFileIsNoSegment() throws Exception {
        sound(1);
        Files.createDirectory(dir.resolve(SegmentForge.appendName(2)));
        run("mkfifo", dir.resolve(SegmentForge.appendName(3)).toString());
        Files.createSymbolicLink(dir.resolve(SegmentForge.appendName(4)), temp.resolve("nowhere"));
        Files.createSymbolicLink(dir.resolve(SegmentForge.appendName(5)), dir);
        Files.createSymbolicLink(dir.resolve(SegmentForge.appendName(6)), Path.of("/dev/zero"));
        Files.createSymbolicLink(
                dir.resolve(SegmentForge.appendName(7)), dir.resolve(SegmentForge.appendName(7)));
        run("mkfifo", dir.resolve("0000000000000001.raftlog.reserved").toString());
        run("mkfifo", dir.resolve("prepared-1.tmp").toString());
        assertThat(open(dir, TAIL)).isEqualTo("opens");
    }

    /** The first number that is taken is one that a rotation wants next. */
    @Test
    void aNameThatIsTakenFailsTheRotationAndNothingElse() throws Exception {
        EngineConfig small = EngineConfig.builder(dir).targetFileSizeBytes(4096).build();
        try (RaftEngine engine = RaftEngine.open(small);
                LogBatch batch = engine.newBatch()) {
            Files.createDirectory(dir.resolve(SegmentForge.appendName(2)));
            RaftEngineException refused = null;
            for (int i = 1; i < 10 && refused == null; i++) {
                batch.addEntry(1, i, new byte[3000]);
                try {
                    engine.write(batch, Durability.SYNC);
                } catch (RaftEngineException e) {
                    refused = e;
                }
            }
            assertThat(refused).isNotNull();
            assertThat(engine.getEntry(1, 1)).hasSize(3000);
        }
        Files.delete(dir.resolve(SegmentForge.appendName(2)));
        assertThat(open(dir, RecoveryMode.ABSOLUTE_CONSISTENCY)).isEqualTo("opens");
    }

    @Test
    void aSealedSegmentBehindALinkIsReadAndNotWritten() throws IOException {
        Path elsewhere = Files.createDirectory(temp.resolve("elsewhere"));
        Path real =
                new SegmentForge(2, 1)
                        .batch(new byte[9], new ItemForge().entries(1, 1, 9))
                        .writeTo(elsewhere);
        Files.createSymbolicLink(dir.resolve(SegmentForge.appendName(1)), real);
        sound(2);
        DirectoryImage before = DirectoryImage.of(elsewhere);
        try (RaftEngine engine = RaftEngine.open(EngineConfig.builder(dir).build())) {
            assertThat(engine.getEntry(1, 1)).hasSize(9);
        }
        assertThat(DirectoryImage.of(elsewhere)).isEqualTo(before);
    }

    @Test
    void aDamagedSealedSegmentBehindALinkIsNeverCut() throws IOException {
        Path elsewhere = Files.createDirectory(temp.resolve("elsewhere"));
        Path real = new SegmentForge(2, 1).raw(new byte[9]).writeTo(elsewhere);
        Files.createSymbolicLink(dir.resolve(SegmentForge.appendName(1)), real);
        sound(2);
        DirectoryImage before = DirectoryImage.of(elsewhere);
        for (RecoveryMode mode : RecoveryMode.values()) {
            // Who only reads has nothing to cut, and may see what is left.
            assertThat(open(dir, mode))
                    .isEqualTo(
                            mode == RecoveryMode.TOLERATE_ANY_CORRUPTION
                                    ? "read-only opens, else CorruptionException"
                                    : "CorruptionException");
        }
        assertThat(DirectoryImage.of(elsewhere)).isEqualTo(before);
    }

    @ParameterizedTest
    @EnumSource(RecoveryMode.class)
    void aLastSegmentBehindALinkIsRefused(RecoveryMode mode) throws IOException {
        Path elsewhere = Files.createDirectory(temp.resolve("elsewhere"));
        Path real = new SegmentForge(2, 2).batch(new ItemForge().clean(1)).writeTo(elsewhere);
        sound(1);
        Files.createSymbolicLink(dir.resolve(SegmentForge.appendName(2)), real);
        DirectoryImage before = DirectoryImage.of(elsewhere);
        EngineConfig config = EngineConfig.builder(dir).recoveryMode(mode).build();
        assertThatThrownBy(() -> RaftEngine.open(config))
                .isInstanceOf(RaftEngineException.class)
                .hasMessageContaining("symbolic link");
        RaftEngine.openReadOnly(config).close();
        assertThat(DirectoryImage.of(elsewhere)).isEqualTo(before);
    }

    @Test
    void aHardLinkedReserveIsNotWrittenOver() throws IOException {
        Path reserve = dir.resolve("0000000000000001.raftlog.reserved");
        Files.write(reserve, new byte[8192]);
        Path other = Files.createLink(temp.resolve("other"), reserve);
        EngineConfig small = EngineConfig.builder(dir).targetFileSizeBytes(4096).build();
        try (RaftEngine engine = RaftEngine.open(small);
                LogBatch batch = engine.newBatch()) {
            for (int i = 1; i < 9; i++) {
                batch.addEntry(1, i, new byte[3000]);
                engine.write(batch, Durability.SYNC);
            }
        }
        assertThat(Files.readAllBytes(other)).hasSize(8192).containsOnly(0);
    }

    /** The last number of 16 digits has no successor: 17 digits would be misread as another one. */
    @Test
    void theLastNumberIsNotRotatedAwayFrom() {
        new SegmentForge(2, 9_999_999_999_999_999L).batch(new ItemForge().clean(1)).writeTo(dir);
        EngineConfig small = EngineConfig.builder(dir).targetFileSizeBytes(4096).build();
        RaftEngineException refused = null;
        int written = 0;
        try (RaftEngine engine = RaftEngine.open(small);
                LogBatch batch = engine.newBatch()) {
            for (int i = 1; i < 10 && refused == null; i++) {
                batch.addEntry(1, i, new byte[3000]);
                try {
                    engine.write(batch, Durability.SYNC);
                    written = i;
                } catch (RaftEngineException e) {
                    refused = e;
                }
            }
        }
        assertThat(refused).isNotNull();
        assertThat(written).isPositive();
        try (RaftEngine engine = RaftEngine.open(small)) {
            assertThat(engine.lastIndex(1)).isEqualTo(written);
        }
    }

    @Test
    void numbersThatNoParserTakesAreForeign() throws IOException {
        sound(1);
        for (String name :
                List.of(
                        "18446744073709551616.raftlog",
                        "-000000000000002.raftlog",
                        "0x00000000000002.raftlog",
                        "+++++++++++++++2.raftlog",
                        "               2.raftlog",
                        ".raftlog",
                        "2.raftlog")) {
            Files.writeString(dir.resolve(name), "precious");
        }
        EngineConfig config = EngineConfig.builder(dir).build();
        DirectoryImage before = DirectoryImage.of(dir);
        try (RaftEngine engine = RaftEngine.openReadOnly(config)) {
            assertThat(engine.recoveryReport().segments()).isNotEmpty();
        }
        assertThat(DirectoryImage.of(dir)).isEqualTo(before);
        // 20 digits are misread as their first 16, here as in the reference: a hole, reported.
        assertThatThrownBy(() ->
                        RaftEngine.open(
                                EngineConfig.builder(dir)
                                        .recoveryMode(RecoveryMode.ABSOLUTE_CONSISTENCY)
                                        .build()))
                .isInstanceOf(CorruptionException.class);
    }

    @Test
    void aHundredThousandForeignFilesCostOneListing() throws IOException {
        sound(1);
        for (int i = 0; i < 100_000; i++) {
            Files.createFile(dir.resolve("foreign-" + i));
        }
        MeteredFileSystem metered = new MeteredFileSystem(FileSystem.local());
        EngineConfig config = EngineConfig.builder(dir).build();
        RaftEngine.openReadOnly(config, metered.fileSystem()).close();
        assertThat(metered.bytesRead()).isLessThan(1 << 16);
        assertThat(metered.reads()).isLessThan(100);
        writeAndReopen(config);
    }

    /** Every second number is missing, or every number is there twice. */
    @Test
    void fourThousandAnomaliesAreNamedInLinearTime() throws IOException {
        byte[] empty = new SegmentForge(2, 1).bytes();
        for (int i = 1; i <= 2_000; i++) {
            Files.write(dir.resolve(SegmentForge.appendName(2 * i)), empty);
            Files.write(dir.resolve(String.format("%016dx.raftlog", 2 * i)), empty);
        }
        EngineConfig config = EngineConfig.builder(dir).build();
        try (RaftEngine engine = RaftEngine.open(config)) {
            assertThat(engine.recoveryReport().anomalies()).hasSizeGreaterThan(2_000);
            assertThat(engine.segmentSpan(QueueKind.APPEND).segmentCount()).isEqualTo(1);
        }
    }

    @Test
    void withoutPermissionNothingIsOpened() throws Exception {
        sound(1);
        Files.setPosixFilePermissions(dir, PosixFilePermissions.fromString("r-xr-xr-x"));
        Files.setPosixFilePermissions(temp, PosixFilePermissions.fromString("rwxr-xr-x"));
        DirectoryImage before = DirectoryImage.of(dir);
        if (root()) {
            // Root is allowed everything but what the file system itself forbids.
            assumeThat(run("chattr", "+i", dir.toString()))
                    .as("chattr +i, to be refused as root")
                    .isZero();
        }
        try {
            assertThatThrownBy(() -> RaftEngine.open(EngineConfig.builder(dir).build()))
                    .isInstanceOf(StorageException.class);
            RaftEngine.openReadOnly(EngineConfig.builder(dir).build()).close();
            assertThat(DirectoryImage.of(dir)).isEqualTo(before);
        } finally {
            run("chattr", "-i", dir.toString());
            Files.setPosixFilePermissions(dir, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
    }

    private static boolean root() {
        return "root".equals(System.getProperty("user.name"));
    }

    // ------------------------------------------------------------------------------------------

    private void sound(long seq) {
        new SegmentForge(2, seq).batch(new ItemForge().put(1, "k", "v")).writeTo(dir);
    }

    private static String open(Path dir, RecoveryMode mode) {
        return new HostileOpening(dir, mode, 0).outcome();
    }

    private static void assertRefused(
            Path dir, Class<? extends RaftEngineException> type, String saying) {
        DirectoryImage before = DirectoryImage.of(dir.getParent());
        for (RecoveryMode mode : RecoveryMode.values()) {
            EngineConfig config = EngineConfig.builder(dir).recoveryMode(mode).build();
            for (ThrowingCallable open :
                    List.<ThrowingCallable>of(
                            () -> RaftEngine.open(config).close(),
                            () -> RaftEngine.openReadOnly(config).close())) {
                assertThatThrownBy(open).isInstanceOf(type).hasMessageContaining(saying);
            }
        }
        assertThat(DirectoryImage.of(dir.getParent())).isEqualTo(before);
    }

    private static void writeAndReopen(EngineConfig config) {
        try (RaftEngine engine = RaftEngine.open(config);
                LogBatch batch = engine.newBatch()) {
            batch.put(77, "k".getBytes(StandardCharsets.US_ASCII), new byte[5]);
            engine.write(batch, Durability.SYNC);
        }
        try (RaftEngine engine = RaftEngine.open(config)) {
            assertThat(engine.get(77, "k".getBytes(StandardCharsets.US_ASCII))).hasSize(5);
        }
    }

    private static int run(String... command) throws IOException, InterruptedException {
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getInputStream().readAllBytes();
            return process.waitFor();
        } catch (IOException missing) {
            return -1;
        }
    }
}
