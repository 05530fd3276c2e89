package io.raftengine.log.segment;

import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.StorageException;
import io.raftengine.log.format.SegmentName;
import io.raftengine.log.io.FileSystem;
import java.nio.file.Path;

/**
 * What all parts of one queue share. Its members are safe for all threads unless they say
 * otherwise.
 */
record QueueContext(
        QueueSettings settings,
        FileSystem fs,
        DirectoryChooser chooser,
        ReservePool reserves,
        QueueCounters counters,
        PoisonSwitch poison) {

    Path segmentPath(Path dir, long seq) {
        return dir.resolve(SegmentName.segment(settings.kind(), seq));
    }

    /**
     * Makes changed names durable; what a failed directory sync left on disk is unknown, so it
     * poisons.
     */
    void syncDirectory(Path dir) {
        try {
            fs.syncDirectory(dir);
        } catch (StorageException | OutOfSpaceException e) {
            throw poison.poison(dir + ": sync of the directory failed", e);
        }
    }

    /** Deletes a file that nobody needs; one that cannot be deleted is left to the next open. */
    void deleteQuietly(Path file) {
        try {
            fs.delete(file);
        } catch (StorageException | OutOfSpaceException e) {
            // Nothing depends on it: its name is not that of a live segment.
        }
    }

    /** How many purged files may be kept beside that many segments in use. */
    int reserveLimit(int segmentsInUse) {
        return Math.max(0, settings.recycleCapacity() - segmentsInUse);
    }
}
