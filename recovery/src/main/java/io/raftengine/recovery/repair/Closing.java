package io.raftengine.recovery.repair;

import java.util.Deque;

/** Closes several things, all of them, also when one of them fails. */
final class Closing {
    private Closing() {}

    /**
     * Runs every step, the last one first, and leaves none behind.
     *
     * @param steps what is to be closed
     * @throws RuntimeException the first failure, with the others suppressed
     */
    static void all(Deque<Runnable> steps) {
        RuntimeException first = null;
        while (!steps.isEmpty()) {
            try {
                steps.pop().run();
            } catch (RuntimeException e) {
                if (first == null) {
                    first = e;
                } else {
                    first.addSuppressed(e);
                }
            }
        }
        if (first != null) {
            throw first;
        }
    }
}
