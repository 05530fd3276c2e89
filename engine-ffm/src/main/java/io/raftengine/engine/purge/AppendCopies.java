package io.raftengine.engine.purge;

import io.raftengine.log.format.QueueKind;

/**
 * Copies of what lives in old segments of the append queue. What copying takes (buffers, encoders,
 * a window for reads) is made when the first group comes: in a log whose users compact it most
 * purges copy nothing.
 *
 * <p>For the purger's thread; one instance for one purge.
 */
final class AppendCopies implements OldGroupVisit.Copies, AutoCloseable {
    private final PurgeParts parts;
    private final long watermark;
    private CopyWriter writer;

    // One of both kinds: in the order of the files, or group by group.
    private AppendTarget target;
    private SegmentSweep sweep;
    private SqueezeTarget atomicTarget;
    private GroupCopy atomicCopy;

    /**
     * @param watermark data of newer segments is left alone
     */
    AppendCopies(PurgeParts parts, long watermark) {
        this.parts = parts;
        this.watermark = watermark;
    }

    @Override
    public void prepare() {
        if (sweep != null || atomicCopy != null) {
            return;
        }
        writer = new CopyWriter(parts, QueueKind.APPEND, watermark);
        if (parts.shape().alwaysAtomic()) {
            atomicTarget = new SqueezeTarget(parts, writer);
            atomicCopy = new GroupCopy(parts, QueueKind.APPEND, watermark, atomicTarget);
        } else {
            target = new AppendTarget(parts, writer);
            sweep = new SegmentSweep(parts, watermark, target);
        }
    }

    @Override
    public void add(long group, long from, long to) {
        if (parts.shape().alwaysAtomic()) {
            atomicCopy.copy(group, from, to);
        } else {
            sweep.add(group, from, to);
        }
    }

    /**
     * Everything has come; puts it in place.
     *
     * @throws io.raftengine.error.RaftEngineException something could not be read, and was not
     *     copied
     */
    void finish() {
        if (sweep != null) {
            sweep.run();
            target.finish();
            sweep.demandAllRead();
        }
        if (atomicCopy != null) {
            atomicCopy.finish();
            atomicTarget.finish();
        }
    }

    /** What was written to the rewrite queue, also if something failed later. */
    long bytesWritten() {
        return writer == null ? 0 : writer.bytesWritten();
    }

    @Override
    public void close() {
        try {
            if (atomicCopy != null) {
                atomicCopy.close();
            }
        } finally {
            if (writer != null) {
                writer.close();
            }
        }
    }
}
