package io.raftengine.engine.memtable;

import io.raftengine.allocator.SlabArena;
import io.raftengine.error.CorruptionException;
import io.raftengine.log.format.ItemReader;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.format.SingleEntryBatches;
import io.raftengine.recovery.PartitionSink;

/**
 * One stretch of a queue, replayed on its own. For each group it builds what the stretch itself
 * leaves, in the very form the memtables use, and notes as {@link ReplayMarks} what it does to the
 * unknown entries before it. Joining is then a matter of the marks and of linking chunks, and
 * equals sequential replay for every split.
 *
 * <p>One thread at a time, with its own allocator.
 */
final class ReplayPartition implements PartitionSink {
    /** When so many groups had to make room for others, there are too many for the small table. */
    private static final int EVICTIONS_MAX = 64;

    private final boolean rewrite;
    private final long order;
    private final Blocks blocks;
    private final RecordPool pool;
    private final GroupTable table;
    private final SegmentAccounting accounting;
    private final EntryIndex entries;
    private final KeyTree keys;

    // The batch.
    private long segment;
    private long blockOffset;
    private int blockBytes;
    private boolean compressed;

    private RunStage stage = RunStage.few();
    private int evictions;

    ReplayPartition(SlabArena arena, long hashSeed, QueueKind kind, long order) {
        this.order = order;
        rewrite = kind == QueueKind.REWRITE;
        blocks = new Blocks(arena);
        pool = new RecordPool(blocks, ReplayRecord.BYTES);
        table = new GroupTable(blocks, hashSeed);
        accounting = new SegmentAccounting(true);
        entries = new EntryIndex(blocks, accounting);
        keys = new KeyTree(blocks, accounting);
    }

    boolean isRewrite() {
        return rewrite;
    }

    /** The rewrite queue comes first. */
    static int compareInLogOrder(ReplayPartition left, ReplayPartition right) {
        int byQueue = Boolean.compare(right.rewrite, left.rewrite);
        return byQueue != 0 ? byQueue : Long.compare(left.order, right.order);
    }

    SegmentAccounting accounting() {
        return accounting;
    }

    RecordPool pool() {
        return pool;
    }

    long recordAt(int ordinal) {
        return blocks.at(pool.handleOf(ordinal));
    }

    // ---- replay --------------------------------------------------------------------------------

    @Override
    public void apply(long segmentSeq, long offset, int bytes, boolean lz4, ItemReader items) {
        assert offset >>> 32 == 0 : offset; // recovery delivers no others
        segment = segmentSeq;
        blockOffset = offset;
        blockBytes = bytes;
        compressed = lz4;
        while (items.next()) {
            applyItem(items);
        }
    }

    // ---- the short way -------------------------------------------------------------------------

    @Override
    public void applySingles(long segmentSeq, SingleEntryBatches batches) {
        int done = stage.append(segmentSeq, batches, 0);
        while (done < batches.count()) {
            applyAside(segmentSeq, batches, done);
            done = stage.append(segmentSeq, batches, done + 1);
        }
    }

    /** Apart from the loop that nearly all batches go through, which is compiled sooner alone. */
    private void applyAside(long segmentSeq, SingleEntryBatches batches, int batch) {
        makeRoom(batches.groupIds()[batch], segmentSeq);
        if (!stage.appendOne(segmentSeq, batches, batch)) {
            long offset = Integer.toUnsignedLong(batches.blockOffsets()[batch]);
            apply(segmentSeq, offset, batches.blockBytes()[batch], false, batches.items(batch));
        }
    }

    /** Sees to it that the group is held by a slot with room. */
    private void makeRoom(long group, long segmentSeq) {
        int slot = stage.find(group);
        if (slot >= 0) {
            flush(slot, stage.segment(slot) != segmentSeq);
            return;
        }
        slot = stage.slotFor(group);
        if (!stage.isFree(slot) && ++evictions == EVICTIONS_MAX && stage.isForFew()) {
            flushAll();
            stage = RunStage.many();
            slot = stage.slotFor(group);
        }
        flush(slot);
        long record = recordFor(group);
        stage.occupy(slot, group, record, nextIndex(record));
    }

    private static long nextIndex(long record) {
        return GroupRecord.hasEntries(record) ? GroupRecord.end(record) : RunStage.NO_NEXT;
    }

    private void flush(int slot) {
        flush(slot, true);
    }

    /** Hands over all the slot's runs, or as many as fill whole slabs. */
    private void flush(int slot, boolean all) {
        int count = stage.count(slot);
        if (count > 0) {
            long record = stage.record(slot);
            assert stage.firstIndex(slot) == GroupRecord.end(record) : "staged runs do not follow";
            int added =
                    entries.appendSingles(
                            record,
                            rewrite,
                            stage.segment(slot),
                            stage.offsets(),
                            stage.lengths(),
                            stage.firstRun(slot),
                            count,
                            all);
            stage.drop(slot, added);
        }
    }

    /** Before anything but a staged append happens to a group. */
    private long settled(long group) {
        int slot = stage.find(group);
        if (slot >= 0) {
            flush(slot);
            long record = stage.record(slot);
            stage.release(slot);
            return record;
        }
        return recordFor(group);
    }

    // ---- the long way --------------------------------------------------------------------------

    private void applyItem(ItemReader items) {
        switch (items.kind()) {
            case ItemReader.ENTRIES:
                if (items.count() > 0) {
                    append(settled(items.groupId()), items);
                }
                break;
            case ItemReader.PUT:
                if (!items.isInternalKey()) {
                    put(recordFor(items.groupId()), items);
                }
                break;
            case ItemReader.DELETE:
                if (!items.isInternalKey()) {
                    delete(recordFor(items.groupId()), items);
                }
                break;
            case ItemReader.COMPACT:
                compact(settled(items.groupId()), items.compactIndex());
                break;
            default:
                clean(settled(items.groupId()));
                break;
        }
    }

    private void append(long record, ItemReader items) {
        long index = items.firstIndex();
        if (index != GroupRecord.end(record) || !GroupRecord.hasEntries(record)) {
            makeWay(record, index, items.groupId());
        }
        entries.append(record, rewrite, segment, blockOffset, blockBytes, compressed, items);
    }

    /** Everything but an append right behind the partition's own last entry. */
    private void makeWay(long record, long index, long group) {
        ReplayRecord.set(record, ReplayRecord.CREATED);
        long first = GroupRecord.first(record);
        switch (AppendRule.classify(first, GroupRecord.end(record), index)) {
            case AppendRule.EMPTY:
                mark(record, ReplayMarks.APPEND, index);
                break;
            case AppendRule.OVERWRITE:
                if (index == first) {
                    entries.dropAll(record); // what came before already ends here
                } else {
                    entries.cut(record, index);
                }
                break;
            case AppendRule.HOLE:
                if (!rewrite) {
                    throw hole(group, GroupRecord.end(record), index);
                }
                entries.dropAll(record);
                nothingLeft(record);
                break;
            default:
                entries.dropAll(record);
                mark(
                        record,
                        ReplayMarks.APPEND,
                        index); // what came before ends above it, or is empty
                break;
        }
    }

    static CorruptionException hole(long group, long expected, long found) {
        return new CorruptionException(
                "",
                -1,
                "entries of group " + Long.toUnsignedString(group),
                "an index up to " + Long.toUnsignedString(expected),
                Long.toUnsignedString(found));
    }

    private void mark(long record, int kind, long index) {
        if (!ReplayRecord.has(record, ReplayRecord.DEFINITE)) {
            ReplayMarks.add(blocks, record, kind, index);
        }
    }

    /** From here on nothing that came before the partition matters any more. */
    private void nothingLeft(long record) {
        mark(record, ReplayMarks.DROP, 0);
        ReplayRecord.set(record, ReplayRecord.DEFINITE);
    }

    private void compact(long record, long index) {
        boolean own = GroupRecord.hasEntries(record);
        if (own && Long.compareUnsigned(index, GroupRecord.first(record)) > 0) {
            entries.compact(record, index);
            nothingLeft(record);
        } else {
            mark(record, ReplayMarks.COMPACT, index);
        }
    }

    private void clean(long record) {
        Teardown.freeGroup(blocks, record, entries, keys);
        nothingLeft(record);
        ReplayRecord.unset(record, ReplayRecord.CREATED | ReplayRecord.DELETIONS);
        ReplayRecord.set(record, ReplayRecord.CLEANED);
    }

    private void put(long record, ItemReader items) {
        int cell = KeyCell.create(blocks, items);
        KeyCell.setPlace(blocks.at(cell), rewrite, segment);
        keys.put(record, cell);
        ReplayRecord.set(record, ReplayRecord.CREATED);
    }

    private void delete(long record, ItemReader items) {
        int handle = KeyCell.createDeleted(blocks, items);
        long cell = blocks.at(handle);
        if (ReplayRecord.has(record, ReplayRecord.CLEANED)) {
            keys.remove(record, KeyCell.key(cell), KeyCell.keyBytes(cell));
            KeyCell.free(blocks, handle);
        } else {
            // The key may exist before the partition: the deletion itself has to be carried there.
            KeyCell.setPlace(cell, rewrite, segment);
            keys.put(record, handle);
            ReplayRecord.set(record, ReplayRecord.DELETIONS);
        }
    }

    @Override
    public void atomicSpan(long groupId, long firstSeq, long lastSeq) {
        long record = recordFor(groupId);
        int extension = GroupRecord.extension(record);
        if (extension == 0) {
            extension = blocks.allocate(GroupExtension.BYTES);
            GroupExtension.initialize(blocks.at(extension), 0);
            GroupRecord.setExtension(record, extension);
        }
        GroupExtension.setSpan(blocks.at(extension), firstSeq, lastSeq);
    }

    @Override
    public void complete() {
        flushAll();
        stage = null;
    }

    private void flushAll() {
        for (int slot = 0; slot < stage.slots(); slot++) {
            flush(slot);
        }
    }

    private long recordFor(long group) {
        int handle = table.find(group);
        if (handle == 0) {
            handle = addRecord(group);
        }
        return blocks.at(handle);
    }

    private int addRecord(long group) {
        int handle = pool.allocate(group);
        ReplayRecord.initialize(blocks.at(handle));
        table.insert(group, handle);
        return handle;
    }

    // ---- end -----------------------------------------------------------------------------------

    /** Frees what a join has left of a group. */
    void freeRest(long record) {
        Teardown.freeGroup(blocks, record, entries, keys);
    }

    Blocks blocks() {
        return blocks;
    }

    /** Frees everything; what the memtables took over is not the partition's any more. */
    void close() {
        int used = pool.used();
        for (int i = 0; i < used; i++) {
            long record = recordAt(i);
            freeRest(record);
            ReplayMarks.free(blocks, record);
        }
        table.close();
        pool.close();
        blocks.close();
    }
}
