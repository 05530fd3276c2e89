package io.raftengine.engine;

import io.raftengine.error.RaftEngineException;
import io.raftengine.log.io.Closing;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * What an opening engine has acquired so far, to be given back in reverse: at close, or when a
 * later step fails. For one thread at a time.
 */
final class OpenedParts {
    private final Deque<Runnable> closers = new ArrayDeque<>();

    /** Notes how to give back what was just acquired. */
    void opened(Runnable closer) {
        closers.push(closer);
    }

    /**
     * Gives everything back, newest first, whatever fails on the way.
     *
     * @throws RaftEngineException the first failure, after all others were tried
     */
    void closeAll() {
        Closing.all(closers);
    }

    /**
     * Gives everything back because {@code cause} ended the opening; further failures are attached
     * to it.
     */
    void abandon(Throwable cause) {
        Closing.all(closers, cause);
    }
}
