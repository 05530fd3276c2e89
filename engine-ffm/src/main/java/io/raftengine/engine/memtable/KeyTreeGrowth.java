package io.raftengine.engine.memtable;

/**
 * How many nodes a key tree can gain by a number of puts, whichever keys they are of, and whatever
 * is deleted or cleaned in between: the memory that has to be there before they are written.
 *
 * <p>A put splits one leaf at most, and a node that is split passes one new item on to the level
 * above. What bounds the splits of a level further:
 *
 * <ul>
 *   <li>the halves of a split have room for a 16th of a node's items at least, as has what two
 *       nodes are joined to. So a node splits at the first item only if it was nearly full before,
 *       and once; each other split takes so many items of its own;
 *   <li>of nodes that were nearly full there are no more than there were nodes in the level, nor
 *       than the keys could fill, with one key below each item.
 * </ul>
 *
 * <p>A level that the tree gains is one more node, its root. So is a larger one in the place of a
 * root that is smaller than a spare. Nodes that go give their memory to those that come (see {@link
 * Blocks#stock}), so only the most that there are at a time count.
 */
final class KeyTreeGrowth {
    /** Items that a leaf or an inner node has room for after it was split or joined, and one. */
    private static final int LEAF_ITEMS = KeyNode.LEAF_CAPACITY_MAX / 16 + 1;

    private static final int INNER_ITEMS = KeyNode.INNER_CAPACITY_MAX / 16 + 1;

    private KeyTreeGrowth() {}

    /**
     * The most nodes that a group's tree, as it is now, can have more at any time during {@code
     * puts} puts.
     */
    static int nodes(Blocks blocks, long record, int puts) {
        long keys = GroupRecord.keyCount(record);
        if (keys + puts < 2) {
            return 0; // the only key needs no node
        }
        int height = GroupRecord.keyHeight(record);
        if (height == 0) {
            return 1 + splits(0, 0, keys, puts);
        }
        long root = blocks.at(GroupRecord.keyRoot(record));
        int larger = KeyNode.bytes(root, height == 1) < Blocks.SPARE_BYTES ? 1 : 0;
        return larger + splits(height, KeyNode.count(root), keys, puts);
    }

    /** Nodes that come from splits, on all levels, and the roots above them. */
    private static int splits(int height, int rootItems, long keys, int puts) {
        long nodes = 0;
        long splits = puts;
        for (int level = 1; splits > 0; level++) {
            int items = level == 1 ? LEAF_ITEMS : INNER_ITEMS;
            long filled = keys / (KeyNode.capacityMax(level == 1) - items + 1);
            long nearlyFull = Math.min(filled, nodesNow(level, height, rootItems));
            splits = Math.min(splits, nearlyFull + splits / items);
            nodes += splits;
            if (level >= height && splits > 0) {
                nodes++;
            }
        }
        return (int) nodes;
    }

    /** Nodes of a level as far as it can be said without looking into the tree. */
    private static long nodesNow(int level, int height, int rootItems) {
        if (level > height) {
            return 0;
        }
        if (level == height) {
            return 1;
        }
        return level == height - 1 ? rootItems : Long.MAX_VALUE;
    }
}
