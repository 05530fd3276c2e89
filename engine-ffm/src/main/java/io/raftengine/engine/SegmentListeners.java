package io.raftengine.engine;

import io.raftengine.log.format.QueueKind;
import io.raftengine.log.segment.SegmentListener;
import java.util.List;

/**
 * Tells all listeners about segments; what a listener throws is logged and goes no further, unless
 * it is an {@link Error}.
 */
final class SegmentListeners implements SegmentListener {
    private final List<EngineListener> listeners;

    SegmentListeners(List<EngineListener> listeners) {
        this.listeners = listeners;
    }

    @Override
    public void segmentAdded(QueueKind kind, long seq) {
        for (EngineListener listener : listeners) {
            try {
                listener.onNewSegment(kind, seq);
            } catch (Error fatal) {
                throw fatal;
            } catch (Throwable thrown) {
                BatchListeners.complain(thrown);
            }
        }
    }

    @Override
    public void segmentsPurged(QueueKind kind, long lastSeq) {
        for (EngineListener listener : listeners) {
            try {
                listener.onPurged(kind, lastSeq);
            } catch (Error fatal) {
                throw fatal;
            } catch (Throwable thrown) {
                BatchListeners.complain(thrown);
            }
        }
    }
}
