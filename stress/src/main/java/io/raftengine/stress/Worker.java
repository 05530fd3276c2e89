package io.raftengine.stress;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.concurrent.TimeUnit;

/**
 * The loop of a writer or reader: prepare, wait until due, operate, record. Nothing in it
 * allocates.
 *
 * <p>Made by the thread that starts the run, then used by one thread.
 */
abstract class Worker implements Runnable {
    /** {@link #operate}: there was nothing to do, and nothing is recorded. */
    static final long NOTHING_DONE = -1;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private static final long SLICE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private final StressRun run;
    private final long opsPerSecond;
    private final MaintenanceWindow window;
    private final MaintenanceWindow control;
    private final WorkerFigures figures;

    Worker(StressRun run, long opsPerSecond) {
        this.run = run;
        this.opsPerSecond = opsPerSecond;
        this.window = run.maintenance();
        this.control = run.control();
        this.figures = newFigures();
    }

    private WorkerFigures newFigures() {
        return new WorkerFigures(opsPerSecond > 0, window != null, run.sampled());
    }

    /** Makes what the next operation needs; not timed. */
    abstract void prepare();

    /** The operation: bytes moved, or {@link #NOTHING_DONE}. */
    abstract long operate();

    /** Tells the outside that the operation is done. */
    abstract void acknowledge();

    /** Gives back what the worker holds. */
    abstract void end();

    /** What it did since the warm-up. */
    final WorkerFigures figures() {
        return figures;
    }

    @Override
    public final void run() {
        try {
            run.awaitStart();
            loop();
        } catch (Throwable failure) {
            run.fail(failure);
        } finally {
            end();
        }
    }

    private void loop() {
        long begin = System.nanoTime();
        long counted = run.countedFrom(begin);
        prepare();
        if (begin != counted) {
            warmUp(begin, counted);
        }
        measure(counted);
    }

    /**
     * What begins before {@code until} is recorded where nobody reads it. Paced operations that are
     * late by then are never made up for: those that count keep a pace of their own, and should not
     * have to wait for what a cold start has left behind.
     */
    private void warmUp(long begin, long until) {
        Pace pace = new Pace(opsPerSecond, begin, until);
        WorkerFigures uncounted = newFigures();
        long now = begin;
        while (now - until < 0 && !pace.over() && !run.stopped()) {
            slice(pace, uncounted, now, now + Math.min(SLICE_NANOS, until - now));
            now = System.nanoTime();
        }
    }

    private void measure(long begin) {
        long allocatedBefore = allocated();
        Pace pace = new Pace(opsPerSecond, begin, run.deadline(begin));
        long end = begin;
        boolean steady = false;
        while (!pace.over() && !run.stopped()) {
            end = slice(pace, figures, end, System.nanoTime() + SLICE_NANOS);
            if (!steady && end - begin > run.earlyNanos()) {
                steady = true;
                figures.earlyOps = figures.latency.getTotalCount();
                figures.earlyAllocatedBytes = allocated() - allocatedBefore;
            }
        }
        figures.elapsedNanos = end - begin;
        figures.allocatedBytes = allocated() - allocatedBefore;
    }

    /**
     * Works until {@code limit}, and finds the next operation prepared and leaves one so. What is
     * done once in a run, the end of the warm-up too, is left to the caller: in here it would be a
     * branch never taken before, on which compiled code gives up, and the operations would be
     * interpreted again in the middle of the run.
     *
     * @param into where the operations are recorded
     * @param before when the operation before ended
     * @return when the last one ended
     */
    private long slice(Pace pace, WorkerFigures into, long before, long limit) {
        long end = before;
        long due = pace.next(limit);
        while (due != Pace.OVER && !run.stopped()) {
            long start = pace.paced() ? System.nanoTime() : due;
            long bytes = operate();
            end = System.nanoTime();
            if (bytes != NOTHING_DONE) {
                boolean metPurge = met(window, due, end);
                boolean metControl = !metPurge && met(control, due, end);
                into.record(due, start, end, metPurge, metControl);
                into.bytes += bytes;
                acknowledge();
            }
            prepare();
            due = pace.next(limit);
        }
        return end;
    }

    private static boolean met(MaintenanceWindow window, long due, long end) {
        return window != null && window.touches(due, end);
    }

    /** Virtual threads are not counted one by one; the run counts them together. */
    private static long allocated() {
        return Thread.currentThread().isVirtual() ? 0 : THREADS.getCurrentThreadAllocatedBytes();
    }
}
