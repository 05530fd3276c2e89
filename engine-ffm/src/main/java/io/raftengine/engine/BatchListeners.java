package io.raftengine.engine;

import io.raftengine.engine.commit.CommitListener;
import io.raftengine.log.format.QueueKind;
import java.util.List;

/**
 * Tells all listeners about batches; what a listener throws is logged and goes no further. All but
 * an {@link Error}: languages without checked exceptions throw any of them here.
 */
final class BatchListeners implements CommitListener {
    private static final System.Logger LOG = System.getLogger(BatchListeners.class.getName());

    private final List<EngineListener> listeners;

    private BatchListeners(List<EngineListener> listeners) {
        this.listeners = listeners;
    }

    /** An adapter, or null where nobody listens: then the pipeline need not call at all. */
    static CommitListener of(List<EngineListener> listeners) {
        return listeners.isEmpty() ? null : new BatchListeners(listeners);
    }

    @Override
    public void batchWritten(QueueKind queue, long segmentSeq, long offset, long bytes) {
        for (EngineListener listener : listeners) {
            try {
                listener.onBatchWritten(queue, segmentSeq, offset, bytes);
            } catch (Error fatal) {
                throw fatal;
            } catch (Throwable thrown) {
                complain(thrown);
            }
        }
    }

    @Override
    public void batchApplied(QueueKind queue, long segmentSeq) {
        for (EngineListener listener : listeners) {
            try {
                listener.onBatchApplied(queue, segmentSeq);
            } catch (Error fatal) {
                throw fatal;
            } catch (Throwable thrown) {
                complain(thrown);
            }
        }
    }

    static void complain(Throwable thrown) {
        LOG.log(System.Logger.Level.WARNING, "a listener threw", thrown);
    }
}
