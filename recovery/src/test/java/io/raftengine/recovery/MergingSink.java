package io.raftengine.recovery;

import io.raftengine.log.format.QueueKind;

/** A model that does something else before it merges. */
final class MergingSink implements ReplaySink {
    private final HeapModel model = new HeapModel();
    private final Runnable before;

    MergingSink(Runnable before) {
        this.before = before;
    }

    @Override
    public PartitionSink newPartition(QueueKind kind, long order) {
        return model.newPartition(kind, order);
    }

    @Override
    public void merge(int threads) {
        before.run();
        model.merge(threads);
    }
}
