package io.raftengine.stress;

import io.raftengine.engine.PurgeResult;
import io.raftengine.engine.RaftEngine;
import java.util.concurrent.TimeUnit;

/** Purges at an interval, and compacts the groups that the engine then reports. */
final class Purger implements Runnable {
    private final StressRun run;
    private final MaintenanceWindow window;
    private final MaintenanceWindow control;
    private final PurgeFigures figures = new PurgeFigures();

    Purger(StressRun run, MaintenanceWindow window, MaintenanceWindow control) {
        this.run = run;
        this.window = window;
        this.control = control;
    }

    /** What it did since the warm-up; to be read after its thread has ended. */
    PurgeFigures figures() {
        return figures;
    }

    @Override
    public void run() {
        try {
            run.awaitStart();
            long interval = (long) (run.options().purgeInterval * TimeUnit.SECONDS.toNanos(1));
            Beat beat = new Beat(run.began() + interval, interval);
            long lasted = 0;
            while (true) {
                // A purge that took longer has no control: there is no time in which nothing is
                // done, or what it left to the disk is still there.
                long half = beat.in(System.nanoTime()) - interval / 2;
                if (half >= lasted) {
                    if (!run.sleep(half)) {
                        break;
                    }
                    if (lasted > 0 && run.counts(System.nanoTime())) {
                        control.openFor(lasted);
                    }
                }
                if (!run.sleep(beat.in(System.nanoTime()))) {
                    break;
                }
                lasted = purge();
                beat.done(System.nanoTime());
            }
        } catch (InterruptedException asked) {
            Thread.currentThread().interrupt();
        } catch (Throwable failure) {
            run.fail(failure);
        }
    }

    /** One that begins in the warm-up does all the same, and is no window: nobody counts it. */
    private long purge() {
        long begin = System.nanoTime();
        if (!run.counts(begin)) {
            purge(new PurgeFigures());
            return System.nanoTime() - begin;
        }
        long nanos;
        window.open();
        try {
            purge(figures);
        } finally {
            nanos = window.close();
        }
        return nanos;
    }

    private void purge(PurgeFigures into) {
        RaftEngine engine = run.engine();
        long start = System.nanoTime();
        PurgeResult result = engine.purgeExpiredFiles();
        into.record(result, System.nanoTime() - start);
        for (PurgeResult.BlockingGroup group : result.groups()) {
            into.compactedEntries += compact(engine, group.groupId());
        }
    }

    private long compact(RaftEngine engine, long group) {
        long first = engine.firstIndex(group);
        long last = engine.lastIndex(group);
        if (first == RaftEngine.NO_INDEX || last == RaftEngine.NO_INDEX) {
            return 0;
        }
        return engine.compactTo(group, compactIndex(run.options().forceCompactFactor, first, last));
    }

    /**
     * The first index to keep when a share of {@code first..last} is to go; something always stays.
     */
    static long compactIndex(double share, long first, long last) {
        return first + (long) ((last - first + 1) * share);
    }
}
