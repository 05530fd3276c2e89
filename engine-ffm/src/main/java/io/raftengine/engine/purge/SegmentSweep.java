package io.raftengine.engine.purge;

import io.raftengine.allocator.GrowableBuffer;
import io.raftengine.allocator.Memory;
import io.raftengine.engine.memtable.EntryLocation;
import io.raftengine.engine.memtable.Memtables;
import io.raftengine.engine.memtable.PlacedKeys;
import io.raftengine.error.CorruptionException;
import io.raftengine.error.MemoryLimitException;
import io.raftengine.error.RaftEngineException;
import io.raftengine.error.StorageException;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.segment.SegmentQueue;
import java.util.BitSet;
import org.agrona.collections.LongArrayList;

/**
 * Copies old data of many groups out of the append queue, in the order of the files.
 *
 * <p>The entries of groups that write at the same time lie interleaved. Copied group by group, each
 * part of a segment would be read once for every group. So groups are gathered, and the old
 * segments swept once for all of them, slice by slice; a slice is as long as a window of live data.
 * The entries of one group still come in the order of their indexes, since later ones never lie
 * before earlier ones.
 *
 * <p>A block that cannot be read, or only with more memory than there is, ends the sweep: its
 * segment stays, and with it all newer ones. What was copied before stays copied, keys are copied
 * all the same, and the error is kept until {@link #demandAllRead}.
 *
 * <p>For the purger's thread.
 */
final class SegmentSweep {
    /** Groups of one sweep; for each, 32 bytes are kept. */
    static final int GROUPS_MAX = 64 << 10;

    private static final int ROW_BYTES = 32;
    private static final int NEXT = 0;
    private static final int END = 8;
    private static final int SEGMENT = 16;
    private static final int OFFSET = 24;

    /** Of a group without further old entries. */
    private static final long NOWHERE = Long.MAX_VALUE;

    private static final long SLICE_BYTES_MIN = 1 << 20;

    private final PurgeParts parts;
    private final Memtables memtables;
    private final SegmentQueue queue;
    private final EntryWindow window;
    private final PlacedKeys keys;
    private final long gate;
    private final GroupCopy.Target target;
    private final GrowableBuffer rows;
    private final EntryLocation location = new EntryLocation();
    private final LongArrayList groups = new LongArrayList();
    private final BitSet admitted = new BitSet();

    /** Segment of the sweep. */
    private long segment;

    private RaftEngineException unreadable;

    /**
     * An empty sweep.
     *
     * @param gate newer segments are left alone
     * @param target gets the copies
     */
    SegmentSweep(PurgeParts parts, long gate, GroupCopy.Target target) {
        this.parts = parts;
        this.memtables = parts.memtables();
        this.queue = parts.append();
        this.window = parts.window();
        this.keys = parts.keys();
        this.rows = parts.rows();
        this.gate = gate;
        this.target = target;
        window.clear();
    }

    /** Takes a group's entries [from, to), and its keys, to be copied as far as they are old. */
    void add(long group, long from, long to) {
        int row = groups.size();
        rows.ensureCapacity((row + 1L) * ROW_BYTES, (long) row * ROW_BYTES);
        groups.addLong(group);
        Memory.putLong(at(row) + NEXT, from);
        Memory.putLong(at(row) + END, to);
        findNext(row);
        if (groups.size() == GROUPS_MAX) {
            run();
        }
    }

    private long at(int row) {
        return rows.address() + (long) row * ROW_BYTES;
    }

    /** Looks up where the group's next old entry is. */
    private void findNext(int row) {
        long where = NOWHERE;
        if (locateNext(row) && location.queue() == QueueKind.APPEND && location.segment() <= gate) {
            where = location.segment();
            Memory.putLong(at(row) + OFFSET, location.blockOffset());
        }
        Memory.putLong(at(row) + SEGMENT, where);
    }

    /** Passes over what was compacted away meanwhile; false if nothing is left. */
    private boolean locateNext(int row) {
        long group = groups.getLong(row);
        long end = Memory.getLong(at(row) + END);
        long next = Memory.getLong(at(row) + NEXT);
        while (next != end) {
            if (memtables.locate(group, next, location)) {
                Memory.putLong(at(row) + NEXT, next);
                return true;
            }
            long first = memtables.first(group);
            if (first == Memtables.NO_INDEX
                    || Long.compareUnsigned(first, next) <= 0
                    || Long.compareUnsigned(first, end) >= 0) {
                return false;
            }
            next = first;
        }
        return false;
    }

    /** Copies what was taken. */
    void run() {
        if (groups.isEmpty()) {
            return;
        }
        parts.admit(groups, admitted);
        for (segment = nextSegment();
                segment != NOWHERE && unreadable == null;
                segment = nextSegment()) {
            sweepSegment();
        }
        copyKeys();
        groups.clear();
    }

    /** Throws what made a sweep end early. */
    void demandAllRead() {
        if (unreadable != null) {
            throw unreadable;
        }
    }

    private long nextSegment() {
        long least = NOWHERE;
        for (int row = admitted.nextSetBit(0); row >= 0; row = admitted.nextSetBit(row + 1)) {
            least = Math.min(least, Memory.getLong(at(row) + SEGMENT));
        }
        return least;
    }

    private void sweepSegment() {
        long live = Math.max(1, memtables.liveBytes(QueueKind.APPEND, segment));
        double share = Math.min(1, (double) window.windowBytes() / live);
        long slice = Math.max(SLICE_BYTES_MIN, (long) (queue.settings().targetBytes() * share));
        long cut = 0;
        boolean more = true;
        while (more && unreadable == null) {
            // A segment may be longer than its target; its last slice has no end.
            cut = cut + slice < queue.settings().targetBytes() ? cut + slice : Long.MAX_VALUE;
            more = sweepSlice(cut);
            drain();
        }
    }

    /** Takes what begins before {@code cut}; returns whether anything of the segment is left. */
    private boolean sweepSlice(long cut) {
        boolean left = false;
        for (int row = admitted.nextSetBit(0); row >= 0; row = admitted.nextSetBit(row + 1)) {
            long row0 = at(row);
            if (Memory.getLong(row0 + SEGMENT) != segment) {
                continue;
            }
            if (Memory.getLong(row0 + OFFSET) < cut) {
                collect(row, cut);
            }
            left |= Memory.getLong(row0 + SEGMENT) == segment;
        }
        return left;
    }

    private void collect(int row, long cut) {
        long group = groups.getLong(row);
        long end = Memory.getLong(at(row) + END);
        long next = Memory.getLong(at(row) + NEXT);
        long before;
        do {
            before = next;
            next = window.collect(group, next, end, QueueKind.APPEND, segment, cut);
            if (window.full()) {
                drain();
            } else {
                break;
            }
        } while (next != end && unreadable == null);
        Memory.putLong(at(row) + NEXT, next);
        findNext(row);
        if (next == before
                && Memory.getLong(at(row) + SEGMENT) == segment
                && Memory.getLong(at(row) + OFFSET) < cut) {
            // Overwritten or compacted between two looks; what it has now is newer.
            Memory.putLong(at(row) + SEGMENT, NOWHERE);
        }
    }

    private void drain() {
        if (window.runs() == 0) {
            return;
        }
        parts.syncEntryRemovals();
        if (!read()) {
            return;
        }
        for (int run = 0; run < window.runs(); run++) {
            if (window.lost(run)) {
                throw new IllegalStateException(
                        "breaks I6: a segment with live entries of group "
                                + Long.toUnsignedString(window.groupId(run))
                                + " was dropped by somebody else");
            }
            target.run(window, run);
        }
        window.clear();
    }

    private boolean read() {
        try {
            window.read(parts.pacer());
            return true;
        } catch (StorageException | CorruptionException | MemoryLimitException failed) {
            unreadable = failed;
            window.clear();
            return false;
        }
    }

    private void copyKeys() {
        for (int row = admitted.nextSetBit(0); row >= 0; row = admitted.nextSetBit(row + 1)) {
            long group = groups.getLong(row);
            keys.open(group, QueueKind.APPEND, gate);
            while (keys.next()) {
                target.key(group, keys);
            }
            keys.trim();
        }
    }
}
