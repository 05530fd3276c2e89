package io.raftengine.engine;

import io.raftengine.engine.purge.PurgeManager;
import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.PoisonedException;
import io.raftengine.error.StorageException;
import io.raftengine.error.UnsupportedFeatureException;
import io.raftengine.log.format.QueueKind;
import java.util.Objects;

/**
 * Forced storage operations, for tools and tests: what {@link RaftEngine#purgeExpiredFiles} decides
 * by thresholds, these do at once. They change where data is, never what the data is.
 *
 * <p>For any thread; one operation, or purge, at a time, others wait. Segments are dropped as a
 * purge drops them, which may take a while.
 */
public final class Maintenance {
    private final RaftEngine engine;

    Maintenance(RaftEngine engine) {
        this.engine = engine;
    }

    /**
     * Moves what is live in the append queue to the rewrite queue, tombstones first, and drops the
     * segments nobody needs any more.
     *
     * @param through the last segment to move data out of; from the active one on, everything is
     *     moved, and a new segment begun first
     * @return what was dropped and written
     * @throws OutOfSpaceException no space for the data; what was moved stays moved
     * @throws StorageException a read or write failed; what was moved stays moved
     * @throws PoisonedException a sync failed, now or before
     * @throws UnsupportedFeatureException the engine was opened for reading only
     */
    public PurgeResult rewriteAppend(long through) {
        return engine.purging(purge -> purge.rewriteAppend(through));
    }

    /**
     * Begins a new segment of the rewrite queue, copies everything that is live in the older ones
     * to it, and drops these.
     *
     * @return what was dropped and written
     * @throws OutOfSpaceException no space for the data; nothing was moved by halves
     * @throws StorageException a read or write failed; nothing was moved by halves
     * @throws PoisonedException a sync failed, now or before
     * @throws UnsupportedFeatureException the engine was opened for reading only
     */
    public PurgeResult rewriteRewrite() {
        return engine.purging(PurgeManager::rewriteRewrite);
    }

    /**
     * Begins a new segment.
     *
     * @param queue in which queue
     * @throws OutOfSpaceException no space for a new segment
     * @throws StorageException the new segment cannot be made
     * @throws PoisonedException a sync failed, now or before
     * @throws UnsupportedFeatureException the engine was opened for reading only
     */
    public void rotate(QueueKind queue) {
        Objects.requireNonNull(queue, "queue");
        engine.purging(purge -> {
            purge.rotate(queue);
            return null;
        });
    }
}
