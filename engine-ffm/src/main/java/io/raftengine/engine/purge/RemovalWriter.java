package io.raftengine.engine.purge;

import io.raftengine.engine.memtable.PurgeIndex;
import io.raftengine.log.format.BatchEncoder;
import io.raftengine.log.format.EncodedBatch;
import io.raftengine.log.format.QueueKind;

/**
 * Tells the rewrite queue what was removed, before a purge copies anything to it: replay of a queue
 * without the removal would bring the removed back (D13).
 *
 * <p>Removals are read from the index in steps with the write token, written between the steps, and
 * forgotten by the index when they are on disk. If that fails all of them stay in the index for the
 * next purge; a removal that is told twice is harmless. For the purger's thread.
 */
final class RemovalWriter {
    /** Removals looked at or forgotten with one hold of the write token. */
    private static final int STEP = 512;

    private final PurgeParts parts;
    private final PurgeIndex index;
    private final RewriteLog log;
    private long bytesWritten;

    // Of a step with the write token.
    private boolean more;
    private boolean settled;
    private long firstNotCarried;

    RemovalWriter(PurgeParts parts) {
        this.parts = parts;
        index = parts.index();
        log = parts.log();
    }

    /**
     * Writes what was removed to the rewrite queue, and syncs it.
     *
     * @return the first segment of the append queue with removals that were left out
     */
    long carry() {
        settled = false;
        parts.exclusively(this::begin);
        if (settled) {
            return firstNotCarried;
        }
        boolean done = false;
        try {
            if (more) {
                writeAll();
            }
            log.sync();
            done = true;
        } finally {
            if (!done) {
                parts.exclusivelyAtEnd(index::abandonRemovals);
            }
        }
        do {
            parts.exclusivelyAtEnd(this::settle);
        } while (more);
        return firstNotCarried;
    }

    /** Mostly there is nothing, and nothing that a sync could change. */
    private void begin() {
        more = index.beginRemovals(parts.append().activeSeq());
        if (!more && log.isSynced()) {
            settle();
            settled = !more;
        }
    }

    private void settle() {
        more = index.settleRemovals(STEP);
        if (!more) {
            firstNotCarried = index.firstNotCarried();
        }
    }

    private void writeAll() {
        long batchBytes = parts.shape().batchBytes();
        BatchEncoder batch = parts.shared();
        batch.clear();
        do {
            parts.exclusively(() -> more = index.writeRemovals(batch, batchBytes, STEP));
            if (!batch.isEmpty() && (!more || batch.approximateBytes() >= batchBytes)) {
                write(batch.finish(0, 1));
                batch.clear();
            }
        } while (more);
    }

    private void write(EncodedBatch batch) {
        parts.pacer().spend(batch.bytes());
        log.append(batch);
        if (parts.listener() != null) {
            parts.listener().batchApplied(QueueKind.REWRITE, log.segment());
        }
        bytesWritten += batch.bytes();
    }

    /** What was written to the rewrite queue, also if it failed later. */
    long bytesWritten() {
        return bytesWritten;
    }
}
