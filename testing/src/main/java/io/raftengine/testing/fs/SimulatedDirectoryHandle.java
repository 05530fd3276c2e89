package io.raftengine.testing.fs;

import io.raftengine.error.ClosedException;
import io.raftengine.log.io.DirectoryHandle;
import io.raftengine.testing.fs.SimulatedNode.Directory;
import java.nio.file.Path;

/** An open directory of a {@link SimulatedFileSystem}. */
final class SimulatedDirectoryHandle implements DirectoryHandle {
    private final SimulatedFileSystem disk;
    private final Path path;
    private final Directory directory;
    private final int life;
    private boolean closed; // guarded by the disk

    SimulatedDirectoryHandle(SimulatedFileSystem disk, Path path, Directory directory, int life) {
        this.disk = disk;
        this.path = path;
        this.directory = directory;
        this.life = life;
    }

    @Override
    public void sync() {
        synchronized (disk) {
            if (closed || disk.dead(life)) {
                throw new ClosedException(path + ": the directory is closed");
            }
            disk.syncNames(directory);
        }
    }

    @Override
    public void close() {
        synchronized (disk) {
            closed = true;
        }
    }

    @Override
    public Path path() {
        return path;
    }
}
