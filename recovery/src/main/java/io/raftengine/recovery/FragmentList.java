package io.raftengine.recovery;

import java.util.Arrays;

/** The batches of one atomic group so far, in log order: 12 bytes each. */
final class FragmentList {
    /** What one takes at most, half of a list being empty. */
    static final long BYTES_MAX = 2 * (Integer.BYTES + Long.BYTES);

    private int[] segments = new int[4];
    private long[] offsets = new long[4];
    private int size;

    /** Adds a batch by the index of its segment in the queue and its offset there. */
    void add(int segment, long offset) {
        if (size == segments.length) {
            segments = Arrays.copyOf(segments, 2 * size);
            offsets = Arrays.copyOf(offsets, 2 * size);
        }
        segments[size] = segment;
        offsets[size] = offset;
        size++;
    }

    /** Adds all batches of a later part of the same group. */
    void addAll(FragmentList later) {
        for (int i = 0; i < later.size; i++) {
            add(later.segments[i], later.offsets[i]);
        }
    }

    int size() {
        return size;
    }

    int segment(int i) {
        return segments[i];
    }

    long offset(int i) {
        return offsets[i];
    }
}
