package io.raftengine.engine;

/**
 * What becomes of what a listener throws. Languages without checked exceptions throw any of them
 * undeclared, so whoever calls a listener catches every {@link Throwable} and brings it here.
 */
final class ListenerNet {
    private final EngineLog log;

    ListenerNet(EngineLog log) {
        this.log = log;
    }

    /** Logged, and goes no further unless it is an {@link Error}. */
    void caught(Throwable thrown) {
        if (thrown instanceof Error fatal) {
            throw fatal;
        }
        caughtAll(thrown);
    }

    /** Logged, and goes no further whatever it is: the caller's own work has to go on. */
    void caughtAll(Throwable thrown) {
        log.warning("a listener threw", thrown);
    }
}
