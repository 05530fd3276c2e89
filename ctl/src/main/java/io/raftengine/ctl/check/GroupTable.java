package io.raftengine.ctl.check;

import java.util.Arrays;

/**
 * What a check knows of each group, without an object per group: the live range of its entries in
 * each queue, [first, end) with unsigned indexes, empty where both are equal.
 */
final class GroupTable {
    private static final int ID = 0;
    private static final int REWRITE_FIRST = 1;
    private static final int REWRITE_END = 2;
    private static final int APPEND_FIRST = 3;
    private static final int APPEND_END = 4;
    private static final int REWRITE_DAMAGE_SEEN = 5;
    private static final int WORDS = 6;

    private int[] slots = new int[64]; // record + 1, or 0
    private long[] records = new long[32 * WORDS];
    private int count;

    int count() {
        return count;
    }

    /** The record of a group, made if need be. */
    int of(long id) {
        int slot = slot(id);
        if (slots[slot] != 0) {
            return slots[slot] - 1;
        }
        if (2 * (count + 1) > slots.length) {
            grow();
            slot = slot(id);
        }
        if ((count + 1) * WORDS > records.length) {
            records = Arrays.copyOf(records, 2 * records.length);
        }
        records[count * WORDS + ID] = id;
        slots[slot] = ++count;
        return count - 1;
    }

    private int slot(long id) {
        int mask = slots.length - 1;
        long mixed = id * 0x9e3779b97f4a7c15L;
        int slot = (int) (mixed >>> 32) & mask;
        while (slots[slot] != 0 && id(slots[slot] - 1) != id) {
            slot = slot + 1 & mask;
        }
        return slot;
    }

    private void grow() {
        slots = new int[2 * slots.length];
        for (int record = 0; record < count; record++) {
            slots[slot(id(record))] = record + 1;
        }
    }

    long id(int record) {
        return records[record * WORDS + ID];
    }

    long first(int record, boolean rewrite) {
        return records[record * WORDS + (rewrite ? REWRITE_FIRST : APPEND_FIRST)];
    }

    long end(int record, boolean rewrite) {
        return records[record * WORDS + (rewrite ? REWRITE_END : APPEND_END)];
    }

    boolean isEmpty(int record, boolean rewrite) {
        return first(record, rewrite) == end(record, rewrite);
    }

    void set(int record, boolean rewrite, long first, long end) {
        records[record * WORDS + (rewrite ? REWRITE_FIRST : APPEND_FIRST)] = first;
        records[record * WORDS + (rewrite ? REWRITE_END : APPEND_END)] = end;
    }

    /** How many damaged places lay before the group's newest entries in the rewrite queue. */
    long damageSeen(int record) {
        return records[record * WORDS + REWRITE_DAMAGE_SEEN];
    }

    void setDamageSeen(int record, long places) {
        records[record * WORDS + REWRITE_DAMAGE_SEEN] = places;
    }
}
