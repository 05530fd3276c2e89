package io.raftengine.log.segment;

import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.StorageException;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.format.SegmentName;
import io.raftengine.log.io.DirectoryHandle;
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
        PoisonSwitch poison,
        HeadRoom headRoom,
        GradualDeletion deletions) {

    Path segmentPath(Path dir, long seq) {
        return dir.resolve(SegmentName.segment(settings.kind(), seq));
    }

    /**
     * Opens a directory whose names are about to change: where descriptors have run out nothing is
     * begun, nothing is in doubt, and it can be tried again.
     *
     * @throws StorageException if it cannot be opened
     */
    DirectoryHandle openDirectory(Path dir) {
        return fs.openDirectory(dir);
    }

    /**
     * Makes changed names durable; what a failed directory sync left on disk is unknown, so it
     * poisons.
     */
    void sync(DirectoryHandle dir) {
        try {
            dir.sync();
        } catch (StorageException | OutOfSpaceException e) {
            throw poison.poison(dir.path() + ": sync of the directory failed", e);
        }
    }

    /**
     * Opens and syncs, for names that have changed and whose sync can be made up for later.
     *
     * @throws StorageException if the directory cannot be opened; nothing was tried
     */
    void syncDirectory(Path dir) {
        try (DirectoryHandle handle = openDirectory(dir)) {
            sync(handle);
        }
    }

    /** Deletes a file that nobody needs; one that cannot be deleted is left to the next open. */
    void deleteQuietly(Path file) {
        try {
            deletions.delete(file, null);
        } catch (StorageException | OutOfSpaceException e) {
            // Nothing depends on it: its name is not that of a live segment.
        }
    }

    /**
     * Whether this queue may use the head-room: a purge needs the rewrite queue, and what serves
     * everybody is soon gone.
     */
    boolean hasHeadRoom() {
        return settings.kind() == QueueKind.REWRITE && headRoom.canGive();
    }

    /** What is deleted slowly helps nobody who needs the space. */
    void finishDeletionsIfShort() {
        if (deletions.pending() && isSpaceShort()) {
            deletions.finishNow();
        }
    }

    /** Whether some directory has room for less than two segments. */
    boolean isSpaceShort() {
        for (Path dir : settings.directories()) {
            if (!chooser.hasRoom(dir, 2 * settings.targetBytes())) {
                return true;
            }
        }
        return false;
    }

    /** How many purged files may be kept beside that many segments in use. */
    int reserveLimit(int segmentsInUse) {
        return Math.max(0, settings.recycleCapacity() - segmentsInUse);
    }
}
