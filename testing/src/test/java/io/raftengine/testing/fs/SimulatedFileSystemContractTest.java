package io.raftengine.testing.fs;

import io.raftengine.log.io.FileSystem;
import java.nio.file.Path;

class SimulatedFileSystemContractTest extends FileSystemContract {
    private final SimulatedFileSystem disk = new SimulatedFileSystem(1);

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
