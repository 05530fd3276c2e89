package io.raftengine.engine.memtable;

import io.raftengine.allocator.Memory;

/**
 * A node of a group's key tree; the only class that knows its layout.
 *
 * <pre>
 *   leaf, 16 .. 1,024 bytes                            inner node, 64 .. 1,024 bytes
 *   byte  0        2          4                        byte  0        2          4     8
 *         +--------+----------+--------+--------+--          +--------+----------+-----+-------+----------+--
 *         | count  | capacity | cell   | cell   | ...        | count  | capacity |  0  | child | its least| ...
 *         +--------+----------+--------+--------+--          +--------+----------+-----+-------+----------+--
 *   cells are u32 handles in the order of their keys; an inner node has for each child the cell of its least key
 * </pre>
 */
final class KeyNode {
    static final int BYTES_MAX = 1024;
    static final int LEAF_CAPACITY_MAX = (BYTES_MAX - 4) / 4;
    static final int INNER_CAPACITY_MAX = (BYTES_MAX - 8) / 8;

    private static final int COUNT = 0;
    private static final int CAPACITY = 2;
    private static final int CELLS = 4;
    private static final int PAIRS = 8;

    private KeyNode() {}

    static int leafBytes(int capacity) {
        return CELLS + 4 * capacity;
    }

    static int innerBytes(int capacity) {
        return PAIRS + 8 * capacity;
    }

    static int bytes(long node, boolean leaf) {
        return leaf ? leafBytes(capacity(node)) : innerBytes(capacity(node));
    }

    static int capacityMax(boolean leaf) {
        return leaf ? LEAF_CAPACITY_MAX : INNER_CAPACITY_MAX;
    }

    /** A new empty node in a block of {@code bytes}. */
    static void initialize(long node, boolean leaf, int bytes) {
        Memory.putShort(node + COUNT, (short) 0);
        Memory.putShort(
                node + CAPACITY, (short) (leaf ? (bytes - CELLS) / 4 : (bytes - PAIRS) / 8));
    }

    static int count(long node) {
        return Memory.getShortRacy(node + COUNT) & 0xffff;
    }

    static void setCount(long node, int count) {
        Memory.putShort(node + COUNT, (short) count);
    }

    static int capacity(long node) {
        return Memory.getShortRacy(node + CAPACITY) & 0xffff;
    }

    /**
     * Cell at a position: of a leaf the cell itself, of an inner node the least cell of the child.
     */
    static int cell(long node, boolean leaf, int position) {
        return Memory.getIntRacy(
                leaf ? node + CELLS + 4L * position : node + PAIRS + 8L * position + 4);
    }

    static void setCell(long node, boolean leaf, int position, int handle) {
        Memory.putInt(
                leaf ? node + CELLS + 4L * position : node + PAIRS + 8L * position + 4, handle);
    }

    static int child(long node, int position) {
        return Memory.getIntRacy(node + PAIRS + 8L * position);
    }

    static void setChild(long node, int position, int child, int least) {
        Memory.putInt(node + PAIRS + 8L * position, child);
        Memory.putInt(node + PAIRS + 8L * position + 4, least);
    }

    private static long item(long node, boolean leaf, int position) {
        return leaf ? node + CELLS + 4L * position : node + PAIRS + 8L * position;
    }

    /** Copies items; within one node also over each other. */
    static void move(long source, int from, long target, int to, int count, boolean leaf) {
        Memory.copy(item(source, leaf, from), item(target, leaf, to), (leaf ? 4L : 8L) * count);
    }

    /** Makes a hole of one item at {@code position} and counts it. */
    static void openGap(long node, boolean leaf, int position) {
        int count = count(node);
        move(node, position, node, position + 1, count - position, leaf);
        setCount(node, count + 1);
    }

    static void closeGap(long node, boolean leaf, int position) {
        int count = count(node);
        move(node, position + 1, node, position, count - position - 1, leaf);
        setCount(node, count - 1);
    }
}
