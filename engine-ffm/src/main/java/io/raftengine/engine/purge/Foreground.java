package io.raftengine.engine.purge;

import io.raftengine.engine.commit.CommitPipeline;
import io.raftengine.engine.commit.GroupCommitter;

/**
 * What a {@link Pacer} sees of those who write to the append queue: running totals, cheap to ask
 * for, by any thread. Each number is whole; between them no order is promised.
 */
interface Foreground {
    /**
     * Commit groups so far.
     *
     * @return a total that only grows
     */
    long groups();

    /**
     * Of these the ones that were synced.
     *
     * @return a total that only grows
     */
    long syncedGroups();

    /**
     * Time these took to be written and synced.
     *
     * @return nanoseconds, a total that only grows
     */
    long syncedNanos();

    /**
     * Whether a group is under way right now.
     *
     * @return true while somebody writes or syncs
     */
    boolean busy();

    /**
     * The writers of one engine.
     *
     * @param pipeline whose callers they are
     * @param committer what the pipeline's leaders use
     * @return their totals
     */
    static Foreground of(CommitPipeline pipeline, GroupCommitter committer) {
        return new Foreground() {
            @Override
            public long groups() {
                return committer.groups();
            }

            @Override
            public long syncedGroups() {
                return committer.syncedGroups();
            }

            @Override
            public long syncedNanos() {
                return committer.syncedNanos();
            }

            @Override
            public boolean busy() {
                return pipeline.busy();
            }
        };
    }
}
