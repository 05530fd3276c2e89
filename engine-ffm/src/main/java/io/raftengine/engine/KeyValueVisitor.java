package io.raftengine.engine;

import java.lang.foreign.MemorySegment;

/** Sees the key-values of a group in place, in the order of a scan. */
@FunctionalInterface
public interface KeyValueVisitor {
    /**
     * One key and its value. The bytes are valid until this method returns; the same memory is used
     * again for the next pair. No lock of the engine is held, so the visitor may call the engine,
     * also to write.
     *
     * @param memory off-heap memory owned by the engine, never to be kept
     * @param keyOffset where the key begins, in bytes
     * @param keyBytes its length
     * @param valueOffset where the value begins, in bytes
     * @param valueBytes its length
     * @return true to go on, false to stop
     */
    boolean visit(
            MemorySegment memory, long keyOffset, int keyBytes, long valueOffset, int valueBytes);
}
