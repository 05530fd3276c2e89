package io.raftengine.engine.commit;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * The right to write: exactly one thread at a time appends to the queue, changes the memtables and moves commit groups.
 *
 * <p>The token is passed, not thrown into the air: a leader that is done hands it straight to the candidate of the next
 * group, if one waits, and otherwise lays it down. Whoever wants it announces itself first and then tries to take it, and
 * whoever lays it down looks for candidates afterwards, so that never both miss each other.
 */
final class WriteToken {
    private static final long POLL_NANOS = 50_000L;

    private final AtomicBoolean held = new AtomicBoolean();

    /** Takes the token if it lies there. */
    boolean tryTake() {
        return !held.get() && held.compareAndSet(false, true);
    }

    /** Waits for the token as candidate of the group that collects. By a platform thread. */
    void takeAsCandidate(CommitGroup group) {
        if (tryTake()) {
            return;
        }
        group.announceCandidate();
        while (!group.granted() && !tryTake()) {
            group.awaitGrant();
        }
    }

    /** Waits for the token outside any group; for rare work such as closing. */
    void takeExclusively() {
        while (!tryTake()) {
            LockSupport.parkNanos(this, POLL_NANOS);
        }
    }

    /**
     * Passes the token to the candidate of the open group, or lays it down. By the holder.
     *
     * @param openGroup the group that collects; asked again each time, since once the token lies down another leader may
     *     come and go, and a grant to a group that was open before would be lost together with the token
     */
    void pass(Supplier<CommitGroup> openGroup) {
        for (; ; ) {
            CommitGroup open = openGroup.get();
            if (open.hasCandidate()) {
                open.grant();
                return;
            }
            held.set(false);
            if (!openGroup.get().hasCandidate() || !tryTake()) {
                return;
            }
        }
    }
}
