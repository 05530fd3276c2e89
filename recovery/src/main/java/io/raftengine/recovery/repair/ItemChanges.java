package io.raftengine.recovery.repair;

import io.raftengine.allocator.MemoryBudget;
import java.util.Arrays;

/** The changed items of one batch, ascending. One thread at a time. */
final class ItemChanges implements AutoCloseable {
    private static final int ROW = 6; // ordinal, flags, keep, clearTo, fillFrom, fillTo
    private static final int ROWS_MIN = 64;
    private static final long DROP = 1;
    private static final long CLEAR = 2;
    private static final long BLANK = 4;

    private final MemoryBudget budget;
    private long[] rows = new long[ROWS_MIN * ROW];
    private int count;

    ItemChanges(MemoryBudget budget) {
        this.budget = budget;
        budget.reserve(bytes(rows));
    }

    private static long bytes(long[] rows) {
        return (long) rows.length * Long.BYTES;
    }

    void clear() {
        count = 0;
    }

    boolean isEmpty() {
        return count == 0;
    }

    void add(int ordinal, Decision decision) {
        int at = count * ROW;
        if (at == rows.length) {
            budget.reserve(bytes(rows));
            rows = Arrays.copyOf(rows, 2 * rows.length);
        }
        rows[at] = ordinal;
        rows[at + 1] =
                (decision.drop ? DROP : 0)
                        | (decision.clear ? CLEAR : 0)
                        | (decision.blank ? BLANK : 0);
        rows[at + 2] = decision.keep;
        rows[at + 3] = decision.clearTo;
        rows[at + 4] = decision.fillFrom;
        rows[at + 5] = decision.fillTo;
        count++;
    }

    int count() {
        return count;
    }

    int ordinal(int change) {
        return (int) rows[change * ROW];
    }

    void get(int change, Decision to) {
        int at = change * ROW;
        to.begin((int) rows[at + 2]);
        to.drop = (rows[at + 1] & DROP) != 0;
        to.blank = (rows[at + 1] & BLANK) != 0;
        to.clear = (rows[at + 1] & CLEAR) != 0;
        to.clearTo = rows[at + 3];
        to.fillFrom = rows[at + 4];
        to.fillTo = rows[at + 5];
    }

    @Override
    public void close() {
        if (rows != null) {
            budget.release(bytes(rows));
            rows = null;
        }
    }
}
