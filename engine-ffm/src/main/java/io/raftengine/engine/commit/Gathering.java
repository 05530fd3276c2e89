package io.raftengine.engine.commit;

/**
 * How long the callers of a group that will be synced wait for others before one of them leads it.
 *
 * <p>The callers of the group before have just been woken and are about to come back. Whoever does
 * not wait for them writes a small group, they miss it, and from then on two half-sized groups take
 * turns: half the throughput, and some callers miss several groups in a row. So everyone seen
 * around when the last group ended is expected, and it is the last of them to arrive who leads: the
 * others sleep meanwhile, and no processor is spent on waiting. One of the sleepers watches the
 * time.
 *
 * <p>Waiting in vain costs latency, so patience adapts: it halves when the expected callers did not
 * come, and is restored when they did. Written by the holder of the write token, read by all
 * callers; a stale answer costs a wait or a smaller group, never more.
 */
final class Gathering {
    /** What waking the first caller takes on an idle processor. */
    private static final long BASE_NANOS = 60_000L;

    /** What each further caller takes to wake up, fill a batch and claim a slot. */
    private static final long CALLER_NANOS = 6_000L;

    private static final long NANOS_MAX = 1_000_000L;

    /**
     * Patience is halved so often at most; then no group is waited for until it is time to try
     * again.
     */
    private static final int IMPATIENCE_MAX = 5;

    /** After this many impatient groups in a row one patient one is tried. */
    private static final int RETRY_AFTER_GROUPS = 64;

    private volatile int expected = 1;
    private volatile int impatience;

    /** By the holder of the write token only. */
    private int impatientGroups;

    /** How long to wait for more callers of this group, in nanoseconds; 0 if it may be led now. */
    long patience(CommitGroup group) {
        int callers = expected;
        int halvings = impatience;
        if (callers <= 1
                || halvings >= IMPATIENCE_MAX
                || !group.syncWanted()
                || group.claimedSlots() >= callers) {
            return 0;
        }
        return Math.min(NANOS_MAX, BASE_NANOS + CALLER_NANOS * callers) >> halvings;
    }

    /** Learns from a group that is about to be closed whether waiting was worth it. */
    void groupLed(CommitGroup group) {
        int callers = expected;
        if (callers <= 1 || !group.syncWanted()) {
            return;
        }
        int halvings = impatience;
        if (group.claimedSlots() >= callers) {
            if (halvings > 0) {
                impatience = 0;
            }
            impatientGroups = 0;
        } else if (halvings < IMPATIENCE_MAX) {
            impatience = halvings + 1;
            impatientGroups = 0;
        } else if (++impatientGroups >= RETRY_AFTER_GROUPS) {
            impatience = 0;
            impatientGroups = 0;
        }
    }

    /**
     * Notes who was around when a group ended: its own callers and those who already wait in the
     * next one.
     */
    void groupEnded(int callers, int callersOfNext) {
        // More than a group has slots for cannot come.
        int around = Math.clamp(callers + callersOfNext, 1, CommitGroup.SLOTS_MAX);
        if (expected != around) {
            // Mostly it is what it was, and a volatile store is not cheap.
            expected = around;
        }
    }
}
