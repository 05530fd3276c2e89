package io.raftengine.log.io;

/** What a name stands for. */
public enum FileKind {
    /** A regular file. */
    FILE,
    /** A directory, or a symbolic link to one. */
    DIRECTORY,
    /** A symbolic link that leads to a regular file. */
    SYMLINK_TO_FILE,
    /**
     * Anything else: a pipe, a socket, a device, a link that leads nowhere. Never opened, never
     * touched.
     */
    OTHER
}
