package io.raftengine.engine.commit;

import java.util.concurrent.locks.LockSupport;

/** Waiting for another thread that will be done in microseconds once it runs: yields first, then short parks. */
final class Backoff {
    private static final int YIELDS = 32;
    private static final long PARK_NANOS = 20_000L;

    private Backoff() {}

    /** Waits a little, longer when {@code attempt} grows. */
    static void await(int attempt) {
        if (attempt < YIELDS) {
            Thread.yield();
        } else {
            // The park of an interrupted thread returns at once: a virtual one would keep its carrier from those it waits for.
            boolean interrupted = Thread.interrupted();
            LockSupport.parkNanos(PARK_NANOS);
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
