package io.raftengine.log.segment;

import java.util.function.LongSupplier;

/**
 * Spreads work over time: after each step comes a pause worth what the step did. What was not used
 * is not saved up; there are no bursts. For one thread at a time.
 */
final class Pace {
    private final LongSupplier clock;
    private long pausedAtNanos;
    private long pauseNanos;

    Pace(LongSupplier clock) {
        this.clock = clock;
    }

    /** Whether the pause after the last step is over. */
    boolean due() {
        return pauseNanos == 0 || clock.getAsLong() - pausedAtNanos >= pauseNanos;
    }

    /** Pauses from now on. */
    void pause(long nanos) {
        pausedAtNanos = clock.getAsLong();
        pauseNanos = nanos;
    }

    /** Pauses for as long as that many bytes may take; 0 per second means there is no limit. */
    void pauseFor(long bytes, long bytesPerSecond) {
        if (bytesPerSecond > 0) {
            pause(bytes * 1_000_000_000L / bytesPerSecond);
        }
    }
}
