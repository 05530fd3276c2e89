package io.raftengine.log.io;

import java.nio.file.Path;

/**
 * A directory's lock, held from {@link FileSystem#lock} until {@link #close}. Safe for all threads.
 */
public interface DirectoryLock extends AutoCloseable {
    /**
     * The locked directory.
     *
     * @return its path as it was given to {@link FileSystem#lock}
     */
    Path directory();

    /**
     * How it is locked.
     *
     * @return the mode it was asked for
     */
    LockMode mode();

    /**
     * Whether something is locked at all. False after {@link #close}, and for a shared lock taken
     * where no lock file exists: such a directory has no owner to keep out.
     *
     * @return true while the lock is held
     */
    boolean held();

    /**
     * Whether the lock file still is the one that was locked. False once somebody deleted or
     * replaced it: from then on another process can lock the directory too, so a writer has to
     * stop. Asks the system; meant for rotate and purge, not for every write.
     *
     * @return true while the lock is held and its file is still in place
     * @throws io.raftengine.error.StorageException if the system cannot tell
     */
    boolean intact();

    /** Unlocks. Never deletes the lock file. Repeated calls do nothing. */
    @Override
    void close();
}
