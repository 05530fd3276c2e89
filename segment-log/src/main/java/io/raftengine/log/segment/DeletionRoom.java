package io.raftengine.log.segment;

import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.StorageException;
import io.raftengine.log.io.FileInfo;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;

/**
 * Makes one purge wait until the files it deleted have shrunk, before it deletes more of them than
 * {@link GradualDeletion} can give back in steps. Not where space is short: then it is wanted at
 * once, whatever that holds up. Nor for ever: who gives back space may be gone.
 *
 * <p>For the purger's thread.
 */
final class DeletionRoom {
    /** For a purge that nobody works beside. */
    static final BooleanSupplier NO_WAITING = () -> true;

    /** At the few milliseconds that each of them takes, ten times what a large file needs. */
    private static final int WAITS_MAX = 400;

    private final QueueContext context;
    private final BooleanSupplier waits;
    private boolean patient;

    /**
     * For one purge.
     *
     * @param waits waits a moment; false if the purge is to end instead
     */
    DeletionRoom(QueueContext context, BooleanSupplier waits) {
        this.context = context;
        this.waits = waits;
        this.patient = waits != NO_WAITING;
    }

    /**
     * Waits until a file can be deleted.
     *
     * @return false if the purge is to end, and the file to stay
     */
    boolean await(Path file) {
        for (int i = 0; patient && mustWait(file); i++) {
            if (!waits.getAsBoolean()) {
                return false;
            }
            patient = i < WAITS_MAX;
        }
        return true;
    }

    private boolean mustWait(Path file) {
        return !context.deletions().hasRoomFor(Long.MAX_VALUE)
                && !context.deletions().hasRoomFor(sizeOf(file))
                && !context.headRoom().isWanted()
                && !context.isSpaceShort();
    }

    private long sizeOf(Path file) {
        try {
            FileInfo info = context.fs().info(file);
            return info == null ? 0 : info.sizeBytes();
        } catch (StorageException | OutOfSpaceException e) {
            return 0; // whoever deletes it says what is wrong
        }
    }
}
