package io.raftengine.ctl.check;

import java.util.Arrays;
import java.util.Comparator;

/**
 * Ranges of unsigned indexes in ascending order, not touching each other. A few per damaged group,
 * or as many as there are batches in a file that was damaged all over: adding at the end and
 * cutting there cost the same however many there are, and what is added elsewhere waits and is
 * merged together. For one thread.
 */
public final class IndexRanges {
    private static final int PENDING_MIN = 16;

    /** First ones and ends by turns: those in ascending order, then those that wait. */
    private long[] bounds = new long[4];

    private int count;
    private int pending;

    /** No ranges. */
    IndexRanges() {}

    /**
     * How many there are.
     *
     * @return ranges
     */
    public int size() {
        settle();
        return count;
    }

    /**
     * First index of a range.
     *
     * @param i which, from 0
     * @return an unsigned index
     */
    public long first(int i) {
        settle();
        return bounds[2 * i];
    }

    /**
     * Last index of a range.
     *
     * @param i which, from 0
     * @return an unsigned index, at least {@link #first}
     */
    public long last(int i) {
        settle();
        return bounds[2 * i + 1] - 1;
    }

    /** Adds [first, end), joining it with what it overlaps or touches. */
    void add(long first, long end) {
        if (Long.compareUnsigned(first, end) >= 0) {
            return;
        }
        boolean behind =
                pending == 0
                        && (count == 0 || Long.compareUnsigned(first, bounds[2 * count - 2]) >= 0);
        if (behind) {
            count = join(bounds, count, first, end) ? count : push(first, end) + 1;
            return;
        }
        push(first, end);
        pending++;
        if (pending > PENDING_MIN + count) {
            settle();
        }
    }

    /** Puts a range behind all others; returns how many those are. */
    private int push(long first, long end) {
        int all = count + pending;
        if (2 * all == bounds.length) {
            bounds = Arrays.copyOf(bounds, 2 * bounds.length);
        }
        put(bounds, all, first, end);
        return all;
    }

    private static int put(long[] target, int at, long first, long end) {
        target[2 * at] = first;
        target[2 * at + 1] = end;
        return at + 1;
    }

    /** Joins a range that begins no earlier than the last of them with that one, if they touch. */
    private static boolean join(long[] ranges, int count, long first, long end) {
        if (count == 0 || Long.compareUnsigned(first, ranges[2 * count - 1]) > 0) {
            return false;
        }
        if (Long.compareUnsigned(end, ranges[2 * count - 1]) > 0) {
            ranges[2 * count - 1] = end;
        }
        return true;
    }

    /** Merges those that wait with the others from the lowest of them on. */
    private void settle() {
        if (pending == 0) {
            return;
        }
        int from = endsBelow(lowestPending());
        Integer[] order = new Integer[count + pending - from];
        Arrays.setAll(order, i -> from + i);
        Arrays.sort(order, Comparator.comparing(i -> bounds[2 * i], Long::compareUnsigned));
        long[] merged = new long[2 * order.length];
        int kept = 0;
        for (int i : order) {
            long first = bounds[2 * i];
            long end = bounds[2 * i + 1];
            kept = join(merged, kept, first, end) ? kept : put(merged, kept, first, end);
        }
        System.arraycopy(merged, 0, bounds, 2 * from, 2 * kept);
        count = from + kept;
        pending = 0;
    }

    private long lowestPending() {
        long lowest = -1L;
        for (int i = count; i < count + pending; i++) {
            lowest = Long.compareUnsigned(bounds[2 * i], lowest) < 0 ? bounds[2 * i] : lowest;
        }
        return lowest;
    }

    /** How many ranges end below an index, and so do not touch one that begins there. */
    private int endsBelow(long index) {
        int low = 0;
        int high = count;
        while (low < high) {
            int middle = low + high >>> 1;
            if (Long.compareUnsigned(bounds[2 * middle + 1], index) < 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /** Takes away everything outside of [first, end). */
    void keep(long first, long end) {
        settle();
        int kept = 0;
        for (int i = 0; i < count; i++) {
            long a = bounds[2 * i];
            long b = bounds[2 * i + 1];
            a = Long.compareUnsigned(a, first) < 0 ? first : a;
            b = Long.compareUnsigned(b, end) > 0 ? end : b;
            if (Long.compareUnsigned(a, b) < 0) {
                kept = put(bounds, kept, a, b);
            }
        }
        count = kept;
    }

    /** Takes away everything from an index on. */
    void cut(long index) {
        settle();
        while (count > 0 && Long.compareUnsigned(bounds[2 * count - 2], index) >= 0) {
            count--;
        }
        if (count > 0 && Long.compareUnsigned(bounds[2 * count - 1], index) > 0) {
            bounds[2 * count - 1] = index;
        }
    }

    void addAll(IndexRanges others) {
        others.settle();
        for (int i = 0; i < others.count; i++) {
            add(others.bounds[2 * i], others.bounds[2 * i + 1]);
        }
    }

    @Override
    public String toString() {
        settle();
        return Arrays.toString(Arrays.copyOf(bounds, 2 * count));
    }
}
