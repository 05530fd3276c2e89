package io.raftengine.log.segment;

import io.raftengine.log.format.QueueKind;
import java.nio.file.Path;
import java.util.Objects;

/**
 * A file of a queue as the directory shows it. Immutable.
 *
 * @param kind the queue it belongs to; reserved and prepared files belong to the append queue
 * @param seq its number, from the name, unsigned
 * @param path where it is
 * @param symlink whether the name is a symbolic link: readable when sealed, never written, renamed
 *     or recycled (D10)
 * @param sizeBytes its physical length in bytes
 * @param linkCount number of hard links; above 1 somebody's backup shares the bytes
 */
public record SegmentFile(
        QueueKind kind, long seq, Path path, boolean symlink, long sizeBytes, long linkCount) {

    /** Checks that nothing is missing. */
    public SegmentFile {
        Objects.requireNonNull(kind, "kind");
        Objects.requireNonNull(path, "path");
    }

    /**
     * Whether this file may be overwritten as another segment.
     *
     * @return true if it has one name only and that is no symbolic link
     */
    public boolean recyclable() {
        return !symlink && linkCount == 1;
    }
}
