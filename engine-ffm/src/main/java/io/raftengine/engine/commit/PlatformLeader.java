package io.raftengine.engine.commit;

import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * Leads commit groups whose first caller is a virtual thread.
 *
 * <p>There is at most one such group waiting: only the open group has a first caller without the token, and the next one
 * opens when its leader closes it.
 */
final class PlatformLeader {
    private final AtomicReference<CommitGroup> waiting = new AtomicReference<>();
    private final WriteToken token;
    private final CommitPipeline pipeline;
    private final Thread thread;
    private volatile boolean closed;

    PlatformLeader(WriteToken token, CommitPipeline pipeline) {
        this.token = token;
        this.pipeline = pipeline;
        this.thread =
                Thread.ofPlatform().name("raft-engine-leader").daemon(true).unstarted(this::run);
        this.thread.start();
    }

    /** Hands over a group that its first caller cannot lead. */
    void lead(CommitGroup group) {
        CommitGroup other = waiting.getAndSet(group);
        assert other == null : "two groups wait for the leader of virtual callers";
        LockSupport.unpark(thread);
    }

    private void run() {
        while (!closed) {
            CommitGroup group = waiting.getAndSet(null);
            if (group == null) {
                LockSupport.park(this);
            } else {
                token.takeAsCandidate(group);
                pipeline.lead(group);
            }
        }
    }

    /** Ends the thread; nobody commits any more. */
    void close() {
        closed = true;
        LockSupport.unpark(thread);
    }
}
