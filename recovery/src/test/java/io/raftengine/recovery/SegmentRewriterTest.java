package io.raftengine.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.allocator.GrowableBuffer;
import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.StorageException;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileIo;
import io.raftengine.log.io.FileSystem.OpenMode;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.FaultyFileSystem;
import io.raftengine.testing.fs.Operation;
import io.raftengine.testing.fs.SimulatedFileSystem;
import io.raftengine.testing.fs.SyncFailure;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What was written once more is on disk, by however many threads (P7, P8). */
class SegmentRewriterTest {
    private static final Path DIR = Path.of("/log");
    private static final Path FILE = DIR.resolve("0000000000000001.raftlog");
    private static final int BYTES = (int) (3 * SegmentRewriter.SHARE_BYTES_MIN) + 5 * 4096 + 123;
    private static final int FROM = 4096;

    private final SimulatedFileSystem disk = new SimulatedFileSystem(1);
    private final FaultyFileSystem fs = new FaultyFileSystem(disk);
    private final byte[] content = new byte[BYTES];

    /** The disk lacks a part of the file, which reads show all the same. */
    @BeforeEach
    void aSyncFails() {
        disk.createDirectories(DIR);
        new Random(7).nextBytes(content);
        try (FileHandle file = disk.open(FILE, OpenMode.CREATE);
                GrowableBuffer buffer =
                        new GrowableBuffer(MemoryBudget.unlimited(), BYTES, BYTES)) {
            Memory.copyFromArray(content, 0, buffer.address(), BYTES);
            FileIo.writeFully(file, buffer.address(), FROM, 0);
            file.sync();
            disk.syncDirectory(DIR);
            FileIo.writeFully(file, buffer.address(), BYTES, 0);
            disk.failNextSync(FILE, SyncFailure.CACHE_KEEPS_NEW_BYTES);
            assertThatThrownBy(file::sync).isInstanceOf(StorageException.class);
            file.sync();
        }
        assertThat(disk.contents(FILE)).isEqualTo(content);
        assertThat(disk.crashImage(1).contents(FILE)).isNotEqualTo(content);
    }

    private void rewrite(int threads, MemoryBudget budget) {
        try (FileHandle file = fs.open(FILE, OpenMode.WRITE)) {
            new SegmentRewriter(budget, threads).rewrite(file, FROM, BYTES);
        } finally {
            assertThat(budget.reservedBytes()).as("buffers given back").isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 64})
    void whatReadsShowIsOnDiskAfterwards(int threads) {
        rewrite(threads, MemoryBudget.unlimited());
        assertThat(disk.crashImage(2).contents(FILE)).isEqualTo(content);
        assertThat(disk.contents(FILE)).isEqualTo(content);
    }

    @Test
    void aLongRangeIsSharedOutAndWrittenOnce() {
        Set<Thread> threads = Collections.newSetFromMap(new ConcurrentHashMap<>());
        int[] written = new int[BYTES];
        fs.on(Operation.WRITE)
                .inject(
                        new Fault.Run(call -> {
                            threads.add(Thread.currentThread());
                            synchronized (written) {
                                for (long i = call.offset();
                                        i < call.offset() + call.length();
                                        i++) {
                                    written[(int) i]++;
                                }
                            }
                        }));
        rewrite(64, MemoryBudget.unlimited());
        assertThat(threads).as("a share has 4 MiB at least").hasSize(3);
        assertThat(Arrays.stream(written, 0, FROM)).containsOnly(0);
        assertThat(Arrays.stream(written, FROM, BYTES)).containsOnly(1);
    }

    @Test
    void withLittleMemoryOneThreadDoesItAlone() {
        rewrite(2, new MemoryBudget(100 << 10));
        assertThat(disk.crashImage(3).contents(FILE)).isEqualTo(content);
    }

    /** By whichever thread; there is no sync then that could vouch for anything. */
    @ParameterizedTest
    @ValueSource(ints = {FROM, BYTES - 123})
    void aWriteThatFailsIsReportedAndLeavesTheFileAsItWas(int at) {
        fs.on(Operation.WRITE)
                .where(call -> call.offset() <= at && at < call.offset() + call.length())
                .inject(Fault.error());
        assertThatThrownBy(() -> rewrite(2, MemoryBudget.unlimited()))
                .isInstanceOf(StorageException.class);
        assertThat(fs.calls(Operation.SYNC)).isZero();
        assertThat(disk.contents(FILE)).isEqualTo(content);
    }

    @Test
    void aSyncThatFailsIsReported() {
        fs.on(Operation.SYNC).inject(Fault.error());
        assertThatThrownBy(() -> rewrite(3, MemoryBudget.unlimited()))
                .isInstanceOf(StorageException.class);
        assertThat(disk.contents(FILE)).isEqualTo(content);
    }

    /** The disk is sent to work before the last byte is copied. */
    @Test
    void theDiskWorksWhileTheRestIsCopied() {
        rewrite(2, MemoryBudget.unlimited());
        long pieces = (BYTES - FROM) >> 20;
        assertThat(fs.calls(Operation.START_WRITEBACK)).isBetween(pieces - 1, pieces);
    }
}
