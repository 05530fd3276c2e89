package io.raftengine.engine.memtable;

import io.raftengine.error.MemoryLimitException;
import io.raftengine.log.format.BatchEncoder;
import io.raftengine.log.format.QueueKind;

/**
 * What purge needs of the index: which groups hold old data, which removals have to be carried to
 * the rewrite queue, which segments hold nothing live any more.
 *
 * <p>For one purger at a time. Methods marked <em>token</em> are called with the write token and
 * take a bounded number of steps; the others need none.
 */
public final class PurgeIndex {
    private final Memtables memtables;

    /** The last place of the list of rewritten groups that a sweep has kept. */
    private int sweptTo;

    /**
     * The purger's view of an index.
     *
     * @param memtables the index
     */
    public PurgeIndex(Memtables memtables) {
        this.memtables = memtables;
    }

    // ---- removals ------------------------------------------------------------------------------

    /**
     * Begins to carry removals to the rewrite queue. Token.
     *
     * @param activeSegment of the append queue; what stands in older ones is carried
     * @return false if there are none
     */
    public boolean beginRemovals(long activeSegment) {
        return memtables.tombstones().begin(activeSegment);
    }

    /**
     * Adds removals to a batch. Token.
     *
     * @param batch an empty batch, or one this method filled in part
     * @param bytesMax the batch is full at this size
     * @param stepsMax how many removals to look at
     * @return false if there are no more
     */
    public boolean writeRemovals(BatchEncoder batch, long bytesMax, int stepsMax) {
        return memtables.tombstones().write(batch, bytesMax, stepsMax);
    }

    /**
     * Forgets the removals that were written; the rewrite queue has them on disk. Token.
     *
     * @param stepsMax how many to forget
     * @return false if there are no more
     */
    public boolean settleRemovals(int stepsMax) {
        return memtables.tombstones().settle(stepsMax);
    }

    /** What was begun did not reach the disk; the next purge carries it. Token. */
    public void abandonRemovals() {
        memtables.tombstones().abandon();
    }

    /**
     * The oldest segment of the append queue that holds a removal which was not carried. Token,
     * after all was settled.
     *
     * @return a segment number up to the active segment of {@link #beginRemovals}
     */
    public long firstNotCarried() {
        return memtables.tombstones().firstNotCarried();
    }

    /**
     * Begins to copy without carrying removals before. Token.
     *
     * @param activeSegment of the append queue
     */
    public void beginCopying(long activeSegment) {
        memtables.tombstones().copyingBegins(activeSegment);
    }

    // ---- groups --------------------------------------------------------------------------------

    /**
     * Takes a list of groups that may have data in old segments of the append queue. Each of them
     * must be listed again or {@linkplain #release released}. Token.
     *
     * @param watermark the newest segment that counts as old
     * @return the first group's handle, 0 if there are no more lists
     */
    public int takeOld(long watermark) {
        return memtables.old().take(watermark);
    }

    /**
     * The next group of the list. To be asked before the group is listed again.
     *
     * @param handle a group's handle
     * @return 0 at the end
     */
    public int nextOld(int handle) {
        return GroupRecord.next(memtables.blocks().at(handle));
    }

    /**
     * First of the list of all groups of which the rewrite queue may hold something.
     *
     * @return a place in that list, 0 at the end
     */
    public int firstRewritten() {
        return memtables.rewritten().first();
    }

    /**
     * The next place in that list.
     *
     * @param place a place
     * @return 0 at the end
     */
    public int nextRewritten(int place) {
        return memtables.rewritten().next(place);
    }

    /**
     * The group at a place of that list.
     *
     * @param place a place
     * @return its handle
     */
    public int groupAt(int place) {
        return memtables.rewritten().group(place);
    }

    /**
     * Looks at a group.
     *
     * @param handle its handle
     * @param out filled with one state of it
     */
    public void look(int handle, GroupLook out) {
        long record = memtables.blocks().at(handle);
        for (int attempt = 0; ; attempt++) {
            int version = GroupRecord.beginRead(record);
            if (!GroupRecord.isBeingWritten(version)) {
                out.handle = handle;
                out.version = version;
                out.groupId = GroupRecord.id(record);
                out.visible = GroupRecord.visible(record);
                out.first = GroupRecord.first(record);
                out.end = GroupRecord.end(record);
                out.rewrittenEnd = GroupRecord.rewrittenEnd(record);
                out.asked = GroupRecord.asked(record);
                out.hasKeys = GroupRecord.keyCount(record) > 0;
                if (GroupRecord.stillValid(record, version)) {
                    return;
                }
            }
            memtables.blocks().wholeness.awaitChange(attempt);
        }
    }

    /**
     * Lists a group that was taken. Token.
     *
     * @param handle its handle
     * @param segment its oldest data is there or in newer segments
     */
    public void list(int handle, long segment) {
        memtables.old().add(handle, memtables.blocks().at(handle), segment);
    }

    /**
     * Lists the rest of a list that was taken, for another time. Token.
     *
     * @param handle the first group of the rest; 0 for none
     */
    public void listAgain(int handle) {
        memtables.old().giveBack(handle);
    }

    /**
     * Lets go of a group that was taken and had no data in the append queue, unless it has some by
     * now. Token.
     *
     * @param handle its handle
     * @param version of the {@link GroupLook} that said so
     * @param segment active segment at that time: what the group has by now is there or in newer
     *     ones
     */
    public void release(int handle, int version, long segment) {
        long record = memtables.blocks().at(handle);
        if (GroupRecord.beginRead(record) != version) {
            memtables.old().add(handle, record, segment);
            return;
        }
        GroupRecord.setListed(record, false);
        memtables.pool().freeIfGone(handle, memtables.table());
    }

    /**
     * Version of a group as a look saw it.
     *
     * @param look the look
     * @return to be handed to {@link #release}
     */
    public static int version(GroupLook look) {
        return look.version;
    }

    /**
     * Handle of the group a look was at.
     *
     * @param look the look
     * @return a handle
     */
    public static int handle(GroupLook look) {
        return look.handle;
    }

    /**
     * Remembers how often the user was asked to compact a group. Token.
     *
     * @param handle its handle
     * @param times 0 to 15
     */
    public void setAsked(int handle, int times) {
        GroupRecord.setAsked(memtables.blocks().at(handle), times);
    }

    /**
     * Makes ready for the rewrite queue to get data of a group. Token.
     *
     * @param groupId the group
     * @return false if it does not exist any more: nothing of it may be written
     * @throws MemoryLimitException no room for what has to be noted of it
     */
    public boolean admit(long groupId) {
        int handle = memtables.table().find(groupId);
        if (handle == 0) {
            return false;
        }
        long record = memtables.blocks().at(handle);
        if (!GroupRecord.visible(record)) {
            return false;
        }
        memtables.rewritten().add(handle, record);
        return true;
    }

    /** Begins a {@link #sweep}. */
    public void beginSweep() {
        sweptTo = 0;
    }

    /**
     * Lets go of groups of which the rewrite queue holds nothing any more: cleaned ones lose their
     * records. Token.
     *
     * @param stepsMax how many groups to look at
     * @return false at the end
     */
    public boolean sweep(int stepsMax) {
        Blocks blocks = memtables.blocks();
        RewrittenGroups groups = memtables.rewritten();
        for (int i = 0; i < stepsMax; i++) {
            int place = sweptTo == 0 ? groups.first() : groups.next(sweptTo);
            if (place == 0) {
                return false;
            }
            int handle = groups.group(place);
            long record = blocks.at(handle);
            if (isNeeded(blocks.at(place), record)) {
                sweptTo = place;
            } else {
                groups.remove(place, sweptTo);
                memtables.pool().freeIfGone(handle, memtables.table());
            }
        }
        return true;
    }

    private static boolean isNeeded(long extension, long record) {
        return GroupExtension.hasRemovals(extension)
                || GroupExtension.has(extension, GroupExtension.PENDING)
                || GroupRecord.rewrittenEntries(record)
                || GroupRecord.rewrittenKeys(record);
    }

    // ---- segments ------------------------------------------------------------------------------

    /**
     * The oldest segment that holds something live. Token.
     *
     * @param queue the queue
     * @param first its first segment
     * @param active its active segment
     * @return a number from first to active
     */
    public long firstLive(QueueKind queue, long first, long active) {
        return memtables.accounting().firstLive(queue, first, active);
    }

    /**
     * Forgets the counts of segments that were dropped. Token.
     *
     * @param queue the queue
     * @param first its first segment now
     */
    public void forgetBelow(QueueKind queue, long first) {
        memtables.accounting().dropBelow(queue, first);
    }

    /**
     * First segment of the rewrite queue that the group's last atomic group keeps: its begin must
     * stay while anything of the group lies at or before its end.
     *
     * @param place a place in the list of rewritten groups
     * @return {@link Long#MAX_VALUE} if it does not span segments
     */
    public long spanFirst(int place) {
        long extension = memtables.blocks().at(place);
        return GroupExtension.hasSpan(extension)
                ? GroupExtension.spanFirst(extension)
                : Long.MAX_VALUE;
    }

    /**
     * Last segment of that atomic group.
     *
     * @param place a place in the list of rewritten groups
     * @return a segment number
     */
    public long spanLast(int place) {
        return GroupExtension.spanLast(memtables.blocks().at(place));
    }

    /**
     * Forgets an atomic group of which nothing is left. Token.
     *
     * @param place a place in the list of rewritten groups
     */
    public void forgetSpan(int place) {
        GroupExtension.setSpan(memtables.blocks().at(place), 0, 0);
    }
}
