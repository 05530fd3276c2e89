package io.raftengine.engine.commit;

import io.raftengine.engine.waiting.Backoff;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The right to write: exactly one thread at a time appends to the queue, changes the memtables and
 * moves commit groups.
 *
 * <p>The token is laid down, not handed over. A hand-over to a sleeping thread would keep everyone
 * waiting until that thread runs; laid down, the next caller that runs takes it and leads the group
 * in which the sleeper waits as well. Who lays it down then wakes one waiter, in case nobody runs;
 * who waits has announced itself before its last look at the token, so that never both miss each
 * other.
 */
final class WriteToken {
    private static final VarHandle HOLDER;

    static {
        try {
            HOLDER = MethodHandles.lookup().findVarHandle(WriteToken.class, "holder", Thread.class);
        } catch (ReflectiveOperationException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }

    /**
     * Whose it is, null while it lies there. A field for the sake of a holder that has run out of
     * stack: it can still find out whether it holds the token, and lay it down, without a call.
     */
    volatile Thread holder;

    boolean isHeld() {
        return holder != null;
    }

    /** Takes the token if it lies there. */
    boolean tryTake() {
        return holder == null && HOLDER.compareAndSet(this, (Thread) null, Thread.currentThread());
    }

    /** Waits for the token outside any group; for rare work such as closing. */
    void takeExclusively() {
        for (int attempt = 0; !tryTake(); attempt++) {
            Backoff.pause(attempt);
        }
    }

    /** Lays the token down; the holder then looks for somebody to wake. */
    void layDown() {
        holder = null;
    }
}
