package io.raftengine.stress;

import org.HdrHistogram.Histogram;
import org.HdrHistogram.SingleWriterRecorder;

/**
 * What one thread did. Written by that thread alone, and but for {@link #recent} read after it has
 * ended.
 */
final class WorkerFigures {
    /** Nanoseconds up to an hour, three digits. */
    static final long LONGEST_NANOS = 3_600_000_000_000L;

    private static final int DIGITS = 3;

    final Histogram latency = newHistogram();

    /** From the real start of each operation; with pacing only, else null. */
    final Histogram service;

    /** Of {@link #latency} those operations that met a purge; null where nothing purges. */
    final Histogram duringPurge;

    /** Those that met the control window. */
    final Histogram duringControl;

    /**
     * The same latencies since the last look; null where nobody looks. Read while it is written.
     */
    final SingleWriterRecorder recent;

    long bytes;
    long elapsedNanos;
    long allocatedBytes;

    /** Of all operations those of the first quarter of the time, and what they allocated. */
    long earlyOps;

    long earlyAllocatedBytes;

    WorkerFigures(boolean paced, boolean purged, boolean sampled) {
        this.service = paced ? newHistogram() : null;
        this.duringPurge = purged ? newHistogram() : null;
        this.duringControl = purged ? newHistogram() : null;
        this.recent = sampled ? new SingleWriterRecorder(1, LONGEST_NANOS, DIGITS) : null;
    }

    static Histogram newHistogram() {
        return new Histogram(1, LONGEST_NANOS, DIGITS);
    }

    void record(long due, long start, long end, boolean metPurge, boolean metControl) {
        long nanos = Math.clamp(end - due, 1, LONGEST_NANOS);
        latency.recordValue(nanos);
        if (metPurge && duringPurge != null) {
            duringPurge.recordValue(nanos);
        }
        if (metControl && duringControl != null) {
            duringControl.recordValue(nanos);
        }
        if (recent != null) {
            recent.recordValue(nanos);
        }
        if (service != null) {
            service.recordValue(Math.clamp(end - start, 1, LONGEST_NANOS));
        }
    }

    double opsPerSecond() {
        return KindFigures.ratio(latency.getTotalCount() * 1e9, (double) elapsedNanos);
    }
}
