package io.raftengine.engine;

import java.util.function.Supplier;

/**
 * What an engine tells those who run it. Everything it logs goes through here, since none of it is
 * worth a failure: a handler that throws in the middle of a commit would poison the engine, one
 * that throws in an open would refuse it, and the background threads would end.
 *
 * <p>Nothing is thrown, not even an {@link Error}: where the heap is exhausted the record is the
 * first thing that finds no room, and whoever needs memory for more than words meets the error
 * itself.
 */
final class EngineLog {
    /** Of the one logger there is. */
    static final String NAME = "io.raftengine.engine";

    // Asked each time: a backend that cannot be had now may be there later, and one that cannot be
    // loaded must not keep a class of the engine from being loaded.
    private final Supplier<System.Logger> logger;

    EngineLog() {
        this(() -> System.getLogger(NAME));
    }

    /** To another logger, for tests. */
    EngineLog(Supplier<System.Logger> logger) {
        this.logger = logger;
    }

    void warning(String what) {
        log(System.Logger.Level.WARNING, what, null);
    }

    void warning(String what, Throwable thrown) {
        log(System.Logger.Level.WARNING, what, thrown);
    }

    void error(String what, Throwable thrown) {
        log(System.Logger.Level.ERROR, what, thrown);
    }

    private void log(System.Logger.Level level, String what, Throwable thrown) {
        try {
            logger.get().log(level, what, thrown);
        } catch (Throwable notLogged) {
            // There is nobody left to be told.
        }
    }
}
