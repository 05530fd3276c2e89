package io.raftengine.stress;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

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

    private static final long SLICE_NANOS = 10_000_000;

    private final StressRun run;
    private final long opsPerSecond;
    private final MaintenanceWindow window;
    private final MaintenanceWindow control;
    private final WorkerFigures figures;
    private boolean over;

    Worker(StressRun run, long opsPerSecond) {
        this.run = run;
        this.opsPerSecond = opsPerSecond;
        this.window = run.maintenance();
        this.control = run.control();
        this.figures = new WorkerFigures(opsPerSecond > 0, window != null, run.sampled());
    }

    /** Makes what the next operation needs; not timed. */
    abstract void prepare();

    /** The operation: bytes moved, or {@link #NOTHING_DONE}. */
    abstract long operate();

    /** Tells the outside that the operation is done. */
    abstract void acknowledge();

    /** Gives back what the worker holds. */
    abstract void end();

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
        long allocatedBefore = allocated();
        long begin = System.nanoTime();
        Pace pace = new Pace(opsPerSecond, begin, run.deadline(begin));
        long end = begin;
        boolean warm = false;
        while (!over) {
            end = slice(pace, end);
            if (!warm && end - begin > run.warmUpNanos()) {
                warm = true;
                figures.warmUpOps = figures.latency.getTotalCount();
                figures.warmUpAllocatedBytes = allocated() - allocatedBefore;
            }
        }
        figures.elapsedNanos = end - begin;
        figures.allocatedBytes = allocated() - allocatedBefore;
    }

    /**
     * Works for a hundredth of a second; returns when that was. What is done once in a run is left
     * to the caller: in here it would be a branch never taken before, on which compiled code gives
     * up, and the operations would be interpreted again in the middle of the run.
     */
    private long slice(Pace pace, long begin) {
        long end = begin;
        while (end - begin < SLICE_NANOS) {
            prepare();
            long due = pace.next();
            if (due == Pace.OVER || run.stopped()) {
                over = true;
                break;
            }
            long start = pace.paced() ? System.nanoTime() : due;
            long bytes = operate();
            end = System.nanoTime();
            if (bytes != NOTHING_DONE) {
                boolean metPurge = met(window, due, end);
                boolean metControl = !metPurge && met(control, due, end);
                figures.record(due, start, end, metPurge, metControl);
                figures.bytes += bytes;
                acknowledge();
            }
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
