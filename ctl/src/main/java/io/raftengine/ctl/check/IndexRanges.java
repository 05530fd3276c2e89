package io.raftengine.ctl.check;

import java.util.Arrays;

/**
 * Ranges of unsigned indexes in ascending order, not touching each other. A few per damaged group;
 * for one thread.
 */
public final class IndexRanges {
    private long[] bounds = new long[4];
    private int count;

    /** No ranges. */
    IndexRanges() {}

    /**
     * How many there are.
     *
     * @return ranges
     */
    public int size() {
        return count;
    }

    /**
     * First index of a range.
     *
     * @param i which, from 0
     * @return an unsigned index
     */
    public long first(int i) {
        return bounds[2 * i];
    }

    /**
     * Last index of a range.
     *
     * @param i which, from 0
     * @return an unsigned index, at least {@link #first}
     */
    public long last(int i) {
        return bounds[2 * i + 1] - 1;
    }

    /** Adds [first, end), joining it with what it overlaps or touches. */
    void add(long first, long end) {
        if (Long.compareUnsigned(first, end) >= 0) {
            return;
        }
        long from = first;
        long to = end;
        int keep = 0;
        int place = -1;
        long[] merged = new long[2 * (count + 1)];
        for (int i = 0; i < count; i++) {
            long a = bounds[2 * i];
            long b = bounds[2 * i + 1];
            if (Long.compareUnsigned(b, from) < 0) {
                keep = put(merged, keep, a, b);
            } else if (Long.compareUnsigned(a, to) > 0) {
                if (place < 0) {
                    place = keep;
                    keep = put(merged, keep, from, to);
                }
                keep = put(merged, keep, a, b);
            } else {
                from = Long.compareUnsigned(a, from) < 0 ? a : from;
                to = Long.compareUnsigned(b, to) > 0 ? b : to;
            }
        }
        if (place < 0) {
            keep = put(merged, keep, from, to);
        }
        bounds = merged;
        count = keep;
    }

    private static int put(long[] target, int at, long first, long end) {
        target[2 * at] = first;
        target[2 * at + 1] = end;
        return at + 1;
    }

    /** Takes away everything outside of [first, end). */
    void keep(long first, long end) {
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
        keep(0, index);
    }

    /** Takes away everything. */
    void clear() {
        count = 0;
    }

    void addAll(IndexRanges others) {
        for (int i = 0; i < others.count; i++) {
            add(others.bounds[2 * i], others.bounds[2 * i + 1]);
        }
    }

    @Override
    public String toString() {
        return Arrays.toString(Arrays.copyOf(bounds, 2 * count));
    }
}
