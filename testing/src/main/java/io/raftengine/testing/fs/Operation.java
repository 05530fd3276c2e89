package io.raftengine.testing.fs;

/**
 * Kinds of calls that {@link FaultyFileSystem} counts and can disturb. Pure advice to the system is
 * not among them.
 */
public enum Operation {
    /** Opening an existing file. */
    OPEN,
    /** Opening a file that does not exist yet. */
    CREATE,
    /** Reading from a file. */
    READ,
    /** Writing to a file, from one piece of memory or several. */
    WRITE,
    /** Syncing a file. */
    SYNC,
    /** Setting the length of a file. */
    TRUNCATE,
    /** Asking for the length of an open file. */
    SIZE,
    /** Asking where the data of a file goes on behind a hole. */
    DATA_FROM,
    /** Asking how much space a file takes. */
    DATA_BYTES,
    /** Reserving space for a file. */
    ALLOCATE,
    /** Starting the write-back of a file. */
    START_WRITEBACK,
    /** Closing a file. */
    CLOSE,
    /** Asking what a path or an open file is. */
    INFO,
    /** Creating a directory. */
    CREATE_DIRECTORY,
    /** Listing a directory. */
    LIST,
    /** Deleting a file. */
    DELETE,
    /** Renaming a file. */
    RENAME,
    /** Making a file that shares the blocks of another. */
    CLONE,
    /** Giving a file one more name. */
    LINK,
    /** Deleting a directory. */
    DELETE_DIRECTORY,
    /** Opening a directory, for a sync. */
    OPEN_DIRECTORY,
    /** Syncing an open directory. */
    SYNC_DIRECTORY,
    /** Asking for the space left. */
    AVAILABLE_BYTES,
    /** Locking a directory. */
    LOCK
}
