package io.raftengine.engine.memtable;

/**
 * Joins partitions onto the memtables, group by group; one instance per merging thread. Groups are
 * independent, so each thread takes those whose hash is its own.
 */
final class ReplayMerge {
    private final Memtables memtables;
    private final Blocks blocks;
    private final SegmentAccounting accounting;
    private final EntryIndex entries;
    private final KeyTree keys;
    private final SetAside aside;
    private long groupsAdded;

    ReplayMerge(Memtables memtables, Blocks blocks) {
        this.memtables = memtables;
        this.blocks = blocks;
        accounting = new SegmentAccounting(true);
        entries = new EntryIndex(blocks, accounting);
        keys = new KeyTree(blocks, accounting);
        aside = new SetAside(blocks, entries);
    }

    SegmentAccounting accounting() {
        return accounting;
    }

    long groupsAdded() {
        return groupsAdded;
    }

    /** Joins the groups of one partition that belong to this thread. */
    void join(ReplayPartition partition, int thread, int threads) {
        int used = partition.pool().used();
        for (int i = 0; i < used; i++) {
            long source = partition.recordAt(i);
            long hash = GroupTable.hash(GroupRecord.id(source));
            if (Math.floorMod((int) hash, threads) == thread) {
                joinGroup(partition, source);
            }
        }
    }

    /** To be called once, when all partitions are joined. */
    void settle() {
        aside.settle();
    }

    private void joinGroup(ReplayPartition partition, long source) {
        long group = GroupRecord.id(source);
        boolean created = ReplayRecord.has(source, ReplayRecord.CREATED);
        int handle = memtables.table().find(group);
        if (handle == 0) {
            if (!created) {
                return; // commands for a group that does not exist change nothing (D12)
            }
            handle = addRecord(group);
        }
        long record = blocks.at(handle);
        boolean rewrite = partition.isRewrite();
        replayMarks(partition, source, record, handle, rewrite);
        if (ReplayRecord.has(source, ReplayRecord.CLEANED)) {
            keys.clear(record);
            dropExtension(record);
            show(record, false);
        }
        entries.splice(record, source);
        joinKeys(record, source);
        if (created) {
            show(record, true);
        }
        if (GroupRecord.visible(record)) {
            takeExtension(record, source);
        }
    }

    private int addRecord(long group) {
        synchronized (memtables) {
            int handle = memtables.pool().allocate(group);
            memtables.table().insert(group, handle);
            return handle;
        }
    }

    private void show(long record, boolean visible) {
        if (GroupRecord.visible(record) != visible) {
            GroupRecord.setVisible(record, visible);
            groupsAdded += visible ? 1 : -1;
        }
    }

    // ---- entries -------------------------------------------------------------------------------

    private void replayMarks(
            ReplayPartition partition, long source, long record, int handle, boolean rewrite) {
        int count = ReplayRecord.marks(source);
        Blocks theirs = partition.blocks();
        for (int i = 0; i < count; i++) {
            long index = ReplayMarks.index(theirs, source, i);
            switch (ReplayMarks.kind(theirs, source, i)) {
                case ReplayMarks.COMPACT:
                    entries.compact(record, index);
                    aside.compact(record, index);
                    break;
                case ReplayMarks.APPEND:
                    makeWay(record, handle, index, rewrite);
                    break;
                default:
                    entries.dropAll(record);
                    aside.drop(record);
                    break;
            }
        }
    }

    private void makeWay(long record, int handle, long index, boolean rewrite) {
        long first = GroupRecord.first(record);
        long end = GroupRecord.end(record);
        switch (AppendRule.classify(first, end, index)) {
            case AppendRule.OVERWRITE:
                cutOrDrop(record, index, first);
                break;
            case AppendRule.HOLE:
                if (rewrite) {
                    entries.dropAll(record);
                } else if (GroupRecord.rewrittenEnd(record) == end) {
                    aside.detach(record, handle);
                } else {
                    throw ReplayPartition.hole(GroupRecord.id(record), end, index);
                }
                break;
            case AppendRule.BELOW_FIRST:
                entries.dropAll(record);
                aside.reach(record, index);
                break;
            case AppendRule.EMPTY:
                aside.reach(record, index);
                break;
            default:
                break;
        }
    }

    private void cutOrDrop(long record, long index, long first) {
        if (Long.compareUnsigned(index, first) <= 0) {
            entries.dropAll(record);
        } else {
            entries.cut(record, index);
        }
    }

    // ---- key-values and the rest ---------------------------------------------------------------

    private void joinKeys(long record, long source) {
        if (GroupRecord.keyCount(record) == 0
                && !ReplayRecord.has(source, ReplayRecord.DELETIONS)) {
            KeyTree.take(record, source);
        } else {
            keys.merge(record, source);
        }
    }

    private void dropExtension(long record) {
        int extension = GroupRecord.extension(record);
        if (extension != 0) {
            blocks.free(extension, GroupExtension.BYTES);
            GroupRecord.setExtension(record, 0);
        }
    }

    private void takeExtension(long record, long source) {
        int extension = GroupRecord.extension(source);
        if (extension != 0) {
            dropExtension(record);
            GroupRecord.setExtension(record, extension);
            GroupRecord.setExtension(source, 0);
        }
    }
}
