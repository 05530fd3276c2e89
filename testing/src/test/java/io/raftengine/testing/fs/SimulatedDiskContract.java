package io.raftengine.testing.fs;

import io.raftengine.log.io.FileSystem;
import java.nio.file.Path;

/** The contract of a simulated disk, or of what stands in front of one. */
abstract class SimulatedDiskContract extends FileSystemContract {
    final SimulatedFileSystem disk;

    SimulatedDiskContract(long seed) {
        disk = new SimulatedFileSystem(seed);
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
