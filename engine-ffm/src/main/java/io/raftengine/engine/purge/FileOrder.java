package io.raftengine.engine.purge;

import io.raftengine.allocator.GrowableBuffer;
import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;
import java.util.Arrays;

/**
 * Sorts the runs of a window by where their blocks are. A key is all there is to a run here:
 *
 * <pre>
 *    bit   63       62..50             49..18         17..0
 *          +-------+------------------+--------------+-----+
 *          | queue | segment - base   | block offset | run |      unsigned
 *          +-------+------------------+--------------+-----+
 *    queue    0 append, 1 rewrite
 *    base     the first run's segment less 2^12; a window takes no run outside 2^13 segments from there
 * </pre>
 *
 * <p>A radix sort, because it takes the same time whatever the order was before; digits that all
 * keys share cost one look. Runs of the same block stay in the order they came in. The keys are
 * off-heap and grow with their number.
 */
final class FileOrder implements AutoCloseable {
    static final int RUN_BITS = 18;
    static final int RUNS_MAX = 1 << RUN_BITS;

    /** What a run takes: its key, and a place to sort it to. */
    static final int BYTES_PER_RUN = 16;

    private static final int KEY_BYTES = 8;
    private static final int OFFSET_BITS = 32;
    private static final int SEGMENT_BITS = 13;
    private static final int DIGIT_BITS = 11;
    private static final int DIGITS = 1 << DIGIT_BITS;
    private static final long SEGMENT_BIAS = 1L << SEGMENT_BITS - 1;

    private final int[] places = new int[DIGITS];
    private GrowableBuffer keys;
    private GrowableBuffer spare;
    private long segmentBase;
    private int count;

    FileOrder(MemoryBudget budget) {
        keys = new GrowableBuffer(budget, 0, (long) RUNS_MAX * KEY_BYTES);
        spare = new GrowableBuffer(budget, 0, (long) RUNS_MAX * KEY_BYTES);
    }

    void clear() {
        count = 0;
    }

    /** Whether a run in this segment can be told apart from those in the others. */
    boolean takes(long segment) {
        return count == 0 || segment - segmentBase >>> SEGMENT_BITS == 0;
    }

    /** Adds the next run; the first one has the number 0. */
    void add(boolean rewrite, long segment, long blockOffset) {
        if (count == 0) {
            segmentBase = segment - SEGMENT_BIAS;
        }
        assert takes(segment) : segment + " from " + segmentBase;
        assert blockOffset >>> OFFSET_BITS == 0 : blockOffset;
        long at = (long) count * KEY_BYTES;
        if (at + KEY_BYTES > keys.capacity()) {
            keys.ensureCapacity(at + KEY_BYTES, at);
        }
        Memory.putLong(
                keys.address() + at,
                (rewrite ? Long.MIN_VALUE : 0)
                        | segment - segmentBase << OFFSET_BITS + RUN_BITS
                        | blockOffset << RUN_BITS
                        | count);
        count++;
    }

    void removeLast() {
        count--;
    }

    /** Number of the run at a place of the order; only after {@link #sort}. */
    int run(int place) {
        return (int) Memory.getLong(keys.address() + (long) place * KEY_BYTES) & RUNS_MAX - 1;
    }

    void sort() {
        spare.ensureCapacity((long) count * KEY_BYTES, 0);
        for (int shift = RUN_BITS; shift < Long.SIZE; shift += DIGIT_BITS) {
            sortByDigit(shift);
        }
    }

    private void sortByDigit(int shift) {
        int[] behind = places;
        Arrays.fill(behind, 0);
        long begin = keys.address();
        long end = begin + (long) count * KEY_BYTES;
        for (long at = begin; at < end; at += KEY_BYTES) {
            behind[digit(Memory.getLong(at), shift)]++;
        }
        if (count == 0 || behind[digit(Memory.getLong(begin), shift)] == count) {
            return;
        }
        int sum = 0;
        for (int d = 0; d < DIGITS; d++) {
            int first = sum;
            sum += behind[d];
            behind[d] = first;
        }
        long to = spare.address();
        for (long at = begin; at < end; at += KEY_BYTES) {
            long key = Memory.getLong(at);
            Memory.putLong(to + (long) behind[digit(key, shift)]++ * KEY_BYTES, key);
        }
        GrowableBuffer sorted = spare;
        spare = keys;
        keys = sorted;
    }

    private static int digit(long key, int shift) {
        return (int) (key >>> shift) & DIGITS - 1;
    }

    @Override
    public void close() {
        keys.close();
        spare.close();
    }
}
