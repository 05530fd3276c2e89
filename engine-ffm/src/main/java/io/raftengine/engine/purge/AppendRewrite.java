package io.raftengine.engine.purge;

import io.raftengine.error.ClosedException;
import io.raftengine.error.PoisonedException;
import io.raftengine.error.RaftEngineException;

/**
 * Moves what is live in the oldest segments of the append queue to the end of the rewrite queue,
 * removals first (D13), and drops what nobody needs then.
 *
 * <p>For the purger's thread.
 */
final class AppendRewrite {
    /** Where it may be broken off by a test. */
    enum StopAfter {
        NOTHING,
        REMOVALS,
        COPIES
    }

    private final PurgeParts parts;
    private final DeadSegments dead;

    AppendRewrite(PurgeParts parts, DeadSegments dead) {
        this.parts = parts;
        this.dead = dead;
    }

    /**
     * Moves and drops.
     *
     * @param watermark the last segment to copy from
     * @param rules which groups are spared
     * @throws RaftEngineException something was not copied; what did not depend on it was dropped
     */
    void run(long watermark, OldGroupVisit.Rules rules, PurgeFigures figures) {
        run(watermark, rules, StopAfter.NOTHING, figures);
    }

    void run(long watermark, OldGroupVisit.Rules rules, StopAfter stop, PurgeFigures figures) {
        // Segments from here on may hold removals that are not carried this time.
        long barrier = carryRemovals(figures);
        if (stop == StopAfter.REMOVALS) {
            return;
        }
        OldGroupVisit visit = new OldGroupVisit(parts, watermark, rules);
        AppendCopies copies = new AppendCopies(parts, watermark);
        RaftEngineException notCopied = null;
        try (copies) {
            visit.run(copies);
            copies.finish();
        } catch (PoisonedException | ClosedException fatal) {
            throw fatal;
        } catch (RaftEngineException failed) {
            // What lies before a block that cannot be read need not stay for its sake.
            notCopied = failed;
        } finally {
            figures.bytesWritten += copies.bytesWritten();
        }
        try {
            parts.log().seal();
            visit.blocking().forEach(group -> figures.ask(group.groupId(), group.bytes()));
            if (stop != StopAfter.COPIES) {
                drop(barrier, figures);
            }
        } catch (RaftEngineException further) {
            if (notCopied != null) {
                further.addSuppressed(notCopied);
            }
            throw further;
        }
        if (notCopied != null) {
            throw notCopied;
        }
    }

    private long carryRemovals(PurgeFigures figures) {
        RemovalWriter removals = new RemovalWriter(parts);
        try {
            return removals.carry();
        } finally {
            figures.bytesWritten += removals.bytesWritten();
        }
    }

    private void drop(long barrier, PurgeFigures figures) {
        figures.appendDropped += dead.dropAppended(barrier);
        figures.rewriteDropped += dead.dropRewritten();
        dead.sweepGroups();
    }
}
