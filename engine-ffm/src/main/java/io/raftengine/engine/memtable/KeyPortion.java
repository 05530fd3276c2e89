package io.raftengine.engine.memtable;

import io.raftengine.allocator.GrowableBuffer;
import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;

/**
 * Key-values copied out of the index, to be looked at without holding anything of it.
 *
 * <pre>
 *   | key bytes, 4 | value bytes, 4 | key | value | next pair ...
 * </pre>
 *
 * <p>Filled from the front, then read once from the front. For one thread at a time.
 */
final class KeyPortion implements AutoCloseable {
    /** A portion ends once it is this large; a single larger pair is one of its own. */
    static final int BYTES = 64 << 10;

    /** Room for a portion that ends with a pair of ordinary size. */
    private static final int KEPT_BYTES_MAX = 4 * BYTES;

    private static final int BUFFER_BYTES_MIN = 4 << 10;
    private static final int VALUE_BYTES = 4;
    private static final int HEADER_BYTES = 8;

    private final GrowableBuffer buffer;
    private long filled;
    private long position;
    private long pair;

    /** An empty portion; {@code budget} pays for the copies. */
    KeyPortion(MemoryBudget budget) {
        buffer = new GrowableBuffer(budget, BUFFER_BYTES_MIN, Integer.MAX_VALUE);
    }

    /** Forgets what is in it. */
    void clear() {
        filled = 0;
        position = 0;
    }

    boolean isEmpty() {
        return filled == 0;
    }

    boolean isFull() {
        return filled >= BYTES;
    }

    /** Whether another pair, of so many bytes together, belongs to this portion. */
    boolean fits(long payload) {
        return filled == 0 || filled + HEADER_BYTES + payload <= BYTES;
    }

    /**
     * Copies a pair whose bytes may be changed meanwhile: the caller checks that they were not.
     *
     * @param address of the key, with the value behind it
     * @throws io.raftengine.error.MemoryLimitException there is no room for the copy
     */
    void addRacy(long address, int keyBytes, int valueBytes) {
        long payload = (long) keyBytes + valueBytes;
        long end = filled + HEADER_BYTES + payload;
        buffer.ensureCapacity(end, filled);
        long target = buffer.address() + filled;
        Memory.putInt(target, keyBytes);
        Memory.putInt(target + VALUE_BYTES, valueBytes);
        Memory.copyRacy(address, target + HEADER_BYTES, payload);
        filled = end;
    }

    /** Whether there is a pair that was not read yet. */
    boolean hasNext() {
        return position != filled;
    }

    /** Goes to the next pair. */
    void next() {
        pair = position;
        position += HEADER_BYTES + (long) keyLength() + valueLength();
    }

    long keyAddress() {
        return buffer.address() + pair + HEADER_BYTES;
    }

    int keyLength() {
        return Memory.getInt(buffer.address() + pair);
    }

    long valueAddress() {
        return keyAddress() + keyLength();
    }

    int valueLength() {
        return Memory.getInt(buffer.address() + pair + VALUE_BYTES);
    }

    /** Address of the memory that all pairs are in, until the next one is added. */
    long bufferAddress() {
        return buffer.address();
    }

    long bufferBytes() {
        return buffer.capacity();
    }

    /** Forgets what is in it, and gives back what one giant value made it grow to. */
    void trim() {
        clear();
        buffer.shrinkTo(KEPT_BYTES_MAX);
    }

    @Override
    public void close() {
        buffer.close();
    }
}
