package io.raftengine.stress;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Starts operations at a fixed rate, or at once without one. Latency counts from the time an
 * operation should have started: one that had to wait for a slow predecessor was slow too (no
 * coordinated omission).
 */
final class Pace {
    /** {@link #next}: the time is over. */
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

    /**
     * When the next operation is due, after waiting for it; without a rate, now. {@link #OVER} at
     * the deadline.
     */
    long next() {
        if (!paced()) {
            long now = System.nanoTime();
            return now - deadline >= 0 ? OVER : now;
        }
        long due = begin + (long) (started * intervalNanos);
        if (due - deadline >= 0) {
            return OVER;
        }
        started++;
        waitUntil(due);
        return due;
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
