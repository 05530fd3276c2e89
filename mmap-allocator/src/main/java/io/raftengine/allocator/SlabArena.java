package io.raftengine.allocator;

import io.raftengine.error.ClosedException;
import io.raftengine.error.StorageException;
import io.raftengine.error.UnsupportedFeatureException;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Blocks behind 32-bit handles, in one reserved address range of up to 32 GiB. Pages of the range
 * are charged to the budget when they are taken into use and given back to the system when nothing
 * in them lives; address space that is not in use costs nothing.
 *
 * <p>A handle counts in units of 16 bytes from {@link #base()}; 0 is never one, and bit 31 is the
 * user's (for instance "not resident"). Blocks are allocated and freed through a {@link SlabCache},
 * one for each thread.
 *
 * <p><b>Memory here is type-stable:</b> the range stays mapped until {@code close}, also where
 * nothing lives. An optimistic reader may therefore follow a stale handle: it sees garbage or
 * zeros, never a fault. It must use the racy accessors of {@link Memory} and find out afterwards
 * whether what it read was valid.
 *
 * <p>All methods may be called from any thread; {@code close} is for the owner, when nobody uses
 * the arena any more.
 */
public final class SlabArena implements AutoCloseable {
    /** Most bytes an arena can hold: what 31 bits of handle can name. */
    public static final long BYTES_MAX = 1L << 31 + SizeClasses.UNIT_SHIFT;

    /** Ids of caches share a word with the size class; 0 is no cache. */
    private static final int CACHES_MAX = (1 << 16) - 1;

    private static final int CACHES_FIRST = 16;

    private final MemoryBudget budget;
    private final String name;
    private final long base;
    private final long rangeBytes;
    private final long descriptors;
    private final long descriptorBytes;
    private final long shadow; // of checked mode, else 0
    private final PageRuns runs;

    /** Slabs with room whose cache was closed, by class; guarded by runs. */
    private final int[] orphans = new int[SizeClasses.COUNT];

    /** Replaced when it grows, guarded by runs; slots are read without. Slot 0 stays empty. */
    private volatile AtomicReferenceArray<SlabCache> caches =
            new AtomicReferenceArray<>(CACHES_FIRST);

    private long closedLiveBytes; // left behind by closed caches; guarded by runs
    private volatile boolean closed;

    private SlabArena(
            MemoryBudget budget,
            String name,
            long base,
            long rangeBytes,
            long descriptors,
            long descriptorBytes,
            long shadow,
            PageRuns.PageReturn system) {
        this.budget = budget;
        this.name = name;
        this.base = base;
        this.rangeBytes = rangeBytes;
        this.descriptors = descriptors;
        this.descriptorBytes = descriptorBytes;
        this.shadow = shadow;
        int pages = (int) (rangeBytes >>> PageRuns.PAGE_SHIFT);
        this.runs = new PageRuns(budget, name, base, descriptors, pages, system);
    }

    /**
     * Reserves address space for an arena; nothing of it is resident or charged yet.
     *
     * @param budget charged with every page in use
     * @param name what it is for, in error messages and in {@link MemoryBudget#assertAllReleased()}
     * @param maxBytes most bytes the arena may ever hold, at least 1; rounded up to whole pages and
     *     cut at {@link #BYTES_MAX} less one page
     * @return the arena, owned by the caller
     * @throws StorageException the system refuses the address space
     * @throws UnsupportedFeatureException not on Linux
     */
    public static SlabArena open(MemoryBudget budget, String name, long maxBytes) {
        return open(budget, name, maxBytes, NativeMemory.pageReturn(name));
    }

    /** With another way to give pages back, for tests. */
    static SlabArena open(
            MemoryBudget budget, String name, long maxBytes, PageRuns.PageReturn system) {
        if (maxBytes <= 0) {
            throw new IllegalArgumentException("arena '" + name + "' of " + maxBytes + " B");
        }
        // One page more than asked for: page 0 is never used, so that 0 can mean "none".
        long rangeBytes =
                NativeMemory.roundToPages(Math.min(maxBytes, BYTES_MAX - PageRuns.PAGE_BYTES))
                        + PageRuns.PAGE_BYTES;
        long pages = rangeBytes >>> PageRuns.PAGE_SHIFT;
        // One page more than the table needs, since a page is kept in hand when the table shrinks.
        long descriptorBytes =
                NativeMemory.roundToPages(pages << PageRuns.DESCRIPTOR_SHIFT) + PageRuns.PAGE_BYTES;
        long base = NativeMemory.mapSparse(rangeBytes, name);
        long descriptors = 0;
        long shadow = 0;
        try {
            descriptors = NativeMemory.mapSparse(descriptorBytes, name);
            if (Memory.CHECKED) {
                shadow = NativeMemory.mapSparse(shadowBytes(rangeBytes), name);
                LiveMemory.addArena(base, rangeBytes, shadow, name);
            }
            return new SlabArena(
                    budget, name, base, rangeBytes, descriptors, descriptorBytes, shadow, system);
        } catch (RuntimeException | Error e) {
            NativeMemory.unmap(base, rangeBytes, name);
            if (descriptors != 0) {
                NativeMemory.unmap(descriptors, descriptorBytes, name);
            }
            throw e;
        }
    }

    private static long shadowBytes(long rangeBytes) {
        // One more, so that the byte behind the last unit can be looked at.
        return NativeMemory.roundToPages((rangeBytes >>> SizeClasses.UNIT_SHIFT) + 1);
    }

    /**
     * Where handle 0 would be.
     *
     * @return an address, constant while the arena is open
     */
    public long base() {
        return base;
    }

    /**
     * The address of a block.
     *
     * @param handle of the block; bit 31 is ignored
     * @return the address of its first byte, a multiple of 16
     */
    public long address(int handle) {
        return base + ((handle & 0x7fff_ffffL) << SizeClasses.UNIT_SHIFT);
    }

    /**
     * An allocator for one thread. Several may work in parallel.
     *
     * @return a new cache, closed by the caller or by {@link #close()}
     * @throws ClosedException the arena is closed
     */
    public SlabCache newCache() {
        synchronized (runs) {
            if (closed) {
                throw new ClosedException("arena '" + name + "' is closed");
            }
            int id = 1;
            while (id < caches.length() && caches.get(id) != null) {
                id++;
            }
            if (id > CACHES_MAX) {
                throw new IllegalStateException(
                        "arena '" + name + "' has " + CACHES_MAX + " caches");
            }
            if (id == caches.length()) {
                var grown = new AtomicReferenceArray<SlabCache>(2 * id);
                for (int at = 0; at < id; at++) {
                    grown.set(at, caches.get(at));
                }
                caches = grown;
            }
            var cache = new SlabCache(this, id);
            caches.set(id, cache);
            return cache;
        }
    }

    /**
     * What is charged to the budget: pages in use, at most 64 KiB of free ones in stock, and the
     * arena's own tables.
     *
     * @return bytes
     */
    public long reservedBytes() {
        synchronized (runs) {
            return closed ? 0 : runs.chargedBytes();
        }
    }

    /**
     * What live blocks take, each rounded up to its class. Exact while no cache is in use, else
     * nearly so.
     *
     * @return bytes
     */
    public long liveBytes() {
        synchronized (runs) {
            long bytes = closedLiveBytes;
            for (int id = 1; id < caches.length(); id++) {
                SlabCache cache = caches.get(id);
                bytes += cache == null ? 0 : cache.liveBytes();
            }
            return bytes;
        }
    }

    /**
     * How many slabs and large blocks are in use.
     *
     * @return a count
     */
    public int extentCount() {
        synchronized (runs) {
            return runs.runsInUse();
        }
    }

    /**
     * Gives everything back to the system and to the budget; idempotent. Caches still open are
     * closed with it. In checked mode live blocks are leaks.
     *
     * @throws AssertionError in checked mode: blocks are still live; everything was given back
     *     nevertheless
     */
    @Override
    public void close() {
        long leakedBytes = closed ? 0 : liveBytes();
        closeAbandoningBlocks();
        if (Memory.CHECKED && leakedBytes != 0) {
            throw new AssertionError(
                    "arena '" + name + "' was closed with " + leakedBytes + " B in live blocks");
        }
    }

    /**
     * Closes the arena with whatever lives in it, for an owner that goes away as a whole and where
     * freeing block by block would only cost time, such as a recovery that failed. Idempotent.
     */
    public void closeAbandoningBlocks() {
        synchronized (runs) {
            if (closed) {
                return;
            }
            for (int id = 1; id < caches.length(); id++) {
                SlabCache cache = caches.get(id);
                if (cache != null) {
                    cache.close();
                }
            }
            closed = true;
            closedLiveBytes = 0;
            long charged = runs.chargedBytes();
            if (Memory.CHECKED) {
                LiveMemory.remove(base);
                NativeMemory.unmap(shadow, shadowBytes(rangeBytes), name);
            }
            NativeMemory.unmap(base, rangeBytes, name);
            NativeMemory.unmap(descriptors, descriptorBytes, name);
            budget.release(name, charged);
        }
    }

    @Override
    public String toString() {
        return "SlabArena[" + name + ", " + reservedBytes() + " of at most " + rangeBytes + " B]";
    }

    // ---- for the caches

    /** The lock of everything that caches share. */
    PageRuns runs() {
        return runs;
    }

    String name() {
        return name;
    }

    long shadow() {
        return shadow;
    }

    long descriptors() {
        return descriptors;
    }

    /** The cache of an id, or null if it was closed meanwhile. */
    SlabCache cache(int id) {
        AtomicReferenceArray<SlabCache> now = caches;
        return id < now.length() ? now.get(id) : null;
    }

    /**
     * A slab of a class with room and without an owner, or 0; it is the caller's now. Holds runs.
     */
    int adoptOrphan(int sizeClass, int owner) {
        int slab = orphans[sizeClass];
        if (slab != 0) {
            runs.unlink(orphans, sizeClass, slab);
            runs.setTag(slab, PageRuns.tag(PageRuns.KIND_SLAB, sizeClass, owner));
        }
        return slab;
    }

    /** Takes over one slab without an owner, whether or not it has room. Holds runs. */
    void adopt(int slab, int owner) {
        int sizeClass = PageRuns.sizeClass(runs.tag(slab));
        if (Memory.rawInt(runs.descriptor(slab) + PageRuns.LIVE)
                < SizeClasses.slabBlocks(sizeClass)) {
            runs.unlink(orphans, sizeClass, slab);
        }
        runs.setTag(slab, PageRuns.tag(PageRuns.KIND_SLAB, sizeClass, owner));
    }

    /**
     * Takes a slab of a cache that closes; an empty one is given back, if the system takes it.
     * Holds runs.
     */
    void orphan(int slab) {
        int sizeClass = PageRuns.sizeClass(runs.tag(slab));
        int live = Memory.rawInt(runs.descriptor(slab) + PageRuns.LIVE);
        if (live == 0 && runs.tryGive(slab)) {
            return;
        }
        runs.setTag(slab, PageRuns.tag(PageRuns.KIND_SLAB, sizeClass, 0));
        if (live < SizeClasses.slabBlocks(sizeClass)) {
            runs.link(orphans, sizeClass, slab);
        }
    }

    /** Forgets a cache that closes and has no slabs any more. Holds runs. */
    void retire(SlabCache cache, int id) {
        closedLiveBytes += cache.liveBytes();
        caches.set(id, null);
    }

    /**
     * Frees a block whose slab may have no owner, without a cache. Holds runs, so that no cache can
     * close meanwhile.
     */
    void freeWithoutCache(int handle) {
        int slab = runs.first(handle >>> SlabCache.PAGE_HANDLE_SHIFT);
        int tag = runs.tag(slab);
        int owner = PageRuns.owner(tag);
        if (owner != 0) {
            caches.get(owner).push(handle);
            return;
        }
        int sizeClass = PageRuns.sizeClass(tag);
        long descriptor = runs.descriptor(slab);
        int live = Memory.rawInt(descriptor + PageRuns.LIVE);
        if (live == SizeClasses.slabBlocks(sizeClass)) {
            runs.link(orphans, sizeClass, slab);
        }
        Memory.rawPutInt(address(handle), Memory.rawInt(descriptor + PageRuns.FREE));
        Memory.rawPutInt(descriptor + PageRuns.FREE, handle);
        Memory.rawPutInt(descriptor + PageRuns.LIVE, live - 1);
        if (live == 1) {
            runs.unlink(orphans, sizeClass, slab);
            if (!runs.tryGive(slab)) {
                runs.link(orphans, sizeClass, slab);
            }
        }
    }
}
