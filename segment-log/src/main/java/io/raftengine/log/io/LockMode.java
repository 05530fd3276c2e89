package io.raftengine.log.io;

/** How a directory is locked. */
public enum LockMode {
    /** One owner, who may write. Creates the lock file if it is missing. */
    EXCLUSIVE,
    /**
     * Any number of readers, no writer. Creates nothing: without a lock file there is nothing to
     * hold.
     */
    SHARED
}
