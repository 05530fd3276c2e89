package io.raftengine.bench;

import io.raftengine.engine.EngineConfig;
import io.raftengine.engine.RaftEngine;
import io.raftengine.log.io.FileSystem;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * An engine in a directory of its own that is gone when this is closed.
 *
 * <p>The directory is made below the system property {@value #DIRECTORY_PROPERTY}, else below the
 * temporary directory of the JVM; which disk that is decides about every figure with a sync in it.
 */
final class ScratchEngine implements AutoCloseable {
    static final String DIRECTORY_PROPERTY = "raftengine.bench.dir";

    private final Path directory;
    private final RaftEngine engine;

    /** Opens one on the local file system; {@code settings} changes the defaults. */
    ScratchEngine(UnaryOperator<EngineConfig.Builder> settings) {
        this(FileSystem.local(), settings);
    }

    /** Opens one on a given file system; {@code settings} changes the defaults. */
    ScratchEngine(FileSystem fileSystem, UnaryOperator<EngineConfig.Builder> settings) {
        this.directory = newDirectory();
        EngineConfig config = settings.apply(EngineConfig.builder(directory)).build();
        this.engine = RaftEngine.open(config, fileSystem, List.of());
    }

    RaftEngine engine() {
        return engine;
    }

    static Path newDirectory() {
        Path parent =
                Path.of(
                        System.getProperty(
                                DIRECTORY_PROPERTY, System.getProperty("java.io.tmpdir")));
        try {
            return Files.createTempDirectory(parent, "raft-engine-bench-");
        } catch (IOException refused) {
            throw new UncheckedIOException(refused);
        }
    }

    @Override
    public void close() {
        engine.close();
        delete(directory);
    }

    /** Deletes a directory without subdirectories. */
    static void delete(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            List<Path> all = files.toList();
            for (Path file : all) {
                Files.delete(file);
            }
            Files.delete(directory);
        } catch (IOException refused) {
            throw new UncheckedIOException(refused);
        }
    }
}
