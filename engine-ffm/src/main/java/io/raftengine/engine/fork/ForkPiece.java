package io.raftengine.engine.fork;

import io.raftengine.log.format.QueueKind;
import io.raftengine.log.segment.SegmentReader;
import java.nio.file.Path;

/**
 * One segment of a fork.
 *
 * @param queue its queue
 * @param seq its number
 * @param path where it is, unless it was purged meanwhile
 * @param bytes how much of it belongs to the fork
 * @param sealed whether nobody writes it any more: it may be shared
 * @param symlink whether its name is a symbolic link: what it leads to is somebody else's (D10)
 * @param held keeps its bytes readable while an engine runs; null where the directory is closed
 */
public record ForkPiece(
        QueueKind queue,
        long seq,
        Path path,
        long bytes,
        boolean sealed,
        boolean symlink,
        SegmentReader held) {}
