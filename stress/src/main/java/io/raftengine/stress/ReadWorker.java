package io.raftengine.stress;

import io.raftengine.engine.RaftEngine;
import java.util.SplittableRandom;

/** A reader: the newest entry of a random group, again and again. */
final class ReadWorker extends Worker {
    private final RaftEngine engine;
    private final int regions;
    private final SplittableRandom random = new SplittableRandom();
    private final EntryChecker checker;

    ReadWorker(StressRun run) {
        super(run, run.options().readOpsPerThread);
        this.engine = run.engine();
        this.regions = run.options().regions;
        this.checker = new EntryChecker(run.options().verify, run.options().seed);
    }

    @Override
    void prepare() {
        // A read needs nothing made beforehand.
    }

    @Override
    long operate() {
        long group = random.nextInt(regions);
        long last = engine.lastIndex(group);
        long before = checker.bytesTotal();
        if (last == RaftEngine.NO_INDEX || !engine.readEntry(group, last, checker.group(group))) {
            // A group nobody has written to yet is no read.
            return NOTHING_DONE;
        }
        return checker.bytesTotal() - before;
    }

    @Override
    void acknowledge() {
        // Nobody waits for a read.
    }

    @Override
    void end() {
        // Holds nothing.
    }
}
