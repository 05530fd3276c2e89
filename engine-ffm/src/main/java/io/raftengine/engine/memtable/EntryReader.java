package io.raftengine.engine.memtable;

/**
 * Looks up entries without locks. Everything read from a group is a guess until its version is seen
 * unchanged, so the version is checked before any handle, count or slot number is followed: blocks
 * may be freed and reused under a reader, but stay mapped, and an address made from a checked
 * handle is always inside the arena.
 */
final class EntryReader {
    static final int RETRY = -1;
    static final int ABSENT = 0;
    static final int FOUND = 1;

    private final long base;

    EntryReader(long base) {
        this.base = base;
    }

    private long at(int handle) {
        return base + ((handle & 0x7fffffffL) << 4);
    }

    /** One attempt to find one entry. */
    int locate(long record, int version, long index, EntryLocation out) {
        long first = GroupRecord.first(record);
        long end = GroupRecord.end(record);
        if (Long.compareUnsigned(index - first, end - first) >= 0) {
            return GroupRecord.stillValid(record, version) ? ABSENT : RETRY;
        }
        long chunk = findChunk(record, version, first, index);
        if (chunk == 0) {
            return RETRY;
        }
        long chunkBase = Chunk.baseIndex(chunk);
        long segment = Chunk.baseSegment(chunk);
        boolean rewrite = Chunk.isRewrite(chunk);
        int runs = Chunk.runs(chunk);
        int bytes = Chunk.bytes(chunk);
        if (!GroupRecord.stillValid(record, version)) {
            return RETRY;
        }
        int number = Chunk.findRun(chunk, runs, index - chunkBase);
        long run = Chunk.run(chunk, number);
        long runFirst = chunkBase + Chunk.firstDelta(run);
        // The end of a chunk's last run is the next chunk's business: any bound beyond the entry
        // will do.
        long runEnd = endOfRun(record, version, chunk, chunkBase, runs, number, first, end, index);
        int k = (int) (index - runFirst);
        int entries = (int) (runEnd - runFirst);
        int blockBytes = Chunk.blockBytes(run);
        int bits = Chunk.slotBits(run);
        if (!GroupRecord.stillValid(record, version)) {
            return RETRY;
        }
        int start = Chunk.boundary(chunk, bytes, blockBytes, bits, k, entries);
        out.rewrite = rewrite;
        out.segment = segment + Chunk.segmentDelta(run);
        out.blockOffset = Chunk.blockOffset(run);
        out.blockBytes = blockBytes;
        out.compressed = Chunk.compressed(run);
        out.start = start;
        out.length = Chunk.boundary(chunk, bytes, blockBytes, bits, k + 1, entries) - start;
        return GroupRecord.stillValid(record, version) ? FOUND : RETRY;
    }

    private long endOfRun(
            long record,
            int version,
            long chunk,
            long chunkBase,
            int runs,
            int number,
            long first,
            long end,
            long index) {
        if (number + 1 < runs) {
            return chunkBase + Chunk.firstDelta(Chunk.run(chunk, number + 1));
        }
        if (GroupRecord.chunks(record) < 2) {
            return end;
        }
        long next = nextChunkBase(record, version, first, index);
        return next == 0 || Long.compareUnsigned(next - first, end - first) > 0 ? end : next;
    }

    /**
     * Base index of the chunk behind the one that holds {@code index}; 0 if that is the last one.
     */
    private long nextChunkBase(long record, int version, long first, long index) {
        int count = GroupRecord.chunks(record);
        long directory = at(GroupRecord.indexRoot(record));
        if (!GroupRecord.stillValid(record, version) || count < 2) {
            return 0;
        }
        int head = ChunkDirectory.head(directory);
        if (!GroupRecord.stillValid(record, version)) {
            return 0;
        }
        int place = ChunkDirectory.find(directory, head, count, first, index);
        if (place == head + count - 1) {
            return 0;
        }
        return first + (ChunkDirectory.baseLow(directory, place + 1) - (int) first & 0xffffffffL);
    }

    /** Address of the chunk that holds a live index, 0 to try again. */
    private long findChunk(long record, int version, long first, long index) {
        int count = GroupRecord.chunks(record);
        int root = GroupRecord.indexRoot(record);
        if (!GroupRecord.stillValid(record, version)) {
            return 0;
        }
        if (count == 1) {
            return at(root);
        }
        long directory = at(root);
        int head = ChunkDirectory.head(directory);
        if (!GroupRecord.stillValid(record, version)) {
            return 0;
        }
        int place = ChunkDirectory.find(directory, head, count, first, index);
        int handle = ChunkDirectory.handle(directory, place);
        return GroupRecord.stillValid(record, version) ? at(handle) : 0;
    }

    /**
     * One attempt to find the entries [from, to), of which the group holds all; as many as the
     * cursor takes.
     */
    int locateRange(
            long record, int version, long from, long to, EntryCursor out, EntryLocation scratch) {
        long index = from;
        out.count = 0;
        out.firstIndex = from;
        while (index != to && out.count < EntryCursor.CAPACITY) {
            int result = locate(record, version, index, scratch);
            if (result != FOUND) {
                return RETRY;
            }
            put(out, scratch);
            index++;
        }
        return FOUND;
    }

    private static void put(EntryCursor out, EntryLocation at) {
        int i = out.count++;
        out.rewrite[i] = at.rewrite;
        out.segments[i] = at.segment;
        out.blockOffsets[i] = at.blockOffset;
        out.blockBytes[i] = at.blockBytes;
        out.compressed[i] = at.compressed;
        out.starts[i] = at.start;
        out.lengths[i] = at.length;
    }
}
