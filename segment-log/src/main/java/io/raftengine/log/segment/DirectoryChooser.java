package io.raftengine.log.segment;

import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.StorageException;
import io.raftengine.log.io.FileSystem;
import java.nio.file.Path;
import java.util.List;

/**
 * Where a new file goes: the first directory with room for a whole segment, else the main one. Safe
 * for all threads.
 */
final class DirectoryChooser {
    private final FileSystem fs;
    private final List<Path> directories;
    private final long targetBytes;

    DirectoryChooser(FileSystem fs, List<Path> directories, long targetBytes) {
        this.fs = fs;
        this.directories = directories;
        this.targetBytes = targetBytes;
    }

    Path choose() {
        if (directories.size() > 1) {
            for (Path dir : directories) {
                if (hasRoom(dir, targetBytes)) {
                    return dir;
                }
            }
        }
        return directories.get(0);
    }

    /** Space left where the next file would go. */
    long freeBytes() {
        return freeBytes(choose());
    }

    /** Whether a directory has that much space left; one that cannot be asked has none. */
    boolean hasRoom(Path dir, long bytes) {
        return freeBytes(dir) >= bytes;
    }

    private long freeBytes(Path dir) {
        try {
            return fs.availableBytes(dir);
        } catch (StorageException | OutOfSpaceException e) {
            return 0;
        }
    }
}
