package io.raftengine.testing.fs;

import io.raftengine.allocator.Mapping;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.log.io.DirectoryEntry;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileIo;
import io.raftengine.log.io.FileSystem;
import java.nio.file.Path;

/**
 * Moves directories between file systems: fixtures into the simulated disk, crash images out of it.
 * Stateless.
 */
public final class DirectoryCopy {
    private static final int CHUNK_BYTES = 256 << 10;

    private DirectoryCopy() {}

    /**
     * Copies a directory with all it holds. Links to files become files; what is neither file nor
     * directory is left out. Everything is synced at the end.
     *
     * @param source where it is
     * @param from its path there
     * @param target where it goes
     * @param to its path there; must not hold files of the same names. Created if missing, its
     *     parent exists
     */
    public static void copy(FileSystem source, Path from, FileSystem target, Path to) {
        try (Mapping buffer =
                Mapping.map(MemoryBudget.unlimited(), CHUNK_BYTES, "directory copy")) {
            copy(source, from, target, to, buffer.address());
        }
    }

    private static void copy(
            FileSystem source, Path from, FileSystem target, Path to, long buffer) {
        if (target.info(to) == null) {
            target.createDirectory(to);
            Path parent = to.toAbsolutePath().getParent();
            if (parent != null) {
                target.syncDirectory(parent);
            }
        }
        for (DirectoryEntry entry : source.list(from)) {
            Path copy = to.resolve(entry.name());
            switch (entry.kind()) {
                case FILE, SYMLINK_TO_FILE -> copyFile(source, entry.path(), target, copy, buffer);
                case DIRECTORY -> copy(source, entry.path(), target, copy, buffer);
                case OTHER -> {}
            }
        }
        target.syncDirectory(to);
    }

    private static void copyFile(
            FileSystem source, Path from, FileSystem target, Path to, long buffer) {
        try (FileHandle in = source.open(from, FileSystem.OpenMode.READ);
                FileHandle out = target.open(to, FileSystem.OpenMode.CREATE)) {
            long position = 0;
            while (true) {
                int n = FileIo.readUpTo(in, buffer, CHUNK_BYTES, position);
                if (n == 0) {
                    break;
                }
                FileIo.writeFully(out, buffer, n, position);
                position += n;
            }
            out.sync();
        }
    }
}
