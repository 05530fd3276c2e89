package io.raftengine.stress;

import io.raftengine.engine.RaftEngine;
import java.io.Console;
import java.util.Locale;

/** One line on a terminal, written over again and again. */
final class Progress {
    private final RaftEngine engine;
    private final double seconds;
    private final long start = System.nanoTime();
    private long batchesShown;
    private long nanosShown = start;

    private Progress(RaftEngine engine, double seconds) {
        this.engine = engine;
        this.seconds = seconds;
    }

    /** Null where nobody is looking. */
    static Progress onTerminal(RaftEngine engine, StressOptions options) {
        Console console = System.console();
        return console != null && console.isTerminal() && !options.ack
                ? new Progress(engine, options.warmUp + options.time)
                : null;
    }

    void show() {
        long now = System.nanoTime();
        long batches = engine.statistics().batches();
        double rate = (batches - batchesShown) * 1e9 / (now - nanosShown);
        System.err.printf(
                Locale.ROOT,
                "\r%.0f s of %.0f s, %.0f writes/s   ",
                (now - start) / 1e9,
                seconds,
                rate);
        batchesShown = batches;
        nanosShown = now;
    }

    void clear() {
        System.err.print("\r                                                  \r");
    }
}
