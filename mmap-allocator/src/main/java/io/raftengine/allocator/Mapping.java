package io.raftengine.allocator;

import io.raftengine.error.MemoryLimitException;
import io.raftengine.error.StorageException;
import io.raftengine.error.UnsupportedFeatureException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * One anonymous private mapping: zeroed memory that becomes resident page by page as it is touched.
 * The budget is charged for all of it, rounded up to whole pages, from {@link #map} to {@link
 * #close}.
 *
 * <p>The memory itself has no thread rules; {@code close} is for the owner, after every user of the
 * address is done.
 */
public final class Mapping implements AutoCloseable {
    private final MemoryBudget budget;
    private final String name;
    private final long address;
    private final long bytes;
    private boolean closed; // the owner's alone

    private Mapping(MemoryBudget budget, String name, long address, long bytes) {
        this.budget = budget;
        this.name = name;
        this.address = address;
        this.bytes = bytes;
    }

    /**
     * Maps zeroed memory, aligned to a page.
     *
     * @param budget charged with {@code bytes} rounded up to whole pages
     * @param bytes usable length, at least 1
     * @param name what it is for, in error messages and in {@link MemoryBudget#assertAllReleased()}
     * @return the mapping, owned by the caller
     * @throws MemoryLimitException it does not fit into the budget; nothing was mapped
     * @throws StorageException the system has no such memory; nothing is reserved
     * @throws UnsupportedFeatureException not on Linux
     */
    public static Mapping map(MemoryBudget budget, long bytes, String name) {
        if (bytes <= 0 || bytes > Long.MAX_VALUE / 2) {
            throw new IllegalArgumentException("mapping '" + name + "' of " + bytes + " B");
        }
        long rounded = NativeMemory.roundToPages(bytes);
        budget.reserve(name, rounded);
        try {
            var mapping = new Mapping(budget, name, NativeMemory.map(rounded, name), bytes);
            if (Memory.CHECKED) {
                LiveMemory.addMapping(mapping.address, bytes, name);
            }
            return mapping;
        } catch (Throwable e) {
            budget.release(name, rounded);
            throw e;
        }
    }

    /**
     * Where it starts.
     *
     * @return the address of its first byte, a multiple of the page size
     */
    public long address() {
        return address;
    }

    /**
     * How long it is.
     *
     * @return usable bytes, as asked for
     */
    public long bytes() {
        return bytes;
    }

    /**
     * A new buffer over the whole mapping, little-endian. It is not checked: using it after {@link
     * #close} crashes the process. For one thread; make it once and keep it, since each call
     * allocates on the heap.
     *
     * @return position 0, limit and capacity {@link #bytes()}
     * @throws IllegalStateException the mapping is closed or longer than a buffer can be
     */
    public ByteBuffer view() {
        if (closed || bytes > Integer.MAX_VALUE) {
            throw new IllegalStateException(
                    "no view of mapping '" + name + "', " + (closed ? "closed" : bytes + " B"));
        }
        return viewOf(address, bytes);
    }

    static ByteBuffer viewOf(long address, long bytes) {
        MemorySegment segment = MemorySegment.ofAddress(address).reinterpret(bytes);
        return segment.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * Gives the pages that lie wholly inside a range back to the system; they read as zeros and
     * become resident again when touched, so the budget stays charged.
     *
     * @param offset start of the range, from the start of the mapping
     * @param length bytes of the range; the range lies inside the mapping
     * @throws IllegalStateException the mapping is closed
     */
    public void discard(long offset, long length) {
        if (closed) {
            throw new IllegalStateException("mapping '" + name + "' is closed");
        }
        if (offset < 0 || length < 0 || length > bytes - offset) {
            throw new IllegalArgumentException(
                    "discard of "
                            + length
                            + " B at "
                            + offset
                            + " in mapping '"
                            + name
                            + "' of "
                            + bytes
                            + " B");
        }
        long from = NativeMemory.roundToPages(offset);
        long end = offset + length;
        // Nothing usable lies behind the last byte, so its page counts as whole.
        long to = end == bytes ? NativeMemory.roundToPages(end) : end & -NativeMemory.PAGE_BYTES;
        if (from < to) {
            NativeMemory.discard(address + from, to - from, name);
        }
    }

    /**
     * Unmaps the memory and releases the budget; idempotent. Nobody may use the address from now
     * on.
     */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (Memory.CHECKED) {
            LiveMemory.remove(address);
        }
        long rounded = NativeMemory.roundToPages(bytes);
        NativeMemory.unmap(address, rounded, name);
        budget.release(name, rounded);
    }

    @Override
    public String toString() {
        return "Mapping[" + name + ", " + bytes + " B at 0x" + Long.toHexString(address) + "]";
    }
}
