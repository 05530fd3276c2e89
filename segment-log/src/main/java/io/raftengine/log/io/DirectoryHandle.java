package io.raftengine.log.io;

import java.nio.file.Path;

/**
 * An open directory, for making its names durable. Opened apart from the sync because an error
 * means something else there: where a directory cannot be opened nothing was tried, and it can be
 * tried again; a failed sync leaves unknown what is on disk. Safe for all threads.
 */
public interface DirectoryHandle extends AutoCloseable {
    /**
     * Returns once all names created, renamed and deleted in the directory are on disk. After an
     * error a second call proves nothing.
     *
     * @throws io.raftengine.error.StorageException if the system refuses
     * @throws io.raftengine.error.OutOfSpaceException if the file system is full
     */
    void sync();

    /** Gives the descriptor back. Nothing is lost by it, so it reports nothing. */
    @Override
    void close();

    /**
     * The directory.
     *
     * @return its path as it was given to {@link FileSystem#openDirectory}
     */
    Path path();
}
