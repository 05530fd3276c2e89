package io.raftengine.engine;

import io.raftengine.log.format.QueueKind;
import io.raftengine.log.segment.SegmentListener;
import java.util.List;

/** Tells all listeners about segments; what one throws falls into the net. */
final class SegmentListeners implements SegmentListener {
    private final List<EngineListener> listeners;
    private final ListenerNet net;

    SegmentListeners(List<EngineListener> listeners, ListenerNet net) {
        this.listeners = listeners;
        this.net = net;
    }

    @Override
    public void segmentAdded(QueueKind kind, long seq) {
        for (EngineListener listener : listeners) {
            try {
                listener.onNewSegment(kind, seq);
            } catch (Throwable thrown) {
                net.caught(thrown);
            }
        }
    }

    @Override
    public void segmentsPurged(QueueKind kind, long lastSeq) {
        for (EngineListener listener : listeners) {
            try {
                listener.onPurged(kind, lastSeq);
            } catch (Throwable thrown) {
                net.caught(thrown);
            }
        }
    }
}
