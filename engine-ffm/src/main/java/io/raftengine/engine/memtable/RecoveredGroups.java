package io.raftengine.engine.memtable;

/**
 * Brings the groups that replay has joined into the state in which a running engine keeps them: who
 * was cleaned in the end loses the record, and what purge has to know of the others is listed.
 *
 * <p>Once, when all partitions are joined and before anybody reads or writes.
 */
final class RecoveredGroups {
    private final Blocks blocks;
    private final RecordPool pool;
    private final GroupTable table;
    private final OldGroups old;
    private final RewrittenGroups rewritten;
    private final Tombstones tombstones;
    private long gone;

    RecoveredGroups(Memtables memtables) {
        blocks = memtables.blocks();
        pool = memtables.pool();
        table = memtables.table();
        old = memtables.old();
        rewritten = memtables.rewritten();
        tombstones = memtables.tombstones();
    }

    /**
     * Settles all groups.
     *
     * @return how many that replay left visible do not exist
     */
    long settle() {
        int used = pool.used();
        for (int i = 0; i < used; i++) {
            int handle = pool.handleOf(i);
            long record = blocks.at(handle);
            int extension = GroupRecord.extension(record);
            if (extension != 0) {
                settleRewritten(record, extension);
            }
            if (GroupRecord.visible(record)) {
                boolean appended = GroupRecord.rewrittenEnd(record) != GroupRecord.end(record);
                if (appended || GroupRecord.keyCount(record) > 0) {
                    old.addUnknown(handle, record);
                }
            } else {
                pool.freeIfGone(handle, table);
            }
        }
        return gone;
    }

    private void settleRewritten(long record, int place) {
        long extension = blocks.at(place);
        if (GroupExtension.has(extension, GroupExtension.COMPACTED)) {
            GroupExtension.unset(extension, GroupExtension.COMPACTED);
            if (GroupRecord.rewrittenEntries(record)) {
                tombstones.compacted(record, Tombstones.RECOVERED);
            }
        }
        if (GroupRecord.visible(record)
                && GroupRecord.holdsNothing(record)
                && !GroupExtension.has(extension, GroupExtension.APPENDED)) {
            // Everything the rewrite queue has of it is dead. It may have been cleaned when all
            // that was dead already and nothing had to be carried: it must not come back (D12).
            GroupRecord.setVisible(record, false);
            gone++;
        }
        GroupExtension.unset(extension, GroupExtension.APPENDED);
        if (!GroupRecord.visible(record) && !GroupExtension.hasRemovals(extension)) {
            rewritten.free(place);
        } else {
            rewritten.list(place);
        }
    }
}
