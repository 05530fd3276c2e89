package io.raftengine.engine;

import java.lang.foreign.MemorySegment;

/** Sees entries in place, without a copy or an object per entry. */
@FunctionalInterface
public interface EntryVisitor {
    /**
     * One entry. Its bytes are {@code memory[offset, offset + lengthBytes)} and are valid until
     * this method returns; the same memory is used again for the next one. No lock of the engine is
     * held, so the visitor may call the engine.
     *
     * @param index the entry's log index, unsigned
     * @param memory off-heap memory owned by the engine; read only by convention, never to be kept
     * @param offset where the entry begins, in bytes
     * @param lengthBytes its length, 0 or more
     * @return true to go on with the next entry, false to stop
     */
    boolean visit(long index, MemorySegment memory, long offset, int lengthBytes);
}
