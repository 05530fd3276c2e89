package io.raftengine.engine;

import io.raftengine.engine.commit.CommitListener;
import io.raftengine.log.format.QueueKind;
import java.util.List;

/** Tells all listeners about batches; what one throws falls into the net. */
final class BatchListeners implements CommitListener {
    private final List<EngineListener> listeners;
    private final ListenerNet net;

    private BatchListeners(List<EngineListener> listeners, ListenerNet net) {
        this.listeners = listeners;
        this.net = net;
    }

    /** An adapter, or null where nobody listens: then the pipeline need not call at all. */
    static CommitListener of(List<EngineListener> listeners, ListenerNet net) {
        return listeners.isEmpty() ? null : new BatchListeners(listeners, net);
    }

    @Override
    public void batchWritten(QueueKind queue, long segmentSeq, long offset, long bytes) {
        for (EngineListener listener : listeners) {
            try {
                listener.onBatchWritten(queue, segmentSeq, offset, bytes);
            } catch (Throwable thrown) {
                net.caught(thrown);
            }
        }
    }

    @Override
    public void batchApplied(QueueKind queue, long segmentSeq) {
        for (EngineListener listener : listeners) {
            try {
                listener.onBatchApplied(queue, segmentSeq);
            } catch (Throwable thrown) {
                net.caught(thrown);
            }
        }
    }
}
