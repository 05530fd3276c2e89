package io.raftengine.testing.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.allocator.Mapping;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.StorageException;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.io.DirectoryEntry;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.segment.DirectoryScan;
import io.raftengine.log.segment.HeadRoom;
import io.raftengine.log.segment.PinnedSegments;
import io.raftengine.log.segment.QueueSettings;
import io.raftengine.log.segment.RecoveredSegment;
import io.raftengine.log.segment.SegmentFile;
import io.raftengine.log.segment.SegmentQueue;
import io.raftengine.log.segment.SegmentReader;
import io.raftengine.testing.campaign.Seed;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.FaultyFileSystem;
import io.raftengine.testing.fs.Operation;
import io.raftengine.testing.fs.SimulatedFileSystem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Two queues and their head-room on a disk that fills up: what a purge does there, step by step, as
 * far as the queues can tell. The engine's own purge is tested where the engine is.
 */
class FullDiskQueueTest {
    private static final Path DIR = Path.of("/raft");
    private static final int TARGET = 64 << 10;
    private static final int PIECE = 4 << 10;
    private static final int ROOM = (int) HeadRoom.defaultBytes(TARGET);
    private static final String HEAD_ROOM = HeadRoom.FILE_NAME;

    private final long seed = Seed.orElse(11);
    private final SimulatedFileSystem disk = new SimulatedFileSystem(seed);
    private final FaultyFileSystem fs = new FaultyFileSystem(disk);
    private final MemoryBudget budget = MemoryBudget.unlimited();
    private final Mapping memory = Mapping.map(MemoryBudget.unlimited(), 1 << 20, "test");

    private int recycleCapacity;
    private HeadRoom headRoom;
    private SegmentQueue append;
    private SegmentQueue rewrite;

    @AfterEach
    void stop() {
        fs.clearRules();
        close();
        memory.close();
        assertThat(budget.reservedBytes()).isZero();
        assertThat(fs.openHandles()).as("descriptors").isZero();
    }

    private void close() {
        if (append != null) {
            append.close();
            rewrite.close();
            append = null;
        }
    }

    private void open() {
        open(fs, HeadRoom.defaultBytes(TARGET));
    }

    private void open(FileSystem on, long headRoomBytes) {
        if (on.info(DIR) == null) {
            disk.createDirectories(DIR);
        }
        DirectoryScan scan = DirectoryScan.scan(on, List.of(DIR));
        headRoom = HeadRoom.open(on, DIR, headRoomBytes);
        append = queue(on, QueueKind.APPEND, scan);
        try {
            rewrite = queue(on, QueueKind.REWRITE, scan);
        } catch (RuntimeException failed) {
            append.close();
            append = null;
            throw failed;
        }
        append.servesHeadRoom();
    }

    private SegmentQueue queue(FileSystem on, QueueKind kind, DirectoryScan scan) {
        QueueSettings settings =
                QueueSettings.builder(kind, List.of(DIR))
                        .targetBytes(TARGET)
                        .recycleCapacity(kind == QueueKind.APPEND ? recycleCapacity : 0)
                        .prepareAhead(false)
                        .budget(budget)
                        .build();
        List<RecoveredSegment> recovered = new ArrayList<>();
        for (SegmentFile file : scan.queue(kind)) {
            boolean whole = file.sizeBytes() >= FormatVersion.V2.headerBytes();
            recovered.add(
                    new RecoveredSegment(
                            file, FormatVersion.V2, whole ? file.sizeBytes() : 0, whole));
        }
        return SegmentQueue.open(settings, on, recovered, scan, headRoom);
    }

    private void append(SegmentQueue queue) {
        if (queue.rotateBefore(PIECE)) {
            queue.rotate();
        }
        queue.append(memory.address(), PIECE);
    }

    /** As whoever rewrites has to do it. */
    private void rewrite() {
        try {
            append(rewrite);
        } catch (OutOfSpaceException full) {
            if (!rewrite.rotationFindsRoom()) {
                throw full;
            }
            rewrite.rotate();
            rewrite.append(memory.address(), PIECE);
        }
    }

    private int appendUntilFull() {
        for (int pieces = 0; ; pieces++) {
            try {
                append(append);
            } catch (OutOfSpaceException full) {
                return pieces;
            }
        }
    }

    private void agent() {
        for (int i = 0; i < 1000 && append.prepareNext(); i++) {
            // until nothing is due
        }
    }

    private Set<String> names() {
        return names(disk);
    }

    private static Set<String> names(FileSystem of) {
        Set<String> names = new TreeSet<>();
        for (DirectoryEntry entry : of.list(DIR)) {
            names.add(entry.name());
        }
        return names;
    }

    /** A full disk with the head-room in place, three segments and more. */
    private void fill(long capacity) {
        disk.setCapacity(capacity);
        open();
        append(append);
        append.rotate();
        agent();
        assertThat(headRoom.heldBytes()).isEqualTo(ROOM);
        appendUntilFull();
        assertThat(append.activeSeq()).isGreaterThan(3);
    }

    @Test
    void theHeadRoomComesWithTheSecondSegmentAndStays() {
        open();
        append(append);
        agent();
        assertThat(names()).as("nothing to purge yet").doesNotContain(HEAD_ROOM);
        append.rotate();
        agent();
        assertThat(headRoom.heldBytes()).isEqualTo(ROOM);
        close();
        open();
        assertThat(headRoom.heldBytes()).as("after a restart").isEqualTo(ROOM);
        disk.killProcess();
        closeDead();
        open();
        assertThat(headRoom.heldBytes()).as("after kill -9").isEqualTo(ROOM);
        close();
        open(fs, 2 * ROOM);
        agent();
        assertThat(disk.contents(DIR.resolve(HEAD_ROOM))).hasSize(2 * ROOM);
        close();
        open(fs, ROOM);
        assertThat(disk.contents(DIR.resolve(HEAD_ROOM))).hasSize(ROOM);
        close();
        open(fs, 0);
        assertThat(names()).as("switched off").doesNotContain(HEAD_ROOM);
    }

    private void closeDead() {
        try {
            append.close();
        } catch (RuntimeException deadHandles) {
            // Expected: all handles died with the process.
        }
        try {
            rewrite.close();
        } catch (RuntimeException deadHandles) {
            // As above.
        }
    }

    @Test
    void tinySegmentsAndShortSpaceGetNone() {
        assertThat(HeadRoom.defaultBytes(1)).isZero();
        assertThat(HeadRoom.defaultBytes((64 << 10) - 1)).isZero();
        assertThat(HeadRoom.defaultBytes((64 << 10) + 4000)).isEqualTo(80 << 10);
        disk.setCapacity(3 * TARGET);
        open();
        append(append);
        append.rotate();
        for (int i = 0; i < 16; i++) {
            append(append);
        }
        agent();
        assertThat(headRoom.heldBytes()).isZero();
        assertThat(names()).doesNotContain(HEAD_ROOM);
    }

    /** Somebody's backup by hard links must not become a segment; neither may a copy with holes. */
    @Test
    void aFileThatIsSharedOrHollowIsNotTakenForSpace() {
        open();
        append(append);
        append.rotate();
        agent();
        close();
        disk.createHardLink(DIR.resolve("backup"), DIR.resolve(HEAD_ROOM));
        open();
        assertThat(headRoom.heldBytes()).isZero();
        assertThat(names()).contains("backup").doesNotContain(HEAD_ROOM);
        agent();
        assertThat(headRoom.heldBytes()).isEqualTo(ROOM);
        close();
        try (var file = disk.open(DIR.resolve(HEAD_ROOM), FileSystem.OpenMode.WRITE)) {
            file.truncate(0);
            file.truncate(ROOM);
        }
        disk.delete(DIR.resolve("backup"));
        long before = disk.availableBytes(DIR);
        disk.setCapacity(64 * TARGET);
        before = disk.availableBytes(DIR);
        open();
        assertThat(headRoom.heldBytes()).isEqualTo(ROOM);
        assertThat(disk.availableBytes(DIR)).as("really allocated").isEqualTo(before - ROOM);
    }

    /** Defect 15: the disk is full, the purge runs, the writers go on. */
    @Test
    void onAFullDiskTheRewriteQueueGoesOnInTheHeadRoomAndThePurgeBringsItBack() {
        fill(10 * TARGET);
        int before = 0;
        // What is live in a segment fits, whatever the rewrite queue's own segment has left.
        for (int i = 0; i < (TARGET - PIECE) / PIECE; i++) {
            rewrite();
            before++;
        }
        rewrite.sync();
        assertThat(before).isEqualTo(15);
        assertThat(rewrite.activeSeq()).isEqualTo(2);
        assertThat(names()).contains("0000000000000002.rewrite").doesNotContain(HEAD_ROOM);
        assertThatThrownBy(() -> append(append)).isInstanceOf(OutOfSpaceException.class);
        append.purgeTo(3, () -> true);
        assertThat(headRoom.heldBytes()).as("the first freed space is its").isEqualTo(ROOM);
        assertThat(appendUntilFull()).as("writers go on without reopening").isPositive();
        // And again, and again: as often as something can be purged.
        for (int round = 0; round < 20; round++) {
            for (int i = 0; i < 3; i++) {
                rewrite();
            }
            rewrite.sync();
            append.purgeTo(append.activeSeq() - 1, () -> true);
            if (rewrite.activeSeq() - rewrite.firstSeq() > 1) {
                rewrite.purgeTo(rewrite.activeSeq(), () -> true);
            }
            assertThat(headRoom.heldBytes())
                    .as("round %d", round)
                    .isBetween(TARGET / 2L, (long) ROOM);
            assertThat(appendUntilFull()).as("round %d", round).isPositive();
        }
    }

    /** The space that the reserves leave goes to somebody else; answers how many there are. */
    private int openWithReservesWhereNothingElseFits() {
        recycleCapacity = 100;
        disk.setCapacity(6 * TARGET);
        open(fs, 0);
        for (int i = 0; i < 3 * TARGET / PIECE; i++) {
            append(append);
        }
        append.purgeTo(append.activeSeq(), () -> true);
        int reserves = append.statistics().reserveCount();
        assertThat(reserves).isGreaterThan(1);
        close();
        disk.setCapacity(6 * TARGET - disk.availableBytes(DIR));
        open();
        return reserves;
    }

    /** Reserves are kept for speed: they give way. */
    @Test
    void withoutHeadRoomAReserveGivesWay() {
        int reserves = openWithReservesWhereNothingElseFits();
        assertThat(headRoom.heldBytes()).isZero();
        for (int i = 0; i < 10; i++) {
            rewrite();
        }
        rewrite.sync();
        assertThat(append.statistics().reserveCount()).isLessThan(reserves);
        assertThat(rewrite.activeSeq()).isEqualTo(2);
    }

    /** Nothing is poisoned, and no reserve is given up for space that nobody could use. */
    @Test
    void withoutDescriptorsNoReserveGivesWay() {
        int reserves = openWithReservesWhereNothingElseFits();
        fs.on(Operation.OPEN_DIRECTORY).inject(new Fault.Error(24));
        assertThatThrownBy(
                        () -> {
                            for (int i = 0; i < 100; i++) {
                                rewrite();
                            }
                        })
                .isInstanceOfAny(OutOfSpaceException.class, StorageException.class);
        assertThat(append.poisoned()).isFalse();
        assertThat(rewrite.poisoned()).isFalse();
        assertThat(append.statistics().reserveCount()).isEqualTo(reserves);
        fs.clearRules();
        for (int i = 0; i < 10; i++) {
            rewrite();
        }
        assertThat(append.statistics().reserveCount()).isLessThan(reserves);
    }

    /** Its space would still be taken, and nobody would know of it. */
    @Test
    void theHeadRoomIsKeptWhereItCannotBeOpenedForNow() {
        fill(10 * TARGET);
        fs.on(Operation.OPEN).onFiles(HEAD_ROOM::equals).inject(new Fault.Error(24));
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(this::rewriteASegment).isInstanceOf(OutOfSpaceException.class);
            assertThat(headRoom.heldBytes()).isEqualTo(ROOM);
        }
        fs.clearRules();
        rewriteASegment();
        assertThat(rewrite.activeSeq()).isEqualTo(2);
        assertThat(names()).contains("0000000000000002.rewrite").doesNotContain(HEAD_ROOM);
        append.purgeTo(3, () -> true);
        assertThat(headRoom.heldBytes()).isEqualTo(ROOM);
    }

    @Test
    void noReserveGivesWayWhereTheHeadRoomIsThereAndCannotBeOpened() {
        recycleCapacity = 100;
        open();
        for (int i = 0; i < 8 * TARGET / PIECE; i++) {
            append(append);
        }
        append.purgeTo(append.activeSeq(), () -> true);
        agent();
        append(append);
        append.rotate();
        agent();
        assertThat(headRoom.heldBytes()).isEqualTo(ROOM);
        int reserves = append.statistics().reserveCount();
        assertThat(reserves).isPositive();
        fs.on(Operation.WRITE).onFiles(name -> name.endsWith(".rewrite")).inject(Fault.noSpace());
        fs.on(Operation.OPEN).onFiles(HEAD_ROOM::equals).inject(new Fault.Error(24));
        assertThatThrownBy(this::rewriteASegment).isInstanceOf(OutOfSpaceException.class);
        assertThat(append.statistics().reserveCount()).isEqualTo(reserves);
        assertThat(headRoom.heldBytes()).isEqualTo(ROOM);
    }

    @Test
    void aHeadRoomThatSomebodyDeletedIsMadeAgain() {
        fill(10 * TARGET);
        disk.delete(DIR.resolve(HEAD_ROOM));
        appendUntilFull();
        assertThatThrownBy(this::rewriteASegment).isInstanceOf(OutOfSpaceException.class);
        assertThat(headRoom.heldBytes()).isZero();
        append.purgeTo(3, () -> true);
        assertThat(headRoom.heldBytes()).isEqualTo(ROOM);
    }

    private void rewriteASegment() {
        for (int i = 0; i < TARGET / PIECE - 1; i++) {
            rewrite();
        }
    }

    @Test
    void aReserveThatIsReadIsNotGivenUp() {
        recycleCapacity = 100;
        disk.setCapacity(6 * TARGET);
        open(fs, 0);
        for (int i = 0; i < 2 * TARGET / PIECE; i++) {
            append(append);
        }
        SegmentReader inside = append.acquire(1);
        append.purgeTo(2, () -> true);
        assertThat(append.statistics().reserveCount()).isOne();
        disk.setCapacity(6 * TARGET - disk.availableBytes(DIR));
        append.servesHeadRoom();
        assertThatThrownBy(
                        () -> {
                            for (int i = 0; i < 100; i++) {
                                rewrite();
                            }
                        })
                .isInstanceOf(OutOfSpaceException.class);
        assertThat(append.statistics().reserveCount()).isOne();
        inside.release();
    }

    /** What a reader or a fork looks at gives no room: one empty segment would follow the other. */
    @Test
    void reservesThatAreReadAreNoRoomForARefusedBatch() {
        recycleCapacity = 100;
        open(fs, 0);
        while (append.activeSeq() < 3) {
            append(append);
        }
        append(append);
        try (PinnedSegments fork = append.pin()) {
            assertThat(fork.extend()).isTrue();
            append.purgeTo(3, () -> true);
            assertThat(append.statistics().reserveCount()).isEqualTo(2);
            assertThat(append.rotationFindsRoom()).isFalse();
            fs.on(Operation.WRITE).where(call -> call.offset() > 0).inject(Fault.noSpace());
            for (int i = 0; i < 5; i++) {
                assertThatThrownBy(this::commit).isInstanceOf(OutOfSpaceException.class);
            }
            assertThat(append.activeSeq()).isEqualTo(4);
        }
        assertThat(append.rotationFindsRoom()).as("nobody reads them any more").isTrue();
    }

    /** As the commit pipeline does it. */
    private void commit() {
        try {
            append(append);
        } catch (OutOfSpaceException full) {
            if (append.activeIsEmpty() && !append.rotationFindsRoom()) {
                throw full;
            }
            append.rotate();
            append.append(memory.address(), PIECE);
        }
    }

    /** As on a disk that was full for a moment. */
    private void openWithHeadRoomAndRefuseOneRewrite() {
        open();
        append(append);
        append.rotate();
        agent();
        rewrite();
        fs.on(Operation.WRITE)
                .onFiles(name -> name.endsWith(".rewrite"))
                .once()
                .inject(Fault.noSpace());
        assertThatThrownBy(() -> rewrite.append(memory.address(), 100))
                .isInstanceOf(OutOfSpaceException.class);
    }

    /** Space that was lacking once and is there again is no reason to use up the head-room. */
    @Test
    void theHeadRoomIsKeptWhereWritesFoundSpaceAgain() {
        openWithHeadRoomAndRefuseOneRewrite();
        while (!rewrite.rotateBefore(PIECE)) {
            rewrite.append(memory.address(), PIECE);
        }
        rewrite();
        assertThat(rewrite.activeSeq()).isEqualTo(2);
        assertThat(headRoom.heldBytes()).isEqualTo(ROOM);
        assertThat(names()).contains(HEAD_ROOM);
    }

    /** It was handed over, and its file still has the old name, when the agent looks after it. */
    @Test
    void theHeadRoomIsNotHeldByTheFileThatIsJustTaken() {
        openWithHeadRoomAndRefuseOneRewrite();
        append.rotate();
        var rename =
                fs.on(Operation.RENAME)
                        .onFiles(HEAD_ROOM::equals)
                        .inject(new Fault.Run(call -> agent()));
        rewrite.rotate();
        assertThat(rename.fired()).isOne();
        assertThat(names()).doesNotContain(HEAD_ROOM);
        assertThat(headRoom.heldBytes()).isZero();
        agent();
        assertThat(names()).as("made anew in the same segment's time").contains(HEAD_ROOM);
        assertThat(headRoom.heldBytes()).isEqualTo(ROOM);
    }

    /**
     * The file that a rotation had begun when the space ran out gives way to the head-room: no
     * number is left out, none is there twice.
     */
    @Test
    void aHalfMadeRewriteSegmentGivesWayToTheHeadRoom() {
        fill(10 * TARGET);
        while (rewrite.end() < TARGET) {
            rewrite();
        }
        // Its own space is used up to the target: from now on only a rotation helps.
        append.purgeTo(4, () -> true);
        appendUntilFull();
        assertThat(headRoom.heldBytes()).isEqualTo(ROOM);
        disk.setCapacity(10 * TARGET - disk.availableBytes(DIR));
        long seq = rewrite.activeSeq();
        var header =
                fs.on(Operation.WRITE)
                        .onFiles(name -> name.endsWith(".rewrite"))
                        .once()
                        .inject(Fault.noSpace());
        rewrite();
        assertThat(header.fired()).isOne();
        assertThat(rewrite.activeSeq()).isEqualTo(seq + 1);
        assertThat(DirectoryScan.scan(disk, List.of(DIR)).anomalies()).isEmpty();
        assertThat(headRoom.heldBytes()).isZero();
    }

    /** The process is killed, or the power goes, before each call of a purge on a full disk. */
    @Test
    void whereverItIsInterruptedNoFileIsLeftThatNobodyKnows() {
        recycleCapacity = 4;
        fill(12 * TARGET);
        int[] images = {0};
        int most = names().size() + 2;
        fs.on(Operation.values())
                .where(call -> {
                    checkImage(disk.crashImage(seed + images[0]++), most);
                    return false;
                })
                .inject(Fault.error());
        for (int i = 0; i < 15; i++) {
            rewrite();
        }
        rewrite.sync();
        append.purgeTo(4, () -> true);
        appendUntilFull();
        fs.clearRules();
        assertThat(images[0]).isGreaterThan(60);
    }

    private void checkImage(SimulatedFileSystem image, int most) {
        FullDiskQueueTest again = new FullDiskQueueTest();
        again.recycleCapacity = recycleCapacity;
        try {
            again.open(image, HeadRoom.defaultBytes(TARGET));
            Set<String> names = names(image);
            assertThat(names).allMatch(FullDiskQueueTest::isKnown);
            assertThat(names).hasSizeLessThanOrEqualTo(most);
            assertThat(DirectoryScan.scan(image, List.of(DIR)).anomalies()).isEmpty();
            assertThat(again.append.statistics().reserveCount())
                    .as("every reserved name is in the pool")
                    .isEqualTo((int) names.stream().filter(n -> n.endsWith(".reserved")).count());
            again.assertPurgeGoesOn();
        } finally {
            again.close();
            again.memory.close();
        }
        assertThat(again.budget.reservedBytes()).isZero();
    }

    /** Once what is to be kept of a segment was copied, the segment goes and the next one fits. */
    private void assertPurgeGoesOn() {
        try {
            rewrite();
        } catch (OutOfSpaceException copiedBefore) {
            append.purgeTo(append.firstSeq() + 1, () -> true);
            rewrite();
        }
    }

    private static boolean isKnown(String name) {
        return name.matches("\\d{16}\\.(raftlog|rewrite|raftlog\\.reserved)")
                || name.equals(HEAD_ROOM)
                || name.equals(FileSystem.LOCK_NAME);
    }

    /** Q10, defect 15: what is there can be read, whatever is missing. */
    @Test
    void aDirectoryOpensOnAFullDiskEvenWithoutARewriteQueue() {
        fill(10 * TARGET);
        append.sync();
        long last = append.activeSeq();
        close();
        disk.delete(DIR.resolve("0000000000000001.rewrite"));
        disk.delete(DIR.resolve(HEAD_ROOM));
        disk.setCapacity(1);
        open();
        assertThat(append.activeSeq()).isEqualTo(last);
        SegmentReader reader = append.acquire(last);
        assertThat(reader.read(memory.address(), PIECE, FormatVersion.V2.headerBytes()))
                .isPositive();
        reader.release();
        assertThat(rewrite.activeSeq()).isEqualTo(1);
        assertThat(rewrite.activeIsEmpty()).isTrue();
        assertThatThrownBy(() -> rewrite()).isInstanceOf(OutOfSpaceException.class);
        rewrite.sync();
        close();
        // Nothing was changed by it, and the next open finds it so again.
        open();
        assertThatThrownBy(() -> rewrite()).isInstanceOf(OutOfSpaceException.class);
        assertThatThrownBy(() -> append(append)).isInstanceOf(OutOfSpaceException.class);
        disk.setCapacity(20 * TARGET);
        rewrite();
        assertThat(rewrite.activeSeq()).isEqualTo(1);
        append(append);
        close();
        open();
        assertThat(rewrite.end()).isEqualTo(FormatVersion.V2.headerBytes() + PIECE);
    }

    /** Q10: the only segment, and its header is damaged. */
    @Test
    void theOnlySegmentWithoutHeaderOpensOnAFullDisk() {
        open();
        close();
        try (var file =
                disk.open(DIR.resolve("0000000000000001.raftlog"), FileSystem.OpenMode.WRITE)) {
            file.truncate(0);
        }
        disk.setCapacity(1);
        open();
        assertThat(append.activeSeq()).isEqualTo(1);
        assertThat(append.activeIsEmpty()).isTrue();
        assertThatThrownBy(() -> append(append)).isInstanceOf(OutOfSpaceException.class);
        append.sync();
        disk.setCapacity(20 * TARGET);
        append(append);
        append(append);
        append.sync();
        assertThat(append.activeSeq()).isEqualTo(1);
        SegmentReader reader = append.acquire(1);
        assertThat(reader.read(memory.address(), 2 * PIECE, FormatVersion.V2.headerBytes()))
                .isEqualTo(2 * PIECE);
        reader.release();
        close();
        open();
        assertThat(append.end()).isEqualTo(FormatVersion.V2.headerBytes() + 2 * PIECE);
    }

    @Test
    void aFreshDirectoryOnAFullDiskIsRefusedAndLeavesNothingOpen() {
        disk.setCapacity(1);
        assertThatThrownBy(() -> open()).isInstanceOf(OutOfSpaceException.class);
    }
}
