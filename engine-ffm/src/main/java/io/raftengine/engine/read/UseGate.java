package io.raftengine.engine.read;

import io.raftengine.error.ClosedException;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;

/**
 * Keeps off-heap memory mapped while readers are inside an engine that is being closed.
 *
 * <p>Entering and leaving touch one of several counters, so readers on different cores do not share
 * a cache line. Safe for all threads.
 */
public final class UseGate {
    private static final int STRIPES = 16;

    /** Longs per stripe: two cache lines, since neighbours are fetched in pairs. */
    private static final int SPACING = 16;

    private static final long POLL_NANOS = 50_000L;

    private final AtomicLongArray inside = new AtomicLongArray(STRIPES * SPACING);
    private volatile boolean closed;

    /** An open gate. */
    public UseGate() {}

    /**
     * Enters.
     *
     * @return a ticket for {@link #leave}
     * @throws ClosedException the gate is closed
     */
    public int enter() {
        int stripe = ((int) Thread.currentThread().threadId() & (STRIPES - 1)) * SPACING;
        inside.getAndIncrement(stripe);
        // After the count, so that close() either sees us or we see it.
        if (closed) {
            inside.getAndDecrement(stripe);
            throw new ClosedException("the engine is closed");
        }
        return stripe;
    }

    /**
     * Lets a call pass that needs no memory to stay mapped.
     *
     * @throws ClosedException the gate is closed
     */
    public void demandOpen() {
        if (closed) {
            throw new ClosedException("the engine is closed");
        }
    }

    /**
     * Leaves.
     *
     * @param ticket what {@link #enter} returned
     */
    public void leave(int ticket) {
        inside.getAndDecrement(ticket);
    }

    /** Lets nobody in any more and waits until all have left. */
    public void close() {
        closed = true;
        boolean interrupted = false;
        for (int i = 0; i < STRIPES; i++) {
            while (inside.get(i * SPACING) != 0) {
                // A set flag would make every park return at once: a virtual thread would keep its
                // carrier from those it waits for.
                interrupted |= Thread.interrupted();
                LockSupport.parkNanos(this, POLL_NANOS);
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
