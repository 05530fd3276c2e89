package io.raftengine.engine.memtable;

import io.raftengine.allocator.Memory;
import io.raftengine.error.MemoryLimitException;

/**
 * What the groups touched by a commit group will hold once the batches accepted so far are applied;
 * the only class that knows the layout of a slot. One slot per group, found through the record's
 * link.
 *
 * <pre>
 *   byte  0           4           8                      16                     24           32
 *         +-----------+-----------+----------------------+----------------------+------+------+
 *         | record    | batch     | first                | end                  | room |chunks|
 *      32 +-----------+-----------+----------------------+----------------------+------+------+
 *         | places    | kept      | puts      | nodes     | first .. nodes, before           |
 *      88 +-----------+-----------+-----------+-----------+----------------------------------+
 *
 *   batch    number of the batch that touched the group last
 *   before   what stood there before that batch, to go back to if it is refused
 *   room     bytes surely free in the group's last chunk
 *   places   of the chunk directory that memory is there for; 0 if the group may have none
 *   kept     place of the last chunk that stays of those it has now; 0 if its directory may not stay
 *   chunks, puts   counted for the reservation of memory
 *   nodes    of the key tree that memory is there for
 * </pre>
 */
final class Simulation {
    private static final int SLOT_BYTES = 88;
    private static final int SLOTS_MIN = 64;
    private static final int SLOTS_KEPT = 4096;

    private static final int RECORD = 0;
    private static final int BATCH = 4;
    private static final int FIRST = 8;
    private static final int END = 16;
    private static final int ROOM = 24;
    private static final int CHUNKS = 28;
    private static final int PLACES = 32;
    private static final int KEPT = 36;
    private static final int PUTS = 40;
    private static final int NODES = 44;
    private static final int BEFORE = 48;
    private static final int STATE_BYTES = BEFORE - FIRST;

    private final Blocks blocks;
    private int block;
    private int capacity;
    private int count;

    Simulation(Blocks blocks) {
        this.blocks = blocks;
        capacity = SLOTS_MIN;
        block = blocks.allocate(capacity * SLOT_BYTES);
    }

    int count() {
        return count;
    }

    int recordHandle(int slot) {
        return Memory.getInt(address(slot) + RECORD);
    }

    private long address(int slot) {
        return blocks.at(block) + (long) slot * SLOT_BYTES;
    }

    /** Address of the group's slot, made from its live state at the first call. */
    long slotOf(int handle, long record) {
        int link = GroupRecord.link(record);
        if (link != 0) {
            return address(link - 1);
        }
        if (count == capacity) {
            grow();
        }
        long slot = address(count);
        Memory.putInt(slot + RECORD, handle);
        Memory.putInt(slot + BATCH, 0);
        Memory.putLong(slot + FIRST, GroupRecord.first(record));
        Memory.putLong(slot + END, GroupRecord.end(record));
        Memory.putInt(slot + ROOM, 0);
        Memory.putInt(slot + CHUNKS, 0);
        Memory.putLong(slot + PLACES, 0);
        Memory.putLong(slot + PUTS, 0);
        GroupRecord.setLink(record, ++count);
        return slot;
    }

    private void grow() {
        int larger = blocks.allocate(Math.multiplyExact(capacity, 2 * SLOT_BYTES));
        Memory.copy(blocks.at(block), blocks.at(larger), (long) count * SLOT_BYTES);
        blocks.free(block, capacity * SLOT_BYTES);
        block = larger;
        capacity *= 2;
    }

    /** Before batch number {@code batch} changes anything of the group. */
    static void touch(long slot, int batch) {
        if (Memory.getInt(slot + BATCH) != batch) {
            Memory.putInt(slot + BATCH, batch);
            copyState(slot + FIRST, slot + BEFORE);
        }
    }

    private static void copyState(long from, long to) {
        for (int at = 0; at < STATE_BYTES; at += Long.BYTES) {
            Memory.putLong(to + at, Memory.getLong(from + at));
        }
    }

    static long first(long slot) {
        return Memory.getLong(slot + FIRST);
    }

    static long end(long slot) {
        return Memory.getLong(slot + END);
    }

    static void set(long slot, long first, long end) {
        Memory.putLong(slot + FIRST, first);
        Memory.putLong(slot + END, end);
    }

    /** Takes back what a refused batch did. */
    void undo(int batch) {
        for (int i = 0; i < count; i++) {
            long slot = address(i);
            if (Memory.getInt(slot + BATCH) == batch) {
                copyState(slot + BEFORE, slot + FIRST);
                Memory.putInt(slot + BATCH, 0);
            }
        }
    }

    static int room(long slot) {
        return Memory.getInt(slot + ROOM);
    }

    static void setRoom(long slot, int bytes) {
        Memory.putInt(slot + ROOM, bytes);
    }

    static int addChunks(long slot, int more) {
        int chunks = Memory.getInt(slot + CHUNKS) + more;
        Memory.putInt(slot + CHUNKS, chunks);
        return chunks;
    }

    static int places(long slot) {
        return Memory.getInt(slot + PLACES);
    }

    static int keptPlace(long slot) {
        return Memory.getInt(slot + KEPT);
    }

    static void setDirectory(long slot, int places, int keptPlace) {
        Memory.putInt(slot + PLACES, places);
        Memory.putInt(slot + KEPT, keptPlace);
    }

    static int countPut(long slot) {
        int puts = Memory.getInt(slot + PUTS) + 1;
        Memory.putInt(slot + PUTS, puts);
        return puts;
    }

    static int nodes(long slot) {
        return Memory.getInt(slot + NODES);
    }

    static void setNodes(long slot, int nodes) {
        Memory.putInt(slot + NODES, nodes);
    }

    /** Forgets all slots; the links were cleared by the caller. */
    void clear() {
        count = 0;
        if (capacity > SLOTS_KEPT) {
            shrink();
        }
    }

    private void shrink() {
        try {
            int smaller = blocks.allocate(SLOTS_MIN * SLOT_BYTES);
            blocks.free(block, capacity * SLOT_BYTES);
            block = smaller;
            capacity = SLOTS_MIN;
        } catch (MemoryLimitException keepTheLargeOne) {
            // Then the next commit group uses it, too.
        }
    }

    void close() {
        blocks.free(block, capacity * SLOT_BYTES);
    }
}
