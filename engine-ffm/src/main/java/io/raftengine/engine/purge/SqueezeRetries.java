package io.raftengine.engine.purge;

import io.raftengine.error.MemoryLimitException;
import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.RaftEngineException;

/**
 * When a squeeze that failed is tried again. Each try may leave copies that nobody can use, and
 * what made it fail may stay: a block that cannot be read is as unreadable the next second. So each
 * failure doubles the number of purges that pass without a try.
 *
 * <p>For the purger's thread.
 */
final class SqueezeRetries {
    /** With a purge each second the longest pause is about a day. */
    private static final int FAILURES_MAX = 16;

    /**
     * What lacked space or memory from the beginning may find it any time, and left nothing behind:
     * a quarter of a minute.
     */
    private static final int SHORTAGES_MAX = 4;

    private int failures;
    private long passed;

    /** Whether this purge may try. */
    boolean isDue() {
        long pause = (1L << failures) - 1;
        if (passed < pause) {
            passed++;
            return false;
        }
        return true;
    }

    /** A try failed, and wrote something that nobody needs, or nothing. */
    void failed(RaftEngineException why, boolean wrote) {
        boolean shortage =
                !wrote
                        && (why instanceof OutOfSpaceException
                                || why instanceof MemoryLimitException);
        failures = Math.min(shortage ? SHORTAGES_MAX : FAILURES_MAX, failures + 1);
        passed = 0;
    }

    /** A try did what it could. */
    void succeeded() {
        failures = 0;
        passed = 0;
    }
}
