package io.raftengine.log.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.error.ClosedException;
import io.raftengine.error.InvalidArgumentException;
import io.raftengine.error.LockedException;
import io.raftengine.error.UnsupportedFeatureException;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.io.DirectoryLock;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.io.LockMode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * One queue on a healthy disk: scenarios E1 to E4, recycling, readers, the prepared next segment.
 */
class SegmentQueueTest {
    private static final int HEADER = 69;

    @TempDir private Path dir;
    private QueueFixture q;

    @BeforeEach
    void start() {
        q = new QueueFixture(dir);
    }

    @AfterEach
    void stop() {
        q.close();
    }

    private Path log(long seq) {
        return dir.resolve(String.format("%016d.raftlog", seq));
    }

    private Path reserved(long number) {
        return dir.resolve(String.format("%016d.raftlog.reserved", number));
    }

    /**
     * E1, E4: the lock belongs to the file system; a second engine gets it only after the first let
     * go.
     */
    @Test
    void aDirectoryHasOneOwner() {
        DirectoryLock first = FileSystem.local().lock(dir, LockMode.EXCLUSIVE);
        assertThatThrownBy(() -> FileSystem.local().lock(dir, LockMode.EXCLUSIVE))
                .isInstanceOf(LockedException.class);
        first.close();
        FileSystem.local().lock(dir, LockMode.EXCLUSIVE).close();
    }

    /** E2. */
    @Test
    void appendsRotateAtTheTargetAndPurgeDropsTheOldest() {
        q.open().append(1024);
        assertThat(q.queue.activeSeq()).isEqualTo(1);
        assertThat(q.queue.end()).isEqualTo(HEADER + 1024);
        q.append(1024);
        assertThat(q.queue.activeSeq()).isEqualTo(2);
        q.rotate();
        assertThat(q.queue.activeSeq()).isEqualTo(3);
        q.purgeTo(2);
        assertThat(q.queue.firstSeq()).isEqualTo(2);
        assertThat(log(1)).doesNotExist();
        assertThatThrownBy(() -> q.queue.purgeTo(4, () -> true))
                .isInstanceOf(InvalidArgumentException.class);
        assertThatThrownBy(() -> q.queue.purgeTo(1, () -> true))
                .isInstanceOf(InvalidArgumentException.class);
        q.append(10).append(20);
        assertThat(q.queue.end()).isEqualTo(HEADER + 30);
        q.verify();
        assertThat(q.queue.acquire(12)).isNull();
        assertThat(q.queue.acquire(1)).isNull();
        q.purgeTo(3);
        assertThat(q.queue.firstSeq()).isEqualTo(3);
        assertThat(q.queue.activeSeq()).isEqualTo(3);
        q.verify();
    }

    /** E3. */
    @Test
    void purgedSegmentsAreUsedAgain() {
        q.settings().targetBytes(1).recycleCapacity(1000);
        q.open();
        for (int i = 0; i < 10; i++) {
            q.append(100 + i);
            q.queue.sync();
        }
        q.rotate();
        // As in the reference even an empty segment is rotated once its header reaches the target.
        assertThatThrownBy(() -> q.queue.purgeTo(13, () -> true))
                .isInstanceOf(InvalidArgumentException.class);
        q.purgeTo(12);
        assertThat(q.queue.acquire(5)).isNull();
        assertThat(q.queue.statistics().reserveCount()).isEqualTo(11);
        for (int i = 1; i <= 11; i++) {
            assertThat(log(i)).doesNotExist();
            assertThat(reserved(i)).exists();
        }
        for (int i = 0; i < 11; i++) {
            q.append(50 + i);
        }
        assertThat(q.queue.statistics().rotationsRecycled()).isEqualTo(11);
        assertThat(q.queue.statistics().reserveCount()).isZero();
        q.verify();
        q.assertDirectoryIsSound();
    }

    @Test
    void theFirstSegmentOfAFreshDirectoryIsDurableBeforeItIsUsed() {
        q.open();
        // Q12, defect 10.
        assertThat(
                        q.fs.calls()
                                .subList(
                                        q.fs.calls().indexOf("create 0000000000000001.raftlog"),
                                        q.fs.calls().size()))
                .containsExactly(
                        "create 0000000000000001.raftlog",
                        "write 0000000000000001.raftlog",
                        "sync 0000000000000001.raftlog",
                        "syncdir " + dir.getFileName());
    }

    /** Format section 7: the order no crash can break. */
    @Test
    void rotationCutsSyncsNamesAndSyncsInOrder() {
        q.open().append(700);
        q.fs.forgetCalls();
        q.rotate();
        assertThat(q.fs.calls())
                .containsExactly(
                        "truncate 0000000000000001.raftlog",
                        "sync 0000000000000001.raftlog",
                        "create 0000000000000002.raftlog",
                        "write 0000000000000002.raftlog",
                        "sync 0000000000000002.raftlog",
                        "syncdir " + dir.getFileName());
        q.append(10).verify();
    }

    @Test
    void withAPreparedFileOnlyTheFixedSequenceRemains() {
        q.settings().targetBytes(64 << 10).prefill(PrefillPolicy.ALWAYS);
        q.open().append(62 << 10).prepare();
        assertThat(q.names(0)).contains("prepared-2.tmp");
        assertThat(q.queue.statistics().nextPrepared()).isTrue();
        q.append(2 << 10);
        q.fs.forgetCalls();
        q.append(100);
        assertThat(q.fs.calls())
                .containsExactly(
                        "truncate 0000000000000001.raftlog",
                        "sync 0000000000000001.raftlog",
                        "rename prepared-2.tmp 0000000000000002.raftlog",
                        "open 0000000000000002.raftlog",
                        "write 0000000000000002.raftlog",
                        "sync 0000000000000002.raftlog",
                        "syncdir " + dir.getFileName(),
                        "write 0000000000000002.raftlog");
        assertThat(q.queue.statistics().rotationsPrepared()).isEqualTo(1);
        q.verify();
    }

    @Test
    void nothingIsPreparedBeforeTheActiveSegmentIsHalfFull() {
        q.settings().targetBytes(64 << 10).prefill(PrefillPolicy.NEVER);
        q.open().append(30 << 10).prepare();
        assertThat(q.names(0)).containsExactly("0000000000000001.raftlog");
        q.append(2 << 10).prepare();
        assertThat(q.names(0)).contains("prepared-2.tmp");
    }

    /** AUTO: whoever waits for the disk gains by a filled file, however small the groups are. */
    @Test
    void autoFillsOnceMostWritesAreSynced() {
        q.settings().targetBytes(4 << 20).prefill(PrefillPolicy.AUTO);
        q.open();
        for (int i = 0; i < 4; i++) {
            q.append(1000);
            q.queue.sync();
        }
        q.prepare();
        assertThat(q.queue.statistics().bytesPrefilled()).as("not known yet").isZero();
        for (int i = 0; i < 60; i++) {
            q.append(1000);
            q.queue.sync();
        }
        q.prepare();
        assertThat(q.queue.statistics().bytesPrefilled()).isPositive();
        for (int i = 0; i < 60; i++) {
            for (int append = 0; append < 10; append++) {
                q.append(1000);
            }
            q.queue.sync();
        }
        long before = q.queue.statistics().bytesPrefilled();
        q.append(1 << 20).append(1 << 20).prepare();
        assertThat(q.queue.statistics().bytesPrefilled()).as("buffered again").isEqualTo(before);
        q.verify();
    }

    /** AUTO: small buffered writes are no large group because a sync comes by now and then. */
    @Test
    void autoFillsNothingForSmallWritesThatAreRarelySynced() {
        q.settings().targetBytes(128 << 10).prefill(PrefillPolicy.AUTO);
        q.open();
        while (q.queue.end() < 96 << 10) {
            q.append(1000);
            if (q.queue.statistics().appends() % 48 == 0) {
                q.queue.sync();
            }
        }
        assertThat(q.queue.statistics().syncs()).isPositive();
        q.prepare();
        assertThat(q.queue.statistics().nextPrepared()).isTrue();
        assertThat(q.queue.statistics().bytesPrefilled()).isZero();
        q.verify();
    }

    /**
     * Whole pages with the last partial page kept in memory: whatever the sizes, the file holds the
     * appended bytes.
     */
    @Test
    void wholePageWritesKeepEveryByte() {
        long seed = 20260801L;
        Random random = new Random(seed);
        q.settings().targetBytes(256 << 10).prefill(PrefillPolicy.ALWAYS).recycleCapacity(10);
        q.open();
        for (int i = 0; i < 300; i++) {
            int bytes =
                    random.nextInt(10) == 0 ? random.nextInt(40_000) + 1 : random.nextInt(6000) + 1;
            if (random.nextInt(4) == 0) {
                int places = random.nextInt(1500) + 1;
                q.appendVector(places, random.nextInt(20) + 1);
            } else {
                q.append(bytes);
            }
            if (random.nextInt(3) == 0) {
                q.prepare();
            }
            if (random.nextInt(40) == 0) {
                q.purgeTo(q.queue.activeSeq());
            }
            if (random.nextInt(60) == 0) {
                q.reopen();
            }
        }
        q.verify();
        q.assertDirectoryIsSound();
        assertThat(q.queue.statistics().appends()).as("seed %d", seed).isGreaterThan(0);
    }

    @Test
    void aRecycledSegmentIsWrittenInWholePagesAndAnAllocatedOneExactly() throws IOException {
        q.settings().targetBytes(32 << 10).recycleCapacity(10);
        q.open().append(100);
        assertThat(q.queue.statistics().bytesPadded()).isZero();
        q.append(40_000).rotate().purgeTo(2).append(100);
        assertThat(q.queue.statistics().bytesPadded()).isZero();
        q.append(33_000).append(500);
        assertThat(q.queue.statistics().rotationsRecycled()).isEqualTo(1);
        assertThat(q.queue.statistics().bytesPadded()).isEqualTo(4096 - 500);
        byte[] file = Files.readAllBytes(log(3));
        assertThat(file.length).isGreaterThan(40_000);
        // Behind the end zeros up to the page, then the older life.
        assertThat(file[HEADER + 500]).isZero();
        assertThat(file[4095]).isZero();
        assertThat(file[4096]).isNotZero();
        q.verify();
    }

    @Test
    void shortWritesAreContinued() {
        q.settings().targetBytes(64 << 10).recycleCapacity(10);
        q.fs.writeMax(7);
        q.open().append(1).append(100).appendVector(9, 11).append(65_000).rotate().purgeTo(2);
        q.append(10).rotate();
        assertThat(q.queue.statistics().rotationsRecycled()).isEqualTo(1);
        q.append(5000).appendVector(20, 33).append(3).verify();
    }

    @Test
    void aCleanCloseLeavesTheExactEnd() throws IOException {
        q.settings().targetBytes(1 << 20);
        q.open().append(5000);
        assertThat(Files.size(log(1))).isGreaterThan(HEADER + 5000);
        q.queue.close();
        assertThat(Files.size(log(1))).isEqualTo(HEADER + 5000);
        q.queue.close();
        q.open().append(10).verify();
    }

    @Test
    void afterCloseTheWriterIsRefused() {
        q.open().append(10);
        q.queue.close();
        assertThatThrownBy(() -> q.queue.sync()).isInstanceOf(ClosedException.class);
        assertThatThrownBy(() -> q.queue.rotate()).isInstanceOf(ClosedException.class);
        assertThatThrownBy(() -> q.queue.append(0, 1)).isInstanceOf(ClosedException.class);
        assertThat(q.queue.acquire(1)).isNull();
        assertThat(q.queue.prepareNext()).isFalse();
    }

    /**
     * What recovery calls garbage behind the live end is cut, synced, and overwritten by the next
     * append.
     */
    @Test
    void aTornTailIsCutAtOpen() throws IOException {
        q.open().append(300);
        q.queue.close();
        Files.write(log(1), new byte[5000], java.nio.file.StandardOpenOption.APPEND);
        q.fs.forgetCalls();
        q.open();
        assertThat(Files.size(log(1))).isEqualTo(HEADER + 300);
        assertThat(q.fs.calls())
                .containsSubsequence(
                        "truncate 0000000000000001.raftlog",
                        "sync 0000000000000001.raftlog",
                        "syncdir " + dir.getFileName());
        q.append(40).verify();
    }

    /** D5, defect 9: the configured version, not V1. */
    @Test
    void aLastSegmentWithoutHeaderGetsOneOfTheConfiguredVersion() throws IOException {
        q.open().append(1000).append(1000);
        q.queue.close();
        Files.write(log(3), new byte[68]);
        q.open();
        assertThat(q.queue.activeSeq()).isEqualTo(3);
        assertThat(q.queue.activeVersion()).isEqualTo(FormatVersion.V2);
        assertThat(q.queue.signature()).isEqualTo(3);
        assertThat(q.queue.end()).isEqualTo(HEADER);
        assertThat(Files.size(log(3))).isEqualTo(HEADER);
        q.append(7).verify();
    }

    @Test
    void anExistingSegmentContinuesInItsOwnVersion() {
        q.settings().version(FormatVersion.V1);
        q.open().append(100);
        assertThat(q.queue.signature()).isZero();
        q.queue.close();
        q.settings().version(FormatVersion.V2).recycleCapacity(10);
        q.open();
        assertThat(q.queue.activeVersion()).isEqualTo(FormatVersion.V1);
        q.append(2000).append(10);
        assertThat(q.queue.activeVersion()).isEqualTo(FormatVersion.V2);
        assertThat(q.queue.signature()).isEqualTo(2);
        q.verify();
        // I3 of the scenarios: V1 is never recycled, its stale bytes carry no signature.
        q.purgeTo(2);
        assertThat(q.queue.statistics().reserveCount()).isZero();
        assertThat(log(1)).doesNotExist();
    }

    /** I6: a reader keeps its bytes, whatever becomes of the file. */
    @Test
    void aReaderKeepsItsBytesWhileTheSegmentIsPurgedAndReused() {
        q.settings().recycleCapacity(10);
        q.open().append(1024).append(1024).append(1024);
        SegmentReader inside = q.queue.acquire(1);
        byte[] before = q.read(inside, 1024);
        q.purgeTo(3);
        assertThat(q.queue.statistics().reserveCount()).isEqualTo(2);
        // Segment 1 came first but is busy: segment 2 is taken.
        q.append(1024).append(1024);
        assertThat(q.queue.statistics().rotationsRecycled()).isEqualTo(1);
        assertThat(reserved(1)).exists();
        assertThat(reserved(2)).doesNotExist();
        assertThat(q.read(inside, 1024)).isEqualTo(before);
        assertThat(q.queue.acquire(1)).isNull();
        inside.release();
        q.append(1024);
        assertThat(q.queue.statistics().rotationsRecycled()).isEqualTo(2);
        assertThat(reserved(1)).doesNotExist();
        q.verify();
    }

    @Test
    void aReaderKeepsItsBytesWhileTheSegmentIsDeleted() {
        q.open().append(1024).append(1024);
        SegmentReader inside = q.queue.acquire(1);
        byte[] before = q.read(inside, 1024);
        q.purgeTo(2);
        assertThat(log(1)).doesNotExist();
        assertThat(q.read(inside, 1024)).isEqualTo(before);
        inside.release();
        q.prepare();
    }

    /** D10: a backup made of hard links must not change. */
    @Test
    void aSegmentWithASecondNameIsNeverOverwritten() throws IOException {
        q.settings().recycleCapacity(10);
        q.open().append(1024).append(1024).append(1024);
        Files.createLink(dir.resolve("backup-of-1"), log(1));
        q.purgeTo(3);
        assertThat(q.queue.statistics().reserveCount()).isEqualTo(1);
        byte[] kept = Files.readAllBytes(dir.resolve("backup-of-1"));
        // A link made to a reserve later on counts as well.
        Files.createLink(dir.resolve("backup-of-2"), reserved(1));
        byte[] keptReserve = Files.readAllBytes(dir.resolve("backup-of-2"));
        q.append(1024).append(1024).append(1024);
        assertThat(q.queue.statistics().rotationsRecycled()).isZero();
        assertThat(Files.readAllBytes(dir.resolve("backup-of-1"))).isEqualTo(kept);
        assertThat(Files.readAllBytes(dir.resolve("backup-of-2"))).isEqualTo(keptReserve);
        q.verify();
    }

    /** D10. */
    @Test
    void aSymlinkedLastSegmentIsRefusedAndASealedOneIsReadAndUnlinked() throws IOException {
        q.settings().recycleCapacity(10);
        q.open().append(1024).append(1024);
        q.queue.close();
        Path elsewhere = dir.resolve("elsewhere");
        Files.move(log(2), elsewhere);
        Files.createSymbolicLink(log(2), elsewhere);
        assertThatThrownBy(() -> q.open()).isInstanceOf(UnsupportedFeatureException.class);
        Files.delete(log(2));
        Files.move(elsewhere, log(2));
        Files.move(log(1), elsewhere);
        Files.createSymbolicLink(log(1), elsewhere);
        q.open().verify();
        byte[] before = Files.readAllBytes(elsewhere);
        q.purgeTo(2);
        assertThat(Files.exists(log(1), java.nio.file.LinkOption.NOFOLLOW_LINKS)).isFalse();
        assertThat(Files.readAllBytes(elsewhere)).isEqualTo(before);
        assertThat(q.queue.statistics().reserveCount()).isZero();
    }

    /** Defect 13, Q8: reserves survive clean and unclean ends, with default settings. */
    @Test
    void reservesAreKeptAcrossRestartsAndTrimmedToTheCapacity() {
        q.settings().targetBytes(1).recycleCapacity(6);
        q.open();
        for (int i = 0; i < 9; i++) {
            q.append(30);
        }
        q.purgeTo(10);
        assertThat(q.queue.statistics().reserveCount()).isEqualTo(5);
        q.reopen();
        assertThat(q.queue.statistics().reserveCount()).isEqualTo(5);
        q.queue.close();
        q.settings().recycleCapacity(3);
        q.open();
        assertThat(q.queue.statistics().reserveCount()).isEqualTo(2);
        assertThat(q.names(0))
                .containsExactly(
                        "0000000000000001.raftlog.reserved",
                        "0000000000000002.raftlog.reserved",
                        "0000000000000010.raftlog");
        q.append(5).append(5).append(5);
        assertThat(q.queue.statistics().reserveCount()).isZero();
        q.verify();
        q.queue.close();
        q.settings().recycleCapacity(0);
        q.open().verify();
        assertThat(q.names(0)).noneMatch(name -> name.endsWith(".reserved"));
    }

    /** D4: files the contiguity rule sets aside are nobody's. */
    @Test
    void filesBelowAHoleAreNeverTouched() throws IOException {
        q.settings().recycleCapacity(10);
        q.open().append(1024).append(1024).append(1024).append(1024);
        q.queue.close();
        Files.delete(log(2));
        byte[] before = Files.readAllBytes(log(1));
        q.open();
        assertThat(q.queue.firstSeq()).isEqualTo(3);
        q.append(1024).purgeTo(5);
        q.queue.close();
        assertThat(Files.readAllBytes(log(1))).isEqualTo(before);
        q.model.remove(1L);
        q.open().verify();
    }

    @Test
    void leftOverPreparedFilesAreDeletedAtOpen() throws IOException {
        Files.write(dir.resolve("prepared-77.tmp"), new byte[100]);
        q.open();
        assertThat(q.names(0)).containsExactly("0000000000000001.raftlog");
    }

    @Test
    void aFilledPreparedFileBecomesAReserveAtClose() {
        q.settings().targetBytes(64 << 10).prefill(PrefillPolicy.ALWAYS).recycleCapacity(20);
        growUntilTheNextIsFilledWhole();
        q.queue.close();
        assertThat(q.names(0))
                .hasSize((int) q.queue.activeSeq() + 1)
                .contains("0000000000000001.raftlog.reserved");
        q.open();
        assertThat(q.queue.statistics().reserveCount()).isEqualTo(1);
    }

    private void growUntilTheNextIsFilledWhole() {
        q.open();
        while (q.queue.activeSeq() < 6 || !q.queue.statistics().nextPrepared()) {
            q.append(2000).prepare();
        }
    }

    /** prefill-for-recycle: reserves appear in the background, not while the engine opens. */
    @Test
    void reservesAreCreatedAheadInTheBackground() throws IOException {
        q.settings().targetBytes(64 << 10).recycleCapacity(4).prefillCapacity(10);
        q.open();
        assertThat(q.queue.statistics().reserveCount()).isZero();
        q.prepare();
        assertThat(q.queue.statistics().reserveCount()).isEqualTo(3);
        assertThat(Files.size(reserved(3))).isEqualTo(64 << 10);
        for (int i = 0; i < 4; i++) {
            q.append(64 << 10);
        }
        assertThat(q.queue.statistics().rotationsRecycled()).isEqualTo(3);
        q.verify();
    }

    @Test
    void manySegmentsAreFoundByNumber() {
        q.settings().targetBytes(1);
        q.open();
        for (int i = 0; i < 200; i++) {
            q.append(3);
        }
        q.verify();
        q.purgeTo(150).verify();
        for (int i = 0; i < 100; i++) {
            q.append(3);
        }
        q.verify();
        assertThat(q.queue.statistics().segmentCount()).isEqualTo(152);
    }

    @Test
    void listenersHearOfNewAndPurgedSegments() {
        List<String> heard = new java.util.ArrayList<>();
        q.settings()
                .listener(
                        new SegmentListener() {
                            @Override
                            public void segmentAdded(
                                    io.raftengine.log.format.QueueKind kind, long seq) {
                                heard.add("added " + seq);
                            }

                            @Override
                            public void segmentsPurged(
                                    io.raftengine.log.format.QueueKind kind, long lastSeq) {
                                heard.add("purged " + lastSeq);
                            }
                        });
        q.open().append(1024).append(1024).purgeTo(2);
        assertThat(heard).containsExactly("added 1", "added 2", "purged 1");
    }
}
