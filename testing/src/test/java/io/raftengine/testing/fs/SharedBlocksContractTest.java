package io.raftengine.testing.fs;

import io.raftengine.log.io.FileSystem;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;

/** The simulated disk as one that can share blocks between files, keeps the contract. */
class SharedBlocksContractTest extends FileSystemContract {
    private final SimulatedFileSystem disk = new SimulatedFileSystem(11);

    @BeforeEach
    void shareBlocks() {
        disk.setReflinks(true);
    }

    @Override
    FileSystem fileSystem() {
        return disk;
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
}
