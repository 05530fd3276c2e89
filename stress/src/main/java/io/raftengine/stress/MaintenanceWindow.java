package io.raftengine.stress;

/**
 * When the purger was at work, so that the latencies of writes can be told apart: those that met a
 * purge, or the compactions it asked for, and those that met none.
 *
 * <p>A second one, the control, is as long as the last purge and opened half an interval later,
 * while the purger does nothing. A write that takes long for whatever reason is likely to meet any
 * window, so writes that met one are slow ones even then: what a purge did to the writes that met
 * it is what they took beyond those that met the control.
 *
 * <p>Opened and closed by the purger's thread; asked by all others.
 */
final class MaintenanceWindow {
    private static final long STILL_OPEN = Long.MAX_VALUE;

    /** Written before {@link #end} is set to {@link #STILL_OPEN}, read after it. */
    private volatile long begin;

    private volatile long end;
    private volatile boolean everOpened;

    void open() {
        begin = System.nanoTime();
        end = STILL_OPEN;
        everOpened = true;
    }

    /** Nanoseconds it was open. */
    long close() {
        long now = System.nanoTime();
        end = now;
        return now - begin;
    }

    /** Opens it for so long, beginning now. */
    void openFor(long nanos) {
        long now = System.nanoTime();
        begin = now;
        end = now + nanos;
        everOpened = true;
    }

    /**
     * Whether an operation that has just returned met the newest window. It is asked once per
     * operation, so no earlier window can have been met by an operation that the newest one missed:
     * they are seldom, operations are short.
     *
     * @param due when the operation should have begun
     * @param returned when it ended
     */
    boolean touches(long due, long returned) {
        if (!everOpened) {
            return false;
        }
        long closed = end;
        return closed == STILL_OPEN
                ? returned - begin >= 0
                : closed - due >= 0 && returned - begin >= 0;
    }
}
