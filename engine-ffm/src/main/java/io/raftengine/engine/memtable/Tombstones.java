package io.raftengine.engine.memtable;

import io.raftengine.log.format.BatchEncoder;

/**
 * Removals that the rewrite queue has yet to hear of (D13).
 *
 * <p>A CLEAN, COMPACT or DELETE stands in the append queue, and what it removed may stand in the
 * rewrite queue, too. Once the segment with the removal is dropped, replay would bring the removed
 * back. So the removal is carried to the rewrite queue before: every purge first writes what is
 * noted here, then the data of that purge, so that in the rewrite queue, too, removals come before
 * what was written after them.
 *
 * <p>Nothing is noted of a group of which the rewrite queue holds nothing. For the others:
 *
 * <ul>
 *   <li>what is carried of compactions is where they left the group, not what they said: its first
 *       index, or 2^64-1 if nothing was left. Entries that were overwritten in the append queue and
 *       then compacted would survive in the rewrite queue otherwise;
 *   <li>only what stands in a sealed segment is carried, for only that is surely on disk: after a
 *       power cut a removal must not have survived what was written before it. Hence a second,
 *       older compaction is kept for groups that are compacted all the time;
 *   <li>a later put, append or CLEAN does not make a removal superfluous before it is as durable;
 *       writing one too many is harmless, so all are written;
 *   <li>of what was removed while purge copied it, the segment of the removal is not known. It is
 *       carried when the segment that was active at the end is sealed, and until then everything
 *       that was active since the copying began has to be kept.
 * </ul>
 *
 * <p>Removals are written by {@link #begin}, {@link #write} until it returns false, and when the
 * rewrite queue has them on disk {@link #settle} until it returns false. All methods are the write
 * token's holder's.
 */
final class Tombstones {
    /** Segment of removals that recovery found: all of them are on disk. */
    static final long RECOVERED = 0;

    private static final long NOTHING_LEFT = -1L;

    private final Blocks blocks;
    private int pending;

    // What is being carried: a list of its own, walked twice.
    private int carried;
    private long sealedBelow;
    private int cursor;
    private int cellCursor;
    private boolean cellsBegun;
    private int garbage;

    // Removals found out when the copy was there, and those that need more than themselves in
    // replay: segments that stay until all up to the last of them are carried.
    private long copyingSince;
    private final KeptSegments keptSegments = new KeptSegments();

    Tombstones(Blocks blocks) {
        this.blocks = blocks;
    }

    // ---- notes ---------------------------------------------------------------------------------

    /** Entries were compacted away, or something else made the first index go up. */
    void compacted(long record, long segment) {
        long extension = blocks.at(GroupRecord.extension(record));
        long index = GroupRecord.hasEntries(record) ? GroupRecord.first(record) : NOTHING_LEFT;
        if (GroupExtension.has(extension, GroupExtension.HAS_COMPACT)
                && GroupExtension.compactSegment(extension) != segment) {
            GroupExtension.sealCompact(extension);
        }
        GroupExtension.setCompact(extension, segment, index);
        note(record, extension);
    }

    /** The group was cleaned; nothing that happens to it from now on concerns the rewrite queue. */
    void cleaned(long record, long segment) {
        long extension = blocks.at(GroupRecord.extension(record));
        GroupExtension.setClean(extension, segment);
        GroupRecord.setRewrittenEntries(record, false);
        GroupRecord.setRewrittenKeys(record, false);
        note(record, extension);
    }

    /** A key was deleted; the deletion's cell is this object's from now on. */
    void deleted(long record, int handle, long segment) {
        long extension = blocks.at(GroupRecord.extension(record));
        long cell = blocks.at(handle);
        KeyCell.setDeletedIn(cell, segment);
        KeyCell.setNextWaiting(cell, GroupExtension.deletions(extension));
        GroupExtension.setDeletions(extension, handle);
        note(record, extension);
    }

    /**
     * What is noted next was removed while it was copied.
     *
     * @param activeSegment of the append queue now, which the note is to name
     */
    void late(long activeSegment) {
        keptSegments.keep(copyingSince, activeSegment);
    }

    /**
     * Keeps older segments until a compaction is carried. It left nothing of a group, and before it
     * entries of the append queue had cut off what the rewrite queue has of the group. Without them
     * replay would compact the whole of that by an index that is less than its end, and show the
     * rest of it.
     *
     * @param from the segment of those entries
     * @param to the segment of the compaction
     */
    void keep(long from, long to) {
        keptSegments.keep(from, to);
    }

    private void note(long record, long extension) {
        if (!GroupExtension.has(extension, GroupExtension.PENDING)) {
            GroupExtension.set(extension, GroupExtension.PENDING);
            GroupExtension.setNextPending(extension, pending);
            pending = GroupRecord.extension(record);
        }
    }

    boolean isEmpty() {
        return pending == 0;
    }

    /** Takes over the notes that another thread made; its list is empty afterwards. */
    void addAll(Tombstones others) {
        while (others.pending != 0) {
            int handle = others.pending;
            long extension = blocks.at(handle);
            others.pending = GroupExtension.nextPending(extension);
            GroupExtension.setNextPending(extension, pending);
            pending = handle;
        }
    }

    // ---- carry ---------------------------------------------------------------------------------

    /**
     * Begins to carry.
     *
     * @param activeSegment of the append queue: what stands in older ones is on disk
     * @return false if there is nothing
     */
    boolean begin(long activeSegment) {
        if (carried != 0 || garbage != 0) {
            // The last purge died where nothing may fail, the heap being exhausted: what it did not
            // settle is carried once more, and harmless.
            abandon();
            freeGarbage();
        }
        sealedBelow = activeSegment;
        keptSegments.carrying(activeSegment);
        copyingBegins(activeSegment);
        carried = pending;
        pending = 0;
        rewind();
        return carried != 0;
    }

    /** Removals that matter to what is copied from now on are in the active segment or newer. */
    void copyingBegins(long activeSegment) {
        copyingSince = activeSegment;
    }

    /** The oldest segment with a removal that was not carried with those of {@link #begin}. */
    long firstNotCarried() {
        return keptSegments.first(sealedBelow);
    }

    private void rewind() {
        cursor = carried;
        cellsBegun = false;
    }

    /**
     * Adds removals to a batch.
     *
     * @param bytesMax the batch is full at this size
     * @param stepsMax how many removals to look at
     * @return false if there are no more
     */
    boolean write(BatchEncoder batch, long bytesMax, int stepsMax) {
        for (int i = 0; i < stepsMax && cursor != 0; i++) {
            if (batch.approximateBytes() >= bytesMax) {
                return true;
            }
            long extension = blocks.at(cursor);
            long group = GroupRecord.id(blocks.at(GroupExtension.record(extension)));
            if (!cellsBegun) {
                cellsBegun = true;
                cellCursor = 0;
                if (isSealed(extension, GroupExtension.HAS_CLEAN)) {
                    batch.clean(group); // and with that, everything older
                } else {
                    writeCompaction(batch, extension, group);
                    cellCursor = firstSealed(extension);
                }
            } else if (cellCursor != 0) {
                long cell = blocks.at(cellCursor);
                batch.delete(group, KeyCell.key(cell), KeyCell.keyBytes(cell));
                cellCursor = KeyCell.nextWaiting(cell);
            }
            if (cellCursor == 0) {
                cursor = GroupExtension.nextPending(extension);
                cellsBegun = false;
            }
        }
        return cursor != 0;
    }

    private void writeCompaction(BatchEncoder batch, long extension, long group) {
        if (isSealed(extension, GroupExtension.HAS_COMPACT)) {
            batch.compact(group, GroupExtension.compactIndex(extension));
        } else if (GroupExtension.has(extension, GroupExtension.HAS_SEALED)) {
            batch.compact(group, GroupExtension.sealedIndex(extension));
        }
    }

    private boolean isSealed(long extension, int flag) {
        if (!GroupExtension.has(extension, flag)) {
            return false;
        }
        long segment =
                flag == GroupExtension.HAS_CLEAN
                        ? GroupExtension.cleanSegment(extension)
                        : GroupExtension.compactSegment(extension);
        return segment < sealedBelow;
    }

    /** The newest deletion that is carried; all behind it in the list are older. */
    private int firstSealed(long extension) {
        int handle = GroupExtension.deletions(extension);
        while (handle != 0 && KeyCell.deletedIn(blocks.at(handle)) >= sealedBelow) {
            handle = KeyCell.nextWaiting(blocks.at(handle));
        }
        return handle;
    }

    /** What was written did not reach the disk: all of it is pending again. */
    void abandon() {
        keptSegments.abandoned();
        while (carried != 0) {
            int handle = carried;
            long extension = blocks.at(handle);
            carried = GroupExtension.nextPending(extension);
            GroupExtension.setNextPending(extension, pending);
            pending = handle;
        }
    }

    /**
     * Forgets what was carried; the rewrite queue has it on disk.
     *
     * @param stepsMax how many removals to forget
     * @return false if there are no more
     */
    boolean settle(int stepsMax) {
        for (int i = 0; i < stepsMax; i++) {
            if (garbage != 0) {
                int next = KeyCell.nextWaiting(blocks.at(garbage));
                KeyCell.free(blocks, garbage);
                garbage = next;
            } else if (carried != 0) {
                int handle = carried;
                long extension = blocks.at(handle);
                carried = GroupExtension.nextPending(extension);
                settle(handle, extension);
            } else {
                break;
            }
        }
        boolean more = garbage != 0 || carried != 0;
        if (!more) {
            keptSegments.carried();
        }
        return more;
    }

    private void settle(int handle, long extension) {
        if (isSealed(extension, GroupExtension.HAS_CLEAN)) {
            GroupExtension.unset(extension, GroupExtension.HAS_CLEAN);
        } else if (isSealed(extension, GroupExtension.HAS_COMPACT)) {
            entriesGone(extension);
        }
        if (GroupExtension.sealedSegment(extension) < sealedBelow) {
            GroupExtension.unset(extension, GroupExtension.HAS_SEALED);
        }
        if (isSealed(extension, GroupExtension.HAS_COMPACT)) {
            GroupExtension.unset(extension, GroupExtension.HAS_COMPACT);
        }
        detachSealed(extension);
        if (GroupExtension.hasRemovals(extension)) {
            GroupExtension.setNextPending(extension, pending);
            pending = handle;
        } else {
            GroupExtension.unset(extension, GroupExtension.PENDING);
        }
    }

    /**
     * If the compaction reached beyond everything the rewrite queue ever got of the group, further
     * ones need not be carried until it gets more.
     */
    private void entriesGone(long extension) {
        long record = blocks.at(GroupExtension.record(extension));
        long index = GroupExtension.compactIndex(extension);
        if (Long.compareUnsigned(index, GroupExtension.rewriteEnd(extension)) >= 0
                && GroupRecord.rewrittenEnd(record) == GroupRecord.first(record)) {
            GroupRecord.setRewrittenEntries(record, false);
        }
    }

    private void detachSealed(long extension) {
        int first = firstSealed(extension);
        if (first == 0) {
            return;
        }
        int newer = GroupExtension.deletions(extension);
        if (newer == first) {
            GroupExtension.setDeletions(extension, 0);
        } else {
            while (KeyCell.nextWaiting(blocks.at(newer)) != first) {
                newer = KeyCell.nextWaiting(blocks.at(newer));
            }
            KeyCell.setNextWaiting(blocks.at(newer), 0);
        }
        assert garbage == 0 : "one group after the other";
        garbage = first;
    }

    private void freeGarbage() {
        while (garbage != 0) {
            int next = KeyCell.nextWaiting(blocks.at(garbage));
            KeyCell.free(blocks, garbage);
            garbage = next;
        }
    }

    /** Frees the deletions of a group whose memory is given back. */
    static void free(Blocks blocks, long extension) {
        int handle = GroupExtension.deletions(extension);
        while (handle != 0) {
            int next = KeyCell.nextWaiting(blocks.at(handle));
            KeyCell.free(blocks, handle);
            handle = next;
        }
        GroupExtension.setDeletions(extension, 0);
    }
}
