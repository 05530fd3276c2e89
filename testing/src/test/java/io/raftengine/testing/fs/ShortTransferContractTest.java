package io.raftengine.testing.fs;

import io.raftengine.log.io.FileSystem;
import java.nio.file.Path;

/**
 * Whoever loops as {@link io.raftengine.log.io.FileIo} does sees no difference when transfers are
 * short.
 */
class ShortTransferContractTest extends FileSystemContract {
    private final SimulatedFileSystem disk = new SimulatedFileSystem(2);

    @Override
    FileSystem fileSystem() {
        disk.setShortTransfers(true);
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
