package io.raftengine.engine.purge;

import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/**
 * Keeps the purger's I/O from hurting those who write to the append queue.
 *
 * <p>Before each read or write the purger says how many bytes it will be; what exceeds the present
 * rate is waited for. The rate is a fixed one, or adapts:
 *
 * <pre>
 *   disk nearly full                    no limit: space is worth more than latency
 *   nobody writes                       no limit
 *   synced groups take as long as ever  rate grows by a constant step          (additive increase)
 *   they take longer                    rate shrinks by a constant factor      (multiplicative decrease)
 * </pre>
 *
 * <p>"As long as ever" is measured, not configured: the mean time of a synced group while no purge
 * ran, from the totals between the end of one purge and the beginning of the next, so it costs
 * nothing while there is none. Without such a time the first groups seen at the lowest rate stand
 * in for it. Where groups stay slow even at the lowest rate the purge is not the cause, and the
 * measure slowly follows. A group that has not come back for long counts as slow although its time
 * is not known yet: otherwise one sync that takes a second would look like a pause of the writers.
 *
 * <p>{@link #spend}, {@link #purgeBegins} and {@link #purgeEnds} are for the purger's thread, the
 * others for any. Allocates nothing.
 */
final class Pacer {
    /** Whatever happens, purge gets on. */
    static final long RATE_MIN = 16L << 20;

    static final long RATE_MAX = 4L << 30;

    /** Where a first purge beside traffic begins, with a known normal time of groups. */
    static final long RATE_START = 64L << 20;

    static final long RATE_STEP = 2L << 20;

    /** Groups may take a quarter longer than without purge: their tail grows faster than that. */
    private static final double SLOWER = 1.25;

    private static final double DECREASE = 0.7;

    /** How much of a difference the normal time takes over per window at the lowest rate. */
    private static final double DRIFT = 1.0 / 128;

    /** Unused time is not saved up beyond this, or a pause would be followed by a flood. */
    static final long BURST_BYTES = 128 << 10;

    static final long WINDOW_NANOS_MIN = 50_000_000L;
    static final long WINDOW_NANOS_MAX = 250_000_000L;

    /** A mean of fewer groups says little; a window is extended until it has as many, or long. */
    static final int WINDOW_GROUPS = 8;

    /** Groups between two purges that make their mean time worth believing. */
    static final int QUIET_GROUPS = 32;

    /** Without a group for so long nobody writes. */
    static final long IDLE_NANOS = 200_000_000L;

    /** The longest sleep without a look at what has changed. */
    static final long SLEEP_NANOS_MAX = 20_000_000L;

    /** As often as space is given back. */
    private static final long WAIT_NANOS = 5_000_000L;

    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    private final long fixedRate;
    private final LongSupplier clock;
    private final Foreground foreground;
    private final LongConsumer sleep;

    private volatile boolean stopped;
    private volatile boolean urgent;
    private volatile Thread sleeper;

    // The purger's own.
    private long rate = RATE_START;
    private double normalNanos;
    private double debtBytes;
    private long refilledNanos;
    private long trafficNanos;
    private boolean trafficSeen;
    private boolean heldBack;

    // The window under way: totals at its begin.
    private long windowNanos;
    private long windowGroups;
    private long windowSynced;
    private long windowSyncedNanos;

    // Totals at the end of the purge before.
    private long quietSynced;
    private long quietSyncedNanos;

    /**
     * A pacer that sleeps as the system does.
     *
     * @param bytesPerSecond the limit; 0 to adapt
     * @param foreground the writers to be spared
     */
    Pacer(long bytesPerSecond, Foreground foreground) {
        this(bytesPerSecond, foreground, System::nanoTime, LockSupport::parkNanos);
    }

    /**
     * A pacer with a time of its own.
     *
     * @param bytesPerSecond the limit; 0 to adapt
     * @param foreground the writers to be spared
     * @param clock nanoseconds, as {@link System#nanoTime}
     * @param sleep waits about so many nanoseconds, or less
     */
    Pacer(long bytesPerSecond, Foreground foreground, LongSupplier clock, LongConsumer sleep) {
        this.fixedRate = bytesPerSecond;
        this.foreground = foreground;
        this.clock = clock;
        this.sleep = sleep;
        this.refilledNanos = clock.getAsLong();
        // An engine just opened has not been purged: what comes until the first purge is quiet.
        this.quietSynced = foreground.syncedGroups();
        this.quietSyncedNanos = foreground.syncedNanos();
    }

    /** A purge begins: what the writers did since the last one was done in peace. */
    void purgeBegins() {
        long groups = foreground.syncedGroups() - quietSynced;
        if (groups >= QUIET_GROUPS) {
            double mean = (double) (foreground.syncedNanos() - quietSyncedNanos) / groups;
            // The newest counts most: what a sync costs drifts within minutes.
            normalNanos = normalNanos == 0 ? mean : (normalNanos + 3 * mean) / 4;
        }
        long now = clock.getAsLong();
        refilledNanos = now;
        debtBytes = 0;
        trafficNanos = now;
        trafficSeen = foreground.busy() || groups > 0;
        if (normalNanos == 0) {
            // Who never waits for the disk does not feel that others use it.
            boolean nobodySyncs = foreground.groups() > 0 && foreground.syncedGroups() == 0;
            rate = nobodySyncs ? RATE_MAX : RATE_MIN;
        }
        beginWindow(now);
    }

    /** A purge ends. */
    void purgeEnds() {
        quietSynced = foreground.syncedGroups();
        quietSyncedNanos = foreground.syncedNanos();
    }

    /**
     * Called before so many bytes are read or written; returns when they may be. What is larger
     * than the rate allows at once is paid for by those who come next, so a giant block does not
     * wait for its own size first.
     *
     * @param bytes how many
     */
    void spend(long bytes) {
        long now = clock.getAsLong();
        if (isLimited(now)) {
            refill(now);
            if (debtBytes > 0) {
                await(now);
            }
        } else {
            debtBytes = 0;
            refilledNanos = now;
        }
        debtBytes += bytes;
    }

    private void await(long start) {
        long now = start;
        while (isLimited(now) && debtBytes > 0) {
            heldBack = true;
            long nanos = (long) (debtBytes * NANOS_PER_SECOND / rate()) + 1;
            sleepFor(Math.min(nanos, SLEEP_NANOS_MAX));
            now = clock.getAsLong();
            refill(now);
        }
    }

    private void sleepFor(long nanos) {
        // A set flag would make every sleep return at once.
        boolean interrupted = Thread.interrupted();
        sleeper = Thread.currentThread();
        try {
            // Looked at once more: who stops has seen a sleeper, or is seen here.
            if (!stopped) {
                sleep.accept(nanos);
            }
        } finally {
            sleeper = null;
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void refill(long now) {
        double earned = (double) rate() * (now - refilledNanos) / NANOS_PER_SECOND;
        debtBytes = Math.max(-BURST_BYTES, debtBytes - earned);
        refilledNanos = now;
    }

    private boolean isLimited(long now) {
        if (stopped || urgent) {
            return false;
        }
        if (fixedRate > 0) {
            return true;
        }
        observe(now);
        return trafficSeen;
    }

    /** The rate of the moment, where there is a limit at all. */
    long rate() {
        return fixedRate > 0 ? fixedRate : rate;
    }

    /** Mean time of a synced group that counts as normal; 0 while there is none. */
    double normalNanos() {
        return normalNanos;
    }

    private void observe(long now) {
        long groups = foreground.groups() - windowGroups;
        boolean busy = foreground.busy();
        if (groups > 0 || busy) {
            trafficSeen = true;
            trafficNanos = now;
        } else if (now - trafficNanos > IDLE_NANOS) {
            trafficSeen = false;
        }
        long elapsed = now - windowNanos;
        if (elapsed < WINDOW_NANOS_MIN) {
            return;
        }
        long synced = foreground.syncedGroups() - windowSynced;
        if (synced < WINDOW_GROUPS && elapsed < WINDOW_NANOS_MAX) {
            return;
        }
        if (synced > 0) {
            judge((double) (foreground.syncedNanos() - windowSyncedNanos) / synced);
        } else if (busy && groups == 0) {
            judge((double) elapsed);
        } else if (groups > 0 && heldBack) {
            // Nobody waits for a disk here.
            rate = RATE_MAX;
        }
        beginWindow(now);
    }

    private void beginWindow(long now) {
        windowNanos = now;
        windowGroups = foreground.groups();
        windowSynced = foreground.syncedGroups();
        windowSyncedNanos = foreground.syncedNanos();
        heldBack = false;
    }

    private void judge(double groupNanos) {
        if (normalNanos == 0) {
            normalNanos = groupNanos;
            return;
        }
        if (groupNanos > normalNanos * SLOWER) {
            if (rate == RATE_MIN) {
                normalNanos += (groupNanos - normalNanos) * DRIFT;
            }
            rate = Math.max(RATE_MIN, (long) (rate * DECREASE));
        } else {
            if (groupNanos < normalNanos) {
                normalNanos += (groupNanos - normalNanos) / 8;
            }
            // A rate that was not reached says nothing about a higher one.
            if (heldBack) {
                grow();
            }
        }
    }

    private void grow() {
        rate = Math.min(RATE_MAX, rate + RATE_STEP);
    }

    /**
     * Lifts every limit, or lets it hold again.
     *
     * @param on whether the disk is nearly full, so that nothing matters more than space
     */
    void urgent(boolean on) {
        urgent = on;
        if (on) {
            wake();
        }
    }

    /**
     * Waits for what others do for this purge, such as giving back the space of what it deleted.
     *
     * @return false, at once, if the engine is closing
     */
    boolean waitABit() {
        sleepFor(WAIT_NANOS);
        return !stopped;
    }

    /** Ends a sleep under way, and every later one before it begins: the engine is closing. */
    void stop() {
        stopped = true;
        wake();
    }

    private void wake() {
        Thread asleep = sleeper;
        if (asleep != null) {
            LockSupport.unpark(asleep);
        }
    }
}
