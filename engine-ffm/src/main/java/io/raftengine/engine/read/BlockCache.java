package io.raftengine.engine.read;

import io.raftengine.allocator.GrowableBuffer;
import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.MemoryLimitException;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Decompressed blocks of one engine, in a fixed number of off-heap slots.
 *
 * <p>A slot is held only for a copy, and nobody ever waits for one: who finds it taken reads the
 * file instead. Bounded by {@link #SLOTS} blocks of at most {@link #BLOCK_BYTES_MAX} each; without
 * room in the budget it caches less.
 */
final class BlockCache implements AutoCloseable {
    /** Larger blocks are not kept. */
    static final int BLOCK_BYTES_MAX = 256 << 10;

    private static final int SLOTS = 32;

    private final Slot[] slots = new Slot[SLOTS];

    BlockCache(MemoryBudget budget) {
        for (int i = 0; i < SLOTS; i++) {
            slots[i] = new Slot(budget);
        }
    }

    /** Copies a range of a cached block; false where the block is not here or is in use. */
    boolean copy(long key, long start, int length, long destination) {
        return key != BlockKey.NONE && slot(key).copy(key, start, length, destination);
    }

    /** Keeps a block, if that costs no waiting. */
    void put(long key, long address, int bytes) {
        if (key != BlockKey.NONE && bytes <= BLOCK_BYTES_MAX) {
            slot(key).put(key, address, bytes);
        }
    }

    /** Gives back what is in no use just now; by any thread, at any time. */
    void giveBack() {
        for (Slot slot : slots) {
            slot.giveBack();
        }
    }

    private Slot slot(long key) {
        return slots[BlockKey.slot(key, SLOTS - 1)];
    }

    @Override
    public void close() {
        for (Slot slot : slots) {
            slot.close();
        }
    }

    private static final class Slot {
        private final ReentrantLock lock = new ReentrantLock();
        private final MemoryBudget budget;

        /** All guarded by lock. */
        private GrowableBuffer content;

        private long key = BlockKey.NONE;
        private int bytes;

        Slot(MemoryBudget budget) {
            this.budget = budget;
        }

        boolean copy(long wanted, long start, int length, long destination) {
            if (!lock.tryLock()) {
                return false;
            }
            try {
                if (key != wanted || start + length > bytes) {
                    return false;
                }
                Memory.copy(content.address() + start, destination, length);
                return true;
            } finally {
                lock.unlock();
            }
        }

        void put(long newKey, long address, int newBytes) {
            // The budget would drop other blocks, and what readers keep, to make room for this one.
            if (budget.limitBytes() - budget.reservedBytes() < newBytes || !lock.tryLock()) {
                return;
            }
            try {
                key = BlockKey.NONE;
                if (content == null) {
                    content = new GrowableBuffer(budget, newBytes, BLOCK_BYTES_MAX);
                }
                content.ensureCapacity(newBytes, 0);
                Memory.copy(address, content.address(), newBytes);
                bytes = newBytes;
                key = newKey;
            } catch (MemoryLimitException noRoom) {
                // A cache may stay empty; the memory is needed elsewhere.
                closeContent();
            } finally {
                lock.unlock();
            }
        }

        void giveBack() {
            // Who fills this very slot may be the one that finds no room.
            if (!lock.isHeldByCurrentThread() && lock.tryLock()) {
                try {
                    key = BlockKey.NONE;
                    closeContent();
                } finally {
                    lock.unlock();
                }
            }
        }

        private void closeContent() {
            if (content != null) {
                content.close();
                content = null;
            }
        }

        void close() {
            lock.lock();
            try {
                key = BlockKey.NONE;
                closeContent();
            } finally {
                lock.unlock();
            }
        }
    }
}
