package io.raftengine.it.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.raftengine.engine.EngineConfig;
import io.raftengine.engine.RaftEngine;
import io.raftengine.engine.ScanOrder;
import io.raftengine.error.CorruptionException;
import io.raftengine.error.RaftEngineException;
import io.raftengine.log.io.FileSystem;
import io.raftengine.recovery.RecoveryMode;
import io.raftengine.testing.forge.DirectoryImage;
import io.raftengine.testing.forge.MeteredFileSystem;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Opens a directory that nobody should trust, and holds the engine to what it promises about any
 * bytes (P9): an answer or a typed error, work in proportion to the file, memory within 8 MiB above
 * what an idle engine and the data's own index take, and a refusal that changed nothing.
 */
final class HostileOpening {
    /** Above an idle engine; the guard for every hostile input. */
    static final long GUARD_BYTES = 8L << 20;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    static final long IDLE_BYTES = idleBytes();

    private final Path dir;
    private final RecoveryMode mode;
    private final long indexBytes;

    /** Of sparse files; below zero where the length of a file is what it holds. */
    private long bytesWritten = -1;

    /** An opening, of which the data's own index may take so many bytes. */
    HostileOpening(Path dir, RecoveryMode mode, long indexBytes) {
        this.dir = dir;
        this.mode = mode;
        this.indexBytes = indexBytes;
    }

    /**
     * Its files are sparse, and so many bytes were written to them: holes cost nothing to make and
     * must cost nothing to read. The test knows the number; what the file system under it gave them
     * on disk is its own business.
     */
    HostileOpening ofSparseFiles(long bytes) {
        bytesWritten = bytes;
        return this;
    }

    /** Opens it read-only, then for writing, then again; returns the one outcome of all. */
    String outcome() {
        DirectoryImage before = DirectoryImage.of(dir);
        String looking = open(true);
        assertThat(DirectoryImage.of(dir)).as("read-only, %s", looking).isEqualTo(before);
        String writing = open(false);
        if (!writing.equals("opens")) {
            assertThat(DirectoryImage.of(dir)).as(writing).isEqualTo(before);
        } else {
            assertThat(open(false)).as("opened again").isEqualTo("opens");
        }
        return looking.equals(writing) ? writing : "read-only " + looking + ", else " + writing;
    }

    private String open(boolean readOnly) {
        MeteredFileSystem metered = new MeteredFileSystem(FileSystem.local());
        EngineConfig config =
                EngineConfig.builder(dir)
                        .recoveryMode(mode)
                        .recoveryThreads(2)
                        .memoryLimitBytes(IDLE_BYTES + GUARD_BYTES + indexBytes)
                        .verifyEveryRead(true)
                        .build();
        long fileBytes = fileBytes();
        long allocatedBefore = THREADS.getTotalThreadAllocatedBytes();
        String outcome;
        RaftEngine engine = null;
        try {
            engine =
                    readOnly
                            ? RaftEngine.openReadOnly(config, metered.fileSystem())
                            : RaftEngine.open(config, metered.fileSystem(), List.of());
            outcome = "opens";
        } catch (RaftEngineException refused) {
            outcome = refused.getClass().getSimpleName();
        }
        long allocated = THREADS.getTotalThreadAllocatedBytes() - allocatedBefore;
        assertThat(metered.bytesRead())
                .as("bytes read to open")
                .isLessThan(6 * fileBytes + (4 << 20));
        assertThat(allocated).as("heap allocated to open").isLessThan(2 * GUARD_BYTES);
        if (engine != null) {
            try (RaftEngine opened = engine) {
                readAll(opened);
            }
        }
        return outcome;
    }

    /** Everything that is there can be asked for, and gives bytes or a typed error. */
    static void readAll(RaftEngine engine) {
        engine.forEachGroup(group -> {
            engine.scan(group, null, null, ScanOrder.ASCENDING, (m, k, kn, v, vn) -> true);
            long first = engine.firstIndex(group);
            if (first == RaftEngine.NO_INDEX) {
                return;
            }
            try {
                engine.fetchEntries(
                        group,
                        first,
                        engine.lastIndex(group) + 1,
                        Long.MAX_VALUE,
                        (index, memory, offset, bytes) -> true);
            } catch (RaftEngineException damaged) {
                assertThat(damaged).isInstanceOf(CorruptionException.class);
            }
        });
    }

    private long fileBytes() {
        if (bytesWritten >= 0) {
            return bytesWritten;
        }
        try (Stream<Path> files = Files.list(dir)) {
            return files.filter(Files::isRegularFile).mapToLong(HostileOpening::size).sum();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static long idleBytes() {
        try {
            Path empty = Files.createTempDirectory("idle");
            try (RaftEngine engine = RaftEngine.open(EngineConfig.builder(empty).build())) {
                return engine.statistics().memoryPeakBytes();
            } finally {
                deleteAll(empty);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void deleteAll(Path dir) {
        try (Stream<Path> paths = Files.walk(dir)) {
            for (Path path : paths.sorted((a, b) -> b.compareTo(a)).toList()) {
                Files.delete(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
