package io.raftengine.recovery;

import java.util.concurrent.CountDownLatch;

/**
 * Lets the first replay thread go ahead before the others begin. In a JVM that has only just
 * started all of them would run the same code in the interpreter, hardly getting anywhere, and
 * would take the processor from the compiler, which alone can end that. While one thread runs, the
 * compiler has a processor for itself, and whoever waits loses next to nothing.
 *
 * <p>{@link #advanced} is for the first thread, the rest for any.
 */
final class HeadStart {
    /**
     * Bytes of log: some 25,000 small batches, which is enough for what they need to be compiled,
     * or a few milliseconds of reading where it is compiled already. The tests of all modules set
     * it to 0: their logs are small, and are to be replayed by several threads at once.
     */
    static final long BYTES =
            Math.max(0, Long.getLong("raftengine.recoveryHeadStartBytes", 4 << 20));

    private final CountDownLatch over;
    private long left;

    HeadStart(long bytes) {
        left = bytes;
        over = new CountDownLatch(bytes > 0 ? 1 : 0);
    }

    /** The first thread has replayed so many bytes more. */
    void advanced(long bytes) {
        if (left > 0) {
            left -= bytes;
            if (left <= 0) {
                end();
            }
        }
    }

    /** There is nobody to wait for any more; the first thread says so, too, when it fails. */
    void end() {
        over.countDown();
    }

    /** Returns when the first thread is far enough; an interrupt is left for later. */
    void await() {
        boolean interrupted = false;
        while (true) {
            try {
                over.await();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
