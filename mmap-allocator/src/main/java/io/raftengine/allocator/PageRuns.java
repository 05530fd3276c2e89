package io.raftengine.allocator;

import io.raftengine.error.MemoryLimitException;
import io.raftengine.error.StorageException;
import java.util.Arrays;

/**
 * Hands out runs of whole pages from one address range, charges them to the budget, and gives them
 * back.
 *
 * <p>A page is <em>in use</em>, <em>in stock</em> (free but still charged and resident: one extent
 * at most, so that a block freed and allocated in turn makes no system calls), <em>free</em> (given
 * back to the system, not charged), or beyond the high water (never used). Free runs are merged
 * with their neighbours and found by length.
 *
 * <p>Each page has a descriptor in a table off the heap, charged as far as the high water reaches:
 *
 * <pre>
 *    byte   0        4        8        12       16       20       24       28       32
 *           +--------+--------+--------+--------+--------+--------+--------+--------+
 *           | first  | pages  |  tag   |  free  |  live  |  bump  |  prev  |  next  |
 *           +--------+--------+--------+--------+--------+--------+--------+--------+
 *    first  first page of the run; kept for every page of a slab and for the last one of a free run
 *    pages  length of the run                                      this and all below: in its first page only
 *    tag    kind of run in bits 0..7, size class in 8..15, id of the owning cache in 16..31 (0: none)
 *    free   slab: first freed block, as a handle; 0 none           this and the next two: the owning cache's
 *    live   slab: blocks allocated
 *    bump   slab: the next block never allocated so far, as a handle
 *    prev   neighbours in the list of slabs with room of the owner (or of the arena, without owner),
 *    next   or in the list of free runs of about this length; 0 none
 * </pre>
 *
 * <p>{@code first}, {@code pages} and {@code tag} change only under the lock, which is this object;
 * every method that changes anything demands that the caller holds it. Page 0 is never used, so
 * that 0 means "none" in links and handles.
 */
final class PageRuns {
    static final int FIRST = 0;
    static final int PAGES = 4;
    static final int TAG = 8;
    static final int FREE = 12;
    static final int LIVE = 16;
    static final int BUMP = 20;
    static final int PREV = 24;
    static final int NEXT = 28;
    static final int DESCRIPTOR_SHIFT = 5;

    static final int KIND_NONE = 0; // not the first page of a run
    static final int KIND_FREE = 1;
    static final int KIND_STOCK = 2;
    static final int KIND_SLAB = 3;
    static final int KIND_LARGE = 4;

    static final int PAGE_BYTES = NativeMemory.PAGE_BYTES;
    static final int PAGE_SHIFT = Integer.numberOfTrailingZeros(PAGE_BYTES);

    /** Pages kept in stock: an extent of 64 KiB. */
    static final int STOCK_PAGES_MAX = Math.max(1, (64 << 10) / PAGE_BYTES);

    /** Runs shorter than this have a bin for each length, longer ones a bin for each doubling. */
    private static final int EXACT_BINS = 64;

    /** How many runs of one bin are looked at before a bin of longer ones is taken. */
    private static final int LOOK_MAX = 8;

    /** Gives pages back to the system. */
    @FunctionalInterface
    interface PageReturn {
        /**
         * The pages read as zeros from now on. Whatever it throws, it changed nothing.
         *
         * @throws io.raftengine.error.StorageException the system refuses
         */
        void discard(long address, long bytes);
    }

    private final MemoryBudget budget;
    private final String name;
    private final long base;
    private final long descriptors;
    private final int pagesMax;
    private final PageReturn system;

    private final int[] bins = new int[EXACT_BINS + Integer.SIZE];
    private int freeRuns; // in all bins
    private final int[] stock = new int[STOCK_PAGES_MAX];
    private int stockRuns;
    private int stockPages;
    private int highWater = 1;
    private int tablePages; // pages of descriptors that are charged
    private int pagesInUse;
    private int runsInUse;

    PageRuns(
            MemoryBudget budget,
            String name,
            long base,
            long descriptors,
            int pagesMax,
            PageReturn system) {
        this.budget = budget;
        this.name = name;
        this.base = base;
        this.descriptors = descriptors;
        this.pagesMax = pagesMax;
        this.system = system;
    }

    long descriptor(int page) {
        return descriptors + ((long) page << DESCRIPTOR_SHIFT);
    }

    /**
     * First page of the run a page in use belongs to; right for every page of a slab and the first
     * of a large block.
     */
    int first(int page) {
        return Memory.rawInt(descriptor(page) + FIRST);
    }

    int pages(int run) {
        return Memory.rawInt(descriptor(run) + PAGES);
    }

    int tag(int run) {
        // Read without the lock by caches that free a block; only the owner can see its own id
        // here, see SlabCache.
        return Memory.rawIntOpaque(descriptor(run) + TAG);
    }

    void setTag(int run, int tag) {
        Memory.rawPutIntOpaque(descriptor(run) + TAG, tag);
    }

    static int tag(int kind, int sizeClass, int owner) {
        return kind | sizeClass << 8 | owner << 16;
    }

    static int kind(int tag) {
        return tag & 0xff;
    }

    static int sizeClass(int tag) {
        return tag >>> 8 & 0xff;
    }

    static int owner(int tag) {
        return tag >>> 16;
    }

    int runsInUse() {
        return runsInUse;
    }

    /** All that is charged to the budget for these runs and their descriptors. */
    long chargedBytes() {
        return ((long) pagesInUse + stockPages + tablePages) << PAGE_SHIFT;
    }

    // ---- taking

    /** A run from the stock, or 0: charged already, so it cannot fail. The caller sets its tag. */
    int takeStock(int pages) {
        int best = -1;
        for (int at = 0; at < stockRuns; at++) {
            int length = pages(stock[at]);
            if (length >= pages && (best < 0 || length < pages(stock[best]))) {
                best = at;
            }
        }
        if (best < 0) {
            return 0;
        }
        int run = stock[best];
        int rest = pages(run) - pages;
        if (rest == 0) {
            removeStock(best);
        } else {
            stock[best] = run + pages;
            describe(run + pages, rest, KIND_STOCK);
        }
        stockPages -= pages;
        use(run, pages);
        return run;
    }

    /**
     * A run that is charged now. The caller sets its tag.
     *
     * @param pages its length
     * @return its first page
     * @throws MemoryLimitException budget or address range are exhausted; nothing changed
     */
    int take(int pages) {
        long bytes = (long) pages << PAGE_SHIFT;
        reserve(bytes);
        int run = takeFree(pages);
        if (run == 0) {
            try {
                run = takeNew(pages);
            } catch (RuntimeException | Error e) {
                budget.release(name, bytes);
                throw e;
            }
        }
        use(run, pages);
        return run;
    }

    private void use(int run, int pages) {
        describe(run, pages, KIND_NONE);
        pagesInUse += pages;
        runsInUse++;
    }

    /** Makes several runs of a run in use, of equal length. The caller sets their tags. */
    void split(int run, int parts) {
        int pages = pages(run) / parts;
        for (int part = 0; part < parts; part++) {
            describe(run + part * pages, pages, KIND_NONE);
        }
        runsInUse += parts - 1;
    }

    private void reserve(long bytes) {
        if (!budget.tryReserve(name, bytes)) {
            dropStock(); // what lies in stock must not be the reason for a refusal
            budget.reserve(name, bytes);
        }
    }

    private int takeFree(int pages) {
        if (freeRuns == 0) {
            return 0;
        }
        for (int bin = bin(pages); bin < bins.length; bin++) {
            int run = bins[bin];
            for (int look = 0; run != 0 && look < LOOK_MAX; look++) {
                int length = pages(run);
                if (length >= pages) {
                    unlinkFree(run);
                    if (length > pages) {
                        linkFree(run + pages, length - pages);
                    }
                    return run;
                }
                run = Memory.rawInt(descriptor(run) + NEXT);
            }
        }
        return 0;
    }

    private int takeNew(int pages) {
        requireRange(pages);
        coverDescriptors(pages);
        int run = highWater;
        highWater += pages;
        return run;
    }

    private void requireRange(int pages) {
        if (pages > pagesMax - highWater) {
            throw new MemoryLimitException(
                    (long) pages << PAGE_SHIFT,
                    (long) (highWater - 1) << PAGE_SHIFT,
                    (long) (pagesMax - 1) << PAGE_SHIFT);
        }
    }

    /** Pays for the descriptors of so many pages beyond the high water. */
    private void coverDescriptors(int pages) {
        long missing = missingTableBytes(pages);
        if (missing > 0 && !budget.tryReserve(name, missing)) {
            dropStock(); // which may lower the high water, and make the table shorter
            missing = missingTableBytes(pages);
            budget.reserve(name, missing);
        }
        tablePages += (int) (missing >>> PAGE_SHIFT);
    }

    private long missingTableBytes(int pages) {
        return (long) Math.max(0, tablePagesFor(highWater + pages) - tablePages) << PAGE_SHIFT;
    }

    private static int tablePagesFor(int pages) {
        return (int) (NativeMemory.roundToPages((long) pages << DESCRIPTOR_SHIFT) >>> PAGE_SHIFT);
    }

    // ---- giving back

    /**
     * Gives a run back, to the stock if it fits there. The system comes first, here and in {@link
     * #dropStock}: a failure leaves the run in use.
     */
    void give(int run) {
        int pages = pages(run);
        boolean kept = pages <= STOCK_PAGES_MAX;
        if (!kept) {
            discard(run, pages);
        } else if (stockPages + pages > STOCK_PAGES_MAX) {
            dropStock();
        }
        pagesInUse -= pages;
        runsInUse--;
        if (kept) {
            stock[stockRuns++] = run;
            stockPages += pages;
            describe(run, pages, KIND_STOCK);
        } else {
            merge(run, pages);
        }
    }

    /**
     * As {@link #give}, for whoever has another use for what cannot be given back: freeing a block
     * must not fail because of the pages around it.
     *
     * @return false if the system refuses; the run stays in use
     */
    boolean tryGive(int run) {
        try {
            give(run);
            return true;
        } catch (StorageException | VirtualMachineError refused) {
            return false;
        }
    }

    /**
     * Empties the stock. Neighbours go to the system together: a call takes longer than the pages
     * in it, and what is freed in the order it was allocated lies side by side. A failure leaves in
     * stock what was not given back.
     */
    void dropStock() {
        Arrays.sort(stock, 0, stockRuns);
        while (stockRuns > 0) {
            int left = stockRuns - 1;
            int start = stock[left];
            int end = start + pages(start);
            while (left > 0 && stock[left - 1] + pages(stock[left - 1]) == start) {
                left--;
                start = stock[left];
            }
            discard(start, end - start);
            stockRuns = left;
            stockPages -= end - start;
            merge(start, end - start);
        }
    }

    private void removeStock(int at) {
        System.arraycopy(stock, at + 1, stock, at, stockRuns - at - 1);
        stockRuns--;
    }

    private void discard(int run, int pages) {
        system.discard(base + ((long) run << PAGE_SHIFT), (long) pages << PAGE_SHIFT);
    }

    /** Makes pages free that were given back to the system and are charged no longer. */
    private void merge(int run, int pages) {
        budget.release(name, (long) pages << PAGE_SHIFT);
        int start = run;
        int end = run + pages;
        // The word of the page before may be stale; it counts only if a free run really starts
        // there and ends here.
        int before = first(start - 1);
        if (before != 0 && isFree(before) && before + pages(before) == start) {
            unlinkFree(before);
            start = before;
        }
        if (end < highWater && isFree(end)) {
            int after = end;
            end += pages(after);
            unlinkFree(after);
        }
        setTag(run, KIND_NONE);
        if (end == highWater) {
            highWater = start;
            trimDescriptors();
        } else {
            linkFree(start, end - start);
        }
    }

    private boolean isFree(int run) {
        return kind(tag(run)) == KIND_FREE;
    }

    /**
     * Gives pages of descriptors back, but for one, so that the high water may move a little
     * without a system call. What the system does not take stays charged until the next time: the
     * run that was given back is no longer anybody's, so nobody may be told that this failed.
     */
    private void trimDescriptors() {
        int keep = highWater == 1 ? 0 : tablePagesFor(highWater) + 1;
        int spare = tablePages - keep;
        if (spare > 0) {
            long from = descriptors + ((long) keep << PAGE_SHIFT);
            try {
                system.discard(from, (long) spare << PAGE_SHIFT);
            } catch (StorageException | VirtualMachineError refused) {
                return;
            }
            budget.release(name, (long) spare << PAGE_SHIFT);
            tablePages = keep;
        }
    }

    private void describe(int run, int pages, int kind) {
        long descriptor = descriptor(run);
        Memory.rawPutInt(descriptor + FIRST, run);
        Memory.rawPutInt(descriptor + PAGES, pages);
        setTag(run, kind);
    }

    // ---- free runs, in bins by length

    private static int bin(int pages) {
        return pages < EXACT_BINS
                ? pages
                : EXACT_BINS + Integer.SIZE - 1 - Integer.numberOfLeadingZeros(pages);
    }

    private void linkFree(int run, int pages) {
        freeRuns++;
        describe(run, pages, KIND_FREE);
        Memory.rawPutInt(descriptor(run + pages - 1) + FIRST, run);
        link(bins, bin(pages), run);
    }

    private void unlinkFree(int run) {
        freeRuns--;
        unlink(bins, bin(pages(run)), run);
        setTag(run, KIND_NONE);
    }

    // ---- doubly linked lists through the descriptors

    void link(int[] heads, int list, int run) {
        int next = heads[list];
        long descriptor = descriptor(run);
        Memory.rawPutInt(descriptor + PREV, 0);
        Memory.rawPutInt(descriptor + NEXT, next);
        if (next != 0) {
            Memory.rawPutInt(descriptor(next) + PREV, run);
        }
        heads[list] = run;
    }

    void unlink(int[] heads, int list, int run) {
        long descriptor = descriptor(run);
        int prev = Memory.rawInt(descriptor + PREV);
        int next = Memory.rawInt(descriptor + NEXT);
        if (prev == 0) {
            heads[list] = next;
        } else {
            Memory.rawPutInt(descriptor(prev) + NEXT, next);
        }
        if (next != 0) {
            Memory.rawPutInt(descriptor(next) + PREV, prev);
        }
    }
}
