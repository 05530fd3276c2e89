package io.raftengine.engine.memtable;

import io.raftengine.allocator.Memory;

/**
 * The chunks of a group that has two or more; the only class that knows its layout.
 *
 * <pre>
 *   byte  0           4           8
 *         +-----------+-----------+--------------------+--------------------+---
 *         | capacity  | head      | handle | base low  | handle | base low  | ...   8 bytes per chunk
 *         +-----------+-----------+--------------------+--------------------+---
 *
 *   capacity  places
 *   head      places before the first chunk, left behind by compaction and taken up when room is needed
 *   base low  low 32 bits of the chunk's base index: enough to find the chunk of an index without touching chunks,
 *             since no group holds 2^32 entries in memory
 * </pre>
 */
final class ChunkDirectory {
    private static final int CAPACITY = 0;
    private static final int HEAD = 4;
    private static final int PLACES = 8;

    private ChunkDirectory() {}

    static int bytes(int capacity) {
        return PLACES + 8 * capacity;
    }

    /** How many places a block of so many bytes has. */
    static int places(int bytes) {
        return (bytes - PLACES) / 8;
    }

    static void initialize(long directory, int capacity) {
        Memory.putInt(directory + CAPACITY, capacity);
        Memory.putInt(directory + HEAD, 0);
    }

    static int capacity(long directory) {
        return Memory.getInt(directory + CAPACITY);
    }

    static int head(long directory) {
        return Memory.getIntRacy(directory + HEAD);
    }

    static void setHead(long directory, int head) {
        Memory.putInt(directory + HEAD, head);
    }

    private static long place(long directory, int place) {
        return directory + PLACES + 8L * place;
    }

    static int handle(long directory, int place) {
        return Memory.getIntRacy(place(directory, place));
    }

    static int baseLow(long directory, int place) {
        return Memory.getIntRacy(place(directory, place) + 4);
    }

    static void put(long directory, int place, int handle, long baseIndex) {
        Memory.putInt(place(directory, place), handle);
        Memory.putInt(place(directory, place) + 4, (int) baseIndex);
    }

    /**
     * Enters chunks that lie side by side and are full of runs of one entry each.
     *
     * @param baseIndex of the first one
     * @param image to lay the places out in
     */
    static void putFull(
            long directory,
            int place,
            int count,
            int handle,
            int handleStep,
            long baseIndex,
            HeapImage image) {
        image.begin(8 * count);
        for (int i = 0; i < count; i++) {
            image.putInt(8 * i, handle + i * handleStep);
            image.putInt(8 * i + 4, (int) baseIndex + i * Chunk.RUNS_MAX);
        }
        image.copyTo(0, place(directory, place), 8 * count);
    }

    static void move(long source, int from, long target, int to, int count) {
        Memory.copy(place(source, from), place(target, to), 8L * count);
    }

    /**
     * The place of the chunk that holds {@code index}, given that one of {@code count} chunks does.
     */
    static int find(long directory, int head, int count, long first, long index) {
        int origin = baseLow(directory, head);
        // Distance from the base of the first chunk, which is at most 'first' and less than 2^32
        // away.
        long target = index - first + ((int) first - origin & 0xffffffffL);
        int low = 0;
        int high = count - 1;
        if ((baseLow(directory, head + high) - origin & 0xffffffffL) <= target) {
            return head + high; // the newest entries are asked for most
        }
        while (low < high) {
            int middle = low + high + 1 >>> 1;
            if ((baseLow(directory, head + middle) - origin & 0xffffffffL) <= target) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return head + low;
    }
}
