package io.raftengine.engine.memtable;

/** Frees whatever the records of a pool still hold. */
final class Teardown {
    private Teardown() {}

    static void freeGroups(Blocks blocks, RecordPool pool, EntryIndex entries, KeyTree keys) {
        int used = pool.used();
        for (int i = 0; i < used; i++) {
            freeGroup(blocks, blocks.at(pool.handleOf(i)), entries, keys);
        }
    }

    static void freeGroup(Blocks blocks, long record, EntryIndex entries, KeyTree keys) {
        entries.dropAll(record);
        keys.clear(record);
        int extension = GroupRecord.extension(record);
        if (extension != 0) {
            Tombstones.free(blocks, blocks.at(extension));
            blocks.free(extension, GroupExtension.BYTES);
            GroupRecord.setExtension(record, 0);
        }
    }
}
