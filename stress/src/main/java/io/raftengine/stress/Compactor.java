package io.raftengine.stress;

import io.raftengine.engine.RaftEngine;
import java.util.concurrent.TimeUnit;

/**
 * Frees space at an interval. Until the engine purges, it only compacts, and says so once: segments
 * stay on disk.
 */
final class Compactor implements Runnable {
    private final StressRun run;

    Compactor(StressRun run) {
        this.run = run;
    }

    @Override
    public void run() {
        try {
            long interval = (long) (run.options().purgeInterval * TimeUnit.SECONDS.toNanos(1));
            boolean said = false;
            while (run.sleep(interval)) {
                if (!said) {
                    said = true;
                    System.err.println(
                            "note: the engine cannot purge yet; entries are compacted, segments stay");
                }
                compactAll();
            }
        } catch (InterruptedException asked) {
            Thread.currentThread().interrupt();
        } catch (Throwable failure) {
            run.fail(failure);
        }
    }

    private void compactAll() {
        RaftEngine engine = run.engine();
        for (long group = 0; group < run.options().regions && !run.stopped(); group++) {
            long first = engine.firstIndex(group);
            long last = engine.lastIndex(group);
            if (first != RaftEngine.NO_INDEX && last != RaftEngine.NO_INDEX) {
                engine.compactTo(
                        group, compactIndex(run.options().forceCompactFactor, first, last));
            }
        }
    }

    /**
     * The first index to keep when a share of {@code first..last} is to go; something always stays.
     */
    static long compactIndex(double share, long first, long last) {
        return first + (long) ((last - first + 1) * share);
    }
}
