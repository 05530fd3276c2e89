package io.raftengine.testing.fs;

import io.raftengine.log.io.DirectoryLock;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.io.LockMode;
import io.raftengine.testing.fs.SimulatedNode.File;
import java.nio.file.Path;

/** A lock on the simulated disk. */
final class SimulatedLock implements DirectoryLock {
    private final SimulatedFileSystem disk;
    private final Path directory;
    private final LockMode mode;
    private final int life;
    private File file; // null when nothing is held; guarded by the disk

    SimulatedLock(SimulatedFileSystem disk, Path directory, LockMode mode, File file, int life) {
        this.disk = disk;
        this.directory = directory;
        this.mode = mode;
        this.file = file;
        this.life = life;
    }

    @Override
    public Path directory() {
        return directory;
    }

    @Override
    public LockMode mode() {
        return mode;
    }

    @Override
    public boolean held() {
        synchronized (disk) {
            return file != null && !disk.dead(life);
        }
    }

    @Override
    public boolean intact() {
        synchronized (disk) {
            return held() && disk.isNameOf(directory.resolve(FileSystem.LOCK_NAME), file);
        }
    }

    @Override
    public void close() {
        synchronized (disk) {
            if (file != null) {
                disk.unlock(file, life);
                file = null;
            }
        }
    }
}
