package io.raftengine.allocator;

import io.raftengine.error.ClosedException;
import io.raftengine.error.MemoryLimitException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Allocates and frees blocks of one {@link SlabArena} for one thread at a time, without a lock as
 * long as it has slabs with room.
 *
 * <p>A slab belongs to the cache that took it and holds blocks of one class; its free blocks are
 * linked through themselves. A block may be freed through another cache of the arena: it then goes
 * onto a stack of the owner, who takes it back when it next runs out of blocks. The last block to
 * leave gives the slab back; one empty slab is kept, so that allocating and freeing in turn stays
 * cheap. Closing a cache leaves its slabs to the arena, from where other caches adopt them.
 *
 * <p>Not thread-safe, but for the stack. In checked mode concurrent use is an {@link
 * AssertionError}.
 */
public final class SlabCache implements AutoCloseable {
    /** From a handle to the page it lies in. */
    static final int PAGE_HANDLE_SHIFT = PageRuns.PAGE_SHIFT - SizeClasses.UNIT_SHIFT;

    private static final int CLOSED = -1;
    private static final byte FRESH = (byte) 0xfa;
    private static final byte DEAD = (byte) 0xde;

    private static final VarHandle RETURNED;
    private static final VarHandle LIVE_BYTES;
    private static final VarHandle BUSY;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            RETURNED = lookup.findVarHandle(SlabCache.class, "returned", int.class);
            LIVE_BYTES = lookup.findVarHandle(SlabCache.class, "liveBytes", long.class);
            BUSY = lookup.findVarHandle(SlabCache.class, "busy", boolean.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final SlabArena arena;
    private final PageRuns runs;
    private final int id;
    private final long base;
    private final long descriptors;

    /** In {@link #slabs}: the list of full slabs of all classes. */
    private static final int FULL = SizeClasses.COUNT;

    /**
     * First slab with room, by class, and first full slab; 0 none. Every slab of this cache is in
     * one of these lists, so that closing it need not look at all runs of the arena for them.
     */
    private final int[] slabs = new int[SizeClasses.COUNT + 1];

    private int idleSlab; // the slab that became empty last, kept; 0 none
    private boolean refusedSlabs; // some empty ones could not be given back
    private boolean closed; // guarded by runs where others look

    /** Stack of blocks freed by others, linked through themselves; 0 empty, or CLOSED. */
    @SuppressWarnings("unused") // through RETURNED
    private volatile int returned;

    private long liveBytes; // allocated less freed through this cache, so perhaps negative; read by

    // others

    /**
     * Whether a thread is inside; checked mode. Taken back by an assignment: for a call there may
     * be no stack.
     */
    private volatile boolean busy;

    SlabCache(SlabArena arena, int id) {
        this.arena = arena;
        this.runs = arena.runs();
        this.id = id;
        this.base = arena.base();
        this.descriptors = arena.descriptors();
    }

    // ---- allocating

    /**
     * Allocates a block; its contents are undefined.
     *
     * @param bytes its size, at least 1
     * @return its handle, positive
     * @throws MemoryLimitException budget or arena are exhausted; nothing changed
     * @throws ClosedException the cache is closed
     */
    public int allocate(int bytes) {
        if (!Memory.CHECKED) {
            return allocateBlock(bytes);
        }
        enter();
        try {
            int handle = allocateBlock(bytes);
            long address = arena.address(handle);
            LiveMemory.allocated(arena.shadow(), address - base, bytes);
            Memory.fill(address, bytes, FRESH); // nobody may count on zeros
            return handle;
        } finally {
            busy = false;
        }
    }

    private int allocateBlock(int bytes) {
        if (bytes - 1 >>> 1 >= SizeClasses.SLAB_BLOCK_BYTES_MAX >>> 1) { // also when not positive
            return allocateLarge(bytes);
        }
        int sizeClass = SizeClasses.of(bytes);
        int slab = slabs[sizeClass];
        if (slab == 0) {
            slab = findSlab(sizeClass);
        }
        long descriptor = descriptors + ((long) slab << PageRuns.DESCRIPTOR_SHIFT);
        int handle = Memory.rawInt(descriptor + PageRuns.FREE);
        if (handle != 0) {
            Memory.rawPutInt(descriptor + PageRuns.FREE, Memory.rawInt(address(handle)));
        } else {
            handle = Memory.rawInt(descriptor + PageRuns.BUMP);
            int units = SizeClasses.blockBytes(sizeClass) >>> SizeClasses.UNIT_SHIFT;
            Memory.rawPutInt(descriptor + PageRuns.BUMP, handle + units);
        }
        int live = Memory.rawInt(descriptor + PageRuns.LIVE) + 1;
        Memory.rawPutInt(descriptor + PageRuns.LIVE, live);
        if (live == SizeClasses.slabBlocks(sizeClass)) {
            runs.unlink(slabs, sizeClass, slab);
            runs.link(slabs, FULL, slab);
        }
        addLive(SizeClasses.blockBytes(sizeClass));
        return handle;
    }

    /**
     * How many blocks of a size make a whole slab, to be allocated together.
     *
     * @param bytes their size, at least 1
     * @return at least 1; or 0 if such blocks do not fill whole pages without a rest
     */
    public static int blocksPerSlab(int bytes) {
        requirePositive(bytes);
        if (bytes > SizeClasses.SLAB_BLOCK_BYTES_MAX) {
            return 0;
        }
        int sizeClass = SizeClasses.of(bytes);
        int blocks = SizeClasses.slabBlocks(sizeClass);
        int filled = blocks * SizeClasses.blockBytes(sizeClass);
        return filled == SizeClasses.slabPages(sizeClass) << PageRuns.PAGE_SHIFT ? blocks : 0;
    }

    /**
     * Allocates all blocks of new slabs at once, for who needs many blocks of one size: they lie
     * side by side, so that they can be written together. Each is freed on its own.
     *
     * @param bytes size of a block; {@link #blocksPerSlab} of it is not 0
     * @param slabCount how many slabs, at least 1
     * @return handle of the first block; the others follow at distances of their size, rounded up
     *     to its class
     * @throws MemoryLimitException budget or arena are exhausted; nothing changed
     * @throws ClosedException the cache is closed
     */
    public int allocateSlabs(int bytes, int slabCount) {
        int perSlab = blocksPerSlab(bytes);
        if (perSlab == 0 || slabCount < 1) {
            throw new IllegalArgumentException(slabCount + " slabs of blocks of " + bytes + " B");
        }
        int sizeClass = SizeClasses.of(bytes);
        int pages = SizeClasses.slabPages(sizeClass);
        int run;
        synchronized (runs) {
            requireOpen();
            run = takeRun(pages * slabCount);
            runs.split(run, slabCount);
            for (int slab = run; slab < run + pages * slabCount; slab += pages) {
                describeFull(slab, sizeClass);
            }
        }
        int handle = run << PAGE_HANDLE_SHIFT;
        addLive((long) SizeClasses.blockBytes(sizeClass) * perSlab * slabCount);
        if (Memory.CHECKED) {
            for (int i = 0; i < perSlab * slabCount; i++) {
                long address = address(handle) + (long) i * SizeClasses.blockBytes(sizeClass);
                LiveMemory.allocated(arena.shadow(), address - base, bytes);
                Memory.fill(address, bytes, FRESH);
            }
        }
        return handle;
    }

    private void describeFull(int slab, int sizeClass) {
        int pages = SizeClasses.slabPages(sizeClass);
        for (int page = 1; page < pages; page++) {
            Memory.rawPutInt(runs.descriptor(slab + page) + PageRuns.FIRST, slab);
        }
        runs.setTag(slab, PageRuns.tag(PageRuns.KIND_SLAB, sizeClass, id));
        long descriptor = runs.descriptor(slab);
        Memory.rawPutInt(descriptor + PageRuns.LIVE, SizeClasses.slabBlocks(sizeClass));
        Memory.rawPutInt(descriptor + PageRuns.FREE, 0);
        Memory.rawPutInt(descriptor + PageRuns.BUMP, slab + pages << PAGE_HANDLE_SHIFT);
        runs.link(slabs, FULL, slab);
    }

    private long address(int handle) {
        return base + ((long) handle << SizeClasses.UNIT_SHIFT);
    }

    private void addLive(long bytes) {
        LIVE_BYTES.setOpaque(this, liveBytes + bytes);
    }

    /** A slab of the class with room, at the head of its list. */
    private int findSlab(int sizeClass) {
        takeReturned();
        if (slabs[sizeClass] != 0) {
            return slabs[sizeClass];
        }
        synchronized (runs) {
            requireOpen();
            int slab = arena.adoptOrphan(sizeClass, id);
            if (slab == 0) {
                slab = takeRun(SizeClasses.slabPages(sizeClass));
                for (int page = 1; page < SizeClasses.slabPages(sizeClass); page++) {
                    Memory.rawPutInt(runs.descriptor(slab + page) + PageRuns.FIRST, slab);
                }
                runs.setTag(slab, PageRuns.tag(PageRuns.KIND_SLAB, sizeClass, id));
                Memory.rawPutInt(runs.descriptor(slab) + PageRuns.LIVE, 0);
                startOver(slab);
            }
            runs.link(slabs, sizeClass, slab);
            return slab;
        }
    }

    /**
     * Forgets the order in which blocks of an empty slab were freed: they are handed out by address
     * again.
     */
    private void startOver(int slab) {
        Memory.rawPutInt(runs.descriptor(slab) + PageRuns.FREE, 0);
        Memory.rawPutInt(runs.descriptor(slab) + PageRuns.BUMP, slab << PAGE_HANDLE_SHIFT);
    }

    private int takeRun(int pages) {
        int run = runs.takeStock(pages);
        if (run == 0) {
            run = runs.take(pages);
        }
        return run;
    }

    private int allocateLarge(int bytes) {
        requirePositive(bytes);
        int pages = pagesFor(bytes);
        synchronized (runs) {
            requireOpen();
            int run = takeRun(pages);
            runs.setTag(run, PageRuns.tag(PageRuns.KIND_LARGE, 0, 0));
            addLive((long) pages << PageRuns.PAGE_SHIFT);
            return run << PAGE_HANDLE_SHIFT;
        }
    }

    private static int pagesFor(int bytes) {
        return (int) (NativeMemory.roundToPages(bytes) >>> PageRuns.PAGE_SHIFT);
    }

    // ---- freeing

    /**
     * Frees a block, allocated through this or any other cache of the arena. Its first bytes are
     * overwritten at once.
     *
     * @param handle of the block, without bit 31
     * @param bytes the size it was allocated with
     * @throws IllegalArgumentException no block of that class is there; found by luck, not always,
     *     unless in checked mode
     * @throws ClosedException the cache is closed
     */
    public void free(int handle, int bytes) {
        if (!Memory.CHECKED) {
            freeBlock(handle, bytes);
            return;
        }
        enter();
        try {
            long address = arena.address(handle);
            if (handle <= 0) {
                throw new AssertionError("free of handle 0x" + Integer.toHexString(handle));
            }
            LiveMemory.checkMapped(address, bytes);
            LiveMemory.checkFree(arena.shadow(), address - base, bytes, arena.name());
            Memory.fill(address, bytes, DEAD); // a reader that does not validate shall notice
            LiveMemory.freed(arena.shadow(), address - base, bytes);
            freeBlock(handle, bytes);
        } finally {
            busy = false;
        }
    }

    private void freeBlock(int handle, int bytes) {
        if (bytes - 1 >>> 1 >= SizeClasses.SLAB_BLOCK_BYTES_MAX >>> 1) {
            freeLarge(handle, bytes);
            return;
        }
        int sizeClass = SizeClasses.of(bytes);
        int slab = slabOf(handle);
        if (tag(slab) == PageRuns.tag(PageRuns.KIND_SLAB, sizeClass, id)) {
            freeOwn(handle, slab, sizeClass);
        } else {
            freeForeign(handle, slab, sizeClass);
        }
        addLive(-SizeClasses.blockBytes(sizeClass));
    }

    private int slabOf(int handle) {
        long page = Integer.toUnsignedLong(handle) >>> PAGE_HANDLE_SHIFT;
        return Memory.rawInt(descriptors + (page << PageRuns.DESCRIPTOR_SHIFT) + PageRuns.FIRST);
    }

    /**
     * Any thread may look: only the owner sees its own id here, so a match is certain and a
     * mismatch is looked into.
     */
    private int tag(int slab) {
        return Memory.rawIntOpaque(
                descriptors + ((long) slab << PageRuns.DESCRIPTOR_SHIFT) + PageRuns.TAG);
    }

    private void freeOwn(int handle, int slab, int sizeClass) {
        long descriptor = descriptors + ((long) slab << PageRuns.DESCRIPTOR_SHIFT);
        Memory.rawPutInt(address(handle), Memory.rawInt(descriptor + PageRuns.FREE));
        Memory.rawPutInt(descriptor + PageRuns.FREE, handle);
        int live = Memory.rawInt(descriptor + PageRuns.LIVE) - 1;
        Memory.rawPutInt(descriptor + PageRuns.LIVE, live);
        if (live + 1 == SizeClasses.slabBlocks(sizeClass)) {
            runs.unlink(slabs, FULL, slab);
            runs.link(slabs, sizeClass, slab);
        }
        if (live == 0) {
            becameIdle(slab);
        }
    }

    private void becameIdle(int slab) {
        startOver(slab);
        if (idleSlab != slab) {
            dropIdle();
            idleSlab = slab;
        }
    }

    /** Gives the slab kept back, if it is still empty. */
    private void dropIdle() {
        int slab = idleSlab;
        idleSlab = 0;
        if (slab != 0 && isEmpty(slab)) {
            giveBack(slab);
        }
    }

    private boolean isEmpty(int slab) {
        return Memory.rawInt(runs.descriptor(slab) + PageRuns.LIVE) == 0;
    }

    /**
     * Gives an empty slab back. Where the system does not take it, it stays in its list: blocks are
     * allocated from it, and {@link #trim} tries again.
     */
    private void giveBack(int slab) {
        synchronized (runs) {
            int sizeClass = PageRuns.sizeClass(runs.tag(slab));
            runs.unlink(slabs, sizeClass, slab);
            if (!runs.tryGive(slab)) {
                runs.link(slabs, sizeClass, slab);
                refusedSlabs = true;
            }
        }
    }

    /** Gives back what could not be given back when it became empty. */
    private void dropRefused() {
        if (!refusedSlabs) {
            return;
        }
        refusedSlabs = false;
        for (int list = 0; list < FULL; list++) {
            int slab = slabs[list];
            while (slab != 0) {
                int next = Memory.rawInt(runs.descriptor(slab) + PageRuns.NEXT);
                if (isEmpty(slab)) {
                    giveBack(slab);
                }
                slab = next;
            }
        }
    }

    private void freeForeign(int handle, int slab, int sizeClass) {
        while (true) {
            int tag = tag(slab);
            int owner = PageRuns.owner(tag);
            if (tag != PageRuns.tag(PageRuns.KIND_SLAB, sizeClass, owner)) {
                throw noSuchBlock(handle, SizeClasses.blockBytes(sizeClass));
            }
            if (owner == id || owner == 0 && adopt(slab)) {
                freeOwn(handle, slab, sizeClass);
                return;
            }
            SlabCache cache = arena.cache(owner);
            // An owner that closes meanwhile leaves its slabs to the arena first: look again.
            if (cache != null && cache.push(handle)) {
                return;
            }
            Thread.onSpinWait();
        }
    }

    private boolean adopt(int slab) {
        synchronized (runs) {
            requireOpen();
            int tag = runs.tag(slab);
            if (PageRuns.owner(tag) != 0) {
                return false;
            }
            arena.adopt(slab, id);
            int sizeClass = PageRuns.sizeClass(tag);
            int live = Memory.rawInt(runs.descriptor(slab) + PageRuns.LIVE);
            runs.link(slabs, live < SizeClasses.slabBlocks(sizeClass) ? sizeClass : FULL, slab);
            return true;
        }
    }

    private void freeLarge(int handle, int bytes) {
        requirePositive(bytes);
        int run = handle >>> PAGE_HANDLE_SHIFT;
        int pages = pagesFor(bytes);
        synchronized (runs) {
            requireOpen();
            if (handle != run << PAGE_HANDLE_SHIFT
                    || runs.tag(run) != PageRuns.tag(PageRuns.KIND_LARGE, 0, 0)
                    || runs.pages(run) != pages) {
                throw noSuchBlock(handle, bytes);
            }
            runs.give(run);
        }
        addLive(-((long) pages << PageRuns.PAGE_SHIFT));
    }

    private IllegalArgumentException noSuchBlock(int handle, int bytes) {
        return new IllegalArgumentException(
                "arena '"
                        + arena.name()
                        + "' has no block of "
                        + bytes
                        + " B at handle 0x"
                        + Integer.toHexString(handle));
    }

    // ---- blocks coming back from other caches

    /**
     * Called by any thread: hands a block back. False if this cache is closed and the block belongs
     * to someone else.
     */
    boolean push(int handle) {
        int top;
        do {
            top = returned;
            if (top == CLOSED) {
                return false;
            }
            Memory.rawPutInt(address(handle), top);
        } while (!RETURNED.compareAndSet(this, top, handle));
        return true;
    }

    /**
     * Takes back what others freed. All at once, so that no block can come back between a look and
     * a swap.
     */
    private void takeReturned() {
        if (returned == 0 || returned == CLOSED) {
            return;
        }
        int handle = (int) RETURNED.getAndSet(this, 0);
        while (handle != 0) {
            int next = Memory.rawInt(address(handle));
            int slab = slabOf(handle);
            int sizeClass = PageRuns.sizeClass(tag(slab));
            // The slab may have changed hands since, and its old owner's id may be ours.
            if (PageRuns.owner(tag(slab)) == id) {
                freeOwn(handle, slab, sizeClass);
            } else {
                freeForeign(handle, slab, sizeClass);
            }
            handle = next;
        }
    }

    /**
     * Takes back what other caches freed and gives up what is kept for speed: the empty slab of
     * this cache and the free pages of the arena. For a quiet moment; what lives stays where it is.
     */
    public void trim() {
        takeReturned();
        synchronized (runs) {
            requireOpen();
            dropIdle();
            dropRefused();
            runs.dropStock();
        }
    }

    // ---- life

    /** Leaves all slabs to the arena, for other caches to use; idempotent. Blocks stay live. */
    @Override
    public void close() {
        synchronized (runs) {
            if (closed) {
                return;
            }
            takeReturned();
            closed = true;
            for (int list = 0; list < slabs.length; list++) {
                while (slabs[list] != 0) {
                    int slab = slabs[list];
                    runs.unlink(slabs, list, slab);
                    arena.orphan(slab);
                }
            }
            arena.retire(this, id);
            // Whoever read our id before it was taken off the slabs may have pushed until now.
            int handle = (int) RETURNED.getAndSet(this, CLOSED);
            while (handle != 0) {
                int next = Memory.rawInt(address(handle));
                arena.freeWithoutCache(handle);
                handle = next;
            }
            idleSlab = 0;
        }
    }

    long liveBytes() {
        return (long) LIVE_BYTES.getOpaque(this);
    }

    private void requireOpen() {
        if (closed) {
            throw new ClosedException("cache of arena '" + arena.name() + "' is closed");
        }
    }

    private static void requirePositive(int bytes) {
        if (bytes <= 0) {
            throw new IllegalArgumentException("block of " + bytes + " B");
        }
    }

    private void enter() {
        if (busy || !BUSY.compareAndSet(this, false, true)) {
            throw new AssertionError(
                    "cache of arena '" + arena.name() + "' is used by two threads");
        }
    }

    @Override
    public String toString() {
        return "SlabCache[" + id + " of " + arena.name() + "]";
    }
}
