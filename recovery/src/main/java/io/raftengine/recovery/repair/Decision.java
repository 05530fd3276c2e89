package io.raftengine.recovery.repair;

/** What becomes of one item; reused for the next. One thread at a time. */
final class Decision {
    /** The item is left out. */
    boolean drop;

    /** How many of its entries stay, from the first on. */
    int keep;

    /** Empty entries take the place of its own. */
    boolean blank;

    /** If set, entries of the group below this index are compacted away in front of the item. */
    boolean clear;

    long clearTo;

    /** Empty entries with indexes [fillFrom, fillTo) are put in front of the item. */
    long fillFrom;

    long fillTo;

    private int count;

    /** Begins an item with so many entries, which stays as it is. */
    void begin(int entries) {
        drop = false;
        blank = false;
        clear = false;
        keep = entries;
        count = entries;
        fillFrom = 0;
        fillTo = 0;
    }

    boolean changes() {
        return drop || blank || clear || keep != count || fillFrom != fillTo;
    }

    /** Leaves out what is void: entries from an index on. */
    void cut(long firstIndex, long voidFrom) {
        if (fillFrom != fillTo && Long.compareUnsigned(fillTo, voidFrom) > 0) {
            fillTo = Long.compareUnsigned(fillFrom, voidFrom) < 0 ? voidFrom : fillFrom;
        }
        if (Long.compareUnsigned(firstIndex, voidFrom) >= 0) {
            drop = true;
        } else if (Long.compareUnsigned(firstIndex + keep, voidFrom) > 0) {
            keep = (int) (voidFrom - firstIndex);
        }
    }
}
