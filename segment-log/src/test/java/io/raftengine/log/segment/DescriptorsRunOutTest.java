package io.raftengine.log.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.error.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The process has no descriptor left for a moment. A directory that cannot be opened was not
 * synced, so nothing is in doubt: the call fails, nothing is poisoned, the next call succeeds.
 */
class DescriptorsRunOutTest {
    private static final int EMFILE = 24;

    @TempDir private Path root;
    private QueueFixture q;

    @BeforeEach
    void start() {
        q = QueueFixture.withSpill(root);
    }

    @AfterEach
    void stop() {
        q.close();
    }

    private static void refuse(String operation, Path path) {
        if (List.of("open", "create", "opendir").contains(operation)) {
            throw new StorageException(path.toString(), operation, EMFILE, "Too many open files");
        }
    }

    private void noDescriptors() {
        q.fs.program(DescriptorsRunOutTest::refuse);
    }

    private void assertRefused(Runnable call) {
        assertThatThrownBy(call::run)
                .isInstanceOfSatisfying(
                        StorageException.class, e -> assertThat(e.errno()).isEqualTo(EMFILE));
        assertThat(q.queue.poisoned()).isFalse();
    }

    @Test
    void aRotationWithAPreparedFileIsFinishedLater() {
        q.settings().targetBytes(4096);
        q.open().append(3000).prepare();
        assertThat(q.queue.statistics().nextPrepared()).isTrue();
        noDescriptors();
        for (int i = 0; i < 3; i++) {
            assertRefused(() -> q.queue.rotate());
            assertThat(q.queue.activeSeq()).isEqualTo(1);
            assertThat(q.queue.rotateBefore(1)).as("I3").isTrue();
            q.verify();
            q.assertDirectoryIsSound();
        }
        q.fs.noProgram();
        q.append(10).verify();
        assertThat(q.queue.activeSeq()).isEqualTo(2);
        q.reopen().append(10).verify();
        q.assertDirectoryIsSound();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 10})
    void aPurgeTouchesNothingAndIsRepeated(int recycleCapacity) {
        q.settings().recycleCapacity(recycleCapacity);
        q.open().append(1024).append(1024).append(1024);
        List<String> before = q.names(0);
        noDescriptors();
        assertRefused(() -> q.queue.purgeTo(3, () -> true));
        assertThat(q.names(0)).isEqualTo(before);
        q.verify();
        q.fs.noProgram();
        q.purgeTo(3).append(10).verify();
        assertThat(q.queue.statistics().reserveCount()).isEqualTo(recycleCapacity == 0 ? 0 : 1);
        q.reopen().verify();
    }

    /** I4: one file of the number, whichever attempt ends how. */
    @Test
    void aFileWithoutRoomMovesToTheOtherDirectoryLater() {
        q.open().append(300);
        q.fs.program((op, path) -> {
            if (op.equals("write")) {
                throw ProgrammableFileSystem.full(path);
            }
        });
        assertThatThrownBy(() -> q.queue.rotate()).hasMessageContaining("no space");
        q.mainIsFull();
        noDescriptors();
        for (int i = 0; i < 2; i++) {
            assertRefused(() -> q.queue.rotate());
            assertThat(q.names(0)).contains("0000000000000002.raftlog");
        }
        q.fs.noProgram();
        q.append(500);
        assertThat(q.names(0)).containsExactly("0000000000000001.raftlog");
        assertThat(q.names(1)).containsExactly("0000000000000002.raftlog");
        q.reopen().verify();
    }

    /** The next segment was prepared while an earlier attempt could not even be cleared away. */
    @Test
    void whatWasPreparedMeanwhileIsNotForgotten() throws IOException {
        q.settings().targetBytes(4096);
        q.open().append(3000);
        q.fs.program((op, path) -> {
            if (op.equals("create")) {
                try {
                    Files.createFile(path);
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
                throw ProgrammableFileSystem.failure(op, path);
            }
        });
        assertThatThrownBy(() -> q.queue.rotate()).isInstanceOf(StorageException.class);
        q.fs.noProgram();
        q.prepare();
        assertThat(q.queue.statistics().nextPrepared()).isTrue();
        long descriptors = descriptors();
        noDescriptors();
        assertRefused(() -> q.queue.rotate());
        assertThat(descriptors()).isEqualTo(descriptors - 1);
        q.fs.noProgram();
        q.append(10).verify();
        q.assertDirectoryIsSound();
        assertThat(q.names(0))
                .containsExactly("0000000000000001.raftlog", "0000000000000002.raftlog");
    }

    /** What is deleted in steps stays open meanwhile: a rotation needs its descriptor more. */
    @Test
    void aRotationTakesThoseOfFilesThatAreBeingDeleted() {
        q.settings().targetBytes(4096);
        q.open().append(2 << 20).append(2 << 20).append(10).purgeTo(3);
        AtomicInteger closed = new AtomicInteger();
        q.fs.program((op, path) -> {
            if (op.equals("close") && (path.endsWith(name(1)) || path.endsWith(name(2)))) {
                closed.incrementAndGet();
            }
            if (closed.get() == 0) {
                refuse(op, path);
            }
        });
        q.rotate().append(10).verify();
        assertThat(closed).as("no more than was needed").hasValue(1);
        q.fs.noProgram();
        q.reopen().verify();
        q.assertDirectoryIsSound();
    }

    private static String name(long seq) {
        return String.format("%016d.raftlog", seq);
    }

    /** Each rotation and each step of the agent would delete one more of them. */
    @Test
    void reservesAreStillThereWhenDescriptorsAre() {
        q.settings().targetBytes(4096).recycleCapacity(10);
        q.open();
        for (int i = 0; i < 6; i++) {
            q.append(4096);
        }
        q.purgeTo(6);
        int reserves = q.queue.statistics().reserveCount();
        assertThat(reserves).isGreaterThan(1);
        noDescriptors();
        for (int i = 0; i < 3; i++) {
            q.prepare();
            assertRefused(() -> q.queue.rotate());
        }
        assertThat(q.queue.statistics().reserveCount()).isEqualTo(reserves);
        q.fs.noProgram();
        q.append(10).verify();
        assertThat(q.queue.statistics().rotationsRecycled()).isOne();
        assertThat(q.queue.statistics().reserveCount()).isEqualTo(reserves - 1);
        q.assertDirectoryIsSound();
    }

    private long descriptors() throws IOException {
        String here = root.toRealPath().toString();
        long count = 0;
        try (var all = Files.list(Path.of("/proc/self/fd"))) {
            for (Path fd : all.toList()) {
                try {
                    count += Files.readSymbolicLink(fd).toString().startsWith(here) ? 1 : 0;
                } catch (IOException gone) {
                    // The listing's own.
                }
            }
        }
        return count;
    }

    @Test
    void aReserveMadeAheadThatCannotGetItsNameIsDeleted() {
        q.settings().targetBytes(64 << 10).recycleCapacity(4).prefillCapacity(1);
        q.open();
        q.fs.program((op, path) -> {
            if (op.equals("opendir")) {
                refuse(op, path);
            }
        });
        q.prepare();
        assertThat(q.queue.poisoned()).isFalse();
        assertThat(q.names(0)).containsExactly("0000000000000001.raftlog");
        q.fs.noProgram();
        q.append(10).verify();
    }

    @Test
    void anOpenSaysWhatWasRefused() {
        q.open().append(300);
        q.queue.close();
        q.fs.program((op, path) -> {
            if (op.equals("opendir")) {
                refuse(op, path);
            }
        });
        assertThatThrownBy(() -> q.open()).isInstanceOf(StorageException.class);
        q.fs.noProgram();
        q.open().verify();
    }
}
