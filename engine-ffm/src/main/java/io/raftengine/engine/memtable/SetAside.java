package io.raftengine.engine.memtable;

/**
 * Rewritten entries that the append queue seems to leave behind a hole, kept until it is known.
 *
 * <p>What survives of an append queue after a purge may begin with entries that were overwritten
 * later, further down: {@code 35 | 29, 30 | ...} behind rewritten entries 1 to 28. Seen at 35,
 * entries 1 to 28 look lost; at 29 they turn out to be the beginning of the group. So they are set
 * aside at the hole, share the fate of compactions meanwhile, and return when an append reaches
 * them. If none does, the hole was real: whatever filled it was compacted away, and they are
 * dropped.
 *
 * <p>One instance per merging thread. The record of a group points to what is set aside for it by
 * its link, which is free during a merge; the records set aside form a list through theirs, and
 * each knows its group's record.
 */
final class SetAside {
    private final Blocks blocks;
    private final EntryIndex entries;
    private int head;

    SetAside(Blocks blocks, EntryIndex entries) {
        this.blocks = blocks;
        this.entries = entries;
    }

    /** Moves all entries of a group aside; it has entries, and none is set aside for it. */
    void detach(long record, int handle) {
        assert GroupRecord.link(record) == 0 : "two parts of a group are set aside";
        int asideHandle = blocks.allocate(GroupRecord.BYTES);
        long aside = blocks.at(asideHandle);
        GroupRecord.initialize(aside, GroupRecord.id(record));
        entries.splice(aside, record);
        GroupRecord.setLink(aside, head);
        GroupRecord.setExtension(aside, handle);
        GroupRecord.setLink(record, asideHandle);
        head = asideHandle;
    }

    /**
     * An append at {@code index} found the group empty: what was set aside returns if the append
     * reaches it.
     */
    void reach(long record, long index) {
        int handle = GroupRecord.link(record);
        if (handle == 0) {
            return;
        }
        long aside = blocks.at(handle);
        if (!GroupRecord.hasEntries(aside)
                || Long.compareUnsigned(index, GroupRecord.end(aside)) > 0) {
            return;
        }
        if (Long.compareUnsigned(index, GroupRecord.first(aside)) <= 0) {
            entries.dropAll(aside);
            return;
        }
        if (index != GroupRecord.end(aside)) {
            entries.cut(aside, index);
        }
        entries.splice(record, aside);
    }

    /** Entries below an index are gone, also of what is set aside. */
    void compact(long record, long index) {
        int handle = GroupRecord.link(record);
        if (handle != 0 && GroupRecord.hasEntries(blocks.at(handle))) {
            entries.compact(blocks.at(handle), index);
        }
    }

    /** Nothing of the group's past is left. */
    void drop(long record) {
        int handle = GroupRecord.link(record);
        if (handle != 0) {
            entries.dropAll(blocks.at(handle));
        }
    }

    /**
     * All partitions are joined: what is still set aside is behind a real hole. Leaves no link in
     * any record.
     */
    void settle() {
        while (head != 0) {
            int handle = head;
            long aside = blocks.at(handle);
            head = GroupRecord.link(aside);
            GroupRecord.setLink(blocks.at(GroupRecord.extension(aside)), 0);
            entries.dropAll(aside);
            blocks.free(handle, GroupRecord.BYTES);
        }
    }
}
