package io.raftengine.recovery;

import java.util.Arrays;

/**
 * Numbers the ids it is given, in the order they come: the index of a table with a record per
 * group. Open addressing, never more than half full, at most 32 bytes an id.
 *
 * <p>Ids come from files that nobody should trust, so the hash is seeded anew for each index: who
 * does not know the seed cannot choose ids that all look for the same slot, which would make every
 * look-up go through all of them. The numbers do not depend on the seed, and so nothing that is
 * decided or written by them does. For one thread.
 */
public final class IdIndex {
    /** How many ids the smallest index holds before it grows. */
    public static final int CAPACITY_MIN = 16;

    private static final int NONE = -1;

    private final long seed;
    private long[] ids;
    private int[] slots; // number + 1, or 0; two for each id that there is room for
    private int size;

    /** An empty index. */
    public IdIndex() {
        this(CAPACITY_MIN);
    }

    /**
     * An empty index with room.
     *
     * @param capacity how many ids it holds before it grows; a power of two, at least {@link
     *     #CAPACITY_MIN}
     */
    public IdIndex(int capacity) {
        this(capacity, IdHash.newSeed());
    }

    IdIndex(int capacity, long seed) {
        assert capacity >= CAPACITY_MIN && Integer.bitCount(capacity) == 1 : capacity;
        this.seed = seed;
        ids = new long[capacity];
        slots = new int[2 * capacity];
    }

    /**
     * What an index takes.
     *
     * @param capacity how many ids it has room for
     * @return bytes
     */
    public static long bytes(int capacity) {
        return (long) capacity * (Long.BYTES + 2 * Integer.BYTES);
    }

    /**
     * How many ids there are; the next new one gets this number.
     *
     * @return ids
     */
    public int size() {
        return size;
    }

    /**
     * How many ids there is room for.
     *
     * @return ids; doubles when one more is added
     */
    public int capacity() {
        return ids.length;
    }

    /**
     * An id.
     *
     * @param number of the id, below {@link #size}
     * @return the id
     */
    public long id(int number) {
        return ids[number];
    }

    /**
     * The number of an id.
     *
     * @param id any
     * @return its number, or -1 if it was never added
     */
    public int find(long id) {
        return slots[slot(id)] + NONE;
    }

    /**
     * The number of an id, which is added if it is new.
     *
     * @param id any
     * @return its number
     */
    public int findOrAdd(long id) {
        int slot = slot(id);
        if (slots[slot] == 0) {
            if (size == ids.length) {
                grow();
                slot = slot(id);
            }
            ids[size] = id;
            slots[slot] = ++size;
        }
        return slots[slot] + NONE;
    }

    private void grow() {
        ids = Arrays.copyOf(ids, 2 * ids.length);
        slots = new int[2 * slots.length];
        for (int number = 0; number < size; number++) {
            slots[slot(ids[number])] = number + 1;
        }
    }

    /** Where the id is, or would go. */
    private int slot(long id) {
        int mask = slots.length - 1;
        int slot = home(id);
        while (slots[slot] != 0 && ids[slots[slot] + NONE] != id) {
            slot = slot + 1 & mask;
        }
        return slot;
    }

    private int home(long id) {
        return (int) IdHash.hash(id, seed) & slots.length - 1;
    }

    /** How many slots are looked at to find an id that is there: what its look-up costs. */
    int probes(long id) {
        return (slot(id) - home(id) & slots.length - 1) + 1;
    }
}
