package io.raftengine.engine.purge;

import io.raftengine.allocator.GrowableBuffer;
import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;

/**
 * The runs of a window: consecutive entries of one group that lie one behind the other in one
 * block. One row of plain arrays per run, the ends of the entries off-heap; a run of one entry has
 * no ends.
 */
final class RunTable implements AutoCloseable {
    static final int END_BYTES = 4;

    private static final int REWRITE = 1;
    private static final int COMPRESSED = 2;
    private static final int WHOLE = 4;
    private static final int LOST = 8;

    private final long[] groupIds;
    private final long[] firstIndexes;
    private final long[] segments;
    private final int[] blockOffsets; // unsigned
    private final int[] blockBytes;
    private final int[] starts;
    private final int[] contentBytes;
    private final int[] entries;
    private final long[] endsAt;
    private final long[] dataAt;
    private final byte[] flags;

    /** Where each entry ends, counted from the start of its run's content: u32 each. */
    private final GrowableBuffer ends;

    private long endCount;
    private int count;

    RunTable(MemoryBudget budget, int runsMax) {
        groupIds = new long[runsMax];
        firstIndexes = new long[runsMax];
        segments = new long[runsMax];
        blockOffsets = new int[runsMax];
        blockBytes = new int[runsMax];
        starts = new int[runsMax];
        contentBytes = new int[runsMax];
        entries = new int[runsMax];
        endsAt = new long[runsMax];
        dataAt = new long[runsMax];
        flags = new byte[runsMax];
        ends = new GrowableBuffer(budget, 0, Long.MAX_VALUE / 2);
    }

    int capacity() {
        return flags.length;
    }

    int count() {
        return count;
    }

    void clear(long keptBytes) {
        count = 0;
        endCount = 0;
        ends.shrinkTo(keptBytes);
    }

    /** Begins a run that holds nothing yet. */
    void begin(
            long groupId,
            long firstIndex,
            boolean rewrite,
            long segment,
            long blockOffset,
            int bytesOfBlock,
            boolean compressed,
            int start) {
        int run = count++;
        groupIds[run] = groupId;
        firstIndexes[run] = firstIndex;
        segments[run] = segment;
        blockOffsets[run] = (int) blockOffset;
        blockBytes[run] = bytesOfBlock;
        starts[run] = start;
        contentBytes[run] = 0;
        entries[run] = 0;
        endsAt[run] = endCount;
        dataAt[run] = 0;
        flags[run] = (byte) ((rewrite ? REWRITE : 0) | (compressed ? COMPRESSED : 0));
    }

    /** Adds the next entry to the last run. */
    void add(int length) {
        int run = count - 1;
        if (entries[run] == 1) {
            putEnd(contentBytes[run]);
        }
        contentBytes[run] += length;
        if (++entries[run] > 1) {
            putEnd(contentBytes[run]);
        }
    }

    private void putEnd(int end) {
        long at = endCount * END_BYTES;
        ends.ensureCapacity(at + END_BYTES, at);
        Memory.putInt(ends.address() + at, end);
        endCount++;
    }

    /** Forgets the last run. */
    void removeLast() {
        count--;
        endCount = endsAt[count];
    }

    long groupId(int run) {
        return groupIds[run];
    }

    long firstIndex(int run) {
        return firstIndexes[run];
    }

    boolean rewrite(int run) {
        return (flags[run] & REWRITE) != 0;
    }

    long segment(int run) {
        return segments[run];
    }

    long blockOffset(int run) {
        return blockOffsets[run] & 0xFFFF_FFFFL;
    }

    /** Stored length of the block, checksum included; 0 if there is none. */
    int blockBytes(int run) {
        return blockBytes[run];
    }

    boolean compressed(int run) {
        return (flags[run] & COMPRESSED) != 0;
    }

    /** Where the run begins in the block's content. */
    int start(int run) {
        return starts[run];
    }

    int entries(int run) {
        return entries[run];
    }

    int contentBytes(int run) {
        return contentBytes[run];
    }

    /** Where an entry ends in the run's content. */
    int end(int run, int entry) {
        return entries[run] == 1
                ? contentBytes[run]
                : Memory.getInt(ends.address() + (endsAt[run] + entry) * END_BYTES);
    }

    /** Where the run's content, or its whole stored block, is in the window's data. */
    long dataAt(int run) {
        return dataAt[run];
    }

    void setDataAt(int run, long at) {
        dataAt[run] = at;
    }

    /** Whether the data is the stored block instead of the content. */
    boolean whole(int run) {
        return (flags[run] & WHOLE) != 0;
    }

    void setWhole(int run) {
        flags[run] |= WHOLE;
    }

    boolean lost(int run) {
        return (flags[run] & LOST) != 0;
    }

    void setLost(int run) {
        flags[run] |= LOST;
    }

    /** Whether two runs are in one block. */
    boolean sameBlock(int run, int other) {
        return blockOffsets[run] == blockOffsets[other] && sameSegment(run, other);
    }

    boolean sameSegment(int run, int other) {
        return segments[run] == segments[other] && rewrite(run) == rewrite(other);
    }

    @Override
    public void close() {
        ends.close();
    }
}
