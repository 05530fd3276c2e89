package io.raftengine.log.segment;

import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.StorageException;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileSystem.OpenMode;

/**
 * Starts writing out the active segment's dirty pages before anybody waits for them, and fills it
 * with zeros ahead of the end where the policy wants that. Through a descriptor of its own: Linux
 * reports a writeback error once per descriptor, and an error reported here must not be the one the
 * writer's sync would have seen (and the reverse). Background agent only.
 */
final class BackgroundWriter implements AutoCloseable {
    /**
     * How far ahead of the writer a fill begins: what a writer does meanwhile rarely reaches it.
     */
    private static final long FILL_MARGIN_BYTES = 256 << 10;

    /**
     * The fill stays at most this far ahead of the writer. More would be wasted if the log ends
     * here, and megabytes of zeros at once would hold up the writer's syncs: those wait for all of
     * the file's pages that are on their way to the disk. Through the page cache nevertheless: past
     * it a write would keep the file's lock, and with it the writer, until the disk has answered.
     */
    static final long FILL_AHEAD_BYTES = 1 << 20;

    /**
     * Below this distance the fill goes on without a pause, above it by one piece for each round of
     * the agent.
     */
    private static final long FILL_HURRY_BYTES = FILL_AHEAD_BYTES / 2;

    private final QueueContext context;
    private FileHandle own;
    private long ownSeq = -1;
    private long startedTo;
    private boolean fillFailed;

    BackgroundWriter(QueueContext context) {
        this.context = context;
    }

    /**
     * Does one bounded step.
     *
     * @param fill whether the active segment should be filled ahead
     * @return whether another step is due now
     */
    boolean step(ActiveSegment active, boolean fill, Zeros zeros) {
        if (active.isSealed()) {
            // Whoever sealed it syncs it. The file may not even be ours to open for writing: a
            // stand-in may be a symbolic link (D10), or give its number to another file.
            return false;
        }
        long from = WriteBuffer.pageFloor(Math.max(ownStart(active), active.syncedEnd()));
        // The last page is still being added to; writing it out now only means writing it twice.
        long to = WriteBuffer.pageFloor(active.end());
        long threshold = context.settings().writebackBytes();
        boolean writeBack = threshold > 0 && to - from >= threshold;
        if (!writeBack && !fill) {
            return false;
        }
        if (!openOwn(active)) {
            return false;
        }
        if (writeBack) {
            startWriteback(active, from, to);
        }
        return fill && fillStep(active, zeros);
    }

    private long ownStart(ActiveSegment active) {
        return ownSeq == active.seq() ? startedTo : 0;
    }

    private boolean openOwn(ActiveSegment active) {
        if (ownSeq == active.seq()) {
            return own != null;
        }
        close();
        ownSeq = active.seq();
        startedTo = 0;
        fillFailed = false;
        try {
            own = context.fs().open(active.segment().path(), OpenMode.WRITE);
        } catch (StorageException | OutOfSpaceException e) {
            // Rotated and purged since, or out of descriptors: the writer's own sync does all the
            // work then.
            own = null;
        }
        return own != null;
    }

    private void startWriteback(ActiveSegment active, long from, long to) {
        try {
            own.startWriteback(from, to - from);
        } catch (StorageException | OutOfSpaceException e) {
            throw context.poison().poison(active.segment() + ": background write-out failed", e);
        }
        startedTo = to;
        context.counters().writebacks++;
    }

    private boolean fillStep(ActiveSegment active, Zeros zeros) {
        long limit = WriteBuffer.pageCeiling(context.settings().targetBytes());
        if (fillFailed || active.filledTo() - active.end() >= FILL_AHEAD_BYTES) {
            return false;
        }
        long margin = WriteBuffer.pageCeiling(Math.min(FILL_MARGIN_BYTES, limit / 16));
        try {
            long before = active.filledTo();
            long filled = active.fill(own, zeros.address(), Zeros.PIECE_BYTES, margin, limit);
            if (filled == 0) {
                return false;
            }
            long filledTo = active.filledTo();
            context.counters().bytesPrefilled += filled;
            if (filledTo > before) {
                own.startWriteback(filledTo - filled, filled);
            }
            return filledTo - active.end() < FILL_HURRY_BYTES;
        } catch (StorageException | OutOfSpaceException e) {
            // Zeros behind the end mean nothing; the writer goes on without them.
            fillFailed = true;
            return false;
        }
    }

    @Override
    public void close() {
        if (own != null) {
            FileHandle handle = own;
            own = null;
            handle.close();
        }
        ownSeq = -1;
    }
}
