package io.raftengine.engine.memtable;

import io.raftengine.error.InvalidArgumentException;
import io.raftengine.error.MemoryLimitException;
import io.raftengine.error.RaftEngineException;
import io.raftengine.log.format.ItemReader;

/**
 * Decides whether a batch may be written (decision D11): walks its items over what the groups will
 * hold after the batches accepted before it, and sets aside the memory that applying it can need
 * (D20). All or nothing per batch.
 */
final class Validation {
    /** Spares kept from one commit group to the next. */
    private static final int SPARES_KEPT = 64;

    /** Largest directory of chunks that a spare has room for. */
    private static final int PLACES_IN_SPARE = ChunkDirectory.places(Blocks.SPARE_BYTES);

    /** Segments that may be begun between the beginning of a commit group and its write. */
    private static final int ROTATIONS_MAX = 2;

    /** Entries that surely fit into one chunk together with what a split run needs. */
    private static final int ENTRIES_PER_CHUNK = 200;

    private final Blocks blocks;
    private final GroupTable table;
    private final RecordPool pool;
    private final ChunkList chunks;
    private final Simulation simulation;
    private final WaitingCells waiting;

    private int batch;
    private long newestSegment;
    private int sparesNeeded;

    // Why the last batch was refused.
    private int verdict;
    private long refusedGroup;
    private long expectedIndex;
    private long foundIndex;
    private MemoryLimitException overLimit;

    Validation(
            Blocks blocks,
            GroupTable table,
            RecordPool pool,
            ChunkList chunks,
            WaitingCells waiting) {
        this.blocks = blocks;
        this.table = table;
        this.pool = pool;
        this.chunks = chunks;
        this.waiting = waiting;
        simulation = new Simulation(blocks);
    }

    /**
     * Begins a commit group.
     *
     * @param activeSegment of the append queue
     */
    void beginGroup(long activeSegment) {
        assert simulation.count() == 0 : "the last commit group was not ended";
        newestSegment = activeSegment + ROTATIONS_MAX;
        batch = 0;
        sparesNeeded = 0;
    }

    int validate(ItemReader items) {
        batch++;
        int mark = waiting.mark();
        int sparesBefore = sparesNeeded;
        int spares = blocks.spares();
        int larges = blocks.larges();
        boolean accepted = false;
        try {
            accepted = admitAll(items);
        } catch (MemoryLimitException e) {
            verdict = Memtables.OVER_MEMORY_LIMIT;
            overLimit = e;
        } finally {
            if (!accepted) {
                simulation.undo(batch);
                waiting.dropAfter(mark);
                // Those behind it shall not be refused for what it would have needed.
                sparesNeeded = sparesBefore;
                blocks.unstock(spares, larges);
            }
        }
        return accepted ? Memtables.ACCEPTED : verdict;
    }

    private boolean admitAll(ItemReader items) {
        while (items.next()) {
            if (!admit(items)) {
                return false;
            }
        }
        blocks.stock(sparesNeeded);
        return true;
    }

    private boolean admit(ItemReader items) {
        switch (items.kind()) {
            case ItemReader.ENTRIES:
                return items.count() == 0 || admitEntries(items);
            case ItemReader.PUT:
                if (!items.isInternalKey()) {
                    admitPut(items);
                }
                return true;
            case ItemReader.DELETE:
                if (!items.isInternalKey()) {
                    waiting.add(items);
                }
                return true;
            case ItemReader.COMPACT:
                compact(items.groupId(), items.compactIndex());
                return true;
            default:
                clean(items.groupId());
                return true;
        }
    }

    // ---- entries -------------------------------------------------------------------------------

    private boolean admitEntries(ItemReader items) {
        int handle = recordFor(items.groupId());
        long record = blocks.at(handle);
        long slot = slotOf(handle, record);
        long first = Simulation.first(slot);
        long end = Simulation.end(slot);
        long index = items.firstIndex();
        int count = items.count();
        switch (AppendRule.classify(first, end, index)) {
            case AppendRule.EMPTY:
                Simulation.setRoom(slot, 0);
                Simulation.set(slot, index, index + count);
                break;
            case AppendRule.CONTIGUOUS:
                Simulation.set(slot, first, index + count);
                break;
            case AppendRule.OVERWRITE:
                Simulation.setRoom(slot, 0);
                Simulation.set(slot, first, index);
                removed(slot, record);
                Simulation.set(slot, first, index + count);
                break;
            case AppendRule.HOLE:
                return refuse(Memtables.HOLE, items.groupId(), end, index);
            default:
                return refuse(Memtables.BELOW_FIRST, items.groupId(), first, index);
        }
        reserveEntries(slot, record, count);
        return true;
    }

    private boolean refuse(int why, long group, long expected, long found) {
        verdict = why;
        refusedGroup = group;
        expectedIndex = expected;
        foundIndex = found;
        return false;
    }

    private void reserveEntries(long slot, long record, int count) {
        long need = Chunk.RUN_BYTES + (count + 1L) * Chunk.SLOT_BYTES;
        int room = Simulation.room(slot);
        if (need <= room) {
            Simulation.setRoom(slot, room - (int) need);
            return;
        }
        Simulation.setRoom(slot, 0);
        int more = 1 + count / ENTRIES_PER_CHUNK;
        sparesNeeded += more;
        reserveDirectory(slot, record, Simulation.addChunks(slot, more));
    }

    /** Reserves all sizes that the directory grows through, those up to a spare as one. */
    private void reserveDirectory(long slot, long record, int added) {
        int wanted = placesWith(slot, record, added);
        int reserved = Simulation.places(slot);
        if (wanted <= reserved) {
            return;
        }
        if (reserved < PLACES_IN_SPARE) {
            sparesNeeded++;
            reserved = PLACES_IN_SPARE;
        }
        while (reserved < wanted) {
            reserved = ChunkList.placesAfter(reserved);
            blocks.stockLarge(ChunkDirectory.bytes(reserved));
        }
        Simulation.setDirectory(slot, reserved, Simulation.keptPlace(slot));
    }

    private int placesWith(long slot, long record, int added) {
        int grown = chunks.placesWith(record, added);
        if (Simulation.keptPlace(slot) > 0) {
            return grown;
        }
        // One chunk may stay, and with it the directory or not.
        int count = Math.min(1, GroupRecord.chunks(record)) + added;
        int fresh = count < 2 ? 0 : ChunkList.placesFor(count);
        return grown > chunks.places(record) ? Math.max(grown, fresh) : fresh;
    }

    /**
     * Entries go: with all chunks but one goes the directory. Those that stay of the chunks the
     * group has now are counted, whatever was added.
     */
    private void removed(long slot, long record) {
        int kept = Simulation.keptPlace(slot);
        if (kept > 0) {
            long first = Simulation.first(slot);
            long end = Simulation.end(slot);
            if (Long.compareUnsigned(end, GroupRecord.end(record)) < 0 && first != end) {
                kept = Math.min(kept, chunks.placeOf(record, end - 1));
            }
            if (first == end
                    || Long.compareUnsigned(first, GroupRecord.end(record)) >= 0
                    || chunks.placeOf(record, first) >= kept) {
                kept = 0;
            }
        }
        Simulation.setDirectory(slot, kept > 0 ? Simulation.places(slot) : 0, kept);
    }

    // ---- everything else -----------------------------------------------------------------------

    private void admitPut(ItemReader items) {
        waiting.add(items);
        int handle = recordFor(items.groupId());
        long record = blocks.at(handle);
        long slot = slotOf(handle, record);
        int nodes = KeyTreeGrowth.nodes(blocks, record, Simulation.countPut(slot));
        sparesNeeded += nodes - Simulation.nodes(slot);
        Simulation.setNodes(slot, nodes);
    }

    private void compact(long group, long index) {
        int handle = table.find(group);
        if (handle == 0) {
            return;
        }
        long record = blocks.at(handle);
        long slot = slotOf(handle, record);
        long first = Simulation.first(slot);
        long end = Simulation.end(slot);
        if (first == end || Long.compareUnsigned(index, first) <= 0) {
            return;
        }
        boolean empties = Long.compareUnsigned(index, end) >= 0;
        Simulation.set(slot, empties ? 0 : index, empties ? 0 : end);
        removed(slot, record);
    }

    private void clean(long group) {
        int handle = table.find(group);
        if (handle != 0) {
            long record = blocks.at(handle);
            long slot = slotOf(handle, record);
            Simulation.set(slot, 0, 0);
            removed(slot, record);
        }
    }

    /**
     * Handle of the group's record; a group that does not exist gets one that nobody sees before
     * apply.
     */
    private int recordFor(long group) {
        int handle = table.find(group);
        if (handle != 0) {
            return handle;
        }
        handle = pool.allocate(group);
        try {
            table.insert(group, handle);
            slotOf(handle, blocks.at(handle));
        } catch (RuntimeException e) {
            forgetRecord(group, handle);
            throw e;
        }
        return handle;
    }

    private void forgetRecord(long group, int handle) {
        if (table.find(group) != 0) {
            table.remove(group);
        }
        pool.free(handle);
    }

    private long slotOf(int handle, long record) {
        boolean fresh = GroupRecord.link(record) == 0;
        long slot = simulation.slotOf(handle, record);
        if (fresh) {
            Simulation.setRoom(slot, chunks.freeBytesInTail(record, newestSegment));
            int places = chunks.places(record);
            Simulation.setDirectory(slot, places, places == 0 ? 0 : chunks.lastPlace(record));
        }
        Simulation.touch(slot, batch);
        return slot;
    }

    // ---- end -----------------------------------------------------------------------------------

    /**
     * Ends the commit group: groups that hold nothing visible, cleaned or never applied, lose their
     * records, unless purge has yet to look at them.
     */
    void endGroup() {
        int count = simulation.count();
        for (int i = 0; i < count; i++) {
            int handle = simulation.recordHandle(i);
            GroupRecord.setLink(blocks.at(handle), 0);
            pool.freeIfGone(handle, table);
        }
        simulation.clear();
        blocks.trim(SPARES_KEPT);
    }

    /** The error for the batch refused last. */
    RaftEngineException refusal() {
        switch (verdict) {
            case Memtables.OVER_MEMORY_LIMIT:
                return overLimit;
            case Memtables.HOLE:
                return new InvalidArgumentException(
                        "group "
                                + Long.toUnsignedString(refusedGroup)
                                + ": append leaves a hole: expected an index up to "
                                + Long.toUnsignedString(expectedIndex)
                                + ", found "
                                + Long.toUnsignedString(foundIndex));
            default:
                return new InvalidArgumentException(
                        "group "
                                + Long.toUnsignedString(refusedGroup)
                                + ": append below the first live entry: expected an index from "
                                + Long.toUnsignedString(expectedIndex)
                                + " on, found "
                                + Long.toUnsignedString(foundIndex));
        }
    }

    long refusedGroup() {
        return refusedGroup;
    }

    long expectedIndex() {
        return expectedIndex;
    }

    long foundIndex() {
        return foundIndex;
    }

    void close() {
        simulation.close();
    }
}
