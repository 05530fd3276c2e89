package io.raftengine.engine;

import io.raftengine.engine.purge.PurgeManager;
import io.raftengine.engine.waiting.ThreadEnd;
import io.raftengine.error.ClosedException;
import io.raftengine.error.RaftEngineException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Purges every so often, in a thread of its own, and tells the listeners what came of it. Begins
 * when it is made; an interval passes before the first purge.
 */
final class BackgroundPurge implements AutoCloseable {
    private final PurgeManager purge;
    private final long intervalNanos;
    private final List<EngineListener> listeners;
    private final ListenerNet net;
    private final EngineLog log;
    private final Thread thread;
    private volatile boolean closed;
    private boolean complained;

    BackgroundPurge(
            PurgeManager purge, Duration interval, List<EngineListener> listeners, EngineLog log) {
        this.purge = purge;
        this.log = log;
        this.net = new ListenerNet(log);
        this.intervalNanos = interval.toNanos();
        this.listeners = listeners;
        thread = Thread.ofPlatform().name("raft-engine-purge").daemon(true).start(this::run);
    }

    private void run() {
        long due = System.nanoTime() + intervalNanos;
        while (!closed) {
            long left = due - System.nanoTime();
            if (left > 0) {
                LockSupport.parkNanos(this, left);
                // Nobody has a reason to interrupt this thread; a set flag would make it spin.
                Thread.interrupted();
                continue;
            }
            purgeOnce();
            due = System.nanoTime() + intervalNanos;
        }
    }

    private void purgeOnce() {
        try {
            tell(PurgeResult.of(purge.purge()));
            complained = false;
        } catch (ClosedException closing) {
            closed = true;
        } catch (RaftEngineException failed) {
            // Nothing is lost; the next one tries again. A full disk would fill the log as well.
            if (!complained) {
                complained = true;
                log.warning("a purge failed; it will be tried again", failed);
            }
        } catch (Throwable unexpected) {
            // Also where the heap was exhausted: without this thread nothing is ever purged again.
            log.error("background purge", unexpected);
        }
    }

    private void tell(PurgeResult result) {
        for (EngineListener listener : listeners) {
            try {
                listener.onBackgroundPurge(result);
            } catch (Throwable thrown) {
                net.caughtAll(thrown);
            }
        }
    }

    /** Ends a purge under way at its next step, and the thread. */
    @Override
    public void close() {
        closed = true;
        purge.stop();
        LockSupport.unpark(thread);
        ThreadEnd.await(thread);
    }
}
