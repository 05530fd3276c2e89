package io.raftengine.testing.model;

/** What kind of history a generated script is. */
public enum ScriptProfile {
    /** A handful of groups, short entries, everything mixed. */
    SMALL(6, 4, 6, 60, 4, 10),
    /** Many groups, many items per batch, ids from all over 64 bits. */
    WIDE(160, 24, 4, 60, 3, 8),
    /** Groups come and go. */
    CHURN(8, 5, 5, 80, 20, 12),
    /** Entries large enough for compression, and batches of many kilobytes. */
    BIG(5, 3, 8, 16 << 10, 3, 10),
    /** Long logs that are compacted all the time, and purged where the script may purge. */
    GC(8, 4, 20, 400, 3, 25),
    /**
     * Entries and values just below, at and just above the size of the batches that rewrites make.
     */
    LIMITS(4, 3, 3, 20 << 10, 4, 10, 128 << 10);

    final int groups;
    final int itemsMax;
    final int entriesMax;
    final int dataBytesMax;
    final int cleanPercent;
    final int compactPercent;

    /** Every now and then data is about as long as this; 0 for never. */
    final int limitBytes;

    ScriptProfile(
            int groups,
            int itemsMax,
            int entriesMax,
            int dataBytesMax,
            int cleanPercent,
            int compactPercent) {
        this(groups, itemsMax, entriesMax, dataBytesMax, cleanPercent, compactPercent, 0);
    }

    ScriptProfile(
            int groups,
            int itemsMax,
            int entriesMax,
            int dataBytesMax,
            int cleanPercent,
            int compactPercent,
            int limitBytes) {
        this.groups = groups;
        this.itemsMax = itemsMax;
        this.entriesMax = entriesMax;
        this.dataBytesMax = dataBytesMax;
        this.cleanPercent = cleanPercent;
        this.compactPercent = compactPercent;
        this.limitBytes = limitBytes;
    }
}
