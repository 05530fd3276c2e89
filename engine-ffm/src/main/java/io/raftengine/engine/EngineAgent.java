package io.raftengine.engine;

import io.raftengine.engine.commit.CommitPipeline;
import io.raftengine.error.PoisonedException;
import io.raftengine.error.RaftEngineException;
import io.raftengine.log.segment.SegmentQueue;
import java.util.function.LongSupplier;
import org.agrona.concurrent.Agent;

/**
 * The engine's background duty: prepare the next segment, write out dirty pages, and leave an idle
 * mark when nothing is written for a while. Steps are short; nothing here holds up a writer except
 * the idle mark, which waits for an idle moment.
 */
final class EngineAgent implements Agent {
    private static final long IDLE_MARK_NANOS = 50_000_000L;

    private final SegmentQueue[] queues;
    private final CommitPipeline pipeline;
    private final LongSupplier clock;
    private final EngineLog log;
    private long lastLookNanos;
    private boolean complained;

    EngineAgent(
            CommitPipeline pipeline, LongSupplier clock, EngineLog log, SegmentQueue... queues) {
        this.log = log;
        this.clock = clock;
        this.lastLookNanos = clock.getAsLong();
        this.pipeline = pipeline;
        this.queues = queues;
    }

    @Override
    public int doWork() {
        int work = 0;
        for (SegmentQueue queue : queues) {
            work += prepare(queue) ? 1 : 0;
        }
        long now = clock.getAsLong();
        if (now - lastLookNanos >= IDLE_MARK_NANOS) {
            lastLookNanos = now;
            mark();
        }
        return work;
    }

    private boolean prepare(SegmentQueue queue) {
        try {
            return queue.prepareNext();
        } catch (PoisonedException poison) {
            for (SegmentQueue other : queues) {
                other.poison("another queue was poisoned", poison);
            }
            complain("what was written in the background may be lost", poison);
            return false;
        } catch (RaftEngineException failed) {
            complain("the next segment cannot be prepared; it will be made at rotation", failed);
            return false;
        }
    }

    private void mark() {
        try {
            pipeline.idleMark();
        } catch (RaftEngineException failed) {
            complain("the idle mark could not be written", failed);
        }
    }

    /** Once per engine: a full disk would fill the log as well. */
    private void complain(String what, RaftEngineException failed) {
        if (!complained) {
            complained = true;
            log.warning(what, failed);
        }
    }

    @Override
    public String roleName() {
        return "raft-engine-agent";
    }
}
