package io.raftengine.engine.memtable;

import java.util.HashMap;
import java.util.Map;

/**
 * Entries of the rewrite queue behind which the append queue begins with a hole. One merging thread
 * at a time.
 *
 * <p>Such a hole need not be damage: the entries that filled it were overwritten later, so that
 * their segment could be purged, while an entry that came after them is still in the log.
 *
 * <pre>
 *   written            205 206 207 208          then again from 207:  207' 208' 209'
 *   rewrite queue      205 206
 *   append queue               ...  208                               207' 208' 209'
 *                              purged
 * </pre>
 *
 * <p>Whether the two parts meet is known only after the last partition. Until then everything that
 * cuts or compacts the group does so here as well, and what meets the append queue's entries in the
 * end is put before them; what does not is dropped, as the other engine does.
 */
final class RewrittenAside {
    private final Blocks blocks;
    private final EntryIndex entries;

    /** From a group's record to a record that holds nothing but entries. Rare enough for a map. */
    private final Map<Integer, Integer> asides = new HashMap<>();

    RewrittenAside(Blocks blocks, EntryIndex entries) {
        this.blocks = blocks;
        this.entries = entries;
    }

    /** Takes the entries of a group, which are all from the rewrite queue. */
    void put(int group, long record) {
        drop(group);
        int handle = blocks.allocate(GroupRecord.BYTES);
        asides.put(group, handle);
        long aside = blocks.at(handle);
        GroupRecord.initialize(aside, GroupRecord.id(record));
        entries.splice(aside, record);
    }

    void compact(int group, long index) {
        Integer handle = asides.get(group);
        if (handle != null) {
            entries.compact(blocks.at(handle), index);
        }
    }

    /** Drops the entries at or behind {@code index}: they were written again. */
    void cut(int group, long index) {
        Integer handle = asides.get(group);
        if (handle == null) {
            return;
        }
        long aside = blocks.at(handle);
        if (Long.compareUnsigned(index, GroupRecord.first(aside)) <= 0) {
            entries.dropAll(aside);
        } else if (Long.compareUnsigned(index, GroupRecord.end(aside)) < 0) {
            entries.cut(aside, index);
        }
    }

    void drop(int group) {
        Integer handle = asides.remove(group);
        if (handle != null) {
            entries.dropAll(blocks.at(handle));
            blocks.free(handle, GroupRecord.BYTES);
        }
    }

    /** Puts the entries before those of their groups, where they meet. */
    void settle() {
        for (Map.Entry<Integer, Integer> each : asides.entrySet()) {
            long record = blocks.at(each.getKey());
            long aside = blocks.at(each.getValue());
            if (GroupRecord.end(aside) == GroupRecord.first(record)
                    && GroupRecord.hasEntries(aside)
                    && GroupRecord.hasEntries(record)) {
                entries.splice(aside, record);
                entries.splice(record, aside);
            } else {
                entries.dropAll(aside);
            }
            blocks.free(each.getValue(), GroupRecord.BYTES);
        }
        asides.clear();
    }
}
