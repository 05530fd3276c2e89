package io.raftengine.engine.commit;

import io.raftengine.allocator.Mapping;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.log.io.Iovecs;

/**
 * The pieces of one group's write, in file order, as iovecs; neighbours in memory become one piece.
 *
 * <p>Usually there is a single piece, the group's buffer. Used by the writer of the segment only:
 * the holder of the write token, or the purger.
 */
public final class GatherList implements AutoCloseable {
    /** Two pieces for each batch that is gathered from its own memory, and the watermark. */
    static final int PIECES_MAX = 2 * CommitGroup.SLOTS_MAX + 1;

    private final Mapping memory;
    private int count;
    private long totalBytes;
    private long lastEndAddress;

    GatherList(MemoryBudget budget) {
        this(budget, PIECES_MAX);
    }

    /**
     * An empty list.
     *
     * @param budget pays for its page
     * @param piecesMax most pieces it takes
     */
    public GatherList(MemoryBudget budget, int piecesMax) {
        memory = Mapping.map(budget, (long) piecesMax * Iovecs.BYTES, "gather list");
    }

    /** Empties it. */
    public void clear() {
        count = 0;
        totalBytes = 0;
        lastEndAddress = 0;
    }

    /**
     * Adds a piece behind the others.
     *
     * @param address where it is
     * @param bytes its length; 0 adds nothing
     */
    public void add(long address, long bytes) {
        if (bytes == 0) {
            return;
        }
        totalBytes += bytes;
        if (count > 0 && address == lastEndAddress) {
            Iovecs.grow(memory.address(), count - 1, bytes);
        } else {
            Iovecs.put(memory.address(), count++, address, bytes);
        }
        lastEndAddress = address + bytes;
    }

    /**
     * How many pieces there are.
     *
     * @return neighbours in memory count once
     */
    public int count() {
        return count;
    }

    /**
     * Length of all pieces together.
     *
     * @return bytes
     */
    public long totalBytes() {
        return totalBytes;
    }

    /**
     * Address of the array of iovecs.
     *
     * @return of the first of them
     */
    public long address() {
        return memory.address();
    }

    /** Address of the first piece's bytes. */
    long firstAddress() {
        return Iovecs.base(memory.address(), 0);
    }

    @Override
    public void close() {
        memory.close();
    }
}
