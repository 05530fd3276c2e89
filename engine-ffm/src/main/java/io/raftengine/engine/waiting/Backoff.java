package io.raftengine.engine.waiting;

import java.util.concurrent.locks.LockSupport;

/**
 * Waiting for another thread that will be done in well under a microsecond once it runs, but may
 * have lost the processor in the middle: a few immediate retries, then yields, then short parks,
 * which also let a virtual thread's carrier do something else.
 */
public final class Backoff {
    private static final int SPINS = 8;
    private static final int YIELDS = 40;
    private static final long PARK_NANOS = 20_000;

    private Backoff() {}

    /**
     * Waits a little, longer when {@code attempt} grows.
     *
     * @param attempt how often the caller has looked in vain, from 0
     */
    public static void pause(int attempt) {
        if (attempt < SPINS) {
            Thread.onSpinWait();
        } else if (attempt < YIELDS) {
            Thread.yield();
        } else {
            // The park of an interrupted thread returns at once: a virtual one would keep its
            // carrier from those it waits for.
            boolean interrupted = Thread.interrupted();
            LockSupport.parkNanos(PARK_NANOS);
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
