package io.raftengine.engine.waiting;

/** Waiting for the end of a thread whose memory is to be given back. */
public final class ThreadEnd {
    private ThreadEnd() {}

    /**
     * Returns once a thread that was told to end has ended. An interrupt does not cut this short,
     * and is not lost.
     *
     * @param thread a started thread
     */
    public static void await(Thread thread) {
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException later) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
