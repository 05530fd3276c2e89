package io.raftengine.engine.memtable;

import io.raftengine.allocator.Memory;
import io.raftengine.allocator.SlabArena;
import io.raftengine.allocator.SlabCache;
import io.raftengine.error.MemoryLimitException;
import java.util.Arrays;

/**
 * The writer's allocator: a slab cache with a stock of spare blocks behind it.
 *
 * <p>A batch that was written must be applied, whatever the memory limit says by then. So
 * validation stocks as many spares as the accepted batches can need in the worst case (decision
 * D20), and a chunk or key node that the budget refuses is given a whole spare instead: both note
 * their own size, so they can be freed by it. One thread at a time.
 */
final class Blocks implements AutoCloseable {
    /** Size of a spare: the largest block that applying a batch may ask for. */
    static final int SPARE_BYTES = 1024;

    private final long base;
    private final SlabCache cache;

    /** Of everything that is kept in these blocks. */
    final Wholeness wholeness = new Wholeness();

    private int spareHead;
    private int spareCount;
    private boolean stocked;
    private int grantedBytes;

    // Stocked blocks larger than a spare, for the directories of long groups.
    private int[] largeHandles = new int[0];
    private int[] largeBytes = new int[0];
    private int largeCount;

    Blocks(SlabArena arena) {
        base = arena.base();
        cache = arena.newCache();
    }

    /**
     * Address of a block. The top bit of a handle is not part of it: it will mean "not resident".
     */
    long at(int handle) {
        return base + ((handle & 0x7fffffffL) << 4);
    }

    long base() {
        return base;
    }

    /**
     * A block of at least {@code bytes}, content undefined, to be freed by the same number of
     * bytes.
     *
     * @throws MemoryLimitException nothing was allocated
     */
    int allocate(int bytes) {
        return cache.allocate(bytes);
    }

    /**
     * Whole slabs of blocks of one size, side by side.
     *
     * @return handle of the first
     * @throws MemoryLimitException nothing was allocated
     */
    int allocateSlabs(int bytes, int slabCount) {
        return cache.allocateSlabs(bytes, slabCount);
    }

    /**
     * A block of at least {@code bytes}; the caller must keep {@link #grantedBytes()} and free it
     * by them. Cannot fail while spares are in stock.
     */
    int allocateSized(int bytes) {
        if (spareCount == 0 && largeCount == 0) {
            grantedBytes = bytes;
            return cache.allocate(bytes);
        }
        return allocateOrSpare(bytes);
    }

    private int allocateOrSpare(int bytes) {
        grantedBytes = bytes;
        if (bytes > SPARE_BYTES) {
            return allocateLarge(bytes);
        }
        try {
            return cache.allocate(bytes);
        } catch (MemoryLimitException overLimit) {
            if (spareCount == 0) {
                throw overLimit;
            }
            grantedBytes = SPARE_BYTES;
            return popSpare();
        }
    }

    /** A block that was stocked for this, if there is one. */
    private int allocateLarge(int bytes) {
        for (int i = 0; i < largeCount; i++) {
            if (largeBytes[i] == bytes) {
                int handle = largeHandles[i];
                largeCount--;
                largeHandles[i] = largeHandles[largeCount];
                largeBytes[i] = largeBytes[largeCount];
                return handle;
            }
        }
        return cache.allocate(bytes);
    }

    /** Size of the block that {@link #allocateSized} gave last. */
    int grantedBytes() {
        return grantedBytes;
    }

    void free(int handle, int bytes) {
        if (stocked && bytes == SPARE_BYTES) {
            pushSpare(handle);
        } else {
            cache.free(handle, bytes);
        }
    }

    /**
     * Makes sure that {@code count} blocks of up to {@link #SPARE_BYTES} can be had whatever the
     * budget says. Until {@link #trim} blocks of this size that are freed are spares again, so that
     * what comes and goes while batches are applied needs one.
     *
     * @throws MemoryLimitException some were stocked
     */
    void stock(int count) {
        stocked |= count > 0;
        while (spareCount < count) {
            pushSpare(cache.allocate(SPARE_BYTES));
        }
    }

    private void pushSpare(int handle) {
        Memory.putInt(at(handle), spareHead);
        spareHead = handle;
        spareCount++;
    }

    /**
     * Stocks one block of more than {@link #SPARE_BYTES}, until {@link #trim}.
     *
     * @throws MemoryLimitException nothing changed
     */
    void stockLarge(int bytes) {
        if (largeCount == largeHandles.length) {
            largeHandles = Arrays.copyOf(largeHandles, largeCount + 8);
            largeBytes = Arrays.copyOf(largeBytes, largeCount + 8);
        }
        largeHandles[largeCount] = cache.allocate(bytes);
        largeBytes[largeCount++] = bytes;
    }

    /** Spares in stock. */
    int spares() {
        return spareCount;
    }

    /** Larger blocks in stock. */
    int larges() {
        return largeCount;
    }

    /** Gives back what was stocked after there were so many. */
    void unstock(int spares, int larges) {
        while (largeCount > larges) {
            largeCount--;
            cache.free(largeHandles[largeCount], largeBytes[largeCount]);
        }
        while (spareCount > spares) {
            cache.free(popSpare(), SPARE_BYTES);
        }
    }

    /** Gives spares beyond {@code keep} back, and all large ones. */
    void trim(int keep) {
        stocked = false;
        unstock(keep, 0);
    }

    private int popSpare() {
        int handle = spareHead;
        spareHead = Memory.getInt(at(handle));
        spareCount--;
        return handle;
    }

    @Override
    public void close() {
        trim(0);
        cache.close();
    }
}
