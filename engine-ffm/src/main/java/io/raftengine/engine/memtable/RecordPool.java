package io.raftengine.engine.memtable;

import java.util.Arrays;

/**
 * Hands out group records from slabs that are never given back before close, so that a record
 * address stays a record for ever (see {@link GroupRecord}). Slabs double from 4 KiB to 64 KiB.
 *
 * <p>One writer; readers may walk the slabs meanwhile (listing the groups needs no list on the
 * heap).
 */
final class RecordPool {
    private static final int SMALLEST_SLAB_BYTES = 4 << 10;
    private static final int LARGEST_SLAB_BYTES = 64 << 10;
    private static final int RECORDS_PER_LARGE_SLAB = LARGEST_SLAB_BYTES / GroupRecord.BYTES;

    private final Blocks blocks;
    private final int recordHandles;
    private final int recordBytes;

    /**
     * One handle per slab: four bytes per 1,024 groups. Replaced, never shortened; published by
     * {@link #used}.
     */
    private volatile int[] slabs = new int[8];

    /** Records ever handed out, in slab order; readers walk up to here. */
    private volatile int used;

    private int capacity;
    private int slabCount;
    private int freeHead;
    private int freeCount;

    RecordPool(Blocks blocks, int recordBytes) {
        assert recordBytes % GroupRecord.BYTES == 0 : recordBytes;
        this.blocks = blocks;
        this.recordBytes = recordBytes;
        recordHandles = recordBytes / 16;
    }

    /** Bytes of slab number {@code slab}. */
    private static int slabBytes(int slab) {
        return slab >= 4 ? LARGEST_SLAB_BYTES : SMALLEST_SLAB_BYTES << slab;
    }

    /**
     * An invisible, empty record.
     *
     * @throws io.raftengine.error.MemoryLimitException nothing changed
     */
    int allocate(long groupId) {
        if (freeHead != 0) {
            int handle = freeHead;
            long record = blocks.at(handle);
            freeHead = GroupRecord.link(record);
            freeCount--;
            rebirth(record, groupId);
            return handle;
        }
        if (used == capacity) {
            addSlab();
        }
        int handle = handleOf(used);
        GroupRecord.initialize(blocks.at(handle), groupId);
        used = used + 1;
        return handle;
    }

    private static void rebirth(long record, long groupId) {
        // A reader may still look at the record's former life: the change of identity is a write
        // like any other.
        GroupRecord.beginWrite(record);
        GroupRecord.initialize(record, groupId);
        GroupRecord.endWrite(record);
    }

    void free(int handle) {
        long record = blocks.at(handle);
        assert !GroupRecord.visible(record) : "freeing a visible group";
        GroupRecord.setLink(record, freeHead);
        freeHead = handle;
        freeCount++;
    }

    /**
     * Takes a group out of the table, and its record back, if nobody sees the group and nothing of
     * it is waiting for anything.
     */
    void freeIfGone(int handle, GroupTable table) {
        long record = blocks.at(handle);
        if (GroupRecord.isFree(record)) {
            table.remove(GroupRecord.id(record));
            free(handle);
        }
    }

    private void addSlab() {
        int bytes = slabBytes(slabCount);
        int handle = blocks.allocate(bytes);
        clear(blocks.at(handle), bytes);
        int[] list = slabs;
        if (slabCount == list.length) {
            list = Arrays.copyOf(list, slabCount * 2);
        }
        list[slabCount++] = handle;
        slabs = list;
        capacity += bytes / recordBytes;
    }

    private static void clear(long address, int bytes) {
        io.raftengine.allocator.Memory.fill(address, bytes, (byte) 0);
    }

    /** Records handed out so far, freed ones included: the range of {@link #handleOf}. */
    int used() {
        return used;
    }

    int live() {
        return used - freeCount;
    }

    /** Handle of the record at a place below {@link #used()}. */
    int handleOf(int ordinal) {
        int scale = recordBytes / GroupRecord.BYTES;
        int place = ordinal;
        int slab = 0;
        while (slab < 4) {
            int records = (SMALLEST_SLAB_BYTES << slab) / GroupRecord.BYTES / scale;
            if (place < records) {
                return slabs[slab] + place * recordHandles;
            }
            place -= records;
            slab++;
        }
        int perSlab = RECORDS_PER_LARGE_SLAB / scale;
        return slabs[slab + place / perSlab] + place % perSlab * recordHandles;
    }

    /** Gives every slab back; no reader may be left. */
    void close() {
        for (int i = 0; i < slabCount; i++) {
            blocks.free(slabs[i], slabBytes(i));
        }
        slabCount = 0;
        capacity = 0;
        used = 0;
        freeHead = 0;
        freeCount = 0;
    }
}
