package io.raftengine.engine.memtable;

import io.raftengine.allocator.Memory;

/**
 * Looks up key-values without locks, by the rules of {@link EntryReader}: nothing is followed, and
 * no length is believed, before the group's version was seen unchanged. Stateless but for the path
 * of its last search: one thread at a time.
 */
final class KeyReader {
    static final long RETRY = -1;
    static final long ABSENT = 0;

    private static final int HEIGHT_MAX = 16;

    private final long base;

    // The path of the last seek: leaf at level 1.
    private final long[] nodes = new long[HEIGHT_MAX + 1];
    private final int[] positions = new int[HEIGHT_MAX + 1];
    private final int[] counts = new int[HEIGHT_MAX + 1];
    private int height;

    KeyReader(long base) {
        this.base = base;
    }

    private long at(int handle) {
        return base + ((handle & 0x7fffffffL) << 4);
    }

    /**
     * One attempt to find a key; the address of its cell, {@link #ABSENT} or {@link #RETRY}. Keeps
     * no state.
     */
    static long find(long base, long record, int version, byte[] key, int offset, int keyBytes) {
        int count = GroupRecord.keyCount(record);
        int handle = GroupRecord.keyRoot(record);
        int height = GroupRecord.keyHeight(record);
        if (!GroupRecord.stillValid(record, version)) {
            return RETRY;
        }
        if (count == 0) {
            return ABSENT;
        }
        for (int level = height; level > 0; level--) {
            long node = base + ((handle & 0x7fffffffL) << 4);
            int items = KeyNode.count(node);
            if (!GroupRecord.stillValid(record, version)) {
                return RETRY;
            }
            int position =
                    lastAtMost(
                            base, record, version, node, level == 1, items, key, offset, keyBytes);
            if (position < -1) {
                return RETRY;
            }
            if (position < 0) {
                return ABSENT;
            }
            handle =
                    level == 1 ? KeyNode.cell(node, true, position) : KeyNode.child(node, position);
            if (!GroupRecord.stillValid(record, version)) {
                return RETRY;
            }
        }
        long cell = base + ((handle & 0x7fffffffL) << 4);
        int cellKeyBytes = KeyCell.keyBytes(cell);
        if (!GroupRecord.stillValid(record, version)) {
            return RETRY;
        }
        int order = Memory.compareRacy(KeyCell.key(cell), cellKeyBytes, key, offset, keyBytes);
        if (!GroupRecord.stillValid(record, version)) {
            return RETRY;
        }
        return order == 0 ? cell : ABSENT;
    }

    /** Position of the last item at most the key, -1 if there is none, -2 to try again. */
    private static int lastAtMost(
            long base,
            long record,
            int version,
            long node,
            boolean leaf,
            int items,
            byte[] key,
            int offset,
            int keyBytes) {
        int low = -1;
        int high = items - 1;
        while (low < high) {
            int middle = low + high + 1 >> 1;
            int handle = KeyNode.cell(node, leaf, middle);
            if (!GroupRecord.stillValid(record, version)) {
                return -2;
            }
            long cell = base + ((handle & 0x7fffffffL) << 4);
            int cellKeyBytes = KeyCell.keyBytes(cell);
            if (!GroupRecord.stillValid(record, version)) {
                return -2;
            }
            int order = Memory.compareRacy(KeyCell.key(cell), cellKeyBytes, key, offset, keyBytes);
            if (order <= 0) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    // ---- ordered walk --------------------------------------------------------------------------

    /**
     * Goes to the first cell at or behind a key, or to the last one at or before it.
     *
     * @param key the bound; null for none
     * @param inclusive whether an equal key counts
     * @param reverse towards lesser keys
     * @return address of the cell, {@link #ABSENT} or {@link #RETRY}
     */
    long seek(
            long record,
            int version,
            byte[] key,
            int keyBytes,
            boolean inclusive,
            boolean reverse) {
        int count = GroupRecord.keyCount(record);
        int handle = GroupRecord.keyRoot(record);
        height = GroupRecord.keyHeight(record);
        if (!GroupRecord.stillValid(record, version) || height > HEIGHT_MAX) {
            return RETRY;
        }
        if (count == 0) {
            return ABSENT;
        }
        if (height == 0) {
            return seekOnly(record, version, at(handle), key, keyBytes, inclusive, reverse);
        }
        for (int level = height; level > 0; level--) {
            long node = at(handle);
            int items = KeyNode.count(node);
            if (!GroupRecord.stillValid(record, version)) {
                return RETRY;
            }
            int position;
            if (key == null) {
                position = reverse ? items - 1 : 0;
            } else {
                position =
                        lastAtMost(
                                base, record, version, node, level == 1, items, key, 0, keyBytes);
                if (position < -1) {
                    return RETRY;
                }
            }
            if (level > 1) {
                position = Math.max(position, 0);
                handle = KeyNode.child(node, position);
                if (!GroupRecord.stillValid(record, version)) {
                    return RETRY;
                }
            }
            nodes[level] = node;
            positions[level] = position;
            counts[level] = items;
        }
        return key == null
                ? current(record, version)
                : settle(record, version, key, keyBytes, inclusive, reverse);
    }

    private long seekOnly(
            long record,
            int version,
            long cell,
            byte[] key,
            int keyBytes,
            boolean inclusive,
            boolean reverse) {
        if (key == null) {
            return cell;
        }
        int order = order(record, version, cell, key, keyBytes);
        if (order == Integer.MIN_VALUE) {
            return RETRY;
        }
        boolean wanted = order == 0 ? inclusive : order < 0 == reverse;
        return wanted ? cell : ABSENT;
    }

    /** -1, 0, 1, or MIN_VALUE to try again. */
    int order(long record, int version, long cell, byte[] key, int keyBytes) {
        int cellKeyBytes = KeyCell.keyBytes(cell);
        if (!GroupRecord.stillValid(record, version)) {
            return Integer.MIN_VALUE;
        }
        int order = Memory.compareRacy(KeyCell.key(cell), cellKeyBytes, key, 0, keyBytes);
        if (!GroupRecord.stillValid(record, version)) {
            return Integer.MIN_VALUE;
        }
        return Integer.signum(order);
    }

    /**
     * The path ends at the last cell at most the bound; goes one on where that is not the wanted
     * one.
     */
    private long settle(
            long record,
            int version,
            byte[] key,
            int keyBytes,
            boolean inclusive,
            boolean reverse) {
        if (positions[1] < 0) { // all keys are greater
            return reverse ? ABSENT : step(record, version, false);
        }
        long cell = current(record, version);
        if (cell == RETRY) {
            return RETRY;
        }
        int order = order(record, version, cell, key, keyBytes);
        if (order == Integer.MIN_VALUE) {
            return RETRY;
        }
        if (order == 0) {
            return inclusive ? cell : step(record, version, reverse);
        }
        return reverse ? cell : step(record, version, false);
    }

    private long current(long record, int version) {
        int handle = KeyNode.cell(nodes[1], true, positions[1]);
        return GroupRecord.stillValid(record, version) ? at(handle) : RETRY;
    }

    /** Goes on by one cell. */
    long step(long record, int version, boolean reverse) {
        if (height == 0) {
            return ABSENT;
        }
        int level = 1;
        while (level <= height
                && (reverse ? positions[level] <= 0 : positions[level] + 1 >= counts[level])) {
            level++;
        }
        if (level > height) {
            return ABSENT;
        }
        positions[level] += reverse ? -1 : 1;
        for (; level > 1; level--) {
            int handle = KeyNode.child(nodes[level], positions[level]);
            if (!GroupRecord.stillValid(record, version)) {
                return RETRY;
            }
            long node = at(handle);
            int items = KeyNode.count(node);
            if (!GroupRecord.stillValid(record, version)) {
                return RETRY;
            }
            nodes[level - 1] = node;
            counts[level - 1] = items;
            positions[level - 1] = reverse ? items - 1 : 0;
        }
        return current(record, version);
    }
}
