package io.raftengine.log.segment;

import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.StorageException;
import io.raftengine.log.io.DirectoryHandle;
import io.raftengine.log.segment.HeadRoom.Demand;
import java.nio.file.Path;

/**
 * What the append queue does for the {@link HeadRoom}: sees that it is there, and gives up reserves
 * for it. The append queue, because its purged segments are what brings space.
 */
final class HeadRoomKeeper {
    private final QueueContext context;
    private final SegmentTable table;
    private final HeadRoom headRoom;

    // Agent only.
    private long soughtAt = -1;

    HeadRoomKeeper(QueueContext context, SegmentTable table) {
        this.context = context;
        this.table = table;
        this.headRoom = context.headRoom();
    }

    /** See {@link SegmentQueue#servesHeadRoom}. */
    void serve() {
        headRoom.donor(this::giveUpReserve, this::reserveBytes);
        if (hasSomethingToPurge() && headRoom.isWanted() && !headRoom.isPlentyFree()) {
            headRoom.restore(Demand.WHAT_THERE_IS);
        }
    }

    /**
     * Makes the head-room as large as it should be if there is plenty of space. Looks once per
     * segment: where there was none, the next purge brings some. Never waits for a purge that is
     * making it. Agent only.
     */
    void keep(long activeSeq) {
        if (activeSeq != soughtAt
                && hasSomethingToPurge()
                && headRoom.isWanted()
                && headRoom.tryRestore(Demand.PLENTY)) {
            soughtAt = activeSeq;
        }
    }

    /** A directory of one segment needs none, and is spared a second file of that size. */
    private boolean hasSomethingToPurge() {
        return table.count() > 1;
    }

    private long reserveBytes() {
        return context.poison().poisoned()
                ? 0
                : context.reserves().countFree(directory()) * context.settings().targetBytes();
    }

    /**
     * Gives up one file that is kept for speed only; its space is free when this returns. None
     * where descriptors have run out: the space could not be used.
     */
    private boolean giveUpReserve() {
        if (context.poison().poisoned()) {
            return false;
        }
        try (DirectoryHandle dir = context.openDirectory(directory())) {
            ReservePool.Reserve reserve = context.reserves().takeNewestOf(directory());
            if (reserve == null) {
                return false;
            }
            context.deleteQuietly(reserve.path());
            context.deletions().finishNow();
            // Freed blocks are not handed out again before this is on disk.
            context.sync(dir);
            return true;
        } catch (StorageException | OutOfSpaceException notOpened) {
            return false;
        }
    }

    private Path directory() {
        return context.settings().directories().get(0);
    }
}
