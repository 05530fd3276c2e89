package io.raftengine.engine.memtable;

import io.raftengine.allocator.Memory;
import java.util.function.LongConsumer;

/**
 * Reads groups without locks: finds a group's record, reads it optimistically, and reads it again
 * if a batch was applied to the group meanwhile, so that every answer is one state of it (I7).
 *
 * <p>For any number of threads at any time. The tables are the writer's; nothing here changes them.
 * A reader waits in two cases only: while a batch is being applied to its group, and behind other
 * readers that take their turns as {@link RightOfWay} says.
 */
final class GroupReader {
    private final long base;
    private final Blocks blocks;
    private final RecordPool pool;
    private final GroupTable table;
    private final RightOfWay rightOfWay;
    private final EntryReader entryReader;

    GroupReader(Blocks blocks, RecordPool pool, GroupTable table, RightOfWay rightOfWay) {
        this.blocks = blocks;
        this.pool = pool;
        this.table = table;
        this.rightOfWay = rightOfWay;
        base = blocks.base();
        entryReader = new EntryReader(base);
    }

    // ---- existence and bounds ------------------------------------------------------------------

    /** Whether a group exists: from its first entry or key until it is cleaned. */
    boolean exists(long group) {
        long record = find(group);
        if (record == 0) {
            return false;
        }
        for (int attempt = 0; ; attempt++) {
            int version = GroupRecord.beginRead(record);
            boolean exists = isGroup(record, group);
            if (isSettled(record, version)) {
                return exists;
            }
            awaitWriter(attempt);
        }
    }

    /** First live index, {@link Memtables#NO_INDEX} if there is none. */
    long first(long group) {
        return bound(group, true);
    }

    /** Last index, {@link Memtables#NO_INDEX} if there is none. */
    long last(long group) {
        return bound(group, false);
    }

    private long bound(long group, boolean lower) {
        long record = find(group);
        if (record == 0) {
            return Memtables.NO_INDEX;
        }
        for (int attempt = 0; ; attempt++) {
            int version = GroupRecord.beginRead(record);
            boolean exists = isGroup(record, group);
            long first = GroupRecord.first(record);
            long end = GroupRecord.end(record);
            if (isSettled(record, version)) {
                if (!exists || first == end) {
                    return Memtables.NO_INDEX;
                }
                return lower ? first : end - 1;
            }
            awaitWriter(attempt);
        }
    }

    /** Lists the groups, each that exists all the time exactly once. */
    void forEach(LongConsumer consumer) {
        demandWhole();
        int used = pool.used();
        for (int i = 0; i < used; i++) {
            long record = blocks.at(pool.handleOf(i));
            for (int attempt = 0; ; attempt++) {
                int version = GroupRecord.beginRead(record);
                boolean visible = GroupRecord.visible(record);
                long id = GroupRecord.id(record);
                if (isSettled(record, version)) {
                    if (visible) {
                        consumer.accept(id);
                    }
                    break;
                }
                awaitWriter(attempt);
            }
        }
    }

    // ---- entries -------------------------------------------------------------------------------

    /** Finds where an entry is on disk; {@code out} is undefined if the group does not hold it. */
    boolean locate(long group, long index, EntryLocation out) {
        long record = find(group);
        if (record == 0) {
            return false;
        }
        for (int attempt = 0; ; attempt++) {
            int version = GroupRecord.beginRead(record);
            if (!GroupRecord.isBeingWritten(version)) {
                if (!isGroup(record, group)) {
                    if (GroupRecord.stillValid(record, version)) {
                        return false;
                    }
                } else {
                    int result = entryReader.locate(record, version, index, out);
                    if (result != EntryReader.RETRY) {
                        return result == EntryReader.FOUND;
                    }
                }
            }
            awaitWriter(attempt);
        }
    }

    /**
     * Finds where the entries [begin, end) are on disk, as many as the cursor takes.
     *
     * @return one of the {@code RANGE_} answers of {@link Memtables}
     */
    int locateRange(long group, long begin, long end, EntryCursor out, EntryLocation scratch) {
        out.count = 0;
        long record = find(group);
        if (record == 0) {
            return Memtables.RANGE_NO_GROUP;
        }
        int overtaken = 0;
        try {
            for (int attempt = 0; ; attempt++) {
                int version = GroupRecord.beginRead(record);
                if (!GroupRecord.isBeingWritten(version)) {
                    int result = tryLocateRange(record, version, group, begin, end, out, scratch);
                    if (result != EntryReader.RETRY) {
                        return result;
                    }
                    overtaken = rightOfWay.overtaken(overtaken);
                }
                awaitWriter(attempt);
            }
        } finally {
            rightOfWay.readingDone(overtaken);
        }
    }

    private int tryLocateRange(
            long record,
            int version,
            long group,
            long begin,
            long end,
            EntryCursor out,
            EntryLocation scratch) {
        boolean exists = isGroup(record, group);
        long first = GroupRecord.first(record);
        long groupEnd = GroupRecord.end(record);
        if (!GroupRecord.stillValid(record, version)) {
            return EntryReader.RETRY;
        }
        if (!exists) {
            return Memtables.RANGE_NO_GROUP;
        }
        out.groupFirst = first;
        out.groupEnd = groupEnd;
        if (Long.compareUnsigned(end, begin) <= 0) {
            return Memtables.RANGE_FOUND;
        }
        if (first == groupEnd) {
            return Memtables.RANGE_NOT_FOUND;
        }
        if (Long.compareUnsigned(begin, first) < 0) {
            return Memtables.RANGE_COMPACTED;
        }
        if (Long.compareUnsigned(end, groupEnd) > 0) {
            return Memtables.RANGE_NOT_FOUND;
        }
        int result = entryReader.locateRange(record, version, begin, end, out, scratch);
        return result == EntryReader.FOUND ? Memtables.RANGE_FOUND : EntryReader.RETRY;
    }

    // ---- key-values ----------------------------------------------------------------------------

    /**
     * Copies the value of a key into an array, which may be null if there is no room to fill.
     *
     * @return length of the value, {@link Memtables#NO_VALUE} if there is none
     */
    int get(
            long group,
            byte[] key,
            int keyOffset,
            int keyLength,
            byte[] array,
            int arrayOffset,
            int capacity) {
        long record = find(group);
        if (record == 0) {
            return Memtables.NO_VALUE;
        }
        int overtaken = 0;
        try {
            for (int attempt = 0; ; attempt++) {
                int version = GroupRecord.beginRead(record);
                if (!GroupRecord.isBeingWritten(version)) {
                    long cell =
                            isGroup(record, group)
                                    ? KeyReader.find(
                                            base, record, version, key, keyOffset, keyLength)
                                    : KeyReader.ABSENT;
                    int length = copyOut(cell, record, version, array, arrayOffset, capacity);
                    if (GroupRecord.stillValid(record, version) && cell != KeyReader.RETRY) {
                        return length;
                    }
                    overtaken = rightOfWay.overtaken(overtaken);
                }
                awaitWriter(attempt);
            }
        } finally {
            rightOfWay.readingDone(overtaken);
        }
    }

    private static int copyOut(
            long cell, long record, int version, byte[] array, int arrayOffset, int capacity) {
        if (cell == KeyReader.ABSENT || cell == KeyReader.RETRY) {
            return Memtables.NO_VALUE;
        }
        int length = KeyCell.valueBytes(cell);
        long value = KeyCell.value(cell);
        // Neither the length nor the address is to be used before the cell is known to be one.
        if (!GroupRecord.stillValid(record, version) || length > capacity) {
            return length;
        }
        if (length > 0) {
            Memory.copyToArrayRacy(value, array, arrayOffset, length);
        }
        return length;
    }

    /** Gives a cursor its next portion of a group's key-values. */
    void fill(KeyCursor cursor, long group) {
        long record = find(group);
        if (record == 0) {
            cursor.nothingFound();
            return;
        }
        int overtaken = 0;
        try {
            for (int attempt = 0; ; attempt++) {
                int version = GroupRecord.beginRead(record);
                if (!GroupRecord.isBeingWritten(version)) {
                    if (isGroup(record, group)) {
                        if (cursor.tryFill(record, version)) {
                            return;
                        }
                    } else if (GroupRecord.stillValid(record, version)) {
                        cursor.nothingFound();
                        return;
                    }
                    overtaken = rightOfWay.overtaken(overtaken);
                }
                awaitWriter(attempt);
            }
        } finally {
            rightOfWay.readingDone(overtaken);
        }
    }

    // ---- records -------------------------------------------------------------------------------

    private long find(long group) {
        demandWhole();
        int handle = table.find(group);
        return handle == 0 ? 0 : base + ((long) handle << 4);
    }

    private void awaitWriter(int attempt) {
        blocks.wholeness.awaitChange(attempt);
    }

    private void demandWhole() {
        blocks.wholeness.demand();
    }

    private static boolean isGroup(long record, long group) {
        return GroupRecord.visible(record) && GroupRecord.id(record) == group;
    }

    private static boolean isSettled(long record, int version) {
        return !GroupRecord.isBeingWritten(version) && GroupRecord.stillValid(record, version);
    }
}
