package io.raftengine.engine.memtable;

import java.util.concurrent.locks.LockSupport;

/**
 * What an optimistic reader does between two attempts. A write section lasts well under a
 * microsecond, but its thread may have lost the processor in the middle: so a few immediate
 * retries, then yields, then short parks, which also let a virtual thread's carrier do something
 * else.
 */
final class Backoff {
    private static final int SPINS = 16;
    private static final int YIELDS = 64;
    private static final long PARK_NANOS = 20_000;

    private Backoff() {}

    static void pause(int attempt) {
        if (attempt < SPINS) {
            Thread.onSpinWait();
        } else if (attempt < YIELDS) {
            Thread.yield();
        } else {
            LockSupport.parkNanos(PARK_NANOS);
        }
    }
}
