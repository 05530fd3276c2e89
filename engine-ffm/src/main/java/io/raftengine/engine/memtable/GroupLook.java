package io.raftengine.engine.memtable;

/** One state of a group, as purge needs it; filled by {@link PurgeIndex#look}. */
public final class GroupLook {
    int handle;
    int version;
    long groupId;
    boolean visible;
    long first;
    long end;
    long rewrittenEnd;
    int asked;
    boolean hasKeys;

    /** An empty look. */
    public GroupLook() {}

    /**
     * The group.
     *
     * @return its id
     */
    public long groupId() {
        return groupId;
    }

    /**
     * Whether the group exists.
     *
     * @return false if it was cleaned
     */
    public boolean exists() {
        return visible;
    }

    /**
     * First index.
     *
     * @return equal to {@link #end} if there are no entries
     */
    public long first() {
        return first;
    }

    /**
     * Index behind the last entry.
     *
     * @return an unsigned index
     */
    public long end() {
        return end;
    }

    /**
     * Index behind the last entry that is in the rewrite queue.
     *
     * @return {@link #first} if there is none
     */
    public long rewrittenEnd() {
        return rewrittenEnd;
    }

    /**
     * How often purge has asked to compact the group.
     *
     * @return a count up to 15
     */
    public int asked() {
        return asked;
    }

    /** Counts one more time that the user was asked. */
    public void countAsked() {
        asked++;
    }

    /** Begins to count anew. */
    public void forgetAsked() {
        asked = 0;
    }

    /**
     * Whether the group has any key.
     *
     * @return false if none
     */
    public boolean hasKeys() {
        return hasKeys;
    }
}
