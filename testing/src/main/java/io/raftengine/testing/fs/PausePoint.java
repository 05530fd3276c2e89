package io.raftengine.testing.fs;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Where a call waits until the test lets it go on. Used once: a released point holds nobody up any
 * more.
 */
public final class PausePoint {
    private static final long TIMEOUT_SECONDS = 60;

    private final CountDownLatch reached = new CountDownLatch(1);
    private final CountDownLatch released = new CountDownLatch(1);

    /** A point that nobody has reached yet. */
    public PausePoint() {}

    /**
     * Waits until a call has arrived here.
     *
     * @throws AssertionError if none does within a minute
     */
    public void awaitReached() {
        await(reached, "no call reached the pause point");
    }

    /** Lets the waiting call, and all later ones, go on. */
    public void release() {
        released.countDown();
    }

    void pause() {
        reached.countDown();
        await(released, "the test never released the pause point");
    }

    private static void await(CountDownLatch latch, String otherwise) {
        boolean interrupted = false;
        try {
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS);
            while (true) {
                try {
                    if (latch.await(end - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                        return;
                    }
                    throw new AssertionError(otherwise);
                } catch (InterruptedException e) {
                    // The system call this stands for would not be interrupted either.
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
