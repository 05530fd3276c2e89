package io.raftengine.testing.fs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.allocator.Memory;
import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.RaftEngineException;
import io.raftengine.error.StorageException;
import io.raftengine.log.io.DirectoryHandle;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileIo;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.io.FileSystem.OpenMode;
import io.raftengine.log.io.LockMode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FaultyFileSystemTest {
    private final SimulatedFileSystem disk = new SimulatedFileSystem(11);
    private final Path dir = disk.createDirectories(Path.of("/data"));
    private final Path file = dir.resolve("a.raftlog");
    private final FaultyFileSystem fs = new FaultyFileSystem(disk);
    private final NativeBytes memory = new NativeBytes(1 << 16);

    @AfterEach
    void release() {
        memory.close();
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private FileHandle create(String content) {
        memory.create(disk, file, text(content));
        return fs.open(file, OpenMode.WRITE);
    }

    private static void assertBroken(Runnable call) {
        assertThatThrownBy(call::run)
                .isInstanceOfSatisfying(
                        StorageException.class, e -> assertThat(e.errno()).isEqualTo(Fault.EIO));
    }

    /** Nothing was synced where the directory could not be opened; everything is in doubt else. */
    @Test
    void theOpenOfADirectoryFailsApartFromItsSync() {
        FaultRule open = fs.on(Operation.OPEN_DIRECTORY).once().inject(Fault.error());
        assertBroken(() -> fs.openDirectory(dir));
        assertThat(fs.calls(Operation.SYNC_DIRECTORY)).isZero();
        assertThat(open.fired()).isOne();

        FaultRule sync = fs.on(Operation.SYNC_DIRECTORY).once().inject(Fault.error());
        try (DirectoryHandle handle = fs.openDirectory(dir)) {
            assertThat(fs.openHandles()).isOne();
            assertBroken(handle::sync);
            assertThat(sync.fired()).isOne();
        }
        assertThat(fs.openHandles()).isZero();
        fs.syncDirectory(dir);
        assertThat(fs.calls(Operation.OPEN_DIRECTORY)).isEqualTo(3);
    }

    @Test
    void aProgramLetsCallsPassHitsThemAndLetsThemPassAgain() {
        FileHandle handle = create("");
        FaultRule rule = fs.on(Operation.SYNC).program(2, 2).inject(Fault.error());

        handle.sync();
        handle.sync();
        assertBroken(handle::sync);
        assertBroken(handle::sync);
        handle.sync();

        assertThat(rule.matched()).isEqualTo(5);
        assertThat(rule.fired()).isEqualTo(2);
    }

    /** L7 (4): no space, ok, no space, ok */
    @Test
    void aProgramAlternates() {
        FileHandle handle = create("");
        fs.on(Operation.WRITE).program(0, 1, 1, 1).inject(Fault.noSpace());

        for (boolean full : new boolean[] {true, false, true, false, false}) {
            if (full) {
                assertThatThrownBy(() -> memory.write(handle, text("x"), 0))
                        .isInstanceOf(OutOfSpaceException.class);
            } else {
                memory.write(handle, text("x"), 0);
            }
        }
    }

    @Test
    void aStickyFaultStays() {
        FileHandle handle = create("abc");
        FaultRule rule = fs.on(Operation.READ).after(1).inject(Fault.error());

        memory.read(handle, 3, 0);
        assertBroken(() -> memory.read(handle, 3, 0));
        assertBroken(() -> memory.read(handle, 3, 0));
        rule.remove();
        assertThat(memory.read(handle, 3, 0)).isEqualTo(text("abc"));
    }

    @Test
    void aRuleCanBeLimitedToSomeFiles() {
        FaultRule rule =
                fs.on(Operation.CREATE)
                        .onFiles(name -> name.endsWith(".raftlog"))
                        .inject(Fault.error());

        fs.open(dir.resolve("LOCK"), OpenMode.CREATE).close();
        assertBroken(() -> fs.open(file, OpenMode.CREATE));

        assertThat(rule.matched()).isEqualTo(1);
        assertThat(disk.info(file)).isNull();
    }

    @Test
    void creatingAndOpeningAreToldApart() {
        create("").close();
        fs.on(Operation.CREATE).inject(Fault.error());

        fs.open(file, OpenMode.CREATE).close();
        assertBroken(() -> fs.open(dir.resolve("b"), OpenMode.CREATE));
        assertThat(fs.openHandles()).isZero();
    }

    /** L5: the write fails, its bytes are in the file. */
    @Test
    void aWriteCanFailAfterItsBytesWereWritten() {
        FileHandle handle = create("....");
        fs.on(Operation.WRITE).once().inject(new Fault.ErrorAfter(Fault.EIO));

        assertBroken(() -> memory.write(handle, text("ab"), 1));

        assertThat(disk.contents(file)).isEqualTo(text(".ab."));
    }

    @Test
    void aWriteCanFailHalfway() {
        FileHandle handle = create("....");
        fs.on(Operation.WRITE).once().inject(new Fault.ErrorAfterBytes(1, Fault.EIO));

        assertBroken(() -> memory.write(handle, text("ab"), 1));

        assertThat(disk.contents(file)).isEqualTo(text(".a.."));
    }

    @Test
    void aWriteThatReturnsZeroIsAnErrorOfTheLoopAboveIt() {
        FileHandle handle = create("....");
        fs.on(Operation.WRITE).inject(new Fault.ShortTransfer(0));

        assertThatThrownBy(() -> memory.write(handle, text("ab"), 1))
                .isInstanceOf(StorageException.class)
                .hasMessageContaining("write zero")
                .hasMessageContaining("2 bytes at 1");
        assertThat(disk.contents(file)).isEqualTo(text("...."));
    }

    @Test
    void shortTransfersAreWholeInTheEnd() {
        FileHandle handle = create("");
        FaultRule rule = fs.on(Operation.READ, Operation.WRITE).inject(new Fault.ShortTransfer(1));

        memory.write(handle, text("abcd"), 0);
        assertThat(memory.read(handle, 4, 0)).isEqualTo(text("abcd"));
        assertThat(rule.fired()).isEqualTo(8);
    }

    @Test
    void aVectorIsCutShortAcrossItsPieces() {
        FileHandle handle = create("");
        Memory.copyFromArray(text("abcdef"), 0, memory.address(), 6);
        long iovec = memory.address() + 64;
        Memory.putLong(iovec, memory.address());
        Memory.putLong(iovec + 8, 2);
        Memory.putLong(iovec + 16, memory.address() + 2);
        Memory.putLong(iovec + 24, 4);
        fs.on(Operation.WRITE).once().inject(new Fault.ShortTransfer(3));

        assertThat(handle.writeVector(iovec, 2, 0)).isEqualTo(3);
        assertThat(disk.contents(file)).isEqualTo(text("abc"));
        assertThat(handle.writeVector(iovec, 2, 0)).isEqualTo(6);
        assertThat(disk.contents(file)).isEqualTo(text("abcdef"));
    }

    @Test
    void aDeleteCanBeSkippedAndASyncCanLie() {
        FileHandle handle = create("");
        disk.settle();
        fs.on(Operation.DELETE, Operation.SYNC).inject(new Fault.Skip());

        fs.delete(file);
        memory.write(handle, text("ab"), 0);
        handle.sync();

        assertThat(disk.info(file)).isNotNull();
        assertThat(disk.platterContents(file)).isEmpty();
    }

    @Test
    void sizesAndSpaceCanBeInvented() {
        FileHandle handle = create("abc");
        fs.on(Operation.SIZE).inject(new Fault.Answer(77));
        fs.on(Operation.AVAILABLE_BYTES).inject(new Fault.Answer(5));

        assertThat(handle.size()).isEqualTo(77);
        assertThat(fs.availableBytes(dir)).isEqualTo(5);
    }

    /**
     * Else whoever steps over holes reads all of them in every test, and his search never fails.
     */
    @Test
    void holesAreSeenThroughItAndLookingForDataCanFail() {
        FileHandle handle = create("");
        handle.truncate(1 << 20);
        memory.write(handle, text("data"), 500_000);

        assertThat(handle.dataFrom(0)).isBetween(490_000L, 500_000L);
        assertThat(handle.dataBytes()).isBetween(4L, 10_000L);
        fs.on(Operation.DATA_FROM, Operation.DATA_BYTES).once().inject(new Fault.Answer(7));
        assertThat(handle.dataFrom(0)).isEqualTo(7);
        fs.on(Operation.DATA_FROM, Operation.DATA_BYTES).inject(Fault.error());
        assertBroken(() -> handle.dataFrom(0));
        assertBroken(handle::dataBytes);
    }

    /** They read as anything but zeros, so nobody may step over them. */
    @Test
    void whereBytesAreShiftedNothingIsKnownOfHoles() {
        create("").truncate(1 << 20);
        FileHandle shifting = FaultyFileSystem.byteShift(disk, 100).open(file, OpenMode.WRITE);

        assertThat(shifting.dataFrom(0)).isZero();
        assertThat(shifting.dataBytes()).isEqualTo(1 << 20);
        assertThat(memory.read(shifting, 1, 0)).doesNotContain(0);
    }

    @Test
    void aBitCanFlipOnTheWayFromTheDisk() {
        FileHandle handle = create("abc");
        fs.on(Operation.READ).once().inject(new Fault.FlipBit(1, 0));

        assertThat(memory.read(handle, 3, 0)).isEqualTo(text("acc"));
        assertThat(memory.read(handle, 3, 0)).isEqualTo(text("abc"));
    }

    @Test
    void aFailingCloseClosesAllTheSame() {
        FileHandle handle = create("abc");
        disk.delete(file);
        fs.on(Operation.CLOSE).inject(Fault.error());

        assertBroken(handle::close);
        handle.close();
        assertThat(fs.openHandles()).isZero();
        assertThat(fs.calls(Operation.CLOSE)).isEqualTo(1);
    }

    @Test
    void aCallWaitsAtAPausePoint() throws Exception {
        FileHandle handle = create("");
        PausePoint point = new PausePoint();
        fs.on(Operation.SYNC).once().inject(new Fault.Pause(point));

        CompletableFuture<Void> syncing = CompletableFuture.runAsync(handle::sync);
        point.awaitReached();
        assertThat(syncing).isNotDone();
        memory.write(handle, text("others go on"), 0);
        point.release();

        syncing.get(60, TimeUnit.SECONDS);
        assertThat(disk.platterContents(file)).isEqualTo(text("others go on"));
    }

    @Test
    void anActionSeesTheDiskAsItIsBeforeTheCall() {
        FileHandle handle = create("");
        disk.settle();
        List<byte[]> before = new ArrayList<>();
        fs.on(Operation.WRITE).inject(new Fault.Run(call -> before.add(disk.contents(file))));

        memory.write(handle, text("ab"), 0);
        memory.write(handle, text("c"), 2);

        assertThat(before).containsExactly(text(""), text("ab"));
    }

    @Test
    void callsAreCountedAndTraced() {
        fs.startTrace();
        FileHandle handle = fs.open(file, OpenMode.CREATE);
        memory.write(handle, text("abc"), 5);
        handle.close();
        fs.rename(file, dir.resolve("b"));

        assertThat(fs.trace())
                .containsExactly(
                        new Call(0, Operation.CREATE, file, 0, 0),
                        new Call(1, Operation.WRITE, file, 5, 3),
                        new Call(2, Operation.CLOSE, file, 0, 0),
                        new Call(3, Operation.RENAME, file, 0, 0));
        assertThat(fs.calls()).isEqualTo(4);
        assertThat(fs.calls(Operation.WRITE)).isEqualTo(1);
    }

    @Test
    void everyCallFailsOnceAndThenNoneIsLeft() {
        Set<Operation> failed = EnumSet.noneOf(Operation.class);
        long calls = -1;
        for (long index = 0; ; index++) {
            FaultyFileSystem faulty = new FaultyFileSystem(new SimulatedFileSystem(index));
            FaultRule rule = faulty.failCall(index, Fault.error());
            try {
                scenario(faulty);
                assertThat(rule.fired()).isZero();
                calls = faulty.calls();
                break;
            } catch (RaftEngineException e) {
                assertThat(rule.fired()).isEqualTo(1);
                assertThat(e.getMessage()).contains("call " + index);
                faulty.trace().forEach(call -> assertThat(call.index()).isNotNegative());
                failed.add(Operation.valueOf(((StorageException) e).operation().split(" ")[0]));
            }
            assertThat(faulty.openHandles()).isZero();
        }
        assertThat(failed).containsExactlyInAnyOrder(Operation.values());
        assertThat(calls).isGreaterThanOrEqualTo(Operation.values().length);
    }

    private void scenario(FileSystem target) {
        Path root = Path.of("/d");
        target.createDirectory(root);
        target.lock(root, LockMode.EXCLUSIVE).close();
        Path path = root.resolve("f");
        try (FileHandle handle = target.open(path, OpenMode.CREATE)) {
            handle.allocate(0, 100);
            FileIo.writeFully(handle, memory.address(), 100, 0);
            handle.startWriteback(0, 0);
            handle.sync();
            handle.truncate(50);
            assertThat(handle.size()).isEqualTo(50);
            assertThat(handle.dataFrom(0)).isZero();
            assertThat(handle.dataBytes()).isEqualTo(50);
            FileIo.readUpTo(handle, memory.address(), 10, 0);
        }
        target.open(path, OpenMode.READ).close();
        target.rename(path, root.resolve("g"));
        target.syncDirectory(root);
        assertThat(target.list(root)).hasSize(2);
        assertThat(target.info(path)).isNull();
        target.cloneFile(root.resolve("g"), root.resolve("clone"));
        target.link(root.resolve("g"), root.resolve("link"));
        target.createDirectory(root.resolve("empty"));
        target.deleteDirectory(root.resolve("empty"));
        assertThat(target.availableBytes(root)).isPositive();
        target.delete(root.resolve("g"));
    }

    @Test
    void failingFromACallOnFailsEverythingAfterIt() {
        FileHandle handle = create("");
        long next = fs.calls();
        fs.failFrom(next + 1, Fault.error());

        handle.sync();
        assertBroken(handle::sync);
        assertBroken(() -> fs.list(dir));
        fs.clearRules();
        handle.sync();
    }

    /** H17: what one file system wrote, another cannot read. */
    @Test
    void shiftedBytesAreReadBackOnlyThroughTheShift() {
        FaultyFileSystem shifted = FaultyFileSystem.byteShift(disk, 1);
        memory.create(shifted, file, text("abc"));

        assertThat(disk.contents(file)).isEqualTo(text("bcd"));
        assertThat(memory.read(shifted, file)).isEqualTo(text("abc"));
        assertThat(shifted.calls(Operation.WRITE)).isEqualTo(3);
        assertThat(shifted.openHandles()).isZero();
    }
}
