package io.raftengine.engine.memtable;

import io.raftengine.error.MemoryLimitException;
import io.raftengine.log.format.ItemReader;

/**
 * Changes the entry index of a group: append, cut the tail off, compact the head away, drop
 * everything, join two. The rules of which of these is allowed when are the caller's ({@link
 * AppendRule}). One thread at a time; readers are kept out by the group's version, which the caller
 * holds.
 */
final class EntryIndex {
    /** Chunk sizes of a group with one chunk; a group of few entries wastes little. */
    private static final int[] SIZES = {
        64, 96, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 896, 1024
    };

    private static final int FURTHER_CHUNK_BYTES = 256;

    /**
     * A run is split over two chunks only where at least so many of its entries fill the rest of
     * the first.
     */
    private static final int SPLIT_ENTRIES_MIN = 16;

    private final SegmentAccounting accounting;
    private final ChunkList chunks;
    private final int[] tails = new int[Chunk.RUN_ENTRIES_MAX];
    private final HeapImage image = new HeapImage();

    EntryIndex(Blocks blocks, SegmentAccounting accounting) {
        this.accounting = accounting;
        chunks = new ChunkList(blocks);
    }

    ChunkList chunks() {
        return chunks;
    }

    // ---- append --------------------------------------------------------------------------------

    /**
     * Adds the entries of an ENTRIES item behind the last one, or as the first ones of an empty
     * group.
     *
     * @param items positioned on the item, no tail read yet
     */
    void append(
            long record,
            boolean rewrite,
            long segment,
            long blockOffset,
            int blockBytes,
            boolean compressed,
            ItemReader items) {
        long index = items.firstIndex();
        if (!GroupRecord.hasEntries(record)) {
            GroupRecord.setFirst(record, index);
            GroupRecord.setEnd(record, index);
            GroupRecord.setRewrittenEnd(record, index);
        }
        assert index == GroupRecord.end(record) : "not contiguous";
        appendRuns(record, rewrite, segment, blockOffset, blockBytes, compressed, items);
    }

    private void appendRuns(
            long record,
            boolean rewrite,
            long segment,
            long blockOffset,
            int blockBytes,
            boolean compressed,
            ItemReader items) {
        int remaining = items.count();
        int start = items.entryStart();
        while (remaining > 0) {
            int staged = Math.min(remaining, Chunk.RUN_ENTRIES_MAX);
            for (int i = 0; i < staged; i++) {
                tails[i] = items.nextTail();
            }
            remaining -= staged;
            int taken = 0;
            while (taken < staged) {
                int entries =
                        place(
                                record,
                                rewrite,
                                segment,
                                blockOffset,
                                blockBytes,
                                compressed,
                                start,
                                taken,
                                staged,
                                remaining == 0);
                taken += entries;
                // At once: where there is no memory for the rest, what is here is dropped again.
                accounting.add(rewrite, segment, tails[taken - 1] - start, entries);
                start = tails[taken - 1];
            }
        }
        if (rewrite) {
            GroupRecord.setRewrittenEnd(record, GroupRecord.end(record));
        }
    }

    /**
     * Adds runs of one entry each, the entry being all of an uncompressed block, behind the last
     * entry of a group that has some.
     *
     * @param offsets where the blocks are in the segment, from {@code from} on
     * @param lengths their lengths, checksums included
     * @param all false to add at least one, but no more than fill whole slabs of chunks
     * @return how many were added
     */
    int appendSingles(
            long record,
            boolean rewrite,
            long segment,
            int[] offsets,
            int[] lengths,
            int from,
            int count,
            boolean all) {
        int done = 0;
        while (done < count) {
            long index = GroupRecord.end(record);
            int rest = count - done;
            int at = from + done;
            int placed = fillTail(record, rewrite, segment, index, offsets, lengths, at, rest);
            if (placed == 0) {
                placed = addFull(record, rewrite, segment, index, offsets, lengths, at, rest);
            }
            if (placed == 0) {
                if (!all && done > 0) {
                    break;
                }
                int runs = Math.min(rest, Chunk.RUNS_MAX);
                int need = runs * Chunk.RUN_BYTES;
                long chunk = chunks.addChunk(record, rewrite, segment, index, need);
                placed = writeSingles(chunk, segment, index, offsets, lengths, at, runs);
            }
            done += placed;
            GroupRecord.setEnd(record, index + placed);
        }
        accounting.add(rewrite, segment, contentBytes(lengths, from, done), done);
        if (rewrite) {
            GroupRecord.setRewrittenEnd(record, GroupRecord.end(record));
        }
        return done;
    }

    /** A method of its own, so that compiling the loop does not mean compiling its caller. */
    private static long contentBytes(int[] lengths, int from, int count) {
        long content = -4L * count;
        for (int i = from; i < from + count; i++) {
            content += lengths[i];
        }
        return content;
    }

    /** Puts runs into the last chunk, as many as it can be made to take; returns how many. */
    private int fillTail(
            long record,
            boolean rewrite,
            long segment,
            long index,
            int[] offsets,
            int[] lengths,
            int from,
            int count) {
        int runs = Math.min(count, chunks.roomForRuns(record, rewrite, segment, index));
        if (runs == 0) {
            return 0;
        }
        int need = runs * Chunk.RUN_BYTES;
        long chunk = chunks.tailWithRoom(record, rewrite, segment, index, need);
        return writeSingles(chunk, segment, index, offsets, lengths, from, runs);
    }

    /** Adds whole slabs of full chunks to a group that has a chunk; returns how many runs. */
    private int addFull(
            long record,
            boolean rewrite,
            long segment,
            long index,
            int[] offsets,
            int[] lengths,
            int from,
            int count) {
        int slabs = count / (Chunk.RUNS_MAX * ChunkList.SLAB_CHUNKS);
        if (slabs == 0 || GroupRecord.chunks(record) == 0) {
            return 0;
        }
        int full = slabs * ChunkList.SLAB_CHUNKS;
        layOutFull(full, rewrite, segment, index, offsets, lengths, from);
        chunks.addFull(record, index, image, slabs);
        return full * Chunk.RUNS_MAX;
    }

    private void layOutFull(
            int chunkCount,
            boolean rewrite,
            long segment,
            long index,
            int[] offsets,
            int[] lengths,
            int from) {
        image.begin(chunkCount * Chunk.BYTES_MAX);
        for (int i = 0; i < chunkCount; i++) {
            int at = i * Chunk.BYTES_MAX;
            int run = i * Chunk.RUNS_MAX;
            Chunk.layOutFull(image, at, index + run, segment, rewrite);
            int runs = at + Chunk.HEADER_BYTES;
            Chunk.layOutSingles(image, runs, offsets, lengths, from + run, Chunk.RUNS_MAX, 0, 0, 0);
        }
    }

    private int writeSingles(
            long chunk,
            long segment,
            long index,
            int[] offsets,
            int[] lengths,
            int from,
            int count) {
        int runs = Chunk.runs(chunk);
        int slots = Chunk.slots(chunk);
        int firstDelta = (int) (index - Chunk.baseIndex(chunk));
        int segmentDelta = (int) (segment - Chunk.baseSegment(chunk));
        image.begin(count * Chunk.RUN_BYTES);
        Chunk.layOutSingles(
                image, 0, offsets, lengths, from, count, firstDelta, segmentDelta, slots);
        Chunk.putRuns(chunk, runs, slots, image, count);
        return count;
    }

    /**
     * Stores tails[from, to) as one run, or as much of it as is sensible; returns how many entries.
     */
    private int place(
            long record,
            boolean rewrite,
            long segment,
            long blockOffset,
            int blockBytes,
            boolean compressed,
            int start,
            int from,
            int to,
            boolean lastOfItem) {
        int entries = to - from;
        int bits = start != 0 ? Chunk.STORED_START : 0;
        boolean impliedEnd = lastOfItem && !compressed && tails[to - 1] == blockBytes - 4;
        if (!impliedEnd) {
            bits |= Chunk.STORED_END;
        }
        int need = Chunk.RUN_BYTES + Chunk.slotsOf(blockBytes, bits, entries) * Chunk.SLOT_BYTES;
        long index = GroupRecord.end(record);
        long chunk = chunks.tailWithRoom(record, rewrite, segment, index, need);
        if (chunk == 0) {
            int fitting = chunks.roomForEntries(record, rewrite, segment, index);
            if (fitting >= SPLIT_ENTRIES_MIN && fitting < entries) {
                entries = fitting;
                bits |= Chunk.STORED_END;
                chunk = chunks.tail(record);
            } else {
                chunk = chunks.addChunk(record, rewrite, segment, index, need);
            }
        }
        write(
                chunk,
                segment,
                blockOffset,
                blockBytes,
                compressed,
                index,
                start,
                from,
                entries,
                bits);
        GroupRecord.setEnd(record, index + entries);
        return entries;
    }

    private void write(
            long chunk,
            long segment,
            long blockOffset,
            int blockBytes,
            boolean compressed,
            long index,
            int start,
            int from,
            int entries,
            int bits) {
        int runs = Chunk.runs(chunk);
        int slots = Chunk.slots(chunk);
        int bytes = Chunk.bytes(chunk);
        Chunk.putRun(
                Chunk.run(chunk, runs),
                blockOffset,
                blockBytes,
                compressed,
                (int) (index - Chunk.baseIndex(chunk)),
                (int) (segment - Chunk.baseSegment(chunk)),
                slots | bits);
        if (blockBytes != 0) {
            slots = Chunk.putSlots(chunk, bytes, slots, start, tails, from, entries, bits);
        }
        Chunk.setRunsAndSlots(chunk, runs + 1, slots);
    }

    // ---- drop ----------------------------------------------------------------------------------

    /**
     * Drops all entries at or behind {@code index}, which is above the first and at most the end.
     */
    void cut(long record, long index) {
        long end = GroupRecord.end(record);
        if (index == end) {
            return;
        }
        forget(record, index, end);
        chunks.cut(record, index);
        GroupRecord.setEnd(record, index);
        if (Long.compareUnsigned(GroupRecord.rewrittenEnd(record), index) > 0) {
            GroupRecord.setRewrittenEnd(record, index);
        }
    }

    /**
     * Drops the entries below {@code index}.
     *
     * @return how many there were
     */
    long compact(long record, long index) {
        long first = GroupRecord.first(record);
        long end = GroupRecord.end(record);
        if (first == end || Long.compareUnsigned(index, first) <= 0) {
            return 0;
        }
        if (Long.compareUnsigned(index, end) >= 0) {
            dropAll(record);
            return end - first;
        }
        forget(record, first, index);
        chunks.dropBefore(record, index);
        GroupRecord.setFirst(record, index);
        return index - first;
    }

    /** Drops every entry. */
    void dropAll(long record) {
        long first = GroupRecord.first(record);
        long end = GroupRecord.end(record);
        if (first != end) {
            forget(record, first, end);
            chunks.freeAll(record);
        }
        GroupRecord.setFirst(record, 0);
        GroupRecord.setEnd(record, 0);
        GroupRecord.setRewrittenEnd(record, 0);
    }

    /**
     * Takes the entries of {@code source} over, behind those of {@code record}; leaves the source
     * without any.
     */
    void splice(long record, long source) {
        if (!GroupRecord.hasEntries(source)) {
            return;
        }
        if (!GroupRecord.hasEntries(record)) {
            GroupRecord.setFirst(record, GroupRecord.first(source));
            GroupRecord.setRewrittenEnd(record, GroupRecord.rewrittenEnd(source));
        } else {
            assert GroupRecord.end(record) == GroupRecord.first(source) : "not contiguous";
            boolean wholly = GroupRecord.rewrittenEnd(record) == GroupRecord.end(record);
            if (wholly) {
                GroupRecord.setRewrittenEnd(record, GroupRecord.rewrittenEnd(source));
            }
        }
        chunks.splice(record, source);
        GroupRecord.setEnd(record, GroupRecord.end(source));
        GroupRecord.setFirst(source, 0);
        GroupRecord.setEnd(source, 0);
        GroupRecord.setRewrittenEnd(source, 0);
    }

    /**
     * Puts all entries of {@code source}, which are [from, to) of the rewrite queue, in the place
     * of the same entries of {@code record}; leaves the source without any. They were counted where
     * they came from.
     *
     * @throws io.raftengine.error.MemoryLimitException nothing changed
     */
    void replace(long record, long source) {
        long from = GroupRecord.first(source);
        long to = GroupRecord.end(source);
        forget(record, from, to);
        try {
            chunks.replace(record, from, to, source);
        } catch (MemoryLimitException overLimit) {
            visit(record, from, to, true);
            throw overLimit;
        }
        GroupRecord.setRewrittenEnd(record, to);
        GroupRecord.setFirst(source, 0);
        GroupRecord.setEnd(source, 0);
        GroupRecord.setRewrittenEnd(source, 0);
    }

    /**
     * First index from {@code from} on whose entry is in a newer segment of the append queue than
     * {@code gate}; the end of the group if there is none. Nobody wants to know more than that
     * there is none below {@code to}. The entry at {@code from}, if there is one, is of the append
     * queue.
     */
    long firstBeyond(long record, long from, long to, long gate) {
        long end = GroupRecord.end(record);
        if (from == end) {
            return end;
        }
        int last = chunks.lastPlace(record);
        for (int place = chunks.placeOf(record, from); place <= last; place++) {
            long chunk = chunks.chunkAt(record, place);
            int runs = Chunk.runs(chunk);
            long base = Chunk.baseIndex(chunk);
            if (Long.compareUnsigned(base, to) >= 0) {
                break;
            }
            long lastSegment =
                    Chunk.baseSegment(chunk) + Chunk.segmentDelta(Chunk.run(chunk, runs - 1));
            if (lastSegment <= gate) {
                continue;
            }
            for (int i = 0; i < runs; i++) {
                long run = Chunk.run(chunk, i);
                if (Chunk.baseSegment(chunk) + Chunk.segmentDelta(run) > gate) {
                    long index = base + Chunk.firstDelta(run);
                    return Long.compareUnsigned(index, from) > 0 ? index : from;
                }
            }
        }
        return end;
    }

    /** Segment of an entry that is there. */
    long segmentOf(long record, long index) {
        long chunk = chunks.chunkAt(record, chunks.placeOf(record, index));
        long delta = index - Chunk.baseIndex(chunk);
        long run = Chunk.run(chunk, Chunk.findRun(chunk, Chunk.runs(chunk), delta));
        return Chunk.baseSegment(chunk) + Chunk.segmentDelta(run);
    }

    /** Takes entries [from, to) out of the segments' live bytes. */
    private void forget(long record, long from, long to) {
        visit(record, from, to, false);
    }

    private void visit(long record, long from, long to, boolean add) {
        int place = chunks.placeOf(record, from);
        long index = from;
        while (index != to) {
            long chunk = chunks.chunkAt(record, place);
            long chunkEnd = chunks.endOfChunk(record, place);
            long stop = Long.compareUnsigned(chunkEnd, to) < 0 ? chunkEnd : to;
            visitInChunk(chunk, index, stop, chunkEnd, add);
            index = stop;
            place++;
        }
    }

    private void visitInChunk(long chunk, long from, long to, long chunkEnd, boolean add) {
        long base = Chunk.baseIndex(chunk);
        int runs = Chunk.runs(chunk);
        int bytes = Chunk.bytes(chunk);
        boolean rewrite = Chunk.isRewrite(chunk);
        int number = Chunk.findRun(chunk, runs, from - base);
        long index = from;
        while (index != to) {
            long run = Chunk.run(chunk, number++);
            long first = base + Chunk.firstDelta(run);
            long end = number < runs ? base + Chunk.firstDelta(Chunk.run(chunk, number)) : chunkEnd;
            long stop = Long.compareUnsigned(end, to) < 0 ? end : to;
            int entries = (int) (end - first);
            int block = Chunk.blockBytes(run);
            int bits = Chunk.slotBits(run);
            int low = Chunk.boundary(chunk, bytes, block, bits, (int) (index - first), entries);
            int high = Chunk.boundary(chunk, bytes, block, bits, (int) (stop - first), entries);
            long segment = Chunk.baseSegment(chunk) + Chunk.segmentDelta(run);
            if (add) {
                accounting.takeBack(rewrite, segment, high - low, stop - index);
            } else {
                accounting.remove(rewrite, segment, high - low, stop - index);
            }
            index = stop;
        }
    }

    static int sizeFor(int bytes) {
        for (int size : SIZES) {
            if (size >= bytes) {
                return size;
            }
        }
        throw new AssertionError("no chunk of " + bytes + " bytes");
    }

    static int furtherSizeFor(int bytes) {
        int size = FURTHER_CHUNK_BYTES;
        while (size < bytes) {
            size <<= 1;
        }
        return size;
    }
}
