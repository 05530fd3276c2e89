package io.raftengine.engine.memtable;

import io.raftengine.error.MemoryLimitException;
import io.raftengine.log.format.ItemReader;
import io.raftengine.log.format.QueueKind;
import org.agrona.collections.LongArrayList;

/**
 * Entries and keys that purge has copied to the rewrite queue, on their way into the index.
 *
 * <p>The purger {@linkplain #add adds} what it has written, which builds the new part of each group
 * beside the index, without the write token. {@link #apply} then puts the parts in the place of the
 * old ones, a few groups at a time, with the token.
 *
 * <p>Meanwhile a group may have changed: overwritten, compacted or cleaned. What was copied in vain
 * then is not put in place, but the rewrite queue holds it, so removals are noted in {@link
 * Tombstones} that keep it from coming back. Every group must have been {@linkplain
 * PurgeIndex#admit admitted} before.
 *
 * <p>Where a group was compacted while it was copied, its copy has a gap, and what lies before the
 * gap has died: replay drops it. The entries behind the gap are a part of their own.
 *
 * <p>Parts are records of no group: the link is the last of its keys, the extension the first, next
 * the next part.
 */
public final class Relocation implements AutoCloseable {
    /** Keys put in place with one hold of the write token. */
    private static final int KEYS_STEP = 256;

    /** And entries, unless a single part has more. */
    private static final int ENTRIES_STEP = 4096;

    private final Memtables memtables;
    private final Blocks blocks;
    private final SegmentAccounting counted = new SegmentAccounting(true);
    private final EntryIndex own;

    private int keysLeft;
    private long entries;
    private int head;
    private int tail;

    // Where the last batch, and the last atomic group, began, to go back to.
    private final Mark batch = new Mark();
    private final Mark atomic = new Mark();

    /** Parts of atomic groups, in their order: handle, first segment, last segment. */
    private final LongArrayList spans = new LongArrayList();

    /** Place in that list of the next part to be put in place that is of an atomic group. */
    private int nextSpan;

    // Of the part being put in place.
    private long spanFirst;
    private long spanLast;
    private MemoryLimitException overLimit;

    /**
     * An empty one.
     *
     * @param memtables the index
     */
    public Relocation(Memtables memtables) {
        this.memtables = memtables;
        blocks = new Blocks(memtables.arena());
        own = new EntryIndex(blocks, counted);
    }

    // ---- build ---------------------------------------------------------------------------------

    /**
     * Adds what a batch in the rewrite queue holds. Items of a group are neighbours. Without the
     * write token, by one thread.
     *
     * @param segment the segment it was written to
     * @param blockOffset where its entries block starts there
     * @param blockBytes length of that block with its checksum, 0 if there is none
     * @param compressed whether the block is LZ4
     * @param items the batch's items, not yet advanced
     * @throws MemoryLimitException part of it was added; discard all
     */
    public void add(
            long segment, long blockOffset, int blockBytes, boolean compressed, ItemReader items) {
        while (items.next()) {
            switch (items.kind()) {
                case ItemReader.ENTRIES:
                    long part = partOf(items.groupId());
                    if (GroupRecord.hasEntries(part)
                            && items.firstIndex() != GroupRecord.end(part)) {
                        part = newPart(items.groupId());
                    }
                    own.append(part, true, segment, blockOffset, blockBytes, compressed, items);
                    entries += items.count();
                    break;
                case ItemReader.PUT:
                    if (!items.isInternalKey()) {
                        addKey(partOf(items.groupId()), items, segment);
                    }
                    break;
                default:
                    throw new AssertionError("purge copies entries and keys only");
            }
        }
    }

    /** A state to go back to. */
    private final class Mark {
        private int last;
        private long end;
        private boolean hasEntries;
        private int key;
        private long count;

        void set() {
            last = tail;
            count = entries;
            if (tail != 0) {
                long part = blocks.at(tail);
                hasEntries = GroupRecord.hasEntries(part);
                end = GroupRecord.end(part);
                key = GroupRecord.extension(part);
            }
        }

        void goBack() {
            entries = count;
            if (last == 0) {
                discardParts();
                return;
            }
            long part = blocks.at(last);
            int further = GroupRecord.next(part);
            GroupRecord.setNext(part, 0);
            tail = last;
            while (further != 0) {
                int next = GroupRecord.next(blocks.at(further));
                freePart(further);
                further = next;
            }
            int cell = GroupRecord.extension(part);
            while (cell != key) {
                int next = KeyCell.nextWaiting(blocks.at(cell));
                KeyCell.free(blocks, cell);
                cell = next;
            }
            GroupRecord.setExtension(part, key);
            if (!hasEntries) {
                own.dropAll(part);
            } else {
                own.cut(part, end);
            }
        }
    }

    /** Remembers what was added so far. */
    public void save() {
        batch.set();
    }

    /** Forgets what was added since {@link #save}: it was not written after all. */
    public void rollBack() {
        counted.beginUndo();
        try {
            batch.goBack();
        } finally {
            counted.endUndo();
        }
    }

    /** What is added from here on is an atomic group of batches that has no part yet. */
    public void beginAtomic() {
        atomic.set();
    }

    /** Forgets what was added since {@link #beginAtomic}: without its end, replay ignores it. */
    public void abandonAtomic() {
        atomic.goBack();
    }

    /**
     * Notes that what was added since {@link #beginAtomic} is complete.
     *
     * @param firstSegment segment of its begin
     * @param lastSegment segment of its end
     */
    public void endAtomic(long firstSegment, long lastSegment) {
        int part = atomic.last == 0 ? head : GroupRecord.next(blocks.at(atomic.last));
        while (part != 0 && firstSegment != lastSegment) {
            spans.addLong(part);
            spans.addLong(firstSegment);
            spans.addLong(lastSegment);
            part = GroupRecord.next(blocks.at(part));
        }
    }

    private long partOf(long group) {
        if (tail != 0 && GroupRecord.id(blocks.at(tail)) == group) {
            return blocks.at(tail);
        }
        return newPart(group);
    }

    private long newPart(long group) {
        int handle = blocks.allocate(GroupRecord.BYTES);
        GroupRecord.initialize(blocks.at(handle), group);
        if (tail == 0) {
            head = handle;
        } else {
            GroupRecord.setNext(blocks.at(tail), handle);
        }
        tail = handle;
        return blocks.at(handle);
    }

    /** The key as a deletion, for that is what it becomes if the key is gone by now. */
    private void addKey(long part, ItemReader items, long segment) {
        int handle = KeyCell.createDeleted(blocks, items);
        KeyCell.setDeletedIn(blocks.at(handle), segment);
        KeyCell.setNextWaiting(blocks.at(handle), GroupRecord.extension(part));
        GroupRecord.setExtension(part, handle);
    }

    /**
     * Whether there is nothing to apply.
     *
     * @return true if all is applied or discarded
     */
    public boolean isEmpty() {
        return head == 0;
    }

    /**
     * How many entries were added and not put in place yet, which is what applying them costs.
     *
     * @return a count
     */
    public long entries() {
        return entries;
    }

    // ---- apply ---------------------------------------------------------------------------------

    /**
     * Puts parts in place. With the write token.
     *
     * @param from where the data was copied from
     * @param gate data of newer segments than this was not copied; for the append queue
     * @param activeSegment of the append queue
     * @param groupsMax how many groups to do
     * @return false if all are done; many entries or keys take several steps
     * @throws MemoryLimitException all are done, but some were left where they were: the rewrite
     *     queue holds a copy that nobody needs
     */
    public boolean apply(QueueKind from, long gate, long activeSegment, int groupsMax) {
        keysLeft = KEYS_STEP;
        long entriesLeft = ENTRIES_STEP;
        try {
            for (int i = 0; i < groupsMax && keysLeft > 0 && entriesLeft > 0 && head != 0; i++) {
                long part = blocks.at(head);
                entriesLeft -= GroupRecord.end(part) - GroupRecord.first(part);
                findSpan();
                applyPart(part, from == QueueKind.REWRITE, gate, activeSegment);
                if (keysLeft == 0 && GroupRecord.extension(part) != 0) {
                    own.dropAll(part); // its entries are in place, or not needed any more
                } else {
                    dropHead();
                }
            }
        } finally {
            memtables.accounting().addAll(counted);
            counted.clear();
        }
        if (head == 0) {
            finish();
        }
        return head != 0;
    }

    /** Whether the first part is of an atomic group, and where that lies. */
    private void findSpan() {
        spanFirst = 0;
        spanLast = 0;
        if (nextSpan < spans.size() && spans.getLong(nextSpan) == head) {
            spanFirst = spans.getLong(nextSpan + 1);
            spanLast = spans.getLong(nextSpan + 2);
        }
    }

    private void finish() {
        forgetMarks();
        MemoryLimitException failure = overLimit;
        overLimit = null;
        if (failure != null) {
            throw failure;
        }
    }

    private void applyPart(long part, boolean squeeze, long gate, long activeSegment) {
        int handle = memtables.table().find(GroupRecord.id(part));
        assert handle != 0 : "a group that was not admitted";
        long record = memtables.blocks().at(handle);
        memtables.rightOfWay().letReaderPass();
        Wholeness wholeness = memtables.blocks().wholeness;
        boolean whole = false;
        try {
            GroupRecord.beginWrite(record);
            if (GroupRecord.visible(record)) {
                applyEntries(part, record, squeeze, gate, activeSegment);
                applyKeys(part, record, squeeze, gate, activeSegment);
                if (spanFirst != spanLast) {
                    applySpan(record);
                }
            } else {
                memtables.tombstones().late(activeSegment);
                memtables.tombstones().cleaned(record, activeSegment);
            }
            GroupRecord.endWrite(record);
            whole = true;
        } finally {
            if (!whole) {
                wholeness.lost = true;
            }
        }
    }

    /** Where entries were left in place, the atomic group that they are of must be kept, too. */
    private void applySpan(long record) {
        long extension = memtables.blocks().at(GroupRecord.extension(record));
        boolean both = GroupExtension.hasSpan(extension) && leftInPlace(record);
        long first = both ? GroupExtension.spanFirst(extension) : spanFirst;
        GroupExtension.setSpan(extension, first, spanLast);
    }

    private boolean leftInPlace(long record) {
        return GroupRecord.hasEntries(record)
                && GroupRecord.rewrittenEnd(record) != GroupRecord.first(record)
                && memtables.entries().segmentOf(record, GroupRecord.first(record)) < spanFirst;
    }

    private void applyEntries(
            long part, long record, boolean squeeze, long gate, long activeSegment) {
        if (!GroupRecord.hasEntries(part)) {
            return;
        }
        EntryIndex entries = memtables.entries();
        long copiedFirst = GroupRecord.first(part);
        long copiedEnd = GroupRecord.end(part);
        long extension = memtables.blocks().at(GroupRecord.extension(record));
        if (GroupRecord.hasEntries(record)) {
            long first = GroupRecord.first(record);
            long rewrittenEnd = GroupRecord.rewrittenEnd(record);
            long bound =
                    squeeze
                            ? rewrittenEnd
                            : entries.firstBeyond(record, rewrittenEnd, copiedEnd, gate);
            long low = Long.compareUnsigned(copiedFirst, first) > 0 ? copiedFirst : first;
            long high = Long.compareUnsigned(copiedEnd, bound) < 0 ? copiedEnd : bound;
            if (overLimit == null && Long.compareUnsigned(low, high) < 0) {
                assert squeeze || low == rewrittenEnd : "breaks I5: a gap before what was copied";
                putInPlace(entries, part, record, low, high);
            }
        }
        GroupRecord.setRewrittenEntries(record, true);
        GroupExtension.raiseRewriteEnd(extension, copiedEnd);
        if (!GroupRecord.hasEntries(record)
                || Long.compareUnsigned(GroupRecord.first(record), copiedFirst) > 0) {
            memtables.tombstones().late(activeSegment);
            memtables.tombstones().compacted(record, activeSegment);
        }
    }

    private void putInPlace(EntryIndex entries, long part, long record, long low, long high) {
        own.cut(part, high);
        own.compact(part, low);
        try {
            entries.replace(record, part);
        } catch (MemoryLimitException failure) {
            overLimit = failure; // for want of a directory; the entries are where they were
        }
    }

    private void applyKeys(long part, long record, boolean squeeze, long gate, long activeSegment) {
        KeyTree keys = memtables.keys();
        int handle = GroupRecord.extension(part);
        if (handle != 0) {
            GroupRecord.setRewrittenKeys(record, true);
        }
        while (handle != 0 && keysLeft > 0) {
            keysLeft--;
            long copied = blocks.at(handle);
            int next = KeyCell.nextWaiting(copied);
            int found = keys.find(record, KeyCell.key(copied), KeyCell.keyBytes(copied));
            if (found == 0) {
                memtables.tombstones().late(activeSegment);
                memtables.tombstones().deleted(record, handle, activeSegment);
            } else {
                long cell = blocks.at(found);
                boolean rewritten = KeyCell.inRewriteQueue(cell);
                if (squeeze ? rewritten : !rewritten && KeyCell.segment(cell) <= gate) {
                    keys.moveToRewriteQueue(found, KeyCell.deletedIn(copied));
                } else if (!rewritten) {
                    KeyCell.setShadows(cell);
                }
                KeyCell.free(blocks, handle);
            }
            handle = next;
            GroupRecord.setExtension(part, handle);
        }
    }

    // ---- end -----------------------------------------------------------------------------------

    private void forgetMarks() {
        tail = 0;
        entries = 0;
        batch.last = 0;
        atomic.last = 0;
        spans.clear();
        nextSpan = 0;
    }

    private void dropHead() {
        int handle = head;
        if (nextSpan < spans.size() && spans.getLong(nextSpan) == handle) {
            nextSpan += 3;
        }
        head = GroupRecord.next(blocks.at(handle));
        freePart(handle);
    }

    private void freePart(int handle) {
        long part = blocks.at(handle);
        own.dropAll(part);
        int cell = GroupRecord.extension(part);
        while (cell != 0) {
            int next = KeyCell.nextWaiting(blocks.at(cell));
            KeyCell.free(blocks, cell);
            cell = next;
        }
        blocks.free(handle, GroupRecord.BYTES);
    }

    /** Forgets what was added: the rewrite queue does not hold it, or replay will ignore it. */
    public void discard() {
        discardParts();
        forgetMarks();
        counted.clear();
        overLimit = null;
    }

    private void discardParts() {
        while (head != 0) {
            dropHead();
        }
        tail = 0;
    }

    @Override
    public void close() {
        discard();
        blocks.close();
    }
}
