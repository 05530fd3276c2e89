package io.raftengine.bench;

import io.raftengine.log.io.DirectoryHandle;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.io.ForwardingFileHandle;
import io.raftengine.log.io.ForwardingFileSystem;
import java.nio.file.Path;

/**
 * The local file system with syncs that return at once, without having done anything: what is left
 * of a synced write is what the engine itself costs. Promises nothing and is good for nothing else.
 */
final class InstantSyncFileSystem extends ForwardingFileSystem {
    InstantSyncFileSystem() {
        super(FileSystem.local());
    }

    @Override
    public FileHandle open(Path file, OpenMode mode) {
        return new Handle(super.open(file, mode));
    }

    @Override
    public DirectoryHandle openDirectory(Path dir) {
        return new NothingToSync(dir);
    }

    private record NothingToSync(Path path) implements DirectoryHandle {
        @Override
        public void sync() {}

        @Override
        public void close() {}
    }

    private static final class Handle extends ForwardingFileHandle {
        Handle(FileHandle file) {
            super(file);
        }

        @Override
        public void sync() {}
    }
}
