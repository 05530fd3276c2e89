package io.raftengine.engine;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.ClosedException;
import io.raftengine.error.MemoryLimitException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Batches for compactions. Those are frequent and tiny, so mapping memory for each would cost more
 * than the write; and they give memory back, so they must be possible when there is none. One batch
 * is there from the beginning and is kept. Where the limit leaves no room for another one,
 * compactions take turns with it.
 *
 * <p>Safe for all threads. The lock is only for those who wait.
 */
final class CompactionBatches implements AutoCloseable {
    private final MemoryBudget budget;
    private final AtomicReference<LogBatch> spare;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    // Written under the lock; read by whoever gives a batch back, after that.
    private volatile int waiting;
    private volatile boolean closed;

    /**
     * Makes the one that is kept.
     *
     * @throws MemoryLimitException no room for it
     */
    CompactionBatches(MemoryBudget budget) {
        this.budget = budget;
        this.spare = new AtomicReference<>(new LogBatch(budget));
    }

    /**
     * An empty batch, to be given back. Waits where there is no memory for one and others have
     * theirs, for as long as their writes take.
     *
     * @throws ClosedException closed meanwhile
     */
    LogBatch take() {
        LogBatch batch = spare.getAndSet(null);
        if (batch != null) {
            return batch;
        }
        try {
            return new LogBatch(budget);
        } catch (MemoryLimitException full) {
            return await();
        }
    }

    private LogBatch await() {
        lock.lock();
        try {
            waiting++;
            while (!closed) {
                LogBatch batch = spare.getAndSet(null);
                if (batch != null) {
                    return batch;
                }
                changed.awaitUninterruptibly();
            }
            throw new ClosedException("the engine is closed");
        } finally {
            waiting--;
            lock.unlock();
        }
    }

    /** Takes a batch back, whatever is in it. */
    void giveBack(LogBatch batch) {
        batch.clear();
        if (!spare.compareAndSet(null, batch)) {
            batch.close();
        } else if (closed) {
            // close() may have looked for it already.
            closeSpare();
        }
        // Whoever waits counted himself before he looked for what was just put there.
        if (waiting > 0) {
            wake();
        }
    }

    private void wake() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void closeSpare() {
        LogBatch batch = spare.getAndSet(null);
        if (batch != null) {
            batch.close();
        }
    }

    /** Gives memory back; that of batches in use when these are given back. Repeatable. */
    @Override
    public void close() {
        closed = true;
        closeSpare();
        wake();
    }
}
