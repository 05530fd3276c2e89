package io.raftengine.testing.model;

import java.util.List;

/** One line of an operation script. {@link ScriptJson} reads and prints them. */
public sealed interface Operation {
    /**
     * Writes a batch.
     *
     * @param sync whether it is synced
     * @param items what is in it
     */
    record Write(boolean sync, List<Item> items) implements Operation {
        /** Takes a copy of the list. */
        public Write {
            items = List.copyOf(items);
        }
    }

    /** Syncs. */
    record Sync() implements Operation {}

    /**
     * Compacts a group by the call, not by a batch.
     *
     * @param group the group
     * @param index first index to keep
     */
    record CompactTo(long group, long index) implements Operation {}

    /** Purges. */
    record Purge() implements Operation {}

    /** Closes and opens again. */
    record Reopen() implements Operation {}

    /**
     * Rewrites the live data of the append queue.
     *
     * @param through last append segment to rewrite, or -1 for all that is live
     */
    record RewriteAppend(long through) implements Operation {}

    /** Rewrites the rewrite queue into itself. */
    record RewriteRewrite() implements Operation {}

    /**
     * Starts a new segment.
     *
     * @param rewriteQueue in the rewrite queue, else in the append queue
     */
    record Rotate(boolean rewriteQueue) implements Operation {}

    /**
     * Fails unless the state is this one.
     *
     * @param state the groups in any order
     */
    record Expect(List<GroupState> state) implements Operation {
        /** Takes a copy of the list. */
        public Expect {
            state = List.copyOf(state);
        }
    }
}
