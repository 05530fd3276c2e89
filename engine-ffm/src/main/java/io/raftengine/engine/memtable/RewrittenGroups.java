package io.raftengine.engine.memtable;

/**
 * The groups of which the rewrite queue may hold something: each has a {@link GroupExtension}, and
 * this is the list of them. It is linked through the extensions, so it costs nothing but its head.
 *
 * <p>A <em>place</em> in the list is the handle of an extension, 0 its end. Once recovery is over
 * only purge changes the list, with the write token; so it may walk it without. What it adds on the
 * way is in front of where it is.
 */
final class RewrittenGroups {
    private final Blocks blocks;
    private int first;

    RewrittenGroups(Blocks blocks) {
        this.blocks = blocks;
    }

    /** The first place. */
    int first() {
        return first;
    }

    /** The place behind another. */
    int next(int place) {
        return GroupExtension.nextOther(blocks.at(place));
    }

    /** Handle of the group's record. */
    int group(int place) {
        return GroupExtension.record(blocks.at(place));
    }

    /**
     * Adds a group, unless it is in the list.
     *
     * @param handle of the group's record
     * @throws io.raftengine.error.MemoryLimitException no room for an extension; nothing changed
     */
    void add(int handle, long record) {
        if (GroupRecord.extension(record) == 0) {
            int place = blocks.allocate(GroupExtension.BYTES);
            GroupExtension.initialize(blocks.at(place), handle);
            GroupRecord.setExtension(record, place);
            list(place);
        }
    }

    /** Adds a group whose extension replay has made. */
    void list(int place) {
        GroupExtension.setNextOther(blocks.at(place), first);
        first = place;
    }

    /**
     * Takes a group out and frees its extension.
     *
     * @param before the place before it, 0 if it is the first one
     */
    void remove(int place, int before) {
        int next = next(place);
        if (before == 0) {
            assert first == place : "not the first of the list";
            first = next;
        } else {
            assert next(before) == place : "not neighbours in the list";
            GroupExtension.setNextOther(blocks.at(before), next);
        }
        free(place);
    }

    /** Frees an extension that is in no list. */
    void free(int place) {
        GroupRecord.setExtension(blocks.at(group(place)), 0);
        blocks.free(place, GroupExtension.BYTES);
    }
}
