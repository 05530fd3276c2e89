package io.raftengine.recovery.repair;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.log.format.EncodedBatch;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.io.FileSystem;
import java.util.function.LongFunction;

/**
 * Writes the segments of one queue after the other, with the numbers they had. A batch that replay
 * takes later than it stands (of an atomic group, whose batches count at its end) goes where replay
 * takes it, so a segment's batches never go to an earlier one. One thread at a time.
 */
final class TargetWriter implements AutoCloseable {
    private final StagedTarget target;
    private final SegmentOutput output;
    private final LongFunction<FormatVersion> appendVersion;
    private final LongFunction<FormatVersion> rewriteVersion;
    private QueueKind kind;
    private long seq;
    private long lastSeq;
    private boolean open;

    // What was written.
    private int segments;
    private long bytes;
    private long copied;
    private long recoded;

    TargetWriter(
            FileSystem fs,
            StagedTarget target,
            MemoryBudget budget,
            LongFunction<FormatVersion> rewriteVersion,
            LongFunction<FormatVersion> appendVersion) {
        this.target = target;
        this.output = new SegmentOutput(fs, budget);
        this.rewriteVersion = rewriteVersion;
        this.appendVersion = appendVersion;
    }

    /** Begins a queue with these segments. */
    void beginQueue(QueueKind queue, long first, long last) {
        kind = queue;
        lastSeq = last;
        begin(first);
    }

    private void begin(long number) {
        seq = number;
        boolean append = kind == QueueKind.APPEND;
        FormatVersion version = (append ? appendVersion : rewriteVersion).apply(number);
        output.begin(target.fileFor(kind, number), version, number);
        open = true;
    }

    private void complete(boolean last) {
        bytes += output.complete(last);
        segments++;
        open = false;
    }

    /** Goes to a segment; never back. */
    private void advanceTo(long number) {
        while (Long.compareUnsigned(seq, number) < 0) {
            complete(false);
            begin(seq + 1);
        }
    }

    /** Copies a batch of the source's open segment. */
    void copy(long number, SourceReader source, long offset, long length, int signature) {
        advanceTo(number);
        output.copy(source, offset, length, signature);
        copied++;
    }

    /** Adds a batch that was encoded anew; an empty one is left out. */
    void add(long number, EncodedBatch batch) {
        if (!batch.isEmpty()) {
            advanceTo(number);
            output.add(batch);
            recoded++;
        }
    }

    /** Adds a batch at the end of the queue. */
    void addLast(EncodedBatch batch) {
        add(lastSeq, batch);
    }

    /** Completes the queue. */
    void endQueue() {
        if (open) {
            advanceTo(lastSeq);
            complete(true);
        }
    }

    int segments() {
        return segments;
    }

    long bytes() {
        return bytes;
    }

    long copied() {
        return copied;
    }

    long recoded() {
        return recoded;
    }

    @Override
    public void close() {
        output.close();
    }
}
