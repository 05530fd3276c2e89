package io.raftengine.engine.commit;

/**
 * How long a leader waits for more callers before it closes a group that will be synced.
 *
 * <p>The callers of the group before have just been woken and are about to come back. A leader that
 * does not wait for them writes a small group, they miss it, and from then on two half-sized groups
 * take turns: half the throughput. So the leader expects everyone it saw around when the last group
 * ended, and yields until they are here.
 *
 * <p>Waiting in vain costs latency, so the patience adapts: it halves when the expected callers did
 * not come, and is restored when they did. Used by the holder of the write token only.
 */
final class Linger {
    private static final int YIELDS_MAX = 64;
    private static final long NANOS_MAX = 200_000L;

    /** After this many impatient groups in a row one patient one is tried. */
    private static final int RETRY_AFTER_GROUPS = 64;

    private int expected = 1;
    private int yieldsAllowed = YIELDS_MAX;
    private int impatientGroups;

    /** Waits until the expected callers have claimed, or patience runs out. */
    void await(CommitGroup group) {
        if (!group.syncWanted() || group.claimedSlots() >= expected) {
            return;
        }
        if (yieldsAllowed == 0 && ++impatientGroups >= RETRY_AFTER_GROUPS) {
            impatientGroups = 0;
            yieldsAllowed = YIELDS_MAX;
        }
        long start = System.nanoTime();
        for (int i = 0; i < yieldsAllowed; i++) {
            Thread.yield();
            if (group.claimedSlots() >= expected) {
                yieldsAllowed = YIELDS_MAX;
                impatientGroups = 0;
                return;
            }
            if (System.nanoTime() - start > NANOS_MAX) {
                break;
            }
        }
        yieldsAllowed /= 2;
    }

    /**
     * Notes who was around when a group ended: its own callers and those who already wait in the
     * next one.
     */
    void groupEnded(int callers, int callersOfNext) {
        expected = Math.max(1, callers + callersOfNext);
    }
}
