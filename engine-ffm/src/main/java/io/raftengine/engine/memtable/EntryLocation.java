package io.raftengine.engine.memtable;

import io.raftengine.log.format.QueueKind;

/**
 * Where one entry is on disk; filled by {@link Memtables#locate}, reused by its owner. One thread
 * at a time.
 */
public final class EntryLocation {
    boolean rewrite;
    long segment;
    long blockOffset;
    int blockBytes;
    boolean compressed;
    int start;
    int length;

    /** An empty location. */
    public EntryLocation() {}

    /**
     * The queue the entry is in.
     *
     * @return its kind
     */
    public QueueKind queue() {
        return rewrite ? QueueKind.REWRITE : QueueKind.APPEND;
    }

    /**
     * Number of the segment.
     *
     * @return the number in its file name
     */
    public long segment() {
        return segment;
    }

    /**
     * Where the entries block starts in the segment.
     *
     * @return a byte offset
     */
    public long blockOffset() {
        return blockOffset;
    }

    /**
     * Length of the entries block as stored, its checksum of 4 bytes included.
     *
     * @return bytes; 0 if the batch has no block because all its entries are empty
     */
    public int blockBytes() {
        return blockBytes;
    }

    /**
     * Whether the block is LZ4.
     *
     * @return true if it must be decompressed
     */
    public boolean compressed() {
        return compressed;
    }

    /**
     * Where the entry starts in the uncompressed content of the block.
     *
     * @return a byte offset
     */
    public int entryStart() {
        return start;
    }

    /**
     * Length of the entry.
     *
     * @return bytes
     */
    public int entryLength() {
        return length;
    }
}
