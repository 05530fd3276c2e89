package io.raftengine.allocator;

import io.raftengine.error.MemoryLimitException;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/**
 * Counts, byte for byte, the off-heap memory that may become resident, and refuses what would
 * exceed the limit.
 *
 * <p>Every mapping of this package reserves here <em>before</em> it asks the operating system and
 * releases after it gave the memory back, so {@link #reservedBytes()} is an upper bound of resident
 * bytes at any moment (I8). It counts what was reserved through it and nothing else: neither the
 * Java heap nor what other libraries allocate.
 *
 * <p>Safe for all threads, without locks.
 */
public final class MemoryBudget {
    private static final String UNNAMED = "unnamed";

    private final long limitBytes;
    private final AtomicLong reservedBytes = new AtomicLong();
    private final AtomicLong peakBytes = new AtomicLong();

    /**
     * Bytes by owner, kept in checked mode only: a leak is then named instead of merely counted.
     */
    private final Map<String, LongAdder> bytesByOwner;

    /** Gives back what is kept for speed alone; null if nobody keeps anything. */
    private volatile Runnable relief;

    /**
     * A budget with a limit.
     *
     * @param limitBytes most bytes that may be reserved at one time, at least 0
     */
    public MemoryBudget(long limitBytes) {
        if (limitBytes < 0) {
            throw new IllegalArgumentException("memory limit of " + limitBytes + " B is negative");
        }
        this.limitBytes = limitBytes;
        this.bytesByOwner = Memory.checked() ? new ConcurrentHashMap<>() : Map.of();
    }

    /**
     * A budget that counts but never refuses.
     *
     * @return a new budget with a limit of {@link Long#MAX_VALUE}
     */
    public static MemoryBudget unlimited() {
        return new MemoryBudget(Long.MAX_VALUE);
    }

    /**
     * Names who keeps memory for speed alone. It is called before a reservation is refused, by the
     * thread that reserves, and gives back what it can: what is only kept is no reason for a
     * refusal.
     *
     * @param giveBack must neither wait for a lock, since the caller may hold any, nor reserve
     */
    public void relieveWith(Runnable giveBack) {
        relief = giveBack;
    }

    /**
     * Reserves bytes that belong to nobody in particular.
     *
     * @param bytes how many, at least 0
     * @throws MemoryLimitException they do not fit; nothing was reserved
     */
    public void reserve(long bytes) {
        reserve(UNNAMED, bytes);
    }

    /**
     * Reserves bytes for a named owner.
     *
     * @param owner who holds them, as {@link #assertAllReleased()} will say
     * @param bytes how many, at least 0
     * @throws MemoryLimitException they do not fit; nothing was reserved
     */
    public void reserve(String owner, long bytes) {
        if (!tryReserve(owner, bytes)) {
            throw new MemoryLimitException(bytes, reservedBytes.get(), limitBytes);
        }
    }

    /**
     * Reserves bytes that belong to nobody in particular, if they fit.
     *
     * @param bytes how many, at least 0
     * @return whether they fitted; if not, nothing was reserved
     */
    public boolean tryReserve(long bytes) {
        return tryReserve(UNNAMED, bytes);
    }

    /**
     * Reserves bytes for a named owner, if they fit.
     *
     * @param owner who holds them, as {@link #assertAllReleased()} will say
     * @param bytes how many, at least 0
     * @return whether they fitted; if not, nothing was reserved
     */
    public boolean tryReserve(String owner, long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("reserve of " + bytes + " B");
        }
        if (add(owner, bytes)) {
            return true;
        }
        Runnable giveBack = relief;
        if (giveBack == null || bytes > limitBytes) {
            return false;
        }
        giveBack.run();
        return add(owner, bytes);
    }

    private boolean add(String owner, long bytes) {
        long before;
        do {
            before = reservedBytes.get();
            if (bytes > limitBytes - before) { // this side of the comparison cannot overflow
                return false;
            }
        } while (!reservedBytes.compareAndSet(before, before + bytes));
        raisePeak(before + bytes);
        if (Memory.CHECKED) {
            bytesByOwner.computeIfAbsent(owner, name -> new LongAdder()).add(bytes);
        }
        return true;
    }

    private void raisePeak(long bytes) {
        long peak;
        do {
            peak = peakBytes.get();
        } while (bytes > peak && !peakBytes.compareAndSet(peak, bytes));
    }

    /**
     * Gives back bytes reserved without a name.
     *
     * @param bytes how many, at least 0 and at most what is reserved
     */
    public void release(long bytes) {
        release(UNNAMED, bytes);
    }

    /**
     * Gives back bytes of a named owner.
     *
     * @param owner the name they were reserved under
     * @param bytes how many, at least 0 and at most what is reserved
     * @throws IllegalStateException more than is reserved: the books of the caller are wrong
     */
    public void release(String owner, long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("release of " + bytes + " B");
        }
        long before;
        do {
            before = reservedBytes.get();
            if (bytes > before) {
                throw new IllegalStateException(
                        owner + " releases " + bytes + " B while " + before + " B are reserved");
            }
        } while (!reservedBytes.compareAndSet(before, before - bytes));
        if (Memory.CHECKED) {
            bytesByOwner.computeIfAbsent(owner, name -> new LongAdder()).add(-bytes);
        }
    }

    /**
     * What is reserved now.
     *
     * @return bytes, between 0 and {@link #limitBytes()}
     */
    public long reservedBytes() {
        return reservedBytes.get();
    }

    /**
     * The most that was ever reserved at one time.
     *
     * @return bytes, at most {@link #limitBytes()}
     */
    public long peakBytes() {
        return peakBytes.get();
    }

    /**
     * The limit.
     *
     * @return bytes; {@link Long#MAX_VALUE} for an unlimited budget
     */
    public long limitBytes() {
        return limitBytes;
    }

    /**
     * Checks that everything was given back, as it must be once everything that used the budget is
     * closed. Meant for tests and for the end of a checked run, when no other thread uses the
     * budget.
     *
     * @throws IllegalStateException bytes are still reserved; in checked mode the message names
     *     their owners
     */
    public void assertAllReleased() {
        var owners = new TreeMap<String, Long>();
        bytesByOwner.forEach((owner, bytes) -> {
            if (bytes.sum() != 0) {
                owners.put(owner, bytes.sum());
            }
        });
        long left = reservedBytes.get();
        if (left != 0 || !owners.isEmpty()) {
            throw new IllegalStateException(
                    left + " B are still reserved; bytes by owner: " + owners);
        }
    }

    @Override
    public String toString() {
        return "MemoryBudget[reserved="
                + reservedBytes
                + ", peak="
                + peakBytes
                + ", limit="
                + limitBytes
                + "]";
    }
}
