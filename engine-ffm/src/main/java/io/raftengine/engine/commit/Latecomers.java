package io.raftengine.engine.commit;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * Callers for whom the collecting group has no slot. They sleep until the next one collects, which
 * may take a whole sync. Safe for all threads, platform and virtual; costs nothing while nobody is
 * late.
 */
final class Latecomers {
    /** A wake-up that was missed costs no more than that. */
    private static final long PARK_NANOS = 100_000_000L;

    private final Queue<Thread> asleep = new ConcurrentLinkedQueue<>();

    /** Sleeps while there is no place, however often it is woken or interrupted. */
    void await(BooleanSupplier noPlace) {
        Thread me = Thread.currentThread();
        boolean interrupted = false;
        // Before the look: whoever makes place afterwards sees that somebody sleeps.
        asleep.add(me);
        try {
            while (noPlace.getAsBoolean()) {
                LockSupport.parkNanos(this, PARK_NANOS);
                // A set flag would make every further park return at once.
                interrupted |= Thread.interrupted();
            }
        } finally {
            asleep.remove(me);
            if (interrupted) {
                me.interrupt();
            }
        }
    }

    /** There is place again: everybody looks. */
    void wakeAll() {
        if (!asleep.isEmpty()) {
            asleep.forEach(LockSupport::unpark);
        }
    }

    int count() {
        return asleep.size();
    }
}
