package io.raftengine.engine.memtable;

import io.raftengine.allocator.SlabCache;

/**
 * The chunks of one group, in index order: the only one by its handle in the record, several
 * through a directory. Knows how chunks are found, grown, squeezed, chained and freed, nothing of
 * which entries they should hold.
 *
 * <p>A <em>place</em> is a position in the directory (not relative to its head), or 0 where there
 * is none.
 */
final class ChunkList {
    /** Chunks of the largest size that make a slab. */
    static final int SLAB_CHUNKS = SlabCache.blocksPerSlab(Chunk.BYTES_MAX);

    private static final int FULL_CHUNK_UNITS = Chunk.BYTES_MAX / 16;
    private static final int DIRECTORY_PLACES_MIN = 7;

    private final Blocks blocks;

    ChunkList(Blocks blocks) {
        this.blocks = blocks;
    }

    // ---- find ----------------------------------------------------------------------------------

    int firstPlace(long record) {
        return GroupRecord.chunks(record) < 2 ? 0 : ChunkDirectory.head(directory(record));
    }

    int lastPlace(long record) {
        return firstPlace(record) + GroupRecord.chunks(record) - 1;
    }

    /** Place of the chunk that holds a live index. */
    int placeOf(long record, long index) {
        int count = GroupRecord.chunks(record);
        if (count < 2) {
            return 0;
        }
        long directory = directory(record);
        return ChunkDirectory.find(
                directory, ChunkDirectory.head(directory), count, GroupRecord.first(record), index);
    }

    long chunkAt(long record, int place) {
        return blocks.at(handleAt(record, place));
    }

    private int handleAt(long record, int place) {
        return GroupRecord.chunks(record) < 2
                ? GroupRecord.indexRoot(record)
                : ChunkDirectory.handle(directory(record), place);
    }

    /** First index behind the chunk. */
    long endOfChunk(long record, int place) {
        return place == lastPlace(record)
                ? GroupRecord.end(record)
                : Chunk.baseIndex(chunkAt(record, place + 1));
    }

    long tail(long record) {
        return chunkAt(record, lastPlace(record));
    }

    private long directory(long record) {
        return blocks.at(GroupRecord.indexRoot(record));
    }

    // ---- room ----------------------------------------------------------------------------------

    /**
     * The last chunk, with room for {@code need} more bytes: squeezed or grown if that gives it.
     *
     * @return 0 if the run needs another chunk
     */
    long tailWithRoom(long record, boolean rewrite, long segment, long index, int need) {
        if (GroupRecord.chunks(record) == 0) {
            return 0;
        }
        long chunk = tail(record);
        if (!accepts(chunk, rewrite, segment, index)) {
            return 0;
        }
        if (Chunk.freeBytes(chunk) >= need) {
            return chunk;
        }
        return enlarge(record, chunk, need);
    }

    private static boolean accepts(long chunk, boolean rewrite, long segment, long index) {
        long segmentDelta = segment - Chunk.baseSegment(chunk);
        return Chunk.isRewrite(chunk) == rewrite
                && segmentDelta >= 0
                && segmentDelta <= 0xffff
                && index - Chunk.baseIndex(chunk) <= 0xffffffffL;
    }

    /**
     * Bytes in the last chunk that are free for whatever entries of the append queue come next:
     * none if they may need a chunk of their own, as behind those of the rewrite queue.
     *
     * @param newestSegment the newest one they may be written to
     */
    int freeBytesInTail(long record, long newestSegment) {
        if (GroupRecord.chunks(record) == 0) {
            return 0;
        }
        long chunk = tail(record);
        // Each entry takes up some of them, so there are less entries than bytes.
        long index = GroupRecord.end(record) + Chunk.BYTES_MAX;
        return accepts(chunk, false, newestSegment, index) ? Chunk.freeBytes(chunk) : 0;
    }

    private long enlarge(long record, long chunk, int need) {
        boolean only = GroupRecord.chunks(record) == 1;
        if (only && squeeze(record, chunk) && Chunk.freeBytes(chunk) >= need) {
            return chunk;
        }
        int bytes = Chunk.bytes(chunk);
        int wanted = bytes - Chunk.freeBytes(chunk) + need;
        if (wanted > Chunk.BYTES_MAX) {
            return 0;
        }
        int size = only ? EntryIndex.sizeFor(wanted) : EntryIndex.furtherSizeFor(wanted);
        int handle = blocks.allocateSized(size);
        long larger = blocks.at(handle);
        Chunk.copyInto(chunk, bytes, larger, blocks.grantedBytes());
        replaceTail(record, handle, Chunk.baseIndex(chunk), bytes);
        return larger;
    }

    private void replaceTail(long record, int handle, long baseIndex, int oldBytes) {
        int old = handleAt(record, lastPlace(record));
        if (GroupRecord.chunks(record) == 1) {
            GroupRecord.setIndexRoot(record, handle);
        } else {
            ChunkDirectory.put(directory(record), lastPlace(record), handle, baseIndex);
        }
        blocks.free(old, oldBytes);
    }

    /**
     * Drops the runs that compaction left behind in a group's only chunk, if these are at least
     * half of it: a group that is appended to and compacted in step stays small.
     */
    private static boolean squeeze(long record, long chunk) {
        int runs = Chunk.runs(chunk);
        int dead = Chunk.findRun(chunk, runs, GroupRecord.first(record) - Chunk.baseIndex(chunk));
        if (dead * 2 < runs || dead == 0) {
            return false;
        }
        Chunk.dropRunsBefore(chunk, dead);
        return true;
    }

    /** How many entries of a run with stored start and end fit into the rest of the last chunk. */
    int roomForEntries(long record, boolean rewrite, long segment, long index) {
        if (GroupRecord.chunks(record) == 0) {
            return 0;
        }
        long chunk = tail(record);
        if (!accepts(chunk, rewrite, segment, index)) {
            return 0;
        }
        return (Chunk.freeBytes(chunk) - Chunk.RUN_BYTES) / Chunk.SLOT_BYTES - 1;
    }

    /** How many runs without slots the last chunk has room for once it has grown. */
    int roomForRuns(long record, boolean rewrite, long segment, long index) {
        if (GroupRecord.chunks(record) == 0) {
            return 0;
        }
        long chunk = tail(record);
        int growth = Chunk.BYTES_MAX - Chunk.bytes(chunk);
        return accepts(chunk, rewrite, segment, index)
                ? (Chunk.freeBytes(chunk) + growth) / Chunk.RUN_BYTES
                : 0;
    }

    // ---- chain ---------------------------------------------------------------------------------

    /** A new last chunk with room for {@code need} bytes. */
    long addChunk(long record, boolean rewrite, long segment, long index, int need) {
        boolean only = GroupRecord.chunks(record) == 0;
        int wanted = Chunk.HEADER_BYTES + need;
        int size = only ? EntryIndex.sizeFor(wanted) : EntryIndex.furtherSizeFor(wanted);
        int handle = blocks.allocateSized(size);
        int granted = blocks.grantedBytes();
        long chunk = blocks.at(handle);
        Chunk.initialize(chunk, granted, index, segment, rewrite);
        try {
            link(record, handle, index);
        } catch (RuntimeException noDirectory) {
            blocks.free(handle, granted);
            throw noDirectory;
        }
        return chunk;
    }

    /**
     * New last chunks, each of the largest size and full of runs of one entry, for a group that has
     * a chunk already.
     *
     * @param index of the first entry
     * @param image holds the chunks; used up
     * @param slabs how many times {@link #SLAB_CHUNKS} chunks
     */
    void addFull(long record, long index, HeapImage image, int slabs) {
        int added = slabs * SLAB_CHUNKS;
        int handle = blocks.allocateSlabs(Chunk.BYTES_MAX, slabs);
        for (int i = 0; i < added; i++) {
            long chunk = blocks.at(handle + i * FULL_CHUNK_UNITS);
            image.copyTo(i * Chunk.BYTES_MAX, chunk, Chunk.BYTES_MAX);
        }
        try {
            ensurePlaces(record, added);
        } catch (RuntimeException noDirectory) {
            for (int i = 0; i < added; i++) {
                blocks.free(handle + i * FULL_CHUNK_UNITS, Chunk.BYTES_MAX);
            }
            throw noDirectory;
        }
        int count = GroupRecord.chunks(record);
        long directory = directory(record);
        int place = ChunkDirectory.head(directory) + count;
        ChunkDirectory.putFull(directory, place, added, handle, FULL_CHUNK_UNITS, index, image);
        GroupRecord.setChunks(record, count + added);
    }

    /** Chains a chunk behind the last one. */
    private void link(long record, int handle, long baseIndex) {
        if (GroupRecord.chunks(record) == 0) {
            GroupRecord.setIndexRoot(record, handle);
            GroupRecord.setChunks(record, 1);
        } else {
            ensurePlaces(record, 1);
            append(record, handle, baseIndex);
        }
    }

    /** Enters a chunk into the directory, which exists and has room. */
    private void append(long record, int handle, long baseIndex) {
        int count = GroupRecord.chunks(record);
        long directory = directory(record);
        ChunkDirectory.put(directory, ChunkDirectory.head(directory) + count, handle, baseIndex);
        GroupRecord.setChunks(record, count + 1);
    }

    /**
     * Makes room in the directory for so many more chunks, creating it for a group of one chunk.
     */
    private void ensurePlaces(long record, int more) {
        int count = GroupRecord.chunks(record);
        if (count == 1) {
            createDirectory(record, 1 + more);
            return;
        }
        long directory = directory(record);
        int head = ChunkDirectory.head(directory);
        int capacity = ChunkDirectory.capacity(directory);
        if (head + count + more <= capacity) {
            return;
        }
        if (canMoveUp(head, count + more, capacity)) {
            ChunkDirectory.move(directory, head, directory, 0, count);
            ChunkDirectory.setHead(directory, 0);
            return;
        }
        growDirectory(record, directory, head, capacity, count, count + more);
    }

    private void createDirectory(long record, int places) {
        int only = GroupRecord.indexRoot(record);
        int handle = allocateDirectory(placesFor(places));
        ChunkDirectory.put(blocks.at(handle), 0, only, Chunk.baseIndex(blocks.at(only)));
        GroupRecord.setIndexRoot(record, handle);
    }

    private int allocateDirectory(int capacity) {
        int bytes = ChunkDirectory.bytes(capacity);
        int handle = blocks.allocateSized(bytes);
        ChunkDirectory.initialize(blocks.at(handle), ChunkDirectory.places(blocks.grantedBytes()));
        return handle;
    }

    private void growDirectory(
            long record, long old, int head, int oldCapacity, int count, int places) {
        int oldHandle = GroupRecord.indexRoot(record);
        int handle = allocateDirectory(Math.max(placesAfter(oldCapacity), placesFor(places)));
        ChunkDirectory.move(old, head, blocks.at(handle), 0, count);
        GroupRecord.setIndexRoot(record, handle);
        blocks.free(oldHandle, ChunkDirectory.bytes(oldCapacity));
    }

    /** Places of a directory for so many chunks. */
    static int placesFor(int chunks) {
        int capacity = DIRECTORY_PLACES_MIN;
        while (capacity < chunks) {
            capacity = placesAfter(capacity);
        }
        return capacity;
    }

    /** Places of a directory that has outgrown so many. */
    static int placesAfter(int capacity) {
        return capacity * 2 + 1;
    }

    /** Places of the group's directory; 0 if it has none. */
    int places(long record) {
        return GroupRecord.chunks(record) < 2 ? 0 : ChunkDirectory.capacity(directory(record));
    }

    /**
     * Places of the group's directory once {@code more} chunks are chained one after the other,
     * provided that the directory it has stays. It grows from one size to the next.
     */
    int placesWith(long record, int more) {
        int count = GroupRecord.chunks(record);
        if (count < 2) {
            return count + more < 2 ? 0 : placesFor(count + more);
        }
        long directory = directory(record);
        int capacity = ChunkDirectory.capacity(directory);
        int head = ChunkDirectory.head(directory);
        if (head + count + more <= capacity || canMoveUp(head, count + more, capacity)) {
            return capacity;
        }
        return Math.max(placesAfter(capacity), placesFor(count + more));
    }

    /** Whether the places that compaction left behind at the front are enough. */
    private static boolean canMoveUp(int head, int chunks, int capacity) {
        return chunks <= capacity && head >= capacity / 2;
    }

    // ---- drop ----------------------------------------------------------------------------------

    /** Frees the chunks behind {@code index} and cuts the one that holds the entry before it. */
    void cut(long record, long index) {
        int place = placeOf(record, index - 1);
        long chunk = chunkAt(record, place);
        Chunk.cut(chunk, index, endOfChunk(record, place));
        int last = lastPlace(record);
        for (int p = place + 1; p <= last; p++) {
            freeChunk(handleAt(record, p));
        }
        shrinkTo(record, place, last - place, false);
    }

    /** Frees the chunks all of whose entries are below {@code index}. */
    void dropBefore(long record, long index) {
        int place = placeOf(record, index);
        int first = firstPlace(record);
        for (int p = first; p < place; p++) {
            freeChunk(handleAt(record, p));
        }
        shrinkTo(record, place, place - first, true);
    }

    private void shrinkTo(long record, int keptPlace, int dropped, boolean fromFront) {
        if (dropped == 0) {
            return;
        }
        int count = GroupRecord.chunks(record) - dropped;
        long directory = directory(record);
        if (count == 1) {
            int only = ChunkDirectory.handle(directory, keptPlace);
            int capacity = ChunkDirectory.capacity(directory);
            blocks.free(GroupRecord.indexRoot(record), ChunkDirectory.bytes(capacity));
            GroupRecord.setIndexRoot(record, only);
        } else if (fromFront) {
            ChunkDirectory.setHead(directory, keptPlace);
        }
        GroupRecord.setChunks(record, count);
    }

    void freeAll(long record) {
        int count = GroupRecord.chunks(record);
        if (count == 0) {
            return;
        }
        int first = firstPlace(record);
        for (int p = first; p < first + count; p++) {
            freeChunk(handleAt(record, p));
        }
        freeDirectory(record);
        GroupRecord.setIndexRoot(record, 0);
        GroupRecord.setChunks(record, 0);
    }

    private void freeDirectory(long record) {
        if (GroupRecord.chunks(record) >= 2) {
            int capacity = ChunkDirectory.capacity(directory(record));
            blocks.free(GroupRecord.indexRoot(record), ChunkDirectory.bytes(capacity));
        }
    }

    private void freeChunk(int handle) {
        blocks.free(handle, Chunk.bytes(blocks.at(handle)));
    }

    // ---- join ----------------------------------------------------------------------------------

    /**
     * Moves the chunks of {@code source} behind those of {@code record}; small ones are copied into
     * the last chunk.
     */
    void splice(long record, long source) {
        int added = GroupRecord.chunks(source);
        int place = firstPlace(source);
        if (GroupRecord.chunks(record) == 0) {
            GroupRecord.setIndexRoot(record, GroupRecord.indexRoot(source));
            GroupRecord.setChunks(record, added);
        } else if (added == 1 && absorb(record, source)) {
            freeChunk(GroupRecord.indexRoot(source));
        } else {
            ensurePlaces(record, added);
            if (added == 1) {
                int handle = handleAt(source, place);
                append(record, handle, Chunk.baseIndex(blocks.at(handle)));
            } else {
                appendAll(record, directory(source), place, added);
            }
            freeDirectory(source);
        }
        GroupRecord.setIndexRoot(source, 0);
        GroupRecord.setChunks(source, 0);
    }

    private void appendAll(long record, long source, int place, int added) {
        int count = GroupRecord.chunks(record);
        long directory = directory(record);
        ChunkDirectory.move(
                source, place, directory, ChunkDirectory.head(directory) + count, added);
        GroupRecord.setChunks(record, count + added);
    }

    // ---- replace -------------------------------------------------------------------------------

    /**
     * Puts the chunks of {@code source} in the place of those that hold the entries [from, to), and
     * leaves the source without any. The chunk that holds {@code from} begins there or is the first
     * one; at {@code to} begins a run, or the group ends.
     *
     * @throws io.raftengine.error.MemoryLimitException nothing changed
     */
    void replace(long record, long from, long to, long source) {
        int first = firstPlace(record);
        int low = from == GroupRecord.first(record) ? first : placeOf(record, from);
        int last = lastPlace(record);
        int high = to == GroupRecord.end(record) ? last + 1 : placeOf(record, to);
        boolean joined = low > first && joinOnto(record, low - 1, source);
        int added = joined ? 0 : GroupRecord.chunks(source);
        int count = low - first + added + last + 1 - high;
        int target = directoryFor(record, low, high, added, count);
        for (int place = low; place < high; place++) {
            freeChunk(handleAt(record, place));
        }
        if (high <= last) {
            Chunk.beginAt(chunkAt(record, high), to);
        }
        fill(record, target, low, high, source, added, count);
        if (joined) {
            freeChunk(handleAt(source, firstPlace(source)));
        }
        freeDirectory(source);
        GroupRecord.setIndexRoot(source, 0);
        GroupRecord.setChunks(source, 0);
    }

    /**
     * Copies the source's only chunk into the one at a place, if both are small enough for that.
     */
    private boolean joinOnto(long record, int place, long source) {
        if (GroupRecord.chunks(source) != 1) {
            return false;
        }
        long addition = chunkAt(source, 0);
        long chunk = chunkAt(record, place);
        long segment = Chunk.baseSegment(addition);
        long base = Chunk.baseIndex(addition);
        long lastRun = Chunk.run(addition, Chunk.runs(addition) - 1);
        long lastSegment = segment + Chunk.segmentDelta(lastRun);
        boolean fits =
                base == GroupRecord.first(source)
                        && accepts(chunk, true, segment, base)
                        && accepts(chunk, true, lastSegment, GroupRecord.end(source));
        if (!fits) {
            return false;
        }
        int used = Chunk.bytes(chunk) - Chunk.freeBytes(chunk);
        int more = Chunk.bytes(addition) - Chunk.freeBytes(addition) - Chunk.HEADER_BYTES;
        if (used + more > Chunk.BYTES_MAX) {
            return false;
        }
        if (used + more > Chunk.bytes(chunk)) {
            chunk = enlargeAt(record, place, chunk, used + more);
        }
        Chunk.copyRuns(addition, chunk);
        return true;
    }

    private long enlargeAt(long record, int place, long chunk, int wanted) {
        int bytes = Chunk.bytes(chunk);
        boolean few = GroupRecord.chunks(record) <= 2;
        int size = few ? EntryIndex.sizeFor(wanted) : EntryIndex.furtherSizeFor(wanted);
        int handle = blocks.allocateSized(size);
        long larger = blocks.at(handle);
        Chunk.copyInto(chunk, bytes, larger, blocks.grantedBytes());
        int old = handleAt(record, place);
        if (GroupRecord.chunks(record) == 1) {
            GroupRecord.setIndexRoot(record, handle);
        } else {
            int low = ChunkDirectory.baseLow(directory(record), place);
            ChunkDirectory.put(directory(record), place, handle, low);
        }
        blocks.free(old, bytes);
        return larger;
    }

    /** The directory for a changed number of chunks: 0 for none, the present one, or a new one. */
    private int directoryFor(long record, int low, int high, int added, int count) {
        if (count < 2) {
            return 0;
        }
        boolean has = GroupRecord.chunks(record) >= 2;
        if (has) {
            int after = lastPlace(record) + 1 - high;
            if (low + added + after <= ChunkDirectory.capacity(directory(record))) {
                return GroupRecord.indexRoot(record);
            }
        }
        return allocateDirectory(placesFor(count));
    }

    private void fill(
            long record, int target, int low, int high, long source, int added, int count) {
        int first = firstPlace(record);
        int after = lastPlace(record) + 1 - high;
        int old = GroupRecord.chunks(record) >= 2 ? GroupRecord.indexRoot(record) : 0;
        if (target == 0) {
            int only;
            if (added == 1) {
                only = handleAt(source, firstPlace(source));
            } else {
                only = handleAt(record, low > first ? first : high);
            }
            dropDirectory(old);
            GroupRecord.setIndexRoot(record, only);
            GroupRecord.setChunks(record, count);
            return;
        }
        long directory = blocks.at(target);
        int start = target == old ? first : 0;
        int behind = start + low - first + added;
        if (old == 0) {
            putOnly(record, directory, low > first ? start : behind, low > first || after > 0);
        } else {
            // The rear first: in the same directory it moves to where the front does not reach.
            ChunkDirectory.move(blocks.at(old), high, directory, behind, after);
            if (target != old) {
                ChunkDirectory.move(blocks.at(old), first, directory, 0, low - first);
            }
            if (after > 0) {
                int handle = ChunkDirectory.handle(directory, behind);
                ChunkDirectory.put(directory, behind, handle, Chunk.baseIndex(blocks.at(handle)));
            }
        }
        for (int i = 0; i < added; i++) {
            int handle = handleAt(source, firstPlace(source) + i);
            long base = Chunk.baseIndex(blocks.at(handle));
            ChunkDirectory.put(directory, start + low - first + i, handle, base);
        }
        if (target != old) {
            dropDirectory(old);
        }
        GroupRecord.setIndexRoot(record, target);
        GroupRecord.setChunks(record, count);
    }

    /** Enters the chunk of a group that had no directory, if it is kept. */
    private void putOnly(long record, long directory, int place, boolean kept) {
        if (kept) {
            int only = GroupRecord.indexRoot(record);
            ChunkDirectory.put(directory, place, only, Chunk.baseIndex(blocks.at(only)));
        }
    }

    private void dropDirectory(int handle) {
        if (handle != 0) {
            int capacity = ChunkDirectory.capacity(blocks.at(handle));
            blocks.free(handle, ChunkDirectory.bytes(capacity));
        }
    }

    private boolean absorb(long record, long source) {
        long addition = chunkAt(source, 0);
        int runs = Chunk.runs(addition);
        long lastRun = Chunk.run(addition, runs - 1);
        int need = Chunk.bytes(addition) - Chunk.freeBytes(addition) - Chunk.HEADER_BYTES;
        long segment = Chunk.baseSegment(addition);
        long base = Chunk.baseIndex(addition);
        long tail = tail(record);
        boolean rewrite = Chunk.isRewrite(addition);
        if (base != GroupRecord.end(record)
                || !accepts(tail, rewrite, segment, base)
                || !accepts(
                        tail,
                        rewrite,
                        segment + Chunk.segmentDelta(lastRun),
                        GroupRecord.end(source))) {
            return false;
        }
        long target = tailWithRoom(record, rewrite, segment, base, need);
        if (target == 0) {
            return false;
        }
        Chunk.copyRuns(addition, target);
        return true;
    }
}
