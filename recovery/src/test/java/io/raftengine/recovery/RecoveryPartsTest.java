package io.raftengine.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.error.ConfigException;
import io.raftengine.error.CorruptionException;
import io.raftengine.error.InvalidArgumentException;
import io.raftengine.error.StorageException;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.segment.DirectoryScan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Small parts, each at its limits. */
class RecoveryPartsTest {
    @Test
    void modesAreNamedAsInTheReferencesConfiguration() {
        for (RecoveryMode mode : RecoveryMode.values()) {
            assertThat(RecoveryMode.of(mode.key())).isSameAs(mode);
        }
        assertThat(RecoveryMode.of("tolerate-corrupted-tail-records"))
                .isSameAs(RecoveryMode.TOLERATE_TAIL_CORRUPTION);
        assertThatThrownBy(() -> RecoveryMode.of("TOLERATE"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("recovery-mode");
    }

    /** D7. */
    @Test
    void readBlocksAreClampedAndThreadsChecked() {
        RecoveryMode mode = RecoveryMode.ABSOLUTE_CONSISTENCY;
        assertThat(new RecoverySettings(mode, 1, 0, true).readBlockBytes()).isEqualTo(512);
        assertThat(new RecoverySettings(mode, 1, 511, true).readBlockBytes()).isEqualTo(512);
        assertThat(new RecoverySettings(mode, 1, 513, true).readBlockBytes()).isEqualTo(513);
        assertThat(new RecoverySettings(mode, 1, 2 << 20, true).readBlockBytes())
                .isEqualTo(1 << 20);
        assertThat(new RecoverySettings(mode, 1 << 20, 1, true).threads()).isEqualTo(1024);
        assertThatThrownBy(() -> new RecoverySettings(mode, 0, 512, true))
                .isInstanceOf(InvalidArgumentException.class);
        assertThatThrownBy(() -> new RecoverySettings(null, 1, 512, true))
                .isInstanceOf(InvalidArgumentException.class);
    }

    @Test
    void theFirstFailureInLogOrderIsTheOneThatIsThrownAndEveryThreadHasEnded() {
        AtomicBoolean ended = new AtomicBoolean();
        CountDownLatch secondFailed = new CountDownLatch(1);
        Runnable first =
                () -> {
                    awaitUninterrupted(secondFailed);
                    throw new IllegalStateException("first");
                };
        Runnable second =
                () -> {
                    secondFailed.countDown();
                    throw new OutOfMemoryError("second");
                };
        Runnable third =
                () -> {
                    awaitUninterrupted(secondFailed);
                    ended.set(true);
                };
        assertThatThrownBy(() -> ReplayThreads.run(List.of(first, second, third)))
                .hasMessage("first")
                .satisfies(e -> assertThat(e.getSuppressed()).hasSize(1));
        assertThat(ended).isTrue();
        assertThatThrownBy(() -> ReplayThreads.run(List.of(third, second)))
                .isInstanceOf(OutOfMemoryError.class);
        ReplayThreads.run(List.of());
    }

    @Test
    void anInterruptLeavesNoThreadBehindAndIsNotLost() {
        CountDownLatch go = new CountDownLatch(1);
        AtomicBoolean ended = new AtomicBoolean();
        Runnable first =
                () -> {
                    Thread.currentThread().interrupt();
                    go.countDown();
                };
        Runnable second =
                () -> {
                    awaitUninterrupted(go);
                    ended.set(true);
                };
        ReplayThreads.run(List.of(first, second));
        assertThat(Thread.interrupted()).isTrue();
        assertThat(ended).isTrue();
    }

    private static void awaitUninterrupted(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Somebody else writes into the directory between the scan and the cut. */
    @Test
    void aSegmentThatGrewWhileItWasReplayedIsNotCut(@TempDir Path dir) throws IOException {
        RecoveryFixture fixture = new RecoveryFixture(dir);
        fixture.append(SegmentBytes.v2(1).append(1, 1, "a").zeros(100));
        fixture.append(SegmentBytes.v2(2).append(1, 2, "b"));
        Path file = fixture.path(QueueKind.APPEND, 1);
        FileSystem fs = FileSystem.local();
        ReplaySink growing =
                new MergingSink(() -> {
                    try {
                        Files.write(file, new byte[5000]);
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                });
        RecoverySettings settings =
                new RecoverySettings(RecoveryMode.TOLERATE_ANY_CORRUPTION, 1, 4096, false);
        assertThatThrownBy(() ->
                        Recovery.run(settings, fs, DirectoryScan.scan(fs, List.of(dir)), growing))
                .isInstanceOf(StorageException.class)
                .hasMessageContaining("now 5000");
        assertThat(file).hasSize(5000);
    }

    /** D10: a file of its own would be a change. */
    @Test
    void aRefusalByTheMergeLeavesALastSegmentItsOtherNames(@TempDir Path dir) throws IOException {
        RecoveryFixture fixture = new RecoveryFixture(dir);
        fixture.append(SegmentBytes.v2(1).append(1, 1, "a").append(1, 9, "hole"));
        Path segment = fixture.path(QueueKind.APPEND, 1);
        Path backup = Files.createLink(dir.resolve("backup"), segment);
        FileTime written = FileTime.fromMillis(1_000_000_000_000L);
        Files.setLastModifiedTime(backup, written);
        fixture.refuses(RecoveryMode.TOLERATE_TAIL_CORRUPTION, CorruptionException.class);
        assertThat(Files.isSameFile(segment, backup)).isTrue();
        assertThat(Files.getLastModifiedTime(backup)).as("not written").isEqualTo(written);
    }

    /** D6: what the sink refuses at the merge leaves the disk as it was, too. */
    @Test
    void aRefusalByTheMergeChangesNothing(@TempDir Path dir) {
        RecoveryFixture fixture = new RecoveryFixture(dir);
        fixture.append(SegmentBytes.v2(1).append(1, 1, "a").append(1, 9, "hole").zeros(50));
        for (RecoveryMode mode : RecoveryMode.values()) {
            assertThat(fixture.refuses(mode, CorruptionException.class).what()).contains("group 1");
        }
    }

    @Test
    void theReportCountsAndPrintsEverything(@TempDir Path dir) {
        RecoveryFixture fixture = new RecoveryFixture(dir);
        fixture.rewrite(SegmentBytes.v2(1).append(1, 1, "a"));
        fixture.append(SegmentBytes.v1(4).append(1, 2, "b").zeros(64));
        RecoveryReport report = fixture.recover(RecoveryMode.TOLERATE_TAIL_CORRUPTION).report();
        assertThat(report.batches()).isEqualTo(2);
        assertThat(report.droppedBytes()).isEqualTo(64);
        assertThat(report.fileBytes())
                .isEqualTo(report.segments().stream().mapToLong(SegmentReport::fileBytes).sum());
        assertThat(report.segments())
                .extracting(SegmentReport::kind)
                .containsExactly(QueueKind.REWRITE, QueueKind.APPEND);
        assertThat(report.threads()).isEqualTo(1);
        assertThat(report.nanos()).isPositive();
        assertThat(report.clean()).isFalse();
        assertThat(report.toString())
                .contains("2 segments")
                .contains("0000000000000001.rewrite")
                .contains("V1")
                .contains("tolerate-tail-corruption");
    }

    @Test
    void aListOfFragmentsGrows() {
        FragmentList list = new FragmentList();
        for (int i = 0; i < 100; i++) {
            list.add(i, 3L * i);
        }
        FragmentList all = new FragmentList();
        all.add(7, 7);
        all.addAll(list);
        assertThat(all.size()).isEqualTo(101);
        assertThat(all.segment(100)).isEqualTo(99);
        assertThat(all.offset(100)).isEqualTo(297);
    }
}
