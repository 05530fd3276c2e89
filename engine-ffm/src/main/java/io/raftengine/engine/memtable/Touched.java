package io.raftengine.engine.memtable;

/**
 * The groups that the batch being applied has changed. They stay taken until all are changed and
 * are let go together, so a reader sees the batch whole or not at all (I7): whoever sees the new
 * state of one group waits at the others.
 */
final class Touched {
    private final Blocks blocks;
    private int head;

    Touched(Blocks blocks) {
        this.blocks = blocks;
    }

    void take(int handle, long record) {
        if (!GroupRecord.isTaken(record)) {
            GroupRecord.beginWrite(record);
            GroupRecord.setLink(record, head);
            head = handle;
        }
    }

    void releaseAll() {
        int handle = head;
        head = 0;
        while (handle != 0) {
            long record = blocks.at(handle);
            handle = GroupRecord.link(record);
            GroupRecord.setLink(
                    record, 0); // or the next validation would take it for a slot number
            GroupRecord.endWrite(record);
        }
    }
}
