package io.raftengine.stress;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.HdrHistogram.Histogram;

/** What all threads of a kind did together. */
final class KindFigures {
    final Histogram latency = WorkerFigures.newHistogram();

    /** With pacing only, else null. */
    final Histogram service;

    /** Operations that met a purge, and those that met none; null where nothing purges. */
    final Histogram duringPurge;

    final Histogram outsidePurge;

    /** Operations that met a window in which nothing was done; part of those that met no purge. */
    final Histogram duringControl;

    final long ops;
    final double seconds;
    final double opsPerSecond;
    final double bytesPerSecond;
    final double fairness;
    final long allocatedBytes;

    /** Operations behind the first quarter of the time, and what they allocated. */
    final long steadyOps;

    final long steadyAllocatedBytes;

    KindFigures(List<WorkerFigures> workers) {
        boolean paced = workers.stream().anyMatch(worker -> worker.service != null);
        this.service = paced ? WorkerFigures.newHistogram() : null;
        boolean purged = workers.stream().anyMatch(worker -> worker.duringPurge != null);
        this.duringPurge = purged ? WorkerFigures.newHistogram() : null;
        this.duringControl = purged ? WorkerFigures.newHistogram() : null;
        long bytes = 0;
        long nanos = 0;
        long allocated = 0;
        long earlyOps = 0;
        long earlyAllocated = 0;
        for (WorkerFigures worker : workers) {
            latency.add(worker.latency);
            if (worker.service != null) {
                service.add(worker.service);
            }
            if (worker.duringPurge != null) {
                duringPurge.add(worker.duringPurge);
                duringControl.add(worker.duringControl);
            }
            bytes += worker.bytes;
            nanos = Math.max(nanos, worker.elapsedNanos);
            allocated += worker.allocatedBytes;
            earlyOps += worker.earlyOps;
            earlyAllocated += worker.earlyAllocatedBytes;
        }
        this.outsidePurge = purged ? difference(latency, duringPurge) : null;
        this.ops = latency.getTotalCount();
        this.seconds = nanos / 1e9;
        this.opsPerSecond = ratio((double) ops, seconds);
        this.bytesPerSecond = ratio((double) bytes, seconds);
        this.allocatedBytes = allocated;
        this.steadyOps = ops - earlyOps;
        this.steadyAllocatedBytes = allocated - earlyAllocated;
        this.fairness =
                fairness(workers.stream().mapToDouble(WorkerFigures::opsPerSecond).toArray());
    }

    private static Histogram difference(Histogram all, Histogram some) {
        Histogram others = all.copy();
        others.subtract(some);
        return others;
    }

    /**
     * How much longer one write in a hundred takes when it meets a purge than when it does not; 0
     * where one of the two never happened.
     */
    double purgeRatioAt99() {
        return ratioAt99(duringPurge);
    }

    /** What {@link #purgeRatioAt99} would be of purges that do nothing. */
    double controlRatioAt99() {
        return ratioAt99(duringControl);
    }

    private double ratioAt99(Histogram part) {
        return ratio(part.getValueAtPercentile(99), outsidePurge.getValueAtPercentile(99));
    }

    /**
     * 1 when all threads got the same throughput: one minus the deviation in shares of the median,
     * and for one or two threads minus their difference in shares of their sum.
     */
    static double fairness(double... rates) {
        if (rates.length == 0) {
            return 1;
        }
        double[] sorted = rates.clone();
        Arrays.sort(sorted);
        int count = sorted.length;
        double low = sorted[0];
        double high = sorted[count - 1];
        if (count <= 2) {
            return 1 - ratio(high - low, high + low);
        }
        double mean = Arrays.stream(sorted).sum() / count;
        double squares = Arrays.stream(sorted).map(rate -> (rate - mean) * (rate - mean)).sum();
        int middle = count / 2;
        double median = count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return 1 - ratio(Math.sqrt(squares / (count - 1)), median);
    }

    static double ratio(long part, long whole) {
        return ratio((double) part, (double) whole);
    }

    static double ratio(double part, double whole) {
        return whole > 0 ? part / whole : 0;
    }

    /** HdrHistogram, V2, not compressed, in base64. */
    static String encode(Histogram histogram) {
        ByteBuffer buffer = ByteBuffer.allocate(histogram.getNeededByteBufferCapacity());
        int length = histogram.encodeIntoByteBuffer(buffer);
        return Base64.getEncoder().encodeToString(Arrays.copyOf(buffer.array(), length));
    }
}
