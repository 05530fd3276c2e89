package io.raftengine.engine.memtable;

import java.util.Arrays;

/**
 * Gathers the runs of batches with one entry on the heap, a few per group, and hands them over
 * together. A replay takes in millions of such batches in a JVM that has only just started, where
 * an off-heap access costs tens of nanoseconds until the compiler has got to it, a few stores into
 * an array nearly nothing.
 *
 * <p>A fixed table of {@link #SLOTS} groups, each in the one slot its id leads to; about 300 KiB.
 */
final class RunStage {
    static final int SLOTS = 2048;
    static final int RUNS = 16;

    /** The slot's group goes on with no index: the next append has to take the long way. */
    static final long NO_NEXT = -1;

    private final long[] groups = new long[SLOTS];
    private final long[] records = new long[SLOTS]; // 0: the slot is free
    private final long[] next = new long[SLOTS];
    private final long[] segments = new long[SLOTS];
    private final byte[] counts = new byte[SLOTS];
    private final int[] offsets = new int[SLOTS * RUNS];
    private final int[] lengths = new int[SLOTS * RUNS];

    static int slotOf(long group) {
        return (int) (group * 0x9e3779b97f4a7c15L >>> 53);
    }

    boolean holds(int slot, long group) {
        return groups[slot] == group && records[slot] != 0;
    }

    /**
     * Whether the slot's group goes on with this index, in the segment of the runs it holds
     * already.
     */
    boolean continues(int slot, long index, long segment) {
        return next[slot] == index && (counts[slot] == 0 || segments[slot] == segment);
    }

    void occupy(int slot, long group, long record, long nextIndex) {
        assert counts[slot] == 0 : "the slot's runs would be lost";
        groups[slot] = group;
        records[slot] = record;
        next[slot] = nextIndex;
    }

    void release(int slot) {
        assert counts[slot] == 0 : "the slot's runs would be lost";
        records[slot] = 0;
    }

    /** Adds a run of one entry; returns whether the slot is full now. */
    boolean add(int slot, long segment, int blockOffset, int blockBytes) {
        int count = counts[slot];
        int place = slot * RUNS + count;
        offsets[place] = blockOffset;
        lengths[place] = blockBytes;
        segments[slot] = segment;
        next[slot]++;
        counts[slot] = (byte) (count + 1);
        return count + 1 == RUNS;
    }

    long record(int slot) {
        return records[slot];
    }

    int count(int slot) {
        return counts[slot];
    }

    long segment(int slot) {
        return segments[slot];
    }

    /** Index of the first run that the slot holds. */
    long firstIndex(int slot) {
        return next[slot] - counts[slot];
    }

    int[] offsets() {
        return offsets;
    }

    int[] lengths() {
        return lengths;
    }

    void empty(int slot) {
        counts[slot] = 0;
    }

    void forgetAll() {
        Arrays.fill(records, 0);
    }
}
