package io.raftengine.engine.memtable;

import io.raftengine.allocator.Memory;
import io.raftengine.error.MemoryLimitException;
import io.raftengine.recovery.IdHash;
import java.lang.invoke.VarHandle;

/**
 * Finds the record of a group: an extendible hash table of open-addressed segments, off-heap; the
 * only class that knows its layout. Growing splits one segment of 1 KiB at a time, so no insertion
 * pays for the whole table.
 *
 * <pre>
 *   segment, 1,024 bytes
 *   byte  0           4        5        6        8           12          16      216             1016
 *         +-----------+--------+--------+--------+-----------+-----------+-------+---------------+
 *         | version   | depth  |   0    | count  | prefix    |     0     | tags  | record handles|
 *         +-----------+--------+--------+--------+-----------+-----------+-------+---------------+
 *
 *   version   odd while the segment is being changed
 *   depth     how many high bits of the hash all its groups share; these are the low bits of prefix
 *   tags      200 x u8, 0 = free, else 1..255 from the hash: a foreign slot is told apart without touching its record
 *   handles   200 x u32
 *
 *   directory: 2^depth x u32 segment handles, indexed by the high bits of the hash
 * </pre>
 *
 * <p>One writer, many readers without locks. A hit proves itself by the record's id. A miss counts
 * only if the segment was not changed meanwhile and is the right one for the hash. Segments are
 * never freed before close; a replaced directory is, which is why readers check that it is still
 * the current one before they follow what they read from it.
 *
 * <p>Group ids come from files and callers that nobody should trust, so the hash is seeded: who
 * does not know the seed cannot choose ids that meet in one segment. Nothing outside this table may
 * depend on the hash, least of all anything on disk. Should they meet nonetheless, a directory much
 * larger than the segments need is refused instead of built (P9).
 */
final class GroupTable {
    static final int SEGMENT_BYTES = 1024;
    private static final int SLOTS = 200;
    private static final int FULL = 176;
    private static final int DEPTH_MAX = 26;

    /**
     * How deep the directory may always be: 64 KiB, so that a segment full of colliding groups
     * refuses at most one in 16,384 others.
     */
    private static final int DEPTH_FREE = 14;

    /**
     * Beyond that, most directory entries per segment: 1/16 of the segments' bytes. Hashes that
     * nobody chose need one or two; that they need more than these is less likely than 1 in 10^100.
     */
    private static final int ENTRIES_PER_SEGMENT = 16;

    private static final int VERSION = 0;
    private static final int DEPTH = 4;
    private static final int COUNT = 6;
    private static final int PREFIX = 8;
    private static final int TAGS = 16;
    private static final int HANDLES = TAGS + SLOTS;

    static final int RETRY = -1;

    private final Blocks blocks;
    private final long base;
    private final long seed;
    private int segments;

    /** Directory handle in the high half, its depth in the low one. */
    private volatile long directory;

    GroupTable(Blocks blocks, long seed) {
        this.blocks = blocks;
        this.seed = seed;
        base = blocks.base();
        int segment = newSegment(0, 0);
        int handle = blocks.allocate(directoryBytes(0));
        Memory.putInt(blocks.at(handle), segment);
        directory = pack(handle, 0);
    }

    private static long pack(int handle, int depth) {
        return (long) handle << 32 | depth;
    }

    private static int directoryBytes(int depth) {
        return Math.max(16, 4 << depth);
    }

    long hash(long groupId) {
        return IdHash.hash(groupId, seed);
    }

    private static int tag(long hash) {
        int tag = (int) hash & 0xff;
        return tag == 0 ? 1 : tag;
    }

    private static int home(long hash) {
        // Bits below those that choose the segment and above those of the tag.
        return (int) ((hash >>> 8 & 0xffffffffL) * SLOTS >>> 32);
    }

    private static int prefix(long hash, int depth) {
        return depth == 0 ? 0 : (int) (hash >>> 64 - depth);
    }

    // ---- lookup --------------------------------------------------------------------------------

    /** Handle of the group's record, 0 if there is none. Any thread. */
    int find(long groupId) {
        long hash = hash(groupId);
        for (int attempt = 0; ; attempt++) {
            int handle = tryFind(groupId, hash);
            if (handle != RETRY) {
                return handle;
            }
            blocks.wholeness.awaitChange(attempt);
        }
    }

    private int tryFind(long groupId, long hash) {
        long current = directory;
        int depth = (int) current;
        long entries = base + ((current >>> 32) << 4);
        int segmentHandle = Memory.getIntRacy(entries + 4L * prefix(hash, depth));
        VarHandle.loadLoadFence();
        if (directory != current) {
            return RETRY;
        }
        long segment = base + ((long) segmentHandle << 4);
        int version = Memory.getIntAcquire(segment + VERSION);
        if ((version & 1) != 0) {
            return RETRY;
        }
        if (Memory.getInt(segment + PREFIX) != prefix(hash, Memory.getByte(segment + DEPTH))) {
            return RETRY;
        }
        int found = probe(segment, groupId, hash, version);
        if (found != 0) {
            return found;
        }
        VarHandle.loadLoadFence();
        return Memory.getInt(segment + VERSION) == version ? 0 : RETRY;
    }

    private int probe(long segment, long groupId, long hash, int version) {
        int tag = tag(hash);
        int slot = home(hash);
        for (int i = 0; i < SLOTS; i++) {
            int seen = Memory.getByte(segment + TAGS + slot) & 0xff;
            if (seen == 0) {
                return 0;
            }
            if (seen == tag) {
                int handle = Memory.getInt(segment + HANDLES + 4L * slot);
                VarHandle.loadLoadFence();
                if (Memory.getInt(segment + VERSION) != version) {
                    return RETRY;
                }
                if (GroupRecord.id(base + ((long) handle << 4)) == groupId) {
                    return handle;
                }
            }
            slot = slot + 1 == SLOTS ? 0 : slot + 1;
        }
        return 0;
    }

    // ---- change --------------------------------------------------------------------------------

    /**
     * Adds a group that is not in the table.
     *
     * @throws MemoryLimitException no room, or too many groups of like hash; the group was not
     *     added, and the table is as good as before
     */
    void insert(long groupId, int record) {
        long hash = hash(groupId);
        long segment = segmentOf(hash);
        while (count(segment) >= FULL) {
            split(segment, groupId);
            segment = segmentOf(hash);
        }
        boolean whole = false;
        try {
            beginWrite(segment);
            put(segment, hash, record);
            endWrite(segment);
            whole = true;
        } finally {
            if (!whole) {
                blocks.wholeness.lost = true;
            }
        }
    }

    /** Removes a group that is in the table. */
    void remove(long groupId) {
        long hash = hash(groupId);
        long segment = segmentOf(hash);
        int slot = home(hash);
        while (!holds(segment, slot, groupId)) {
            slot = next(slot);
        }
        boolean whole = false;
        try {
            beginWrite(segment);
            closeGap(segment, slot);
            setCount(segment, count(segment) - 1);
            endWrite(segment);
            whole = true;
        } finally {
            if (!whole) {
                blocks.wholeness.lost = true;
            }
        }
    }

    private boolean holds(long segment, int slot, long groupId) {
        assert Memory.getByte(segment + TAGS + slot) != 0 : "group is not in the table";
        return GroupRecord.id(blocks.at(Memory.getInt(segment + HANDLES + 4L * slot))) == groupId;
    }

    /**
     * Moves later members of the probe sequence back over a freed slot, so that no marker of
     * deletion is needed.
     */
    private void closeGap(long segment, int freed) {
        int gap = freed;
        int slot = next(freed);
        while (Memory.getByte(segment + TAGS + slot) != 0) {
            int handle = Memory.getInt(segment + HANDLES + 4L * slot);
            int home = home(hash(GroupRecord.id(blocks.at(handle))));
            if (distance(home, slot) >= distance(gap, slot)) {
                Memory.putByte(segment + TAGS + gap, Memory.getByte(segment + TAGS + slot));
                Memory.putInt(segment + HANDLES + 4L * gap, handle);
                gap = slot;
            }
            slot = next(slot);
        }
        Memory.putByte(segment + TAGS + gap, (byte) 0);
    }

    private static int next(int slot) {
        return slot + 1 == SLOTS ? 0 : slot + 1;
    }

    private static int distance(int from, int to) {
        return to >= from ? to - from : to - from + SLOTS;
    }

    private void put(long segment, long hash, int record) {
        int slot = home(hash);
        while (Memory.getByte(segment + TAGS + slot) != 0) {
            slot = next(slot);
        }
        Memory.putInt(segment + HANDLES + 4L * slot, record);
        Memory.putByte(segment + TAGS + slot, (byte) tag(hash));
        setCount(segment, count(segment) + 1);
    }

    private void split(long segment, long groupId) {
        int depth = Memory.getByte(segment + DEPTH);
        if (depth == (int) directory) {
            demandWorthDoubling(depth, groupId);
            doubleDirectory();
        }
        int prefix = Memory.getInt(segment + PREFIX);
        int[] handles = new int[SLOTS];
        int sibling = newSegment(depth + 1, prefix << 1 | 1);
        boolean whole = false;
        try {
            beginWrite(segment);
            Memory.putByte(segment + DEPTH, (byte) (depth + 1));
            Memory.putInt(segment + PREFIX, prefix << 1);
            distribute(handles, segment, blocks.at(sibling), depth + 1);
            endWrite(segment);
            pointTo(sibling, depth + 1, prefix << 1 | 1);
            whole = true;
        } finally {
            if (!whole) {
                blocks.wholeness.lost = true;
            }
        }
    }

    /**
     * Both halves are filled anew from a copy of the slots; happens once per 88 or so insertions.
     */
    private void distribute(int[] handles, long segment, long sibling, int depth) {
        int count = 0;
        for (int slot = 0; slot < SLOTS; slot++) {
            if (Memory.getByte(segment + TAGS + slot) != 0) {
                handles[count++] = Memory.getInt(segment + HANDLES + 4L * slot);
            }
        }
        Memory.fill(segment + TAGS, SLOTS, (byte) 0);
        setCount(segment, 0);
        for (int i = 0; i < count; i++) {
            long hash = hash(GroupRecord.id(blocks.at(handles[i])));
            boolean upper = (hash >>> 64 - depth & 1) != 0;
            put(upper ? sibling : segment, hash, handles[i]);
        }
    }

    private void pointTo(int sibling, int depth, int prefix) {
        int global = (int) directory;
        long entries = blocks.at((int) (directory >>> 32));
        int from = prefix << global - depth;
        int to = from + (1 << global - depth);
        for (int i = from; i < to; i++) {
            Memory.putIntRelease(entries + 4L * i, sibling);
        }
    }

    private void demandWorthDoubling(int depth, long groupId) {
        if (depth < DEPTH_FREE) {
            return;
        }
        if (depth == DEPTH_MAX || 2L << depth > (long) segments * ENTRIES_PER_SEGMENT) {
            throw new MemoryLimitException(
                    "group "
                            + Long.toUnsignedString(groupId)
                            + ": the hashes of too many group ids collide with that of its own;"
                            + " others, or a reopen, which hashes anew, will do",
                    directoryBytes(depth + 1),
                    directoryBytes(depth),
                    directoryBytes(depth));
        }
    }

    private void doubleDirectory() {
        long current = directory;
        int depth = (int) current;
        int oldHandle = (int) (current >>> 32);
        int handle = blocks.allocate(directoryBytes(depth + 1));
        long source = blocks.at(oldHandle);
        long target = blocks.at(handle);
        for (int i = 0; i < 1 << depth; i++) {
            int segment = Memory.getInt(source + 4L * i);
            Memory.putInt(target + 8L * i, segment);
            Memory.putInt(target + 8L * i + 4, segment);
        }
        directory = pack(handle, depth + 1);
        blocks.free(oldHandle, directoryBytes(depth));
    }

    private int newSegment(int depth, int prefix) {
        int handle = blocks.allocate(SEGMENT_BYTES);
        long segment = blocks.at(handle);
        Memory.fill(segment, SEGMENT_BYTES, (byte) 0);
        Memory.putByte(segment + DEPTH, (byte) depth);
        Memory.putInt(segment + PREFIX, prefix);
        segments++;
        return handle;
    }

    private long segmentOf(long hash) {
        long current = directory;
        long entries = blocks.at((int) (current >>> 32));
        return blocks.at(Memory.getInt(entries + 4L * prefix(hash, (int) current)));
    }

    private static int count(long segment) {
        return Memory.getShort(segment + COUNT);
    }

    private static void setCount(long segment, int count) {
        Memory.putShort(segment + COUNT, (short) count);
    }

    private static void beginWrite(long segment) {
        Memory.putInt(segment + VERSION, Memory.getInt(segment + VERSION) + 1);
        VarHandle.storeStoreFence();
    }

    private static void endWrite(long segment) {
        Memory.putIntRelease(segment + VERSION, Memory.getInt(segment + VERSION) + 1);
    }

    /** Gives everything back; no reader may be left. */
    void close() {
        long current = directory;
        int depth = (int) current;
        long entries = blocks.at((int) (current >>> 32));
        int size = 1 << depth;
        for (int i = 0; i < size; ) {
            int handle = Memory.getInt(entries + 4L * i);
            int own = Memory.getByte(blocks.at(handle) + DEPTH);
            blocks.free(handle, SEGMENT_BYTES);
            i += 1 << depth - own;
        }
        blocks.free((int) (current >>> 32), directoryBytes(depth));
    }
}
