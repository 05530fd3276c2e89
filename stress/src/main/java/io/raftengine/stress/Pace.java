package io.raftengine.stress;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Starts operations at a fixed rate, or at once without one. Latency counts from the time an
 * operation should have started: one that had to wait for a slow predecessor was slow too (no
 * coordinated omission).
 */
final class Pace {
    /** {@link #next}: the limit or the deadline has come. */
    static final long OVER = Long.MIN_VALUE;

    private static final long SPIN_NANOS = 10_000;

    private final double intervalNanos;
    private final long begin;
    private final long deadline;
    private long started;

    /**
     * @param opsPerSecond 0 for as fast as possible
     * @param begin when the first operation is due, in the time of {@link System#nanoTime}
     * @param deadline when no operation may be due any more
     */
    Pace(long opsPerSecond, long begin, long deadline) {
        this.intervalNanos =
                opsPerSecond == 0 ? 0 : (double) TimeUnit.SECONDS.toNanos(1) / opsPerSecond;
        this.begin = begin;
        this.deadline = deadline;
    }

    boolean paced() {
        return intervalNanos > 0;
    }

    /** Whether no operation is due any more. */
    boolean over() {
        return (paced() ? due() : System.nanoTime()) - deadline >= 0;
    }

    /**
     * When the next operation is due, after waiting for it; without a rate, now. {@link #OVER} if
     * it is due at the deadline or later, or if the limit has passed; behind another limit it may
     * still be due then.
     *
     * @param limit when to come back without an operation, however many are due
     */
    long next(long limit) {
        long now = System.nanoTime();
        long due = paced() ? due() : now;
        // One branch for both: the limit takes it all the time, so compiled code knows it when the
        // deadline does.
        if (Math.max(now - limit, due - deadline) >= 0) {
            return OVER;
        }
        if (paced()) {
            started++;
            waitUntil(due);
        }
        return due;
    }

    private long due() {
        return begin + (long) (started * intervalNanos);
    }

    private static void waitUntil(long due) {
        long left = due - System.nanoTime();
        while (left > SPIN_NANOS) {
            LockSupport.parkNanos(left - SPIN_NANOS);
            left = due - System.nanoTime();
        }
        while (due - System.nanoTime() > 0) {
            Thread.onSpinWait();
        }
    }
}
