package io.raftengine.engine.memtable;

import io.raftengine.allocator.Memory;

/**
 * A piece of a group's entry index; the only class that knows its layout.
 *
 * <p>All entries that one batch added to one group share file, block and compression, so they are
 * stored as one <em>run</em> of 16 bytes, plus a <em>slot</em> of 4 bytes for each boundary between
 * entries that does not follow from the run itself.
 *
 * <pre>
 *   chunk, 64 .. 1,024 bytes
 *   byte  0              8              16     18     20      22      24             32
 *         +--------------+--------------+------+------+-------+-------+--------------+------------------+
 *         | base index   | base segment | runs | slots| size  | flags | 0 (spilling) | runs ->  &lt;- slots|
 *         +--------------+--------------+------+------+-------+-------+--------------+------------------+
 *   size in units of 16 bytes; flags bit 0: the segments are those of the rewrite queue
 *
 *   run
 *   byte  0              4                         8                12              14           16
 *         +--------------+-------------------------+----------------+---------------+------------+
 *         | block offset | block bytes | LZ4 bit 31| first - base   | segment - base| slot bits  |
 *         +--------------+-------------------------+----------------+---------------+------------+
 *   slot bits: 0-11 number of the run's first slot, 14 start is stored, 15 end is stored
 * </pre>
 *
 * <p>Slots are numbered from the end of the chunk downwards, so a chunk grows by copying both ends.
 * Of n entries the n-1 inner boundaries always have a slot. The start of the first has one unless
 * it is 0. The end of the last has one unless it is the end of an uncompressed block. How many
 * entries a run has follows from the first index of the next one; cutting entries off the end turns
 * the boundary at the cut, which has a slot, into a stored end.
 */
final class Chunk {
    static final int HEADER_BYTES = 32;
    static final int RUN_BYTES = 16;
    static final int SLOT_BYTES = 4;
    static final int BYTES_MAX = 1024;

    /**
     * Most entries of one run: their slots must fit into an otherwise empty chunk, start and end
     * included.
     */
    static final int RUN_ENTRIES_MAX = (BYTES_MAX - HEADER_BYTES - RUN_BYTES) / SLOT_BYTES - 1;

    /** Runs without slots that a chunk of the largest size holds. */
    static final int RUNS_MAX = (BYTES_MAX - HEADER_BYTES) / RUN_BYTES;

    static final int STORED_START = 1 << 14;
    static final int STORED_END = 1 << 15;
    static final int SLOT_MASK = (1 << 12) - 1;

    private static final int BASE_INDEX = 0;
    private static final int BASE_SEGMENT = 8;
    private static final int RUNS = 16;
    private static final int SIZE = 20;
    private static final int SPILL = 24;

    private static final int REWRITE = 1;

    private Chunk() {}

    static void initialize(
            long chunk, int bytes, long baseIndex, long baseSegment, boolean rewrite) {
        Memory.putLong(chunk + BASE_INDEX, baseIndex);
        Memory.putLong(chunk + BASE_SEGMENT, baseSegment);
        Memory.putLong(
                chunk + RUNS, (long) (bytes / 16) << 32 | (rewrite ? (long) REWRITE << 48 : 0));
        Memory.putLong(chunk + SPILL, 0);
    }

    static long baseIndex(long chunk) {
        return Memory.getLongRacy(chunk + BASE_INDEX);
    }

    static long baseSegment(long chunk) {
        return Memory.getLongRacy(chunk + BASE_SEGMENT);
    }

    static int runs(long chunk) {
        return Memory.getIntRacy(chunk + RUNS) & 0xffff;
    }

    static int slots(long chunk) {
        return Memory.getIntRacy(chunk + RUNS) >>> 16;
    }

    static void setRunsAndSlots(long chunk, int runs, int slots) {
        Memory.putInt(chunk + RUNS, slots << 16 | runs);
    }

    static int bytes(long chunk) {
        return (Memory.getIntRacy(chunk + SIZE) & 0xffff) * 16;
    }

    static boolean isRewrite(long chunk) {
        return (Memory.getIntRacy(chunk + SIZE) >>> 16 & REWRITE) != 0;
    }

    static int freeBytes(long chunk) {
        int counts = Memory.getInt(chunk + RUNS);
        return bytes(chunk)
                - HEADER_BYTES
                - (counts & 0xffff) * RUN_BYTES
                - (counts >>> 16) * SLOT_BYTES;
    }

    // ---- runs ----------------------------------------------------------------------------------

    static long run(long chunk, int number) {
        return chunk + HEADER_BYTES + (long) number * RUN_BYTES;
    }

    static void putRun(
            long run,
            long blockOffset,
            int blockBytes,
            boolean compressed,
            int firstDelta,
            int segmentDelta,
            int slotBits) {
        Memory.putLong(
                run,
                blockOffset & 0xffffffffL
                        | (long) (compressed ? blockBytes | Integer.MIN_VALUE : blockBytes) << 32);
        Memory.putLong(
                run + 8,
                firstDelta & 0xffffffffL | (long) segmentDelta << 32 | (long) slotBits << 48);
    }

    /** Lays out the header of a chunk of the largest size, full of runs without slots. */
    static void layOutFull(
            HeapImage image, int at, long baseIndex, long baseSegment, boolean rewrite) {
        image.putLong(at + BASE_INDEX, baseIndex);
        image.putLong(at + BASE_SEGMENT, baseSegment);
        image.putInt(at + RUNS, RUNS_MAX);
        image.putInt(at + SIZE, BYTES_MAX / 16 | (rewrite ? REWRITE << 16 : 0));
        image.putLong(at + SPILL, 0);
    }

    /**
     * Lays out runs whose only entry is all of its uncompressed block.
     *
     * @param firstDelta of the first one
     * @param segmentDelta of all of them
     * @param slots slots used so far
     */
    static void layOutSingles(
            HeapImage image,
            int at,
            int[] offsets,
            int[] lengths,
            int from,
            int count,
            int firstDelta,
            int segmentDelta,
            int slots) {
        int[] words = image.words();
        int segmentAndSlots = segmentDelta | slots << 16;
        int word = at / 4;
        for (int i = 0; i < count; i++) {
            words[word] = offsets[from + i];
            words[word + 1] = lengths[from + i];
            words[word + 2] = firstDelta + i;
            words[word + 3] = segmentAndSlots;
            word += RUN_BYTES / 4;
        }
    }

    /** Appends runs without slots that were laid out on the heap. */
    static void putRuns(long chunk, int runs, int slots, HeapImage image, int count) {
        image.copyTo(0, run(chunk, runs), count * RUN_BYTES);
        setRunsAndSlots(chunk, runs + count, slots);
    }

    static long blockOffset(long run) {
        return Memory.getIntRacy(run) & 0xffffffffL;
    }

    static int blockBytes(long run) {
        return Memory.getIntRacy(run + 4) & Integer.MAX_VALUE;
    }

    static boolean compressed(long run) {
        return Memory.getIntRacy(run + 4) < 0;
    }

    /** First index of the run relative to the chunk's base index, unsigned. */
    static long firstDelta(long run) {
        return Memory.getIntRacy(run + 8) & 0xffffffffL;
    }

    static int segmentDelta(long run) {
        return Memory.getIntRacy(run + 12) & 0xffff;
    }

    static int slotBits(long run) {
        return Memory.getIntRacy(run + 12) >>> 16;
    }

    static void storeEnd(long run) {
        Memory.putInt(run + 12, Memory.getInt(run + 12) | STORED_END << 16);
    }

    /** Number of the last run whose first index is at most {@code delta}; 0 if there is none. */
    static int findRun(long chunk, int runs, long delta) {
        // A run holds at least one entry, so none behind this one can be it; with one entry per
        // batch it is the one.
        int low = 0;
        int high = (int) Math.min(runs - 1, delta);
        if (high > 0 && firstDelta(run(chunk, high)) <= delta) {
            return high;
        }
        while (low < high) {
            int middle = low + high + 1 >>> 1;
            if (firstDelta(run(chunk, middle)) <= delta) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    // ---- slots and boundaries ------------------------------------------------------------------

    static long slot(long chunk, int bytes, int number) {
        return chunk + bytes - (long) (number + 1) * SLOT_BYTES;
    }

    /** How many slots a run of {@code entries} with these bits uses. */
    static int slotsOf(int blockBytes, int slotBits, int entries) {
        if (blockBytes == 0) {
            return 0;
        }
        return entries - 1 + (slotBits >>> 14 & 1) + (slotBits >>> 15 & 1);
    }

    /**
     * Where entry {@code k} of a run starts in the block's content; {@code k == entries} gives the
     * end of the last one. What the run says is passed in, so that a reader can check it before it
     * becomes part of an address.
     */
    static int boundary(long chunk, int bytes, int blockBytes, int bits, int k, int entries) {
        if (blockBytes == 0) {
            return 0; // only entries of no bytes
        }
        if (k == 0 && (bits & STORED_START) == 0) {
            return 0;
        }
        if (k == entries && (bits & STORED_END) == 0) {
            return blockBytes - 4; // behind the content stands its checksum
        }
        int number = (bits & SLOT_MASK) + k - 1 + (bits >>> 14 & 1);
        return Memory.getIntRacy(slot(chunk, bytes, number));
    }

    /**
     * Stores the boundaries of a run that are not implied.
     *
     * @param slots slots used so far
     * @return slots used afterwards
     */
    static int putSlots(
            long chunk,
            int bytes,
            int slots,
            int start,
            int[] tails,
            int from,
            int entries,
            int bits) {
        int number = slots;
        if ((bits & STORED_START) != 0) {
            Memory.putInt(slot(chunk, bytes, number++), start);
        }
        int stored = (bits & STORED_END) != 0 ? entries : entries - 1;
        for (int i = 0; i < stored; i++) {
            Memory.putInt(slot(chunk, bytes, number++), tails[from + i]);
        }
        return number;
    }

    /** Copies everything but the size into a larger chunk. */
    static void copyInto(long source, int sourceBytes, long target, int targetBytes) {
        int runs = runs(source);
        int slots = slots(source);
        Memory.copy(source, target, HEADER_BYTES + (long) runs * RUN_BYTES);
        long slotBytes = (long) slots * SLOT_BYTES;
        Memory.copy(source + sourceBytes - slotBytes, target + targetBytes - slotBytes, slotBytes);
        Memory.putShort(target + SIZE, (short) (targetBytes / 16));
    }

    /** Cuts off the entries at or behind {@code index}; the entry before it is in this chunk. */
    static void cut(long chunk, long index, long chunkEnd) {
        long base = baseIndex(chunk);
        int runs = runs(chunk);
        int number = findRun(chunk, runs, index - 1 - base);
        long run = run(chunk, number);
        long first = base + firstDelta(run);
        long end = number + 1 < runs ? base + firstDelta(run(chunk, number + 1)) : chunkEnd;
        int kept = (int) (index - first);
        if (index != end && blockBytes(run) != 0) {
            storeEnd(run);
        }
        int bits = slotBits(run);
        int slots = (bits & SLOT_MASK) + slotsOf(blockBytes(run), bits, kept);
        setRunsAndSlots(chunk, number + 1, slots);
    }

    /**
     * Drops the first {@code dead} runs with their slots. The first index that is left becomes the
     * base index: all of a chunk is always near its base, however much was appended and dropped
     * since the chunk was made. Segments stay relative to the same one.
     */
    static void dropRunsBefore(long chunk, int dead) {
        int runs = runs(chunk);
        int slots = slots(chunk);
        int bytes = bytes(chunk);
        int deadSlots = slotBits(run(chunk, dead)) & SLOT_MASK;
        long deadIndexes = firstDelta(run(chunk, dead));
        int live = runs - dead;
        Memory.copy(run(chunk, dead), run(chunk, 0), (long) live * RUN_BYTES);
        long liveSlotBytes = (long) (slots - deadSlots) * SLOT_BYTES;
        long lowest = chunk + bytes - (long) slots * SLOT_BYTES;
        Memory.copy(lowest, lowest + (long) deadSlots * SLOT_BYTES, liveSlotBytes);
        for (int i = 0; i < live; i++) {
            long run = run(chunk, i);
            Memory.putInt(run + 8, (int) (firstDelta(run) - deadIndexes));
            addToSlotNumber(run, -deadSlots);
        }
        Memory.putLong(chunk + BASE_INDEX, baseIndex(chunk) + deadIndexes);
        setRunsAndSlots(chunk, live, slots - deadSlots);
    }

    /** Drops everything before {@code index} and makes that the base index. */
    static void beginAt(long chunk, long index) {
        long delta = index - baseIndex(chunk);
        if (delta == 0) {
            return;
        }
        int dead = findRun(chunk, runs(chunk), delta);
        beginRunAt(run(chunk, dead), delta);
        dropRunsBefore(chunk, dead);
    }

    /** Lets a run begin with a later entry; where that starts is a boundary that has a slot. */
    private static void beginRunAt(long run, long delta) {
        int skipped = (int) (delta - firstDelta(run));
        if (skipped == 0) {
            return;
        }
        Memory.putInt(run + 8, (int) delta);
        if (blockBytes(run) != 0) {
            int bits = slotBits(run);
            int slot = (bits & SLOT_MASK) + skipped - 1 + (bits >>> 14 & 1);
            int changed = slot | STORED_START | bits & STORED_END;
            Memory.putInt(run + 12, segmentDelta(run) | changed << 16);
        }
    }

    private static void addToSlotNumber(long run, int difference) {
        int word = Memory.getInt(run + 12);
        Memory.putInt(run + 12, word + (difference << 16));
    }

    /** Appends copies of all runs of {@code source}; the room was checked. */
    static void copyRuns(long source, long target) {
        int sourceRuns = runs(source);
        int sourceSlots = slots(source);
        int runs = runs(target);
        int slots = slots(target);
        int indexShift = (int) (baseIndex(source) - baseIndex(target));
        int segmentShift = (int) (baseSegment(source) - baseSegment(target));
        for (int i = 0; i < sourceRuns; i++) {
            long from = run(source, i);
            long to = run(target, runs + i);
            Memory.putLong(to, Memory.getLong(from));
            Memory.putInt(to + 8, Memory.getInt(from + 8) + indexShift);
            Memory.putInt(to + 12, Memory.getInt(from + 12) + segmentShift + (slots << 16));
        }
        long slotBytes = (long) sourceSlots * SLOT_BYTES;
        Memory.copy(
                source + bytes(source) - slotBytes,
                target + bytes(target) - (long) slots * SLOT_BYTES - slotBytes,
                slotBytes);
        setRunsAndSlots(target, runs + sourceRuns, slots + sourceSlots);
    }
}
