package io.raftengine.engine.memtable;

import io.raftengine.log.format.ItemReader;

/**
 * Applies validated batches to the live groups, item by item in item order. The groups of a batch
 * are taken as it reaches them and let go together. Cannot fail: validation has set the memory
 * aside.
 */
final class Applier {
    private final Blocks blocks;
    private final GroupTable table;
    private final EntryIndex entries;
    private final KeyTree keys;
    private final WaitingCells waiting;
    private final OldGroups old;
    private final Tombstones tombstones;
    private final RightOfWay rightOfWay;
    private final Touched touched;

    // The batch.
    private long segment;
    private long blockOffset;
    private int blockBytes;
    private boolean compressed;

    private long groupsAdded;
    private long entriesCompacted;

    // Written by the token's holder before the groups are let go.
    private volatile long entryRemovals;

    Applier(
            Blocks blocks,
            GroupTable table,
            EntryIndex entries,
            KeyTree keys,
            WaitingCells waiting,
            OldGroups old,
            Tombstones tombstones,
            RightOfWay rightOfWay) {
        this.blocks = blocks;
        this.table = table;
        this.entries = entries;
        this.keys = keys;
        this.waiting = waiting;
        this.old = old;
        this.tombstones = tombstones;
        this.rightOfWay = rightOfWay;
        touched = new Touched(blocks);
    }

    void apply(long segmentSeq, long offset, int bytes, boolean lz4, ItemReader items) {
        segment = segmentSeq;
        blockOffset = offset;
        blockBytes = bytes;
        compressed = lz4;
        groupsAdded = 0;
        entriesCompacted = 0;
        rightOfWay.letReaderPass();
        boolean whole = false;
        try {
            while (items.next()) {
                applyItem(items);
            }
            touched.releaseAll();
            whole = true;
        } finally {
            if (!whole) {
                blocks.wholeness.lost = true;
                touched.releaseAll();
            }
        }
    }

    /** Groups that became visible minus groups that ceased to be with the last batch. */
    long groupsAdded() {
        return groupsAdded;
    }

    /** Entries that COMPACT items of the last batch removed. */
    long entriesCompacted() {
        return entriesCompacted;
    }

    /** Times that entries were removed, ever. By any thread. */
    long entryRemovals() {
        return entryRemovals;
    }

    private void countRemoval() {
        entryRemovals = entryRemovals + 1;
    }

    private void applyItem(ItemReader items) {
        switch (items.kind()) {
            case ItemReader.ENTRIES:
                if (items.count() > 0) {
                    append(items);
                }
                break;
            case ItemReader.PUT:
                if (!items.isInternalKey()) {
                    put(items.groupId());
                }
                break;
            case ItemReader.DELETE:
                if (!items.isInternalKey()) {
                    delete(items.groupId());
                }
                break;
            case ItemReader.COMPACT:
                compact(items.groupId(), items.compactIndex());
                break;
            default:
                clean(items.groupId());
                break;
        }
    }

    private void append(ItemReader items) {
        long record = takeVisible(items.groupId());
        long index = items.firstIndex();
        long first = GroupRecord.first(record);
        switch (AppendRule.classify(first, GroupRecord.end(record), index)) {
            case AppendRule.OVERWRITE:
                countRemoval();
                if (index == first) {
                    entries.dropAll(record);
                } else {
                    entries.cut(record, index);
                }
                break;
            case AppendRule.HOLE:
            case AppendRule.BELOW_FIRST:
                throw new AssertionError("a batch was applied that validation would have refused");
            default:
                break;
        }
        entries.append(record, false, segment, blockOffset, blockBytes, compressed, items);
    }

    private void put(long group) {
        long record = takeVisible(group);
        int cell = waiting.take();
        KeyCell.setPlace(blocks.at(cell), false, segment);
        keys.put(record, cell);
    }

    private void delete(long group) {
        int handle = waiting.take();
        long record = take(group);
        if (record != 0) {
            long cell = blocks.at(handle);
            boolean removed = keys.remove(record, KeyCell.key(cell), KeyCell.keyBytes(cell));
            if (removed && keys.removedRewritten()) {
                tombstones.deleted(record, handle, segment);
                return;
            }
        }
        KeyCell.free(blocks, handle);
    }

    /**
     * The segment whose replay cuts off what the rewrite queue has of the group beyond the entries
     * that live there: that of the first entry in the append queue, if the rewrite queue ever got
     * more than what is before it; else the active one.
     */
    private long cutSegment(long record) {
        long appended = GroupRecord.rewrittenEnd(record);
        long extension = blocks.at(GroupRecord.extension(record));
        boolean cuts =
                appended != GroupRecord.end(record)
                        && Long.compareUnsigned(GroupExtension.rewriteEnd(extension), appended) > 0;
        return cuts ? entries.segmentOf(record, appended) : segment;
    }

    private void compact(long group, long index) {
        long record = take(group);
        if (record != 0) {
            boolean empties = Long.compareUnsigned(index, GroupRecord.end(record)) >= 0;
            boolean cut = empties && GroupRecord.rewrittenEntries(record);
            long cutIn = cut ? cutSegment(record) : segment;
            long removed = entries.compact(record, index);
            if (removed != 0 && GroupRecord.rewrittenEntries(record)) {
                tombstones.compacted(record, segment);
                if (!GroupRecord.hasEntries(record) && cutIn < segment) {
                    tombstones.keep(cutIn, segment);
                }
            }
            if (removed != 0) {
                countRemoval();
            }
            entriesCompacted += removed;
        }
    }

    private void clean(long group) {
        long record = take(group);
        if (record == 0) {
            return;
        }
        countRemoval();
        entries.dropAll(record);
        keys.clear(record);
        if (GroupRecord.rewrittenEntries(record) || GroupRecord.rewrittenKeys(record)) {
            tombstones.cleaned(record, segment);
        }
        GroupRecord.setAsked(record, 0);
        if (GroupRecord.visible(record)) {
            GroupRecord.setVisible(record, false);
            groupsAdded--;
        }
    }

    /** The group's record, taken; 0 if it has none. */
    private long take(long group) {
        int handle = table.find(group);
        if (handle == 0) {
            return 0;
        }
        long record = blocks.at(handle);
        touched.take(handle, record);
        return record;
    }

    private long takeVisible(long group) {
        int handle = table.find(group);
        assert handle != 0 : "validation made a record for the group";
        long record = blocks.at(handle);
        touched.take(handle, record);
        if (!GroupRecord.visible(record)) {
            GroupRecord.setVisible(record, true);
            groupsAdded++;
        }
        if (!GroupRecord.listed(record)) {
            old.add(handle, record, segment);
        }
        return record;
    }
}
