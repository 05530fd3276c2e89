package io.raftengine.allocator;

import io.raftengine.error.InvalidArgumentException;
import io.raftengine.error.MemoryLimitException;
import io.raftengine.error.StorageException;
import java.nio.ByteBuffer;

/**
 * A byte buffer off the heap that grows by moving. The pages are moved by the system ({@code
 * mremap}), not copied, so growth never needs room for the old and the new size together.
 *
 * <p>For one thread at a time. An address or view taken before the buffer was resized is dead.
 */
public final class GrowableBuffer implements AutoCloseable {
    private static final String NAME = "growable buffer";

    /** The JDK wraps no more. */
    private static final long VIEW_BYTES_MAX = Integer.MAX_VALUE - 8L;

    private static final ByteBuffer EMPTY = ByteBuffer.allocateDirect(0);

    private final MemoryBudget budget;
    private final long maxBytes;
    private long address;
    private long capacity;
    private ByteBuffer view; // of the current address and capacity, made when first asked for
    private boolean closed;

    /**
     * A buffer with some room.
     *
     * @param budget charged with the capacity
     * @param initialBytes room at the start, 0 to maxBytes; 0 maps nothing until it is needed
     * @param maxBytes most that {@link #ensureCapacity} may ask for; 2^31-1 means as much as a
     *     {@link #view} can show, which is eight bytes less
     * @throws MemoryLimitException the room does not fit into the budget
     * @throws StorageException the system has no such memory
     */
    public GrowableBuffer(MemoryBudget budget, long initialBytes, long maxBytes) {
        if (initialBytes < 0 || initialBytes > maxBytes || maxBytes > Long.MAX_VALUE / 2) {
            throw new IllegalArgumentException(
                    "buffer of " + initialBytes + " to " + maxBytes + " B");
        }
        this.budget = budget;
        this.maxBytes =
                maxBytes <= Integer.MAX_VALUE ? Math.min(maxBytes, VIEW_BYTES_MAX) : maxBytes;
        if (initialBytes > 0) {
            resize(NativeMemory.roundToPages(initialBytes));
        }
    }

    /**
     * Where it starts, until the next resize.
     *
     * @return the address of its first byte, a multiple of the page size; 0 while {@link
     *     #capacity()} is 0
     */
    public long address() {
        return address;
    }

    /**
     * How much fits.
     *
     * @return bytes, whole pages
     */
    public long capacity() {
        return capacity;
    }

    /**
     * Makes room; address and view may change if there was less. Grows by at least half, so that a
     * series of small steps stays cheap, unless only the exact size fits into the budget.
     *
     * @param bytes room needed, at least 0
     * @param keepBytes how many bytes from the start must survive, at most {@code bytes}; the
     *     others are undefined
     * @throws InvalidArgumentException more than the maximum of this buffer; nothing changed
     * @throws MemoryLimitException it does not fit into the budget; nothing changed
     * @throws StorageException the system has no such memory; nothing changed
     */
    public void ensureCapacity(long bytes, long keepBytes) {
        if (closed) {
            throw new IllegalStateException("buffer is closed");
        }
        if (keepBytes < 0 || keepBytes > bytes) {
            throw new IllegalArgumentException("keep " + keepBytes + " of " + bytes + " B");
        }
        if (bytes > maxBytes) {
            throw new InvalidArgumentException(
                    "room for " + bytes + " B in a buffer of at most " + maxBytes + " B");
        }
        if (bytes <= capacity) {
            return;
        }
        long exact = NativeMemory.roundToPages(bytes);
        long ample =
                NativeMemory.roundToPages(Math.clamp(capacity + capacity / 2, bytes, maxBytes));
        if (ample > exact) {
            try {
                resize(ample);
                return;
            } catch (MemoryLimitException e) {
                // Half as much again is a convenience; only the exact size may fail the caller.
            }
        }
        resize(exact);
    }

    /**
     * Gives memory back, keeping the first bytes; does nothing if the buffer is not larger.
     *
     * @param bytes room to keep, at least 0; rounded up to whole pages
     */
    public void shrinkTo(long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("shrink to " + bytes + " B");
        }
        if (!closed && bytes < capacity && NativeMemory.roundToPages(bytes) < capacity) {
            resize(NativeMemory.roundToPages(bytes));
        }
    }

    /**
     * Reserve, ask the system, switch over, release: whatever fails, the books and the old memory
     * agree.
     */
    private void resize(long newCapacity) {
        long growth = newCapacity - capacity;
        if (growth > 0) {
            budget.reserve(NAME, growth);
        }
        long moved;
        try {
            moved = remap(newCapacity);
        } catch (RuntimeException | Error e) {
            if (growth > 0) {
                budget.release(NAME, growth);
            }
            throw e;
        }
        if (growth < 0) {
            budget.release(NAME, -growth);
        }
        address = moved;
        capacity = newCapacity;
        view = null;
    }

    private long remap(long newCapacity) {
        // In the table of live memory the old range leaves first: once it is unmapped, another
        // thread may get it.
        if (Memory.CHECKED && capacity > 0) {
            LiveMemory.remove(address);
        }
        long liveAddress = address;
        long liveBytes = capacity;
        try {
            liveAddress = remapPages(newCapacity);
            liveBytes = newCapacity;
            return liveAddress;
        } finally {
            if (Memory.CHECKED && liveBytes > 0) {
                LiveMemory.addMapping(liveAddress, liveBytes, NAME);
            }
        }
    }

    private long remapPages(long newCapacity) {
        if (capacity == 0) {
            return NativeMemory.map(newCapacity, NAME);
        }
        if (newCapacity == 0) {
            NativeMemory.unmap(address, capacity, NAME);
            return 0;
        }
        return NativeMemory.remap(address, capacity, newCapacity, NAME);
    }

    /**
     * The buffer as the JDK's checksums and LZ4 want it: the same object until the buffer is
     * resized, little-endian. Position and limit are the caller's to set, the limit first.
     *
     * @return a direct buffer over the whole capacity, or as long as one can be where whole pages
     *     are longer than the maximum
     * @throws IllegalStateException the buffer is longer than a {@link ByteBuffer} can be, or
     *     closed
     */
    public ByteBuffer view() {
        if (view == null) {
            // Whole pages may be more than anybody could ask for.
            long bytes = Math.min(capacity, maxBytes);
            if (closed || bytes > VIEW_BYTES_MAX) {
                throw new IllegalStateException(
                        closed ? "buffer is closed" : "no view of a buffer of " + capacity + " B");
            }
            bytes = Math.min(capacity, VIEW_BYTES_MAX);
            view = bytes == 0 ? EMPTY.duplicate() : Mapping.viewOf(address, bytes);
        }
        return view;
    }

    /** Unmaps the memory and releases the budget; idempotent. */
    @Override
    public void close() {
        if (!closed) {
            shrinkTo(0);
            closed = true;
            view = null;
        }
    }

    @Override
    public String toString() {
        return "GrowableBuffer[" + capacity + " of at most " + maxBytes + " B]";
    }
}
