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
    GC(8, 4, 20, 400, 3, 25);

    final int groups;
    final int itemsMax;
    final int entriesMax;
    final int dataBytesMax;
    final int cleanPercent;
    final int compactPercent;

    ScriptProfile(
            int groups,
            int itemsMax,
            int entriesMax,
            int dataBytesMax,
            int cleanPercent,
            int compactPercent) {
        this.groups = groups;
        this.itemsMax = itemsMax;
        this.entriesMax = entriesMax;
        this.dataBytesMax = dataBytesMax;
        this.cleanPercent = cleanPercent;
        this.compactPercent = compactPercent;
    }
}
