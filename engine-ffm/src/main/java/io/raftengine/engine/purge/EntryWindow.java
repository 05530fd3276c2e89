package io.raftengine.engine.purge;

import io.raftengine.allocator.GrowableBuffer;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.engine.memtable.EntryCursor;
import io.raftengine.engine.memtable.EntryLocation;
import io.raftengine.engine.memtable.Memtables;
import io.raftengine.log.format.BatchEncoder;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.segment.SegmentSource;

/**
 * Live entries picked for copying: picked in group order, read in file order, handed out in group
 * order again. Groups write interleaved, so reading group by group would visit each part of a
 * segment once per group.
 *
 * <pre>
 *   clear - collect* - read - (addTo | adoptInto)*        and again
 * </pre>
 *
 * <p>What is picked are <em>runs</em>: consecutive entries of one group that lie one behind the
 * other in one block. A run is never divided between two windows, so that each block is read and
 * verified once, except that runs without bytes end anywhere and runs of uncompressed blocks after
 * 1 GiB. The first run is taken whatever its size; a block of 2 GiB is alone in its window.
 *
 * <p>Places are looked up without a lock while others write: what is picked may be overwritten,
 * compacted or cleaned before it is copied, and whoever applies the copy decides about that. Nobody
 * but the purger drops segments, so a run whose segment is gone is not live any more, see {@link
 * #lost}.
 *
 * <p>For one thread at a time. In steady state nothing is allocated; what a giant block needed is
 * given back by {@link #clear}.
 */
final class EntryWindow implements AutoCloseable {
    /** A run of an uncompressed block is cut here, so that it always fits a batch. */
    private static final int PLAIN_RUN_BYTES_MAX = 1 << 30;

    /** What a run takes besides its entries. */
    static final int BYTES_PER_RUN = RunTable.RUN_BYTES + FileOrder.BYTES_PER_RUN;

    /** As long as a direct buffer can be, in whole pages. */
    private static final long DATA_BYTES_MAX = Integer.MAX_VALUE - 4095L;

    private enum State {
        COLLECTING,
        READ,
        BROKEN
    }

    private final Memtables memtables;
    private final long windowBytes;
    private final RunTable runs;
    private final FileOrder order;
    private final GrowableBuffer data;
    private final BlockFetcher fetcher;
    private final EntryCursor cursor = new EntryCursor();
    private final EntryLocation scratch = new EntryLocation();

    private State state = State.COLLECTING;
    private boolean full;
    private long usedBytes;

    /** Index behind the last entry of the last run. */
    private long lastRunEnd;

    /**
     * How many runs there were when {@link #collect} began: it never takes back what an earlier
     * call has promised.
     */
    private int runsBefore;

    /**
     * An empty window.
     *
     * @param budget pays for what it reads
     * @param memtables where entries are looked up
     * @param append the append queue
     * @param rewrite the rewrite queue
     * @param windowBytes most bytes to need for entries and for knowing where they are, unless the
     *     first run is larger
     * @param runsMax most runs, at most 262,144
     * @param stretchBytes most to read with one call, {@link BlockFetcher#STRETCH_BYTES_MIN} to
     *     {@link BlockFetcher#STRETCH_BYTES_MAX}
     * @throws io.raftengine.error.MemoryLimitException the budget has not enough left
     */
    EntryWindow(
            MemoryBudget budget,
            Memtables memtables,
            SegmentSource append,
            SegmentSource rewrite,
            long windowBytes,
            int runsMax,
            int stretchBytes) {
        if (runsMax < 1 || runsMax > FileOrder.RUNS_MAX) {
            throw new IllegalArgumentException("a window of " + runsMax + " runs");
        }
        this.memtables = memtables;
        this.windowBytes = windowBytes;
        this.order = new FileOrder(budget);
        this.runs = new RunTable(budget, runsMax);
        this.data = new GrowableBuffer(budget, 0, DATA_BYTES_MAX);
        this.fetcher = new BlockFetcher(budget, runs, order, append, rewrite, data, stretchBytes);
    }

    /**
     * What the window holds at most, but for a first run that is larger.
     *
     * @return bytes
     */
    long windowBytes() {
        return windowBytes;
    }

    /** Empties the window and gives back what only a giant block needed. */
    void clear() {
        state = State.COLLECTING;
        full = false;
        usedBytes = 0;
        lastRunEnd = 0;
        runs.clear(windowBytes);
        order.clear();
        data.shrinkTo(windowBytes);
        fetcher.clear();
    }

    /**
     * Takes the places of a group's entries [from, to), as far as they are in one queue and not
     * above a segment. Stops at the first that is not, at the end of the group, and where the
     * window is full. Passes over those that were compacted away, also while it works: what is
     * behind them is wanted all the same, or a copy of the group would lack its end.
     *
     * @param groupId the group
     * @param from index of the first entry wanted
     * @param to index behind the last, unsigned
     * @param queue the queue they must be in
     * @param gate the highest segment they may be in
     * @return where it stopped: the index of the first entry not taken, or {@code from}
     * @throws io.raftengine.error.MemoryLimitException the budget has not enough left; the window
     *     is to be cleared
     */
    long collect(long groupId, long from, long to, QueueKind queue, long gate) {
        return collect(groupId, from, to, queue, gate, Long.MAX_VALUE);
    }

    /**
     * As {@link #collect(long, long, long, QueueKind, long)}, and of the highest segment only the
     * blocks that begin before an offset.
     *
     * @param groupId the group
     * @param from index of the first entry wanted
     * @param to index behind the last, unsigned
     * @param queue the queue they must be in
     * @param gate the highest segment they may be in
     * @param gateOffset where their blocks must have begun there
     * @return where it stopped: the index of the first entry not taken, or {@code from}
     */
    long collect(long groupId, long from, long to, QueueKind queue, long gate, long gateOffset) {
        require(State.COLLECTING);
        long next = from;
        long end = to;
        runsBefore = runs.count();
        while (!full && Long.compareUnsigned(next, end) < 0) {
            int found = memtables.locateRange(groupId, next, end, cursor, scratch);
            if (found == Memtables.RANGE_NOT_FOUND
                    && cursor.groupFirst() != cursor.groupEnd()
                    && Long.compareUnsigned(next, cursor.groupEnd()) < 0) {
                // The tail was cut off meanwhile: what is left of it is wanted all the same.
                end = cursor.groupEnd();
                continue;
            }
            if (found == Memtables.RANGE_COMPACTED
                    && Long.compareUnsigned(cursor.groupFirst(), end) < 0) {
                next = cursor.groupFirst();
                continue;
            }
            if (found != Memtables.RANGE_FOUND) {
                break;
            }
            long taken = take(groupId, next, queue, gate, gateOffset);
            boolean all = taken == next + cursor.count();
            next = taken;
            if (!all) {
                break;
            }
        }
        return next;
    }

    /** Takes what the cursor holds; returns the index behind the last one taken. */
    private long take(long groupId, long first, QueueKind queue, long gate, long gateOffset) {
        for (int i = 0; i < cursor.count(); i++) {
            long index = first + i;
            if (cursor.queue(i) != queue
                    || cursor.segment(i) > gate
                    || cursor.segment(i) == gate && cursor.blockOffset(i) >= gateOffset) {
                return index;
            }
            if (!goesOn(groupId, index, i) && !beginRun(groupId, index, i)) {
                return index;
            }
            if (!addEntry(i)) {
                return lastRunEnd;
            }
        }
        return first + cursor.count();
    }

    /** Whether the entry lies right behind the last run's. */
    private boolean goesOn(long groupId, long index, int i) {
        int run = runs.count() - 1;
        return run >= runsBefore
                && index == lastRunEnd
                && runs.groupId(run) == groupId
                && runs.blockOffset(run) == cursor.blockOffset(i)
                && runs.segment(run) == cursor.segment(i)
                && runs.rewrite(run) == (cursor.queue(i) == QueueKind.REWRITE)
                && runs.start(run) + runs.contentBytes(run) == cursor.entryStart(i)
                && (runs.compressed(run) || runs.contentBytes(run) < PLAIN_RUN_BYTES_MAX);
    }

    private boolean beginRun(long groupId, long index, int i) {
        if (runs.isFull()
                || usedBytes + BYTES_PER_RUN > windowBytes && runs.count() > 0
                || !order.takes(cursor.segment(i))) {
            full = true;
            return false;
        }
        boolean rewrite = cursor.queue(i) == QueueKind.REWRITE;
        order.add(rewrite, cursor.segment(i), cursor.blockOffset(i));
        runs.begin(
                groupId,
                index,
                rewrite,
                cursor.segment(i),
                cursor.blockOffset(i),
                cursor.blockBytes(i),
                cursor.compressed(i),
                cursor.entryStart(i));
        usedBytes += BYTES_PER_RUN;
        lastRunEnd = index;
        return true;
    }

    /**
     * Adds an entry to the last run. If that makes the window overflow the run is taken out again,
     * and {@link #lastRunEnd} is where it began.
     */
    private boolean addEntry(int i) {
        int run = runs.count() - 1;
        int length = cursor.entryLength(i);
        usedBytes += length + (runs.entries(run) > 0 ? RunTable.END_BYTES : 0);
        runs.add(length);
        lastRunEnd++;
        if (usedBytes <= windowBytes) {
            return true;
        }
        if (runs.blockBytes(run) == 0) {
            full = true;
            return false;
        }
        if (run == 0) {
            return true;
        }
        full = true;
        usedBytes -=
                BYTES_PER_RUN
                        + runs.contentBytes(run)
                        + (runs.entries(run) - 1L) * RunTable.END_BYTES;
        lastRunEnd = runs.firstIndex(run);
        runs.removeLast();
        order.removeLast();
        return false;
    }

    /**
     * Whether nothing more fits.
     *
     * @return true once {@link #collect} had to stop for lack of room
     */
    boolean full() {
        return full;
    }

    /**
     * Reads all runs, each block once: in the order of the files, neighbours together. Every block
     * is verified. If it fails the window can only be cleared; nothing else has changed.
     *
     * @param pacer asked before each read, about what is wanted of it: most is in memory still, and
     *     what lies between costs the disk nothing then
     * @throws io.raftengine.error.CorruptionException a block is damaged
     * @throws io.raftengine.error.StorageException a file could not be read
     * @throws io.raftengine.error.MemoryLimitException the budget has not enough left
     */
    void read(Pacer pacer) {
        require(State.COLLECTING);
        state = State.BROKEN;
        order.sort();
        fetcher.fetchAll(pacer);
        state = State.READ;
    }

    /**
     * Number of runs, in the order they were collected.
     *
     * @return 0 to {@code runsMax}
     */
    int runs() {
        return runs.count();
    }

    /**
     * Group of a run.
     *
     * @param run 0 to {@link #runs()} - 1
     * @return its id
     */
    long groupId(int run) {
        return runs.groupId(run);
    }

    /**
     * Index of a run's first entry.
     *
     * @param run 0 to {@link #runs()} - 1
     * @return an index
     */
    long firstIndex(int run) {
        return runs.firstIndex(run);
    }

    /**
     * How many entries a run has.
     *
     * @param run 0 to {@link #runs()} - 1
     * @return at least 1
     */
    int entries(int run) {
        return runs.entries(run);
    }

    /**
     * Length of a run's entries, not compressed.
     *
     * @param run 0 to {@link #runs()} - 1
     * @return bytes
     */
    int contentBytes(int run) {
        return runs.contentBytes(run);
    }

    /**
     * Whether a run is all there is in a compressed block, so that the block can be copied as it
     * is.
     *
     * @param run 0 to {@link #runs()} - 1
     * @return known once {@link #read} has returned
     */
    boolean wholeCompressedBlock(int run) {
        require(State.READ);
        return runs.whole(run);
    }

    /**
     * Stored length of a run's block.
     *
     * @param run 0 to {@link #runs()} - 1
     * @return bytes, checksum included; 0 if all its entries are empty
     */
    int blockBytes(int run) {
        return runs.blockBytes(run);
    }

    /**
     * Whether a run's segment was gone when it was to be read. Its entries are elsewhere or
     * nowhere; there is nothing to copy.
     *
     * @param run 0 to {@link #runs()} - 1
     * @return known once {@link #read} has returned
     */
    boolean lost(int run) {
        require(State.READ);
        return runs.lost(run);
    }

    /**
     * Adds a run's entries to a batch, whatever kind of block they came from.
     *
     * @param run 0 to {@link #runs()} - 1, not lost
     * @param batch gets them; as it was if this fails
     * @throws io.raftengine.error.BatchFullException they do not fit in
     * @throws io.raftengine.error.CorruptionException the stored block is verified and is still no
     *     LZ4
     * @throws io.raftengine.error.MemoryLimitException the budget has not enough left
     */
    void addTo(int run, BatchEncoder batch) {
        requireReadable(run);
        long content = runs.whole(run) ? fetcher.unfold(run) : data.address() + runs.dataAt(run);
        batch.beginEntries(runs.groupId(run), runs.firstIndex(run));
        int start = 0;
        for (int i = 0; i < runs.entries(run); i++) {
            int end = runs.end(run, i);
            batch.addEntry(content + start, end - start);
            start = end;
        }
        batch.endEntries();
    }

    /**
     * Makes a run's stored block the block of an empty batch, and declares the run's entries.
     *
     * @param run one with {@link #wholeCompressedBlock}
     * @param batch empty; so it is again if this fails
     * @throws io.raftengine.error.BatchFullException the block's content exceeds a batch's limit
     * @throws io.raftengine.error.MemoryLimitException the budget has not enough left
     */
    void adoptInto(int run, BatchEncoder batch) {
        requireReadable(run);
        if (!runs.whole(run)) {
            throw new IllegalStateException("run " + run + " is no whole compressed block");
        }
        batch.adoptBlock(
                data.address() + runs.dataAt(run), runs.blockBytes(run), runs.contentBytes(run));
        try {
            batch.beginEntries(runs.groupId(run), runs.firstIndex(run));
            int start = 0;
            for (int i = 0; i < runs.entries(run); i++) {
                int end = runs.end(run, i);
                batch.declareEntry(end - start);
                start = end;
            }
            batch.endEntries();
        } catch (RuntimeException notDeclared) {
            batch.clear();
            throw notDeclared;
        }
    }

    private void requireReadable(int run) {
        require(State.READ);
        if (runs.lost(run)) {
            throw new IllegalStateException("run " + run + " is lost");
        }
    }

    private void require(State wanted) {
        if (state != wanted) {
            throw new IllegalStateException("the window is " + state + ", not " + wanted);
        }
    }

    @Override
    public void close() {
        runs.close();
        order.close();
        data.close();
        fetcher.close();
    }
}
