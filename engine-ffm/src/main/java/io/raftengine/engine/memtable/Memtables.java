package io.raftengine.engine.memtable;

import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.allocator.SlabArena;
import io.raftengine.error.RaftEngineException;
import io.raftengine.log.format.ItemReader;
import io.raftengine.log.format.QueueKind;
import io.raftengine.recovery.IdHash;
import io.raftengine.recovery.ReplaySink;
import java.util.function.LongConsumer;

/**
 * What an engine knows about its groups: where each entry is on disk, and all key-values.
 * Everything is off-heap and counted by the budget; nothing per entry or per group is on the heap.
 *
 * <p>One writer at a time, the holder of the write token. For a commit group it calls
 *
 * <pre>
 *   beginGroup - validate* - (the accepted batches are written) - apply* - endGroup
 *                                  or, if writing failed:          abandonGroup
 * </pre>
 *
 * <p>Readers are any threads at any time, without locks: they read a group optimistically and try
 * again if a batch was applied to it meanwhile. They see all of a batch or nothing of it (I7). A
 * reader must have returned before {@link #close}.
 *
 * <p>Group ids and indexes are unsigned 64-bit numbers.
 */
public final class Memtables implements AutoCloseable {
    /** Answer of {@link #first} and {@link #last} where there is no entry; never a valid index. */
    public static final long NO_INDEX = -1L;

    /** Answer of {@link #get} where there is no such key. */
    public static final int NO_VALUE = -1;

    /** The batch may be written. */
    public static final int ACCEPTED = 0;

    /** The batch would leave a hole between a group's entries. */
    public static final int HOLE = 1;

    /** The batch appends below a group's first live entry. */
    public static final int BELOW_FIRST = 2;

    /** Applying the batch could need more memory than the limit leaves. */
    public static final int OVER_MEMORY_LIMIT = 3;

    /** The range was looked up; it may be empty. */
    public static final int RANGE_FOUND = 0;

    /** The group does not exist. */
    public static final int RANGE_NO_GROUP = 1;

    /** The range begins below the first live entry. */
    public static final int RANGE_COMPACTED = 2;

    /** The group holds no entries, or the range ends behind the last one. */
    public static final int RANGE_NOT_FOUND = 3;

    private final MemoryBudget budget;
    private final long hashSeed;
    private final SlabArena arena;
    private final Blocks blocks;
    private final RecordPool pool;
    private final GroupTable table;
    private final SegmentAccounting accounting;
    private final EntryIndex entries;
    private final KeyTree keys;
    private final WaitingCells waiting;
    private final OldGroups old;
    private final RewrittenGroups rewritten;
    private final Tombstones tombstones;
    private final Validation validation;
    private final Applier applier;
    private final RightOfWay rightOfWay = new RightOfWay();
    private final GroupReader groups;

    private MemtableReplay replay;
    private boolean recoveryFailed;

    private volatile long groupCount;
    private boolean closed;

    /**
     * Empty memtables.
     *
     * @param budget counts everything they hold
     * @param maxBytes most address space to use, at most 32 GiB; reserved, not resident
     * @throws io.raftengine.error.MemoryLimitException the limit leaves no room for the empty
     *     tables
     */
    public Memtables(MemoryBudget budget, long maxBytes) {
        this(budget, maxBytes, IdHash.newSeed());
    }

    /**
     * Empty memtables for a test that has to know which group ids collide.
     *
     * @param budget counts everything they hold
     * @param maxBytes most address space to use, at most 32 GiB; reserved, not resident
     * @param hashSeed seeds the hash of the group ids; elsewhere a number that nobody can foresee
     * @throws io.raftengine.error.MemoryLimitException the limit leaves no room for the empty
     *     tables
     */
    public Memtables(MemoryBudget budget, long maxBytes, long hashSeed) {
        this.budget = budget;
        this.hashSeed = hashSeed;
        arena = SlabArena.open(budget, "memtables", maxBytes);
        try {
            blocks = new Blocks(arena);
            pool = new RecordPool(blocks, GroupRecord.BYTES);
            table = new GroupTable(blocks, hashSeed);
            accounting = new SegmentAccounting(false);
            entries = new EntryIndex(blocks, accounting);
            keys = new KeyTree(blocks, accounting);
            waiting = new WaitingCells(blocks);
            validation = new Validation(blocks, table, pool, entries.chunks(), waiting);
            old = new OldGroups();
            rewritten = new RewrittenGroups(blocks);
            tombstones = new Tombstones(blocks);
            applier =
                    new Applier(blocks, table, entries, keys, waiting, old, tombstones, rightOfWay);
            groups = new GroupReader(blocks, pool, table, rightOfWay);
        } catch (RuntimeException e) {
            arena.closeAbandoningBlocks();
            throw e;
        }
    }

    // ---- write ---------------------------------------------------------------------------------

    /**
     * Begins a commit group. Writer only.
     *
     * @param activeSegment of the append queue; the group is written to this one or one of the two
     *     behind it
     */
    public void beginGroup(long activeSegment) {
        validation.beginGroup(activeSegment);
    }

    /**
     * Decides whether a batch may be written, given the batches accepted before it in this commit
     * group, and sets the memory aside that applying it can need. A refused batch leaves no trace.
     * Writer only.
     *
     * @param items the batch's items, not yet advanced; rewind them for {@link #apply}
     * @return {@link #ACCEPTED}, {@link #HOLE}, {@link #BELOW_FIRST} or {@link #OVER_MEMORY_LIMIT}
     */
    public int validate(ItemReader items) {
        return validation.validate(items);
    }

    /**
     * The error for the batch refused last.
     *
     * @return an error to throw in the batch's caller; names the group, the expected and the found
     *     index
     */
    public RaftEngineException refusal() {
        return validation.refusal();
    }

    /**
     * Group of the batch refused last.
     *
     * @return its id
     */
    public long refusedGroup() {
        return validation.refusedGroup();
    }

    /**
     * The nearest index that would have been accepted.
     *
     * @return the end of the group for a hole, its first index for an append below it
     */
    public long expectedIndex() {
        return validation.expectedIndex();
    }

    /**
     * The index that was refused.
     *
     * @return the first index of the refused item
     */
    public long foundIndex() {
        return validation.foundIndex();
    }

    /**
     * Applies a batch that was accepted and written to the append queue. Batches must be applied in
     * the order in which they were accepted; those accepted but not written must be the last ones,
     * see {@link #abandonGroup}. Writer only.
     *
     * @param segmentSeq the segment it was written to
     * @param blockOffset where its entries block starts there, which is 16 bytes behind the batch
     * @param blockBytes length of that block with its checksum, 0 if there is none
     * @param compressed whether the block is LZ4
     * @param items the batch's items, rewound
     */
    public void apply(
            long segmentSeq,
            long blockOffset,
            int blockBytes,
            boolean compressed,
            ItemReader items) {
        assert blockOffset >>> 32 == 0 : "segments are smaller than 4 GiB: " + blockOffset;
        applier.apply(segmentSeq, blockOffset, blockBytes, compressed, items);
        if (applier.groupsAdded() != 0) {
            groupCount = groupCount + applier.groupsAdded();
        }
    }

    /**
     * How often entries were overwritten, compacted or cleaned since the open. By any thread;
     * whoever saw a group without the entries sees a number that counts it.
     *
     * @return a number that only grows
     */
    public long entryRemovals() {
        return applier.entryRemovals();
    }

    /**
     * How many entries the COMPACT items of the batch applied last removed. Writer only.
     *
     * @return a count
     */
    public long entriesCompacted() {
        return applier.entriesCompacted();
    }

    /** Ends a commit group all of whose accepted batches were applied. Writer only. */
    public void endGroup() {
        assert waiting.isEmpty() : "an accepted batch was not applied";
        validation.endGroup();
    }

    /**
     * Ends a commit group whose accepted batches, or those not yet applied of them, were not
     * written. Writer only.
     */
    public void abandonGroup() {
        waiting.dropAfter(0);
        validation.endGroup();
    }

    // ---- recovery ------------------------------------------------------------------------------

    /**
     * Where recovery delivers what it reads; for empty memtables without readers.
     *
     * @return a sink to be used once; after its merge the memtables hold the recovered state
     */
    public ReplaySink replaySink() {
        assert replay == null && groupCount == 0 : "recovery is for empty memtables";
        replay = new MemtableReplay(this, arena);
        return replay;
    }

    OldGroups old() {
        return old;
    }

    RewrittenGroups rewritten() {
        return rewritten;
    }

    Tombstones tombstones() {
        return tombstones;
    }

    GroupReader groups() {
        return groups;
    }

    EntryIndex entries() {
        return entries;
    }

    KeyTree keys() {
        return keys;
    }

    RightOfWay rightOfWay() {
        return rightOfWay;
    }

    SlabArena arena() {
        return arena;
    }

    /** Half-joined groups are owned by nobody in particular: close drops them with the mapping. */
    void recoveryFailed() {
        recoveryFailed = true;
    }

    Blocks blocks() {
        return blocks;
    }

    long hashSeed() {
        return hashSeed;
    }

    GroupTable table() {
        return table;
    }

    RecordPool pool() {
        return pool;
    }

    SegmentAccounting accounting() {
        return accounting;
    }

    void setGroupCount(long count) {
        groupCount = count;
    }

    // ---- read ----------------------------------------------------------------------------------

    /**
     * How many groups exist. A group exists from its first entry or key until it is cleaned, even
     * if it holds nothing any more (D12).
     *
     * @return a count
     */
    public long groupCount() {
        return groupCount;
    }

    /**
     * Whether a group exists.
     *
     * @param group its id
     * @return true from its first entry or key until it is cleaned
     */
    public boolean exists(long group) {
        return groups.exists(group);
    }

    /**
     * First live index of a group.
     *
     * @param group its id
     * @return the index, {@link #NO_INDEX} if the group does not exist or holds no entries
     */
    public long first(long group) {
        return groups.first(group);
    }

    /**
     * Last index of a group.
     *
     * @param group its id
     * @return the index, {@link #NO_INDEX} if the group does not exist or holds no entries
     */
    public long last(long group) {
        return groups.last(group);
    }

    /**
     * Finds where an entry is on disk.
     *
     * @param group the group
     * @param index the entry's index
     * @param out filled if it is found, else undefined
     * @return whether the group holds the entry
     */
    public boolean locate(long group, long index, EntryLocation out) {
        return groups.locate(group, index, out);
    }

    /**
     * Finds where the entries [begin, end) are on disk, the first {@link EntryCursor#CAPACITY} of
     * them; go on with {@code begin + out.count()}. The cursor is one state of the group; between
     * two fillings it may have changed.
     *
     * @param group the group
     * @param begin index of the first entry
     * @param end index behind the last; up to {@code begin} means none
     * @param out filled
     * @param scratch overwritten
     * @return {@link #RANGE_FOUND}, {@link #RANGE_NO_GROUP}, {@link #RANGE_COMPACTED} or {@link
     *     #RANGE_NOT_FOUND}
     */
    public int locateRange(
            long group, long begin, long end, EntryCursor out, EntryLocation scratch) {
        return groups.locateRange(group, begin, end, out, scratch);
    }

    /**
     * Copies the value of a key into an array.
     *
     * @param group the group
     * @param key holds the key
     * @param keyOffset where it starts
     * @param keyLength its length in bytes
     * @param destination gets the value; may be null if {@code capacity} is 0
     * @param destinationOffset where it gets it
     * @param capacity most bytes to copy; a longer value is not copied at all
     * @return length of the value whether it was copied or not, {@link #NO_VALUE} if there is none
     */
    public int get(
            long group,
            byte[] key,
            int keyOffset,
            int keyLength,
            byte[] destination,
            int destinationOffset,
            int capacity) {
        return groups.get(
                group, key, keyOffset, keyLength, destination, destinationOffset, capacity);
    }

    /**
     * A cursor over the key-values of one group at a time.
     *
     * @return a cursor; close it
     * @throws io.raftengine.error.MemoryLimitException no room for its buffer
     */
    public KeyCursor newKeyCursor() {
        return new KeyCursor(this, budget);
    }

    /**
     * Lists the groups in no particular order. A group that exists all the time is listed exactly
     * once. Nothing is held during the calls.
     *
     * @param consumer gets the ids
     */
    public void forEachGroup(LongConsumer consumer) {
        groups.forEach(consumer);
    }

    // ---- statistics ----------------------------------------------------------------------------

    /**
     * Bytes of a segment that a live entry or key-value still needs: uncompressed content of
     * entries, keys and values. Exact for the writer, perhaps a little late for others.
     *
     * @param queue the segment's queue
     * @param segmentSeq its number
     * @return bytes
     */
    public long liveBytes(QueueKind queue, long segmentSeq) {
        return accounting.liveBytes(queue, segmentSeq);
    }

    /**
     * Bytes that were ever added to a segment, counted as in {@link #liveBytes}; the difference is
     * garbage.
     *
     * @param queue the segment's queue
     * @param segmentSeq its number
     * @return bytes
     */
    public long addedBytes(QueueKind queue, long segmentSeq) {
        return accounting.addedBytes(queue, segmentSeq);
    }

    /**
     * Live entries and key-values of a queue.
     *
     * @param queue the queue
     * @return a count
     */
    public long liveItems(QueueKind queue) {
        return accounting.liveItems(queue);
    }

    /**
     * Gives everything back after an opening that failed half-way, when blocks may be owned by
     * nobody yet.
     */
    public void abandon() {
        recoveryFailed();
        close();
    }

    /** Gives all memory back. No reader and no writer may be left. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (!Memory.checked() || recoveryFailed || blocks.wholeness.lost) {
            // The mapping goes as a whole; freeing block by block would only cost time.
            arena.closeAbandoningBlocks();
            return;
        }
        if (replay != null) {
            replay.close();
        }
        waiting.dropAfter(0);
        Teardown.freeGroups(blocks, pool, entries, keys);
        validation.close();
        table.close();
        pool.close();
        blocks.close();
        arena.close();
    }
}
