package io.raftengine.recovery;

/** A growing set of longs, 8 to 16 bytes each: open addressing, never more than half full. */
final class LongSet {
    private long[] table = new long[16]; // 0 = free; the value 0 itself is kept aside
    private int size;
    private boolean zero;

    /** Adds a value; adding it again changes nothing. */
    void add(long value) {
        if (value == 0) {
            zero = true;
            return;
        }
        int slot = slot(table, value);
        if (table[slot] == value) {
            return;
        }
        table[slot] = value;
        if (++size > table.length / 2) {
            grow();
        }
    }

    boolean contains(long value) {
        return value == 0 ? zero : table[slot(table, value)] == value;
    }

    private void grow() {
        long[] larger = new long[2 * table.length];
        for (long value : table) {
            if (value != 0) {
                larger[slot(larger, value)] = value;
            }
        }
        table = larger;
    }

    /** Where the value is, or would go. Ids count upwards, so the low bits must be spread. */
    private static int slot(long[] table, long value) {
        long mixed = value * 0x9E3779B97F4A7C15L;
        int slot = (int) (mixed >>> 32) & (table.length - 1);
        while (table[slot] != 0 && table[slot] != value) {
            slot = (slot + 1) & (table.length - 1);
        }
        return slot;
    }
}
