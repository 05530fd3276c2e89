package io.raftengine.engine.commit;

import io.raftengine.engine.waiting.ThreadEnd;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * Leads commit groups in which only virtual threads wait. It is woken when such a group and a free
 * write token meet, and looks for itself what there is to do; being woken in vain does no harm.
 */
final class PlatformLeader {
    /** Leads a group if there is one to be led; false if there was nothing to do. */
    private final BooleanSupplier leading;

    private final Thread thread;
    private volatile boolean closed;

    PlatformLeader(BooleanSupplier leading) {
        this.leading = leading;
        this.thread =
                Thread.ofPlatform().name("raft-engine-leader").daemon(true).unstarted(this::run);
        this.thread.start();
    }

    /** Makes it look. */
    void wake() {
        LockSupport.unpark(thread);
    }

    private void run() {
        while (!closed) {
            // Looked at again: leading parks as well, and may have used up the wake-up of the end.
            if (!leading.getAsBoolean() && !closed) {
                LockSupport.park(this);
            }
        }
    }

    /**
     * Ends the thread, and waits for it: it may have laid the token down long ago and still be
     * looking for somebody to wake. Nobody commits any more.
     */
    void close() {
        closed = true;
        wake();
        ThreadEnd.await(thread);
    }
}
