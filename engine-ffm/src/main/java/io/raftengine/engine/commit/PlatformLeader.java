package io.raftengine.engine.commit;

import java.util.concurrent.locks.LockSupport;

/**
 * Leads commit groups in which only virtual threads wait. It is woken when such a group and a free
 * write token meet, and looks for itself what there is to do; being woken in vain does no harm.
 */
final class PlatformLeader {
    private final CommitPipeline pipeline;
    private final Thread thread;
    private volatile boolean closed;

    PlatformLeader(CommitPipeline pipeline) {
        this.pipeline = pipeline;
        this.thread =
                Thread.ofPlatform().name("raft-engine-leader").daemon(true).unstarted(this::run);
        this.thread.start();
    }

    /** Makes it look. */
    void wake() {
        LockSupport.unpark(thread);
    }

    private void run() {
        while (!closed) {
            if (!pipeline.leadOpenGroup()) {
                LockSupport.park(this);
            }
        }
    }

    /** Ends the thread; nobody commits any more. */
    void close() {
        closed = true;
        wake();
    }
}
