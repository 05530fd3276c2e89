package io.raftengine.engine.read;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Remembers which blocks' checksums were verified, so that later reads of an uncompressed block
 * fetch only the wanted bytes. Direct-mapped and lossy: a forgotten block is verified again. Fixed
 * size, safe for all threads.
 */
final class VerifiedBlocks {
    private static final int SLOTS = 1 << 14;

    private final AtomicLongArray slots = new AtomicLongArray(SLOTS);

    boolean contains(long key) {
        return key != BlockKey.NONE && slots.getAcquire(BlockKey.slot(key, SLOTS - 1)) == key;
    }

    void add(long key) {
        if (key != BlockKey.NONE) {
            slots.setRelease(BlockKey.slot(key, SLOTS - 1), key);
        }
    }
}
