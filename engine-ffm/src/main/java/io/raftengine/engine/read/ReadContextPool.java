package io.raftengine.engine.read;

import io.raftengine.allocator.MemoryBudget;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Lends read contexts. At most {@link #SLOTS} are kept; more readers at once get one of their own
 * for that read. Lock-free, and without allocation while there are enough; a thread usually gets
 * the context it had before.
 */
public final class ReadContextPool implements AutoCloseable {
    private static final int SLOTS = 32;
    private static final int PROBES = 4;

    private final AtomicReferenceArray<ReadContext> slots = new AtomicReferenceArray<>(SLOTS);
    private final MemoryBudget budget;

    /**
     * An empty pool.
     *
     * @param budget what the contexts' buffers are charged to
     */
    public ReadContextPool(MemoryBudget budget) {
        this.budget = budget;
    }

    /**
     * Lends a context; the caller gives it back with {@link #give}.
     *
     * @return a context nobody else uses
     */
    public ReadContext take() {
        int home = home();
        for (int i = 0; i < PROBES; i++) {
            int slot = home + i & SLOTS - 1;
            ReadContext context = slots.get(slot);
            if (context != null && slots.compareAndSet(slot, context, null)) {
                return context;
            }
        }
        return new ReadContext(budget);
    }

    /**
     * Takes a context back.
     *
     * @param context one that {@link #take} lent
     */
    public void give(ReadContext context) {
        context.trim();
        int home = home();
        for (int i = 0; i < PROBES; i++) {
            int slot = home + i & SLOTS - 1;
            if (slots.get(slot) == null && slots.compareAndSet(slot, null, context)) {
                return;
            }
        }
        context.close();
    }

    private static int home() {
        return (int) Thread.currentThread().threadId() * PROBES & SLOTS - 1;
    }

    /** Gives back the memory of the contexts that nobody uses; by any thread, at any time. */
    public void giveBack() {
        for (int i = 0; i < SLOTS; i++) {
            ReadContext context = slots.getAndSet(i, null);
            if (context != null) {
                context.close();
            }
        }
    }

    /** Gives all memory back; nobody reads any more. */
    @Override
    public void close() {
        giveBack();
    }
}
