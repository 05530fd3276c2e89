package io.raftengine.engine.memtable;

import io.raftengine.allocator.Memory;

/**
 * Changes the ordered key-values of a group. One key costs nothing but its cell, a few share a
 * small leaf, many are a B+ tree of nodes up to 1 KiB, in which an inner node knows the least cell
 * below each child.
 *
 * <pre>
 *   height 0: root is the only cell        1: root is a leaf        2 and more: root is an inner node
 * </pre>
 *
 * <p>One thread at a time; readers ({@link KeyReader}) are kept out by the group's version, which
 * the caller holds.
 */
final class KeyTree {
    private static final int HEIGHT_MAX = 16;
    private static final int SMALLEST_LEAF_BYTES = 16;
    private static final int SMALLEST_INNER_BYTES = 64;

    private final Blocks blocks;
    private final SegmentAccounting accounting;

    // The path from the root (level height) to the leaf (level 1) of the last search.
    private final int[] nodes = new int[HEIGHT_MAX + 1];
    private final int[] positions = new int[HEIGHT_MAX + 1];
    private boolean found;

    /** Whether what was dropped last leaves a value behind that the rewrite queue holds. */
    private boolean droppedRewritten;

    KeyTree(Blocks blocks, SegmentAccounting accounting) {
        this.blocks = blocks;
        this.accounting = accounting;
    }

    // ---- put -----------------------------------------------------------------------------------

    /** Links a cell whose place is set, replacing and freeing the one of the same key. */
    void put(long record, int handle) {
        long cell = blocks.at(handle);
        accounting.add(
                KeyCell.inRewriteQueue(cell), KeyCell.segment(cell), payload(cell), items(cell));
        link(record, handle, cell);
    }

    private void link(long record, int handle, long cell) {
        int height = GroupRecord.keyHeight(record);
        if (GroupRecord.keyCount(record) == 0) {
            GroupRecord.setKeyRoot(record, handle);
            GroupRecord.setKeyCount(record, 1);
        } else if (height == 0) {
            putBesideOnly(record, handle, cell);
        } else {
            search(record, KeyCell.key(cell), KeyCell.keyBytes(cell));
            if (found) {
                replace(record, handle);
            } else {
                insert(record, height, handle);
                GroupRecord.setKeyCount(record, GroupRecord.keyCount(record) + 1);
            }
        }
    }

    private static long payload(long cell) {
        return KeyCell.deleted(cell) ? 0 : (long) KeyCell.keyBytes(cell) + KeyCell.valueBytes(cell);
    }

    private static int items(long cell) {
        return KeyCell.deleted(cell) ? 0 : 1;
    }

    private void drop(int handle) {
        long cell = blocks.at(handle);
        droppedRewritten = KeyCell.inOrShadowsRewriteQueue(cell);
        accounting.remove(
                KeyCell.inRewriteQueue(cell), KeyCell.segment(cell), payload(cell), items(cell));
        KeyCell.free(blocks, handle);
    }

    private void putBesideOnly(long record, int handle, long cell) {
        int only = GroupRecord.keyRoot(record);
        int order = compare(blocks.at(only), KeyCell.key(cell), KeyCell.keyBytes(cell));
        if (order == 0) {
            GroupRecord.setKeyRoot(record, handle);
            inherit(cell, only);
            drop(only);
            return;
        }
        int root = newNode(true, SMALLEST_LEAF_BYTES);
        long leaf = blocks.at(root);
        KeyNode.setCell(leaf, true, 0, order < 0 ? only : handle);
        KeyNode.setCell(leaf, true, 1, order < 0 ? handle : only);
        KeyNode.setCount(leaf, 2);
        GroupRecord.setKeyRoot(record, root);
        GroupRecord.setKeyHeight(record, 1);
        GroupRecord.setKeyCount(record, 2);
    }

    private int newNode(boolean leaf, int bytes) {
        int handle = blocks.allocateSized(bytes);
        KeyNode.initialize(blocks.at(handle), leaf, blocks.grantedBytes());
        return handle;
    }

    /** Order of a cell's key relative to the given one. */
    private static int compare(long cell, long key, int keyBytes) {
        return Memory.compare(KeyCell.key(cell), KeyCell.keyBytes(cell), key, keyBytes);
    }

    // ---- search --------------------------------------------------------------------------------

    /**
     * Fills the path to the place of the key; {@link #found} says whether it is there. Height 1 at
     * least.
     */
    private void search(long record, long key, int keyBytes) {
        int handle = GroupRecord.keyRoot(record);
        for (int level = GroupRecord.keyHeight(record); level > 1; level--) {
            long node = blocks.at(handle);
            int position = lastAtMost(node, false, key, keyBytes);
            nodes[level] = handle;
            positions[level] = Math.max(position, 0);
            handle = KeyNode.child(node, positions[level]);
        }
        long leaf = blocks.at(handle);
        int position = lastAtMost(leaf, true, key, keyBytes);
        nodes[1] = handle;
        found =
                position >= 0
                        && compare(blocks.at(KeyNode.cell(leaf, true, position)), key, keyBytes)
                                == 0;
        positions[1] = found ? position : position + 1;
    }

    /**
     * Position of the last item whose (least) key is at most the given one, -1 if all are greater.
     */
    private int lastAtMost(long node, boolean leaf, long key, int keyBytes) {
        int low = -1;
        int high = KeyNode.count(node) - 1;
        while (low < high) {
            int middle = low + high + 1 >> 1;
            long cell = blocks.at(KeyNode.cell(node, leaf, middle));
            if (compare(cell, key, keyBytes) <= 0) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    private void replace(long record, int handle) {
        long leaf = blocks.at(nodes[1]);
        int old = KeyNode.cell(leaf, true, positions[1]);
        KeyNode.setCell(leaf, true, positions[1], handle);
        leastChanged(GroupRecord.keyHeight(record), 1);
        inherit(blocks.at(handle), old);
        drop(old);
    }

    /** The new value of a key hides what the rewrite queue holds of the old one. */
    private void inherit(long cell, int old) {
        if (!KeyCell.inRewriteQueue(cell) && KeyCell.inOrShadowsRewriteQueue(blocks.at(old))) {
            KeyCell.setShadows(cell);
        }
    }

    /** Corrects what the ancestors of the path's node at {@code level} hold for its least cell. */
    private void leastChanged(int height, int level) {
        for (int at = level; at < height && positions[at] == 0; at++) {
            long node = blocks.at(nodes[at]);
            long parent = blocks.at(nodes[at + 1]);
            KeyNode.setCell(parent, false, positions[at + 1], KeyNode.cell(node, at == 1, 0));
        }
    }

    // ---- insert --------------------------------------------------------------------------------

    private void insert(long record, int height, int cell) {
        int child = 0;
        int least = cell;
        for (int level = 1; level <= height; level++) {
            boolean leaf = level == 1;
            int split = insertAt(record, level, height, child, least);
            if (split == 0) {
                leastChanged(height, level);
                return;
            }
            // The left half may have a new least cell; its new neighbour goes behind it.
            leastChanged(height, level);
            child = split;
            least = KeyNode.cell(blocks.at(split), leaf, 0);
            if (level < height) {
                positions[level + 1]++;
            }
        }
        growRoot(record, height, child, least);
    }

    /**
     * Inserts an item at the path's position of a level.
     *
     * @return handle of a new right neighbour if the node had to be split, else 0
     */
    private int insertAt(long record, int level, int height, int child, int least) {
        boolean leaf = level == 1;
        long node = blocks.at(nodes[level]);
        int count = KeyNode.count(node);
        if (count < KeyNode.capacity(node)) {
            insertItem(node, leaf, positions[level], child, least);
            return 0;
        }
        if (count < KeyNode.capacityMax(leaf)) {
            long larger = enlarge(record, level, height, node, leaf);
            insertItem(larger, leaf, positions[level], child, least);
            return 0;
        }
        return splitAndInsert(node, leaf, level, count, child, least);
    }

    private static void insertItem(long node, boolean leaf, int position, int child, int least) {
        KeyNode.openGap(node, leaf, position);
        if (leaf) {
            KeyNode.setCell(node, true, position, least);
        } else {
            KeyNode.setChild(node, position, child, least);
        }
    }

    private long enlarge(long record, int level, int height, long node, boolean leaf) {
        int bytes = KeyNode.bytes(node, leaf);
        int handle = newNode(leaf, Math.min(bytes * 2, KeyNode.BYTES_MAX));
        long larger = blocks.at(handle);
        int count = KeyNode.count(node);
        KeyNode.move(node, 0, larger, 0, count, leaf);
        KeyNode.setCount(larger, count);
        if (level == height) {
            GroupRecord.setKeyRoot(record, handle);
        } else {
            long parent = blocks.at(nodes[level + 1]);
            int least = KeyNode.cell(parent, false, positions[level + 1]);
            KeyNode.setChild(parent, positions[level + 1], handle, least);
        }
        blocks.free(nodes[level], bytes);
        nodes[level] = handle;
        return larger;
    }

    private int splitAndInsert(
            long node, boolean leaf, int level, int count, int child, int least) {
        int position = positions[level];
        // Keys often arrive in order: then leave the left node nearly full.
        int kept = position == count ? count - count / 16 : count / 2;
        int handle = newNode(leaf, KeyNode.BYTES_MAX);
        long right = blocks.at(handle);
        KeyNode.move(node, kept, right, 0, count - kept, leaf);
        KeyNode.setCount(right, count - kept);
        KeyNode.setCount(node, kept);
        if (position <= kept) {
            insertItem(node, leaf, position, child, least);
        } else {
            insertItem(right, leaf, position - kept, child, least);
        }
        return handle;
    }

    private void growRoot(long record, int height, int child, int least) {
        int old = GroupRecord.keyRoot(record);
        int handle = newNode(false, SMALLEST_INNER_BYTES);
        long root = blocks.at(handle);
        KeyNode.setChild(root, 0, old, KeyNode.cell(blocks.at(old), height == 1, 0));
        KeyNode.setChild(root, 1, child, least);
        KeyNode.setCount(root, 2);
        GroupRecord.setKeyRoot(record, handle);
        GroupRecord.setKeyHeight(record, height + 1);
    }

    // ---- remove --------------------------------------------------------------------------------

    /**
     * Whether the rewrite queue holds a value of the key that was removed last, so that its
     * deletion has to be carried there.
     */
    boolean removedRewritten() {
        return droppedRewritten;
    }

    /** Handle of the cell of a key, which lies off-heap; 0 if there is none. */
    int find(long record, long key, int keyBytes) {
        if (GroupRecord.keyCount(record) == 0) {
            return 0;
        }
        if (GroupRecord.keyHeight(record) == 0) {
            int only = GroupRecord.keyRoot(record);
            return compare(blocks.at(only), key, keyBytes) == 0 ? only : 0;
        }
        search(record, key, keyBytes);
        return found ? KeyNode.cell(blocks.at(nodes[1]), true, positions[1]) : 0;
    }

    /** A value was copied to the rewrite queue. */
    void moveToRewriteQueue(int handle, long segment) {
        long cell = blocks.at(handle);
        accounting.remove(
                KeyCell.inRewriteQueue(cell), KeyCell.segment(cell), payload(cell), items(cell));
        KeyCell.setPlace(cell, true, segment);
        accounting.add(true, segment, payload(cell), items(cell));
    }

    /** Removes a key, which lies off-heap, and frees its cell; returns whether it was there. */
    boolean remove(long record, long key, int keyBytes) {
        int count = GroupRecord.keyCount(record);
        if (count == 0) {
            return false;
        }
        int height = GroupRecord.keyHeight(record);
        if (height == 0) {
            int only = GroupRecord.keyRoot(record);
            if (compare(blocks.at(only), key, keyBytes) != 0) {
                return false;
            }
            GroupRecord.setKeyRoot(record, 0);
            GroupRecord.setKeyCount(record, 0);
            drop(only);
            return true;
        }
        search(record, key, keyBytes);
        if (!found) {
            return false;
        }
        int cell = KeyNode.cell(blocks.at(nodes[1]), true, positions[1]);
        removeItem(record, height);
        GroupRecord.setKeyCount(record, count - 1);
        drop(cell);
        return true;
    }

    private void removeItem(long record, int height) {
        for (int level = 1; level <= height; level++) {
            boolean leaf = level == 1;
            long node = blocks.at(nodes[level]);
            KeyNode.closeGap(node, leaf, positions[level]);
            if (KeyNode.count(node) > 0) {
                leastChanged(height, level);
                mergeWithNeighbour(level, height, node, leaf);
                break;
            }
            // Empty: the node goes, and with it its item in the parent.
            assert level < height : "the root of a tree has two items at least";
            blocks.free(nodes[level], KeyNode.bytes(node, leaf));
        }
        collapseRoot(record);
    }

    /**
     * Joins a node that is nearly empty with the one to its right or left, if both fit well into
     * one.
     */
    private void mergeWithNeighbour(int level, int height, long node, boolean leaf) {
        if (level == height || KeyNode.count(node) > KeyNode.capacityMax(leaf) / 4) {
            return;
        }
        long parent = blocks.at(nodes[level + 1]);
        int position = positions[level + 1];
        int left = position > 0 ? position - 1 : position;
        if (left + 1 >= KeyNode.count(parent)) {
            return;
        }
        int rightHandle = KeyNode.child(parent, left + 1);
        long target = blocks.at(KeyNode.child(parent, left));
        long source = blocks.at(rightHandle);
        int kept = KeyNode.count(target);
        int moved = KeyNode.count(source);
        if (kept + moved > Math.min(KeyNode.capacity(target), KeyNode.capacityMax(leaf) * 3 / 4)) {
            return;
        }
        KeyNode.move(source, 0, target, kept, moved, leaf);
        KeyNode.setCount(target, kept + moved);
        blocks.free(rightHandle, KeyNode.bytes(source, leaf));
        KeyNode.closeGap(parent, false, left + 1);
        mergeWithNeighbour(level + 1, height, parent, false);
    }

    private void collapseRoot(long record) {
        int height = GroupRecord.keyHeight(record);
        while (height > 0) {
            int handle = GroupRecord.keyRoot(record);
            long root = blocks.at(handle);
            if (KeyNode.count(root) > 1) {
                break;
            }
            boolean leaf = height == 1;
            GroupRecord.setKeyRoot(
                    record, leaf ? KeyNode.cell(root, true, 0) : KeyNode.child(root, 0));
            blocks.free(handle, KeyNode.bytes(root, leaf));
            height--;
        }
        GroupRecord.setKeyHeight(record, height);
    }

    // ---- whole trees ---------------------------------------------------------------------------

    /** Frees all keys of a group. */
    void clear(long record) {
        if (GroupRecord.keyCount(record) > 0) {
            clear(GroupRecord.keyRoot(record), GroupRecord.keyHeight(record));
            forget(record);
        }
    }

    private void clear(int handle, int level) {
        if (level == 0) {
            drop(handle);
            return;
        }
        long node = blocks.at(handle);
        int count = KeyNode.count(node);
        for (int i = 0; i < count; i++) {
            clear(level == 1 ? KeyNode.cell(node, true, i) : KeyNode.child(node, i), level - 1);
        }
        blocks.free(handle, KeyNode.bytes(node, level == 1));
    }

    private static void forget(long record) {
        GroupRecord.setKeyRoot(record, 0);
        GroupRecord.setKeyCount(record, 0);
        GroupRecord.setKeyHeight(record, 0);
    }

    /** Gives a group without keys those of another one, as they are. */
    static void take(long record, long source) {
        assert GroupRecord.keyCount(record) == 0 : "has keys of its own";
        GroupRecord.setKeyRoot(record, GroupRecord.keyRoot(source));
        GroupRecord.setKeyCount(record, GroupRecord.keyCount(source));
        GroupRecord.setKeyHeight(record, GroupRecord.keyHeight(source));
        forget(source);
    }

    /**
     * Applies the cells of {@code source}, puts and deletions, to {@code record}; leaves the source
     * without keys. The cells change their owner, they are not copied; they were counted where they
     * came from. Deletions that have to be carried to the rewrite queue are handed to {@code
     * tombstones}.
     */
    void merge(long record, long source, Tombstones tombstones) {
        if (GroupRecord.keyCount(source) > 0) {
            int root = GroupRecord.keyRoot(source);
            merge(record, root, GroupRecord.keyHeight(source), tombstones);
            forget(source);
        }
    }

    private void merge(long record, int handle, int level, Tombstones tombstones) {
        long node = blocks.at(handle);
        if (level == 0) {
            mergeCell(record, handle, node, tombstones);
            return;
        }
        int count = KeyNode.count(node);
        for (int i = 0; i < count; i++) {
            merge(
                    record,
                    level == 1 ? KeyNode.cell(node, true, i) : KeyNode.child(node, i),
                    level - 1,
                    tombstones);
        }
        blocks.free(handle, KeyNode.bytes(node, level == 1));
    }

    private void mergeCell(long record, int handle, long cell, Tombstones tombstones) {
        if (KeyCell.deleted(cell)) {
            boolean removed = remove(record, KeyCell.key(cell), KeyCell.keyBytes(cell));
            if (removed && removedRewritten() && !KeyCell.inRewriteQueue(cell)) {
                tombstones.deleted(record, handle, Tombstones.RECOVERED);
            } else {
                KeyCell.free(blocks, handle);
            }
        } else {
            link(record, handle, cell);
        }
    }
}
