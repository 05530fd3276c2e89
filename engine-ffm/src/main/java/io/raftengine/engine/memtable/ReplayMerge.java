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
    private final Tombstones tombstones;
    private long groupsAdded;

    ReplayMerge(Memtables memtables, Blocks blocks) {
        this.memtables = memtables;
        this.blocks = blocks;
        accounting = new SegmentAccounting(true);
        entries = new EntryIndex(blocks, accounting);
        keys = new KeyTree(blocks, accounting);
        aside = new SetAside(blocks, entries);
        tombstones = new Tombstones(blocks);
    }

    Tombstones tombstones() {
        return tombstones;
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
            long hash = memtables.table().hash(GroupRecord.id(source));
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
        boolean removed = replayMarks(partition, source, record, handle, rewrite);
        if (ReplayRecord.has(source, ReplayRecord.CLEANED)) {
            keys.clear(record);
            cleaned(record, rewrite);
            show(record, false);
        } else if (removed && !rewrite && GroupRecord.rewrittenEntries(record)) {
            GroupExtension.set(blocks.at(GroupRecord.extension(record)), GroupExtension.COMPACTED);
        }
        entries.splice(record, source);
        joinKeys(record, source);
        if (created) {
            show(record, true);
            if (!rewrite && GroupRecord.extension(record) != 0) {
                long extension = blocks.at(GroupRecord.extension(record));
                GroupExtension.set(extension, GroupExtension.APPENDED);
            }
        }
        if (rewrite && GroupRecord.visible(record)) {
            noteRewritten(record, handle, source);
        }
    }

    /**
     * The append queue cleaned what the rewrite queue brings back; or the rewrite queue itself did.
     */
    private void cleaned(long record, boolean rewrite) {
        if (GroupRecord.rewrittenEntries(record) || GroupRecord.rewrittenKeys(record)) {
            if (rewrite) {
                GroupRecord.setRewrittenEntries(record, false);
                GroupRecord.setRewrittenKeys(record, false);
            } else {
                tombstones.cleaned(record, Tombstones.RECOVERED);
            }
        }
    }

    /** What replay of the rewrite queue alone would find; removals of it have to be carried. */
    private void noteRewritten(long record, int handle, long source) {
        int extension = GroupRecord.extension(record);
        if (extension == 0) {
            extension = blocks.allocate(GroupExtension.BYTES);
            GroupExtension.initialize(blocks.at(extension), handle);
            GroupRecord.setExtension(record, extension);
        }
        if (GroupRecord.hasEntries(record)) {
            GroupRecord.setRewrittenEntries(record, true);
            GroupExtension.raiseRewriteEnd(blocks.at(extension), GroupRecord.end(record));
        }
        if (GroupRecord.keyCount(record) > 0) {
            GroupRecord.setRewrittenKeys(record, true);
        }
        int theirs = GroupRecord.extension(source);
        if (theirs != 0) {
            long span = blocks.at(theirs);
            long first = GroupExtension.spanFirst(span);
            GroupExtension.setSpan(blocks.at(extension), first, GroupExtension.spanLast(span));
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

    /** Whether any of the marks may have removed entries below others. */
    private boolean replayMarks(
            ReplayPartition partition, long source, long record, int handle, boolean rewrite) {
        int count = ReplayRecord.marks(source);
        Blocks theirs = partition.blocks();
        boolean removed = false;
        for (int i = 0; i < count; i++) {
            long index = ReplayMarks.index(theirs, source, i);
            int kind = ReplayMarks.kind(theirs, source, i);
            removed |= kind != ReplayMarks.APPEND;
            switch (kind) {
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
        return removed;
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
            keys.merge(record, source, tombstones);
        }
    }
}
