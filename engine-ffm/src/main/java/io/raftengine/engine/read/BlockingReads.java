package io.raftengine.engine.read;

import java.util.concurrent.Semaphore;

/**
 * Bounds how many virtual threads may block in a read at once.
 *
 * <p>A system call pins the carrier of a virtual thread, and nothing compensates for it: as many
 * readers as there are carriers stop every other virtual thread of the process. So one carrier is
 * always left free; virtual readers beyond that wait parked. Platform threads pass through.
 */
final class BlockingReads {
    private final Semaphore permits = new Semaphore(Math.max(1, carriers() - 1));

    /** Waits for a place; true if {@link #leave} must follow. */
    boolean enter() {
        if (!Thread.currentThread().isVirtual()) {
            return false;
        }
        permits.acquireUninterruptibly();
        return true;
    }

    void leave() {
        permits.release();
    }

    private static int carriers() {
        Integer configured = Integer.getInteger("jdk.virtualThreadScheduler.parallelism");
        return configured != null ? configured : Runtime.getRuntime().availableProcessors();
    }
}
