package io.raftengine.log.segment;

import io.raftengine.log.io.FileHandle;
import java.nio.file.Path;

/**
 * A file that is ready to become a segment under another name. Changed by one thread at a time.
 *
 * <p>Its bytes below {@code filledTo} were written before (as zeros, or in an earlier life); space
 * up to {@code allocatedTo} was asked for.
 */
final class PreparedFile {
    final Path path;
    final FileHandle handle;

    /** The reserve it was, or null for a file made for the purpose. */
    final ReservePool.Reserve reserve;

    long filledTo;
    long allocatedTo;

    PreparedFile(Path path, FileHandle handle, ReservePool.Reserve reserve) {
        this.path = path;
        this.handle = handle;
        this.reserve = reserve;
    }

    boolean recycled() {
        return reserve != null;
    }
}
