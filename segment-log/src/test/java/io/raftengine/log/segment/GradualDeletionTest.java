package io.raftengine.log.segment;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.io.FileSystem.OpenMode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * How much of the files that wait goes at a time. They are full of holes, so they take no space.
 */
class GradualDeletionTest {
    private static final long MIB = 1 << 20;

    @TempDir private Path dir;
    private final AtomicLong nanos = new AtomicLong();
    private final FileSystem fs = FileSystem.local();
    private final List<FileHandle> watched = new ArrayList<>();
    private GradualDeletion deletion;

    @BeforeEach
    void start() {
        deletion = new GradualDeletion(fs, nanos::get);
    }

    @AfterEach
    void stop() {
        deletion.close();
        watched.forEach(FileHandle::close);
    }

    /** A file with a descriptor of the test's own, which shows what becomes of it. */
    private Path file(long bytes) throws IOException {
        Path file = dir.resolve("file" + watched.size());
        try (RandomAccessFile made = new RandomAccessFile(file.toFile(), "rw")) {
            made.setLength(bytes);
        }
        watched.add(fs.open(file, OpenMode.READ));
        return file;
    }

    private void delete(long bytes) throws IOException {
        deletion.delete(file(bytes), null);
    }

    private long step() {
        long before = waiting();
        deletion.stepIfDue(() -> false);
        nanos.addAndGet(1_000_000_000);
        return before - waiting();
    }

    private long waiting() {
        return watched.stream().mapToLong(FileHandle::size).sum();
    }

    @Test
    void littleGoesInStepsOfAMebibyte() throws IOException {
        for (int i = 0; i < 60; i++) {
            delete(8 * MIB);
        }
        for (int i = 0; i < 7; i++) {
            assertThat(step()).isEqualTo(MIB);
        }
        assertThat(step()).as("the last one is closed").isZero();
        assertThat(step()).isEqualTo(MIB);
    }

    @Test
    void ofMuchAThousandthGoesAtATime() throws IOException {
        for (int i = 0; i < 4; i++) {
            delete(1024 * MIB);
        }
        assertThat(step()).isEqualTo(4 * MIB);
        assertThat(step()).isBetween(4 * MIB - MIB / 64, 4 * MIB);
    }

    @Test
    void noStepIsLargerThanAnybodyShouldWaitFor() throws IOException {
        for (int i = 0; i < 40; i++) {
            delete(1024 * MIB);
        }
        assertThat(step()).isEqualTo(16 * MIB);
    }

    /** What waits holds descriptors, which the engine may need. */
    @Test
    void noMoreThanSixtyFourFilesWait() throws IOException {
        for (int i = 0; i < 70; i++) {
            delete(2 * MIB);
        }
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            long held = open.filter(this::isDeleted).count();
            assertThat(held).as("those of the test, and the engine's").isEqualTo(70 + 64);
        }
    }

    private boolean isDeleted(Path descriptor) {
        try {
            String target = Files.readSymbolicLink(descriptor).toString();
            return target.startsWith(dir.toRealPath().toString()) && target.endsWith("(deleted)");
        } catch (IOException closedMeanwhile) {
            return false;
        }
    }

    /** A backup that reads what was purged is in no hurry, and hurries nobody. */
    @Test
    void filesThatAreReadDoNotMakeTheStepsOfOthersLarger() throws IOException {
        Path read = file(20_000 * MIB);
        SegmentReader reader =
                new SegmentReader(1, read, FormatVersion.V2, fs.open(read, OpenMode.READ), false);
        assertThat(reader.tryAcquire()).isTrue();
        reader.purge();
        deletion.delete(read, reader);
        delete(8 * MIB);
        assertThat(step()).isEqualTo(MIB);
        reader.release();
        assertThat(step()).as("the rest of the other, which is closed").isZero();
        assertThat(step()).as("its readers have left").isEqualTo(16 * MIB);
        assertThat(reader.reap()).isTrue();
    }
}
