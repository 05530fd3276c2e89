package io.raftengine.engine.memtable;

import io.raftengine.log.format.ItemReader;

/**
 * Cells of the PUT and DELETE items of accepted batches, in item order, from validation to apply:
 * what needs memory, and what copies a large value, happens before the batch is written and outside
 * the groups' write sections.
 */
final class WaitingCells {
    private final Blocks blocks;
    private int head;
    private int tail;

    WaitingCells(Blocks blocks) {
        this.blocks = blocks;
    }

    /** The last cell waiting, to go back to. */
    int mark() {
        return tail;
    }

    void add(ItemReader item) {
        int handle =
                item.kind() == ItemReader.PUT
                        ? KeyCell.create(blocks, item)
                        : KeyCell.createDeleted(blocks, item);
        KeyCell.setNextWaiting(blocks.at(handle), 0);
        if (tail == 0) {
            head = handle;
        } else {
            KeyCell.setNextWaiting(blocks.at(tail), handle);
        }
        tail = handle;
    }

    /** The next cell, which now is the caller's. */
    int take() {
        int handle = head;
        assert handle != 0 : "an item that was not validated";
        head = KeyCell.nextWaiting(blocks.at(handle));
        if (head == 0) {
            tail = 0;
        }
        return handle;
    }

    /** Frees the cells added after {@code mark}. */
    void dropAfter(int mark) {
        int handle = mark == 0 ? head : KeyCell.nextWaiting(blocks.at(mark));
        while (handle != 0) {
            int next = KeyCell.nextWaiting(blocks.at(handle));
            KeyCell.free(blocks, handle);
            handle = next;
        }
        tail = mark;
        if (mark == 0) {
            head = 0;
        } else {
            KeyCell.setNextWaiting(blocks.at(mark), 0);
        }
    }

    boolean isEmpty() {
        return head == 0;
    }
}
