package io.raftengine.engine.purge;

import io.raftengine.allocator.GrowableBuffer;
import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;

/**
 * The runs of a window: consecutive entries of one group that lie one behind the other in one
 * block. Off-heap, a cache line each, because they are visited in the order of the files, in which
 * no two neighbours are neighbours here.
 *
 * <pre>
 *   run    0    group id              u64
 *          8    index of the first    u64
 *          16   segment               u64
 *          24   block offset          u32
 *          28   block bytes           u31    0 = no block, all entries are empty
 *          32   start                 u31    where the run begins in the block's content
 *          36   content bytes         u31
 *          40   entries               u31
 *          44   flags                 u32
 *          48   number of its first end      u64
 *          56   where its data is            u64    offset in the window's data
 *   ends   u32 for each entry: where it ends in the run's content; none for a run of one entry
 * </pre>
 */
final class RunTable implements AutoCloseable {
    static final int RUN_BYTES = 64;
    static final int END_BYTES = 4;

    private static final int GROUP = 0;
    private static final int FIRST = 8;
    private static final int SEGMENT = 16;
    private static final int BLOCK_OFFSET = 24;
    private static final int BLOCK_BYTES = 28;
    private static final int START = 32;
    private static final int CONTENT_BYTES = 36;
    private static final int ENTRIES = 40;
    private static final int FLAGS = 44;
    private static final int ENDS_AT = 48;
    private static final int DATA_AT = 56;

    private static final int REWRITE = 1;
    private static final int COMPRESSED = 2;
    private static final int WHOLE = 4;
    private static final int LOST = 8;

    private final int runsMax;
    private final GrowableBuffer rows;
    private final GrowableBuffer ends;
    private long endCount;
    private int count;

    RunTable(MemoryBudget budget, int runsMax) {
        this.runsMax = runsMax;
        rows = new GrowableBuffer(budget, 0, (long) runsMax * RUN_BYTES);
        ends = new GrowableBuffer(budget, 0, Long.MAX_VALUE / 4);
    }

    boolean isFull() {
        return count == runsMax;
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
        long end = (long) count * RUN_BYTES;
        if (end + RUN_BYTES > rows.capacity()) {
            rows.ensureCapacity(end + RUN_BYTES, end);
        }
        long run = row(count);
        Memory.putLong(run + GROUP, groupId);
        Memory.putLong(run + FIRST, firstIndex);
        Memory.putLong(run + SEGMENT, segment);
        Memory.putInt(run + BLOCK_OFFSET, (int) blockOffset);
        Memory.putInt(run + BLOCK_BYTES, bytesOfBlock);
        Memory.putInt(run + START, start);
        Memory.putInt(run + CONTENT_BYTES, 0);
        Memory.putInt(run + ENTRIES, 0);
        Memory.putInt(run + FLAGS, (rewrite ? REWRITE : 0) | (compressed ? COMPRESSED : 0));
        Memory.putLong(run + ENDS_AT, endCount);
        Memory.putLong(run + DATA_AT, 0);
        count++;
    }

    /** Adds the next entry to the last run. */
    void add(int length) {
        long run = row(count - 1);
        int entries = Memory.getInt(run + ENTRIES);
        int bytes = Memory.getInt(run + CONTENT_BYTES);
        if (entries == 1) {
            putEnd(bytes);
        }
        if (entries > 0) {
            putEnd(bytes + length);
        }
        Memory.putInt(run + CONTENT_BYTES, bytes + length);
        Memory.putInt(run + ENTRIES, entries + 1);
    }

    private void putEnd(int end) {
        long at = endCount * END_BYTES;
        if (at + END_BYTES > ends.capacity()) {
            ends.ensureCapacity(at + END_BYTES, at);
        }
        Memory.putInt(ends.address() + at, end);
        endCount++;
    }

    /** Forgets the last run. */
    void removeLast() {
        count--;
        endCount = Memory.getLong(row(count) + ENDS_AT);
    }

    private long row(int run) {
        return rows.address() + (long) run * RUN_BYTES;
    }

    long groupId(int run) {
        return Memory.getLong(row(run) + GROUP);
    }

    long firstIndex(int run) {
        return Memory.getLong(row(run) + FIRST);
    }

    boolean rewrite(int run) {
        return hasFlag(run, REWRITE);
    }

    long segment(int run) {
        return Memory.getLong(row(run) + SEGMENT);
    }

    long blockOffset(int run) {
        return Memory.getInt(row(run) + BLOCK_OFFSET) & 0xFFFF_FFFFL;
    }

    /** Stored length of the block, checksum included; 0 if there is none. */
    int blockBytes(int run) {
        return Memory.getInt(row(run) + BLOCK_BYTES);
    }

    boolean compressed(int run) {
        return hasFlag(run, COMPRESSED);
    }

    /** Where the run begins in the block's content. */
    int start(int run) {
        return Memory.getInt(row(run) + START);
    }

    int entries(int run) {
        return Memory.getInt(row(run) + ENTRIES);
    }

    int contentBytes(int run) {
        return Memory.getInt(row(run) + CONTENT_BYTES);
    }

    /** Where an entry ends in the run's content. */
    int end(int run, int entry) {
        return entries(run) == 1
                ? contentBytes(run)
                : Memory.getInt(
                        ends.address() + (Memory.getLong(row(run) + ENDS_AT) + entry) * END_BYTES);
    }

    /** Where the run's content, or its whole stored block, is in the window's data. */
    long dataAt(int run) {
        return Memory.getLong(row(run) + DATA_AT);
    }

    void setDataAt(int run, long at) {
        Memory.putLong(row(run) + DATA_AT, at);
    }

    /** Whether the data is the stored block instead of the content. */
    boolean whole(int run) {
        return hasFlag(run, WHOLE);
    }

    void setWhole(int run) {
        setFlag(run, WHOLE);
    }

    boolean lost(int run) {
        return hasFlag(run, LOST);
    }

    void setLost(int run) {
        setFlag(run, LOST);
    }

    private boolean hasFlag(int run, int flag) {
        return (Memory.getInt(row(run) + FLAGS) & flag) != 0;
    }

    private void setFlag(int run, int flag) {
        long at = row(run) + FLAGS;
        Memory.putInt(at, Memory.getInt(at) | flag);
    }

    /** Whether two runs are in one block. */
    boolean sameBlock(int run, int other) {
        return blockOffset(run) == blockOffset(other) && sameSegment(run, other);
    }

    boolean sameSegment(int run, int other) {
        return segment(run) == segment(other) && rewrite(run) == rewrite(other);
    }

    @Override
    public void close() {
        rows.close();
        ends.close();
    }
}
