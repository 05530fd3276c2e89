package io.raftengine.log.segment;

import java.nio.file.Path;
import java.util.function.BooleanSupplier;

/**
 * Makes one purge wait until the files it deleted have shrunk, before it deletes more of them than
 * {@link GradualDeletion} can give back in steps. Not where space is short: then it is wanted at
 * once, whatever that holds up. Nor where nothing is given back any more: who does it may be gone.
 *
 * <p>For the purger's thread.
 */
final class DeletionRoom {
    /** Of a few milliseconds each, while a step is due as often: seconds. */
    private static final int WAITS_IN_VAIN_MAX = 2000;

    private final QueueContext context;
    private final BooleanSupplier waits;
    private long stepsSeen;
    private int waitsInVain;

    /**
     * For one purge.
     *
     * @param waits waits a moment; false if the purge is to end instead
     */
    DeletionRoom(QueueContext context, BooleanSupplier waits) {
        this.context = context;
        this.waits = waits;
    }

    /**
     * Waits until a file can be deleted.
     *
     * @return false if the purge is to end, and the file to stay
     */
    boolean await(Path file) {
        if (context.deletions().hasRoom() || !context.deletions().needsRoom(file)) {
            return true;
        }
        while (isWorthAWait()) {
            if (context.poison().poisoned() || !waits.getAsBoolean()) {
                return false;
            }
            waitsInVain++;
        }
        return true;
    }

    private boolean isWorthAWait() {
        long steps = context.deletions().steps();
        if (steps != stepsSeen) {
            stepsSeen = steps;
            waitsInVain = 0;
        }
        return waitsInVain < WAITS_IN_VAIN_MAX
                && !context.deletions().hasRoom()
                && !context.headRoom().isWanted()
                && !context.isSpaceShort();
    }
}
