package io.raftengine.engine;

/** How the segments of a fork come to be (D22). */
public enum ForkMode {
    /**
     * Nothing is shared but, where the file system can do that, blocks on disk until one side
     * writes them. Safe whatever opens the two directories.
     */
    COPY,
    /**
     * Sealed segments are hard links: made at once, and no space is taken, where both directories
     * are on one file system. The segments being written are copied. Safe while only this engine
     * opens the two directories: it never writes to a file that has more than one name. Another
     * engine that recycles files may overwrite what both share.
     */
    LINK
}
