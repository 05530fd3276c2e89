package io.raftengine.engine.memtable;

import io.raftengine.log.format.QueueKind;

/**
 * The places of consecutive entries, at most {@link #CAPACITY} at a time; filled by {@link
 * Memtables#locateRange}, reused by its owner. One thread at a time.
 */
public final class EntryCursor {
    /** Most entries of one filling. */
    public static final int CAPACITY = 64;

    final boolean[] rewrite = new boolean[CAPACITY];
    final boolean[] compressed = new boolean[CAPACITY];
    final long[] segments = new long[CAPACITY];
    final long[] blockOffsets = new long[CAPACITY];
    final int[] blockBytes = new int[CAPACITY];
    final int[] starts = new int[CAPACITY];
    final int[] lengths = new int[CAPACITY];
    int count;
    long firstIndex;

    // What the group held when the range was looked up.
    long groupFirst;
    long groupEnd;

    /** An empty cursor. */
    public EntryCursor() {}

    /**
     * How many entries were found.
     *
     * @return 0 to {@link #CAPACITY}
     */
    public int count() {
        return count;
    }

    /**
     * Index of the first entry found.
     *
     * @return its index; the others follow without gaps
     */
    public long firstIndex() {
        return firstIndex;
    }

    /**
     * First index of the group at the moment of the lookup, for error messages.
     *
     * @return an index, undefined if the group held no entries
     */
    public long groupFirst() {
        return groupFirst;
    }

    /**
     * Index behind the group's last entry at the moment of the lookup, for error messages.
     *
     * @return an index
     */
    public long groupEnd() {
        return groupEnd;
    }

    /**
     * Queue of an entry.
     *
     * @param i 0 to {@link #count()} - 1
     * @return the queue
     */
    public QueueKind queue(int i) {
        return rewrite[i] ? QueueKind.REWRITE : QueueKind.APPEND;
    }

    /**
     * Segment of an entry.
     *
     * @param i 0 to {@link #count()} - 1
     * @return its number
     */
    public long segment(int i) {
        return segments[i];
    }

    /**
     * Offset of the entry's block in its segment.
     *
     * @param i 0 to {@link #count()} - 1
     * @return a byte offset
     */
    public long blockOffset(int i) {
        return blockOffsets[i];
    }

    /**
     * Stored length of the entry's block, checksum included.
     *
     * @param i 0 to {@link #count()} - 1
     * @return bytes, 0 if there is no block
     */
    public int blockBytes(int i) {
        return blockBytes[i];
    }

    /**
     * Whether the entry's block is LZ4.
     *
     * @param i 0 to {@link #count()} - 1
     * @return true if it must be decompressed
     */
    public boolean compressed(int i) {
        return compressed[i];
    }

    /**
     * Start of the entry in the block's uncompressed content.
     *
     * @param i 0 to {@link #count()} - 1
     * @return a byte offset
     */
    public int entryStart(int i) {
        return starts[i];
    }

    /**
     * Length of the entry.
     *
     * @param i 0 to {@link #count()} - 1
     * @return bytes
     */
    public int entryLength(int i) {
        return lengths[i];
    }

    /**
     * Copies one place into a location.
     *
     * @param i 0 to {@link #count()} - 1
     * @param target is overwritten
     */
    public void get(int i, EntryLocation target) {
        target.rewrite = rewrite[i];
        target.segment = segments[i];
        target.blockOffset = blockOffsets[i];
        target.blockBytes = blockBytes[i];
        target.compressed = compressed[i];
        target.start = starts[i];
        target.length = lengths[i];
    }

    /**
     * Whether two entries are in the same block.
     *
     * @param i 0 to {@link #count()} - 1
     * @param j 0 to {@link #count()} - 1
     * @return true if queue, segment and block offset agree
     */
    public boolean sameBlock(int i, int j) {
        return blockOffsets[i] == blockOffsets[j]
                && segments[i] == segments[j]
                && rewrite[i] == rewrite[j];
    }

    /**
     * Copies the place of neighbours in one block into a location, as if they were one entry.
     *
     * @param i the first of them
     * @param behind behind the last of them, more than {@code i}
     * @param target is overwritten
     */
    public void getSpan(int i, int behind, EntryLocation target) {
        get(i, target);
        target.length = starts[behind - 1] + lengths[behind - 1] - starts[i];
    }
}
