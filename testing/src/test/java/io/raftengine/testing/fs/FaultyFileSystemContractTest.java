package io.raftengine.testing.fs;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.log.io.FileSystem;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;

/** Without rules the wrapper must not be noticed. */
class FaultyFileSystemContractTest extends FileSystemContract {
    private final SimulatedFileSystem disk = new SimulatedFileSystem(3);
    private final FaultyFileSystem faulty = new FaultyFileSystem(disk);

    @Override
    FileSystem fileSystem() {
        return faulty;
    }

    @Override
    Path directory() {
        return disk.createDirectories(Path.of("/data/log"));
    }

    @Override
    void symbolicLink(Path link, Path target) {
        disk.createSymbolicLink(link, target);
    }

    @Override
    void hardLink(Path link, Path existing) {
        disk.createHardLink(link, existing);
    }

    @AfterEach
    void noHandleLeaks() {
        assertThat(faulty.openHandles()).isZero();
    }
}
