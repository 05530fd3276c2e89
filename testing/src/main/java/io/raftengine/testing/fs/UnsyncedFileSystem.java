package io.raftengine.testing.fs;

import io.raftengine.log.io.DirectoryHandle;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.io.ForwardingDirectoryHandle;
import io.raftengine.log.io.ForwardingFileHandle;
import io.raftengine.log.io.ForwardingFileSystem;
import java.nio.file.Path;

/**
 * A file system whose syncs return at once, for tests that open thousands of directories and cut no
 * power.
 */
public final class UnsyncedFileSystem extends ForwardingFileSystem {
    private UnsyncedFileSystem(FileSystem inner) {
        super(inner);
    }

    /**
     * The same file system without its syncs.
     *
     * @param inner what does everything else
     * @return a view of it
     */
    public static FileSystem over(FileSystem inner) {
        return new UnsyncedFileSystem(inner);
    }

    @Override
    public FileHandle open(Path file, OpenMode mode) {
        return new UnsyncedFile(super.open(file, mode));
    }

    @Override
    public DirectoryHandle openDirectory(Path dir) {
        return new UnsyncedDirectory(super.openDirectory(dir));
    }

    @Override
    public void syncDirectory(Path dir) {}

    private static final class UnsyncedFile extends ForwardingFileHandle {
        UnsyncedFile(FileHandle inner) {
            super(inner);
        }

        @Override
        public void sync() {}
    }

    private static final class UnsyncedDirectory extends ForwardingDirectoryHandle {
        UnsyncedDirectory(DirectoryHandle inner) {
            super(inner);
        }

        @Override
        public void sync() {}
    }
}
