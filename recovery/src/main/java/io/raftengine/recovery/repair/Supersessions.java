package io.raftengine.recovery.repair;

import io.raftengine.allocator.MemoryBudget;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Overwrites that were lost: from which batch on entries above an index of a group are void. A log
 * has no record that cuts off the end of a group, so the second reading leaves them out of the
 * batches in front. It can, since every item below the cut still joins: what a group held, cut at
 * any index, is what the same items, cut at that index, make. One thread at a time.
 */
final class Supersessions implements AutoCloseable {
    private static final int BYTES = 2 * Long.BYTES;

    /** Pairs of batch and index, ascending by batch, for each group. */
    private final Map<Long, long[]> cuts = new HashMap<>();

    private final MemoryBudget budget;
    private long count;

    Supersessions(MemoryBudget budget) {
        this.budget = budget;
    }

    /** Entries from {@code index} on, written in front of {@code batch}, are void. */
    void add(long group, long batch, long index) {
        budget.reserve(BYTES);
        count++;
        long[] old = cuts.get(group);
        int length = old == null ? 0 : old.length;
        long[] all = old == null ? new long[2] : Arrays.copyOf(old, length + 2);
        all[length] = batch;
        all[length + 1] = index;
        cuts.put(group, all);
    }

    boolean isEmpty() {
        return count == 0;
    }

    /** The lowest index of the group that is void if written in this batch; -1 if none is. */
    long voidFrom(long group, long batch) {
        long[] all = cuts.get(group);
        long lowest = -1L;
        for (int i = all == null ? -2 : all.length - 2; i >= 0 && all[i] > batch; i -= 2) {
            if (Long.compareUnsigned(all[i + 1], lowest) < 0) {
                lowest = all[i + 1];
            }
        }
        return lowest;
    }

    @Override
    public void close() {
        budget.release(count * BYTES);
        count = 0;
        cuts.clear();
    }
}
