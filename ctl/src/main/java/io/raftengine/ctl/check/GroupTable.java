package io.raftengine.ctl.check;

import io.raftengine.recovery.IdIndex;
import java.util.Arrays;

/**
 * What a check knows of each group, without an object per group: the live range of its entries in
 * each queue, [first, end) with unsigned indexes, empty where both are equal.
 */
final class GroupTable {
    private static final int REWRITE_FIRST = 0;
    private static final int REWRITE_END = 1;
    private static final int APPEND_FIRST = 2;
    private static final int APPEND_END = 3;
    private static final int REWRITE_DAMAGE_SEEN = 4;
    private static final int WORDS = 5;

    private final IdIndex index = new IdIndex();
    private long[] records = new long[IdIndex.CAPACITY_MIN * WORDS];

    int count() {
        return index.size();
    }

    /** The record of a group, made if need be. */
    int of(long id) {
        int record = index.findOrAdd(id);
        if ((record + 1) * WORDS > records.length) {
            records = Arrays.copyOf(records, 2 * records.length);
        }
        return record;
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
