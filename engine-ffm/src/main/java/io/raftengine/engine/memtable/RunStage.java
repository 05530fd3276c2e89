package io.raftengine.engine.memtable;

import io.raftengine.log.format.SingleEntryBatches;
import java.util.Arrays;

/**
 * Gathers the runs of batches with one entry on the heap, many per group, and hands them over
 * together. A replay takes in millions of such batches in a JVM that has only just started, where
 * an off-heap access costs tens of nanoseconds until the compiler has got to it, and compiling
 * everything an append touches costs more than the appends; a few stores into an array cost nearly
 * nothing.
 *
 * <p>A fixed number of runs, about 1 MiB, in one of two shapes: {@link #few} holds so many per
 * group that a flush writes whole slabs of chunks, {@link #many} holds more groups, with one chunk
 * each. A group is in one of the {@value #WAYS} slots that its id leads to.
 */
final class RunStage {
    /** The slot's group goes on with no index: the next append has to take the long way. */
    static final long NO_NEXT = -1;

    private static final int WAYS = 8;
    private static final int SLOTS_FEW = 256;
    private static final int SLOTS_MANY = 2048;
    private static final int CHUNKS_FEW = SLOTS_MANY / SLOTS_FEW;

    private final int shift;
    private final int runs; // of a slot
    private final long[] groups;
    private final long[] records; // 0: the slot is free
    private final long[] next; // NO_NEXT in a free slot
    private final long[] segments;
    private final int[] counts;
    private final int[] offsets;
    private final int[] lengths;

    private RunStage(int slots, int runs) {
        this.runs = runs;
        shift = Long.SIZE - Integer.numberOfTrailingZeros(slots);
        groups = new long[slots];
        records = new long[slots];
        next = new long[slots];
        segments = new long[slots];
        counts = new int[slots];
        offsets = new int[slots * runs];
        lengths = new int[slots * runs];
        Arrays.fill(next, NO_NEXT);
    }

    /** For up to some two hundred groups. */
    static RunStage few() {
        return new RunStage(SLOTS_FEW, CHUNKS_FEW * Chunk.RUNS_MAX);
    }

    /** For more groups than that. */
    static RunStage many() {
        return new RunStage(SLOTS_MANY, Chunk.RUNS_MAX);
    }

    boolean isForFew() {
        return groups.length == SLOTS_FEW;
    }

    int slots() {
        return groups.length;
    }

    private int slotOf(long group) {
        return (int) (group * 0x9e3779b97f4a7c15L >>> shift);
    }

    /** The next of the slots that a group may be in; after the last the first. */
    private static int neighbour(int slot) {
        return slot & -WAYS | slot + 1 & WAYS - 1;
    }

    /** The slot that holds the group, or -1. */
    int find(long group) {
        int slot = slotOf(group);
        for (int way = 0; way < WAYS; way++) {
            if (groups[slot] == group && records[slot] != 0) {
                return slot;
            }
            slot = neighbour(slot);
        }
        return -1;
    }

    /** The slot to use for a group that is in none: a free one, else the one with most runs. */
    int slotFor(long group) {
        int slot = slotOf(group);
        int best = slot;
        for (int way = 0; way < WAYS; way++) {
            if (records[slot] == 0) {
                return slot;
            }
            if (counts[slot] > counts[best]) {
                best = slot;
            }
            slot = neighbour(slot);
        }
        return best;
    }

    boolean isFree(int slot) {
        return records[slot] == 0;
    }

    /**
     * Adds batches from one on, as far as that is simple.
     *
     * @return number of the first batch that was not added, or their count
     */
    int append(long segment, SingleEntryBatches batches, int from) {
        int count = batches.count();
        int batch = from;
        while (batch < count && appendOne(segment, batches, batch)) {
            batch++;
        }
        return batch;
    }

    /**
     * Adds a batch, if its group is held, goes on with this index, in the segment of the runs it
     * holds already, and has room.
     */
    boolean appendOne(long segment, SingleEntryBatches batches, int batch) {
        long group = batches.groupIds()[batch];
        long index = batches.indexes()[batch];
        int slot = slotOf(group);
        for (int way = 1; groups[slot] != group || next[slot] != index; way++) {
            if (way == WAYS) {
                return false;
            }
            slot = neighbour(slot);
        }
        int count = counts[slot];
        if (count == runs || count != 0 && segments[slot] != segment) {
            return false;
        }
        int place = slot * runs + count;
        offsets[place] = batches.blockOffsets()[batch];
        lengths[place] = batches.blockBytes()[batch];
        segments[slot] = segment;
        next[slot] = index + 1;
        counts[slot] = count + 1;
        return true;
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
        next[slot] = NO_NEXT;
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

    /** Index of the first entry that the slot holds. */
    long firstIndex(int slot) {
        return next[slot] - counts[slot];
    }

    /** Where the slot's runs start in {@link #offsets} and {@link #lengths}. */
    int firstRun(int slot) {
        return slot * runs;
    }

    int[] offsets() {
        return offsets;
    }

    int[] lengths() {
        return lengths;
    }

    /** Forgets the slot's first runs, which were handed over. */
    void drop(int slot, int added) {
        int first = firstRun(slot);
        int rest = counts[slot] - added;
        System.arraycopy(offsets, first + added, offsets, first, rest);
        System.arraycopy(lengths, first + added, lengths, first, rest);
        counts[slot] = rest;
    }
}
