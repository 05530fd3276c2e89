package io.raftengine.log.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.raftengine.error.ConfigException;
import io.raftengine.error.StorageException;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.format.QueueKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The life of files between two segments: what may be used again, what goes, and how. */
class RecyclingTest {
    private static final int LARGE = (int) (2 * GradualDeletion.STEP_BYTES + 1000);

    @TempDir private Path dir;
    private QueueFixture q;
    private Path ramDir;
    private final AtomicLong nanos = new AtomicLong();

    @BeforeEach
    void start() {
        q = new QueueFixture(dir);
        q.settings().clock(nanos::get);
    }

    @AfterEach
    void stop() throws IOException {
        q.close();
        if (ramDir != null) {
            try (Stream<Path> files = Files.list(ramDir)) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
            Files.delete(ramDir);
        }
    }

    private Path log(long seq) {
        return dir.resolve(String.format("%016d.raftlog", seq));
    }

    private Path reserved(long number) {
        return dir.resolve(String.format("%016d.raftlog.reserved", number));
    }

    // ---- what may become a segment

    /**
     * Signatures carry a number and no queue: what is left in a rewrite segment would be valid in
     * the append segment of the same number.
     */
    @Test
    void theRewriteQueueCannotBeToldToRecycle() {
        var settings = QueueSettings.builder(QueueKind.REWRITE, List.of(dir)).recycleCapacity(1);
        assertThatThrownBy(settings::build)
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("rewrite");
    }

    /**
     * Segments from 1 on would meet their own signatures in reserves of the queue's former life.
     */
    @Test
    void aQueueThatBeginsAnewTakesNoOldReserves() throws IOException {
        q.settings().targetBytes(1).recycleCapacity(10);
        q.open();
        for (int i = 0; i < 5; i++) {
            q.append(100);
        }
        q.purgeTo(6);
        q.queue.close();
        assertThat(reserved(5)).exists();
        Files.delete(log(6));
        q.model.clear();
        q.open();
        assertThat(q.queue.activeSeq()).isEqualTo(1);
        assertThat(q.queue.statistics().reserveCount()).isZero();
        assertThat(q.names(0)).containsExactly("0000000000000001.raftlog");
        q.append(10).append(10).verify();
        assertThat(q.queue.statistics().rotationsRecycled()).isZero();
    }

    /**
     * What the pool would stumble over for ever goes by its name; its bytes are somebody else's.
     */
    @Test
    void reservesThatSomebodyElseSharesAreNotKept() throws IOException {
        q.settings().targetBytes(1).recycleCapacity(10);
        q.open();
        for (int i = 0; i < 5; i++) {
            q.append(100);
        }
        q.purgeTo(5);
        q.queue.close();
        byte[] before = Files.readAllBytes(reserved(2));
        Files.createLink(dir.resolve("backup"), reserved(2));
        Files.delete(reserved(3));
        Files.createSymbolicLink(reserved(3), dir.resolve("backup"));
        q.open();
        assertThat(q.queue.statistics().reserveCount()).isEqualTo(2);
        assertThat(reserved(2)).doesNotExist();
        assertThat(Files.exists(reserved(3), LinkOption.NOFOLLOW_LINKS)).isFalse();
        assertThat(Files.readAllBytes(dir.resolve("backup"))).isEqualTo(before);
        q.append(10).append(10).append(10).purgeTo(8);
        assertThat(q.queue.statistics().reserveCount()).isEqualTo(3);
        assertThat(Files.readAllBytes(dir.resolve("backup"))).isEqualTo(before);
        q.verify();
    }

    /** H14, I3, I4: whatever changes between two opens, no file is left over. */
    @Test
    void changedSettingsLeaveNoFileThatNobodyKnows() {
        q.settings().targetBytes(1);
        for (int round = 0; round < 3; round++) {
            q.settings().recycleCapacity(0).version(FormatVersion.V1);
            open();
            appendAndPurge(6);
            assertThat(q.names(0)).noneMatch(name -> name.endsWith(".reserved"));
            q.queue.close();
            q.settings().version(FormatVersion.V2);
            open();
            appendAndPurge(6);
            q.queue.close();
            q.settings().recycleCapacity(8);
            open();
            appendAndPurge(6);
            int kept = q.queue.statistics().reserveCount();
            assertThat(kept).isPositive();
            assertThat(q.names(0)).hasSize(kept + q.queue.statistics().segmentCount());
            q.queue.close();
            q.settings().recycleCapacity(2);
            open();
            assertThat(q.queue.statistics().reserveCount()).isLessThanOrEqualTo(1);
            q.append(7).verify();
            q.queue.close();
        }
        q.assertDirectoryIsSound();
    }

    private void open() {
        q.open();
    }

    private void appendAndPurge(int segments) {
        for (int i = 0; i < segments; i++) {
            q.append(100 + i);
        }
        q.verify();
        q.purgeTo(q.queue.activeSeq());
    }

    /** Bad input of a purge: nothing is lost, and it can be done again. */
    @Test
    void aPurgeThatMayNotDeleteLosesNothing() {
        q.settings().targetBytes(1).recycleCapacity(3);
        q.open();
        for (int i = 0; i < 6; i++) {
            q.append(100);
        }
        int[] left = {2};
        q.fs.program((operation, path) -> {
            if ((operation.equals("delete") || operation.equals("rename")) && --left[0] < 0) {
                throw new StorageException(path.toString(), operation, 30, "Read-only file system");
            }
        });
        assertThatThrownBy(() -> q.queue.purgeTo(6, () -> true))
                .isInstanceOf(StorageException.class);
        q.fs.noProgram();
        long first = q.queue.firstSeq();
        assertThat(first).isEqualTo(3);
        q.model.headMap(first).clear();
        q.verify();
        q.append(5).verify();
        q.purgeTo(7).verify();
        q.reopen().verify();
        q.assertDirectoryIsSound();
    }

    // ---- how large files go

    private void twoLargeSegments() {
        largeSegments(2);
    }

    private void largeSegments(int count) {
        q.settings().targetBytes(LARGE);
        q.open();
        while (q.queue.activeSeq() <= count) {
            q.append(1 << 20);
        }
    }

    /** More steps than two large segments need. */
    private void deletionsEnd() {
        for (int i = 0; i < 6 * LARGE / GradualDeletion.STEP_BYTES; i++) {
            nanos.addAndGet(50_000_000);
            q.queue.prepareNext();
        }
    }

    private long bytesHeld() throws IOException {
        long bytes = 0;
        try (Stream<Path> fds = Files.list(Path.of("/proc/self/fd"))) {
            for (Path fd : fds.toList()) {
                String target;
                try {
                    target = Files.readSymbolicLink(fd).toString();
                } catch (IOException gone) {
                    continue;
                }
                if (target.startsWith(dir.toRealPath().toString())
                        && target.endsWith("(deleted)")) {
                    bytes += Files.size(fd);
                }
            }
        }
        return bytes;
    }

    @Test
    void theNameOfALargeSegmentGoesAtOnceAndItsSpaceInSteps() throws IOException {
        twoLargeSegments();
        q.purgeTo(3);
        assertThat(q.names(0)).noneMatch(name -> name.startsWith("000000000000000" + 1));
        long size = bytesHeld() / 2;
        assertThat(size).isGreaterThanOrEqualTo(LARGE);
        q.queue.prepareNext();
        assertThat(bytesHeld()).isEqualTo(2 * size - GradualDeletion.STEP_BYTES);
        q.queue.prepareNext();
        assertThat(bytesHeld())
                .as("the pause is not over")
                .isEqualTo(2 * size - GradualDeletion.STEP_BYTES);
        deletionsEnd();
        assertThat(bytesHeld()).isZero();
        q.verify();
    }

    @Test
    void whoReadsALargeSegmentKeepsItsBytes() throws IOException {
        twoLargeSegments();
        SegmentReader inside = q.queue.acquire(1);
        byte[] before = q.read(inside, 5000);
        q.purgeTo(2);
        deletionsEnd();
        assertThat(inside.sizeBytes()).isGreaterThanOrEqualTo(LARGE);
        assertThat(q.read(inside, 5000)).isEqualTo(before);
        inside.release();
        deletionsEnd();
        assertThat(bytesHeld()).isZero();
    }

    /** D10. */
    @Test
    void aBackupOfALargeSegmentKeepsItsBytes() throws IOException {
        twoLargeSegments();
        Files.createLink(dir.resolve("backup"), log(1));
        long size = Files.size(log(1));
        q.purgeTo(3);
        deletionsEnd();
        assertThat(Files.size(dir.resolve("backup"))).isEqualTo(size);
        assertThat(bytesHeld()).isZero();
    }

    @Test
    void whereSpaceIsShortLargeSegmentsGoAtOnce() throws IOException {
        twoLargeSegments();
        q.fs.available(dir, LARGE);
        q.purgeTo(3);
        assertThat(bytesHeld()).isZero();
    }

    /** The head-room, and what else an open makes, may need it. */
    @Test
    void whatAnOpenOnAFullDiskDeletesIsGoneWhenItEnds() throws IOException {
        twoLargeSegments();
        q.close();
        Files.write(dir.resolve("prepared-7.tmp"), new byte[LARGE]);
        q.fs.available(dir, LARGE);
        q.open();
        assertThat(q.names(0)).noneMatch(name -> name.startsWith("prepared"));
        assertThat(bytesHeld()).isZero();
    }

    @Test
    void aPoisonedQueueGivesBackTheSpaceOfWhatWasDeleted() throws IOException {
        twoLargeSegments();
        q.purgeTo(3);
        q.queue.poison("a test", new StorageException("f", "sync", 5, "injected"));
        deletionsEnd();
        assertThat(bytesHeld()).isZero();
    }

    // ---- how many are kept

    private void assertReservesAfter(int appends, int reserves) {
        for (int i = 0; i < appends; i++) {
            q.append(30);
        }
        q.purgeTo(q.queue.activeSeq());
        assertThat(q.queue.statistics().reserveCount()).isEqualTo(reserves);
        q.verify();
    }

    /** What is not used between two purges is only in the way. */
    @Test
    void noMoreReservesAreKeptThanWereMostlyUsedBetweenPurges() {
        q.settings().targetBytes(1).recycleCapacity(20);
        q.open();
        assertReservesAfter(9, 9); // who knows how many will be needed
        assertReservesAfter(3, 6); // three it seems: the three just purged are too many
        assertReservesAfter(3, 3);
        assertReservesAfter(3, 3);
        assertReservesAfter(1, 3); // a quiet time is soon over
        assertReservesAfter(5, 3); // and so is a burst
    }

    /** A file that is not a reserve costs a synced write time. */
    @Test
    void whereWritesAreSyncedAsManyReservesAreKeptAsTheWorstTimeUsed() {
        q.settings().targetBytes(1).recycleCapacity(20);
        q.open();
        for (int i = 0; i < 60; i++) {
            q.append(30);
            q.queue.sync();
        }
        assertReservesAfter(0, 19);
        for (int reserves = 16; reserves >= 4; reserves -= 3) {
            assertReservesAfter(3, reserves);
        }
        assertReservesAfter(3, 3);
        assertReservesAfter(1, 3);
        assertReservesAfter(5, 5);
        assertReservesAfter(1, 5);
    }

    /** What a reader still looks at cannot be written to. */
    @Test
    void reservesThatAreReadAreNotCountedAmongThoseNeeded() {
        q.settings().targetBytes(1).recycleCapacity(20);
        q.open();
        assertReservesAfter(2, 2);
        for (int i = 0; i < 2; i++) {
            q.append(30);
        }
        List<SegmentReader> readers = new ArrayList<>();
        for (long seq = q.queue.firstSeq(); seq < q.queue.activeSeq(); seq++) {
            readers.add(q.queue.acquire(seq));
        }
        assertReservesAfter(0, 2);
        assertReservesAfter(2, 4);
        readers.forEach(SegmentReader::release);
    }

    /** A purge that goes step by step is one purge. */
    @Test
    void purgingStepByStepDoesNotMakeABurstForgotten() {
        q.settings().targetBytes(1).recycleCapacity(60);
        q.open();
        assertReservesAfter(9, 9);
        assertReservesAfter(9, 9);
        for (int i = 0; i < 30; i++) {
            q.append(30);
        }
        for (long seq = q.queue.firstSeq() + 1; seq <= q.queue.activeSeq(); seq++) {
            q.purgeTo(seq);
        }
        assertThat(q.queue.statistics().reserveCount()).isEqualTo(30);
    }

    @Test
    void asManyReservesAreKeptAsAreToBeMadeAhead() {
        q.settings().targetBytes(1).recycleCapacity(20).prefillCapacity(4);
        q.open();
        assertReservesAfter(9, 9);
        for (int reserves = 8; reserves >= 4; reserves--) {
            assertReservesAfter(1, reserves);
        }
        assertReservesAfter(1, 4);
    }

    // ---- reserves made ahead

    @Test
    void reservesAreFilledNoFasterThanAllowed() {
        q.settings()
                .targetBytes(4 << 20)
                .recycleCapacity(3)
                .prefillCapacity(3)
                .prefillBytesPerSecond(1 << 20);
        q.open();
        q.prepare();
        assertThat(q.queue.statistics().bytesPrefilled()).isBetween(1L, 1L << 20);
        int seconds = 0;
        while (q.queue.statistics().reserveCount() < 2) {
            nanos.addAndGet(1_000_000_000);
            q.prepare();
            assertThat(++seconds).isLessThan(100);
            assertThat(q.queue.statistics().bytesPrefilled())
                    .isLessThanOrEqualTo((seconds + 1L) << 20);
        }
        q.prepare();
        assertThat(q.names(0)).hasSize(3);
    }

    private int makesReservesWhile(String operation) {
        int[] tries = {0};
        q.fs.program((op, path) -> {
            if (path.getFileName().toString().startsWith("prepared-")) {
                tries[0] += op.equals("create") ? 1 : 0;
                if (op.equals(operation)) {
                    throw ProgrammableFileSystem.failure(op, path);
                }
            }
        });
        q.prepare();
        return tries[0];
    }

    /** Whatever it was: with one fault the engine would make none until it is reopened. */
    @ParameterizedTest
    @ValueSource(strings = {"create", "allocate", "write", "sync", "rename", "no room"})
    void aReserveThatFailedIsTriedAgainAfterAPause(String operation) {
        q.settings()
                .targetBytes(64 << 10)
                .recycleCapacity(4)
                .prefillCapacity(2)
                .prefillBytesPerSecond(0);
        q.open();
        if (operation.equals("no room")) {
            q.fs.available(dir, 1000);
        }
        makesReservesWhile(operation);
        assertThat(q.names(0)).containsExactly("0000000000000001.raftlog");
        q.fs.noProgram();
        q.fs.available(dir, 1L << 40);
        nanos.addAndGet(NextSegmentPreparer.RETRY_NANOS_MIN - 1);
        q.prepare();
        assertThat(q.queue.statistics().reserveCount()).as("not at once").isZero();
        nanos.addAndGet(1);
        q.prepare();
        assertThat(q.queue.statistics().reserveCount()).isEqualTo(2);
    }

    @Test
    void aReserveThatFailsForHoursIsTriedNowAndThenAndSoonAfterOneThatSucceeds() {
        q.settings()
                .targetBytes(64 << 10)
                .recycleCapacity(4)
                .prefillCapacity(1)
                .prefillBytesPerSecond(0);
        q.open();
        int tries = 0;
        for (int second = 0; second < 3600; second++) {
            tries += makesReservesWhile("write");
            nanos.addAndGet(1_000_000_000);
        }
        assertThat(tries).isBetween(12, 25);
        nanos.addAndGet(NextSegmentPreparer.RETRY_NANOS_MAX);
        q.fs.noProgram();
        q.prepare();
        assertThat(q.queue.statistics().reserveCount()).isOne();
        q.append(64 << 10).append(1);
        makesReservesWhile("write");
        nanos.addAndGet(NextSegmentPreparer.RETRY_NANOS_MIN);
        q.fs.noProgram();
        q.prepare();
        assertThat(q.queue.statistics().reserveCount()).isOne();
    }

    // ---- years of it

    private static long count(String what) throws IOException {
        if (what.equals("maps")) {
            try (Stream<String> lines = Files.lines(Path.of("/proc/self/maps"))) {
                return lines.count();
            }
        }
        try (Stream<Path> fds = Files.list(Path.of("/proc/self/fd"))) {
            return fds.count();
        }
    }

    /** Descriptors, mappings, files and bytes on disk are the same after thousands of turns. */
    @Test
    void thousandsOfRotationsAndPurgesLeaveNothingBehind() throws IOException {
        assumeThat(Path.of("/proc/self/maps")).exists();
        Path memory = Path.of("/dev/shm");
        if (Files.isWritable(memory)) {
            // Syncs cost nothing there, and it is not they who are tested.
            q.close();
            ramDir = Files.createTempDirectory(memory, "raftengine-recycling");
            q = new QueueFixture(ramDir);
        }
        q.settings().targetBytes(2000).recycleCapacity(6);
        q.open();
        turns(600);
        long descriptors = count("fd");
        long mappings = count("maps");
        long files = q.names(0).size();
        turns(5000);
        assertThat(q.queue.activeSeq()).isGreaterThan(5000);
        assertThat(count("fd")).as("descriptors").isBetween(descriptors - 8, descriptors + 8);
        assertThat(count("maps")).as("mappings").isBetween(mappings - 40, mappings + 40);
        assertThat((long) q.names(0).size()).as("files").isBetween(files - 2, files + 2);
        assertThat(q.queue.statistics().rotationsRecycled())
                .as("since the last open")
                .isGreaterThan(400);
        q.verify();
    }

    private void turns(int count) {
        for (int i = 0; i < count; i++) {
            q.append(2000);
            SegmentReader late = i % 7 == 0 ? q.queue.acquire(q.queue.firstSeq()) : null;
            if (q.queue.activeSeq() - q.queue.firstSeq() > 2) {
                q.purgeTo(q.queue.activeSeq() - 1);
            }
            if (i % 5 == 0) {
                q.prepare();
            }
            if (late != null) {
                late.release();
            }
            if (i % 500 == 0) {
                q.reopen();
            }
        }
    }
}
