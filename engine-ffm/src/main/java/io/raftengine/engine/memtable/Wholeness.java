package io.raftengine.engine.memtable;

import io.raftengine.engine.waiting.Backoff;
import io.raftengine.error.PoisonedException;

/**
 * Whether the index is the work of changes that all came to their end. A writer that runs out of
 * stack or heap in the middle of one leaves something that must be neither read nor waited for.
 */
final class Wholeness {
    /** Never goes back. A field, since it is set where there may be no stack for a call. */
    volatile boolean lost;

    /** To be asked by readers before they begin, and before they wait for a change to end. */
    void demand() {
        if (lost) {
            throw new PoisonedException(
                    "a change of the index broke off; what it says is wrong until the log is reopened");
        }
    }

    /** For a reader that met a change: lets it pass. */
    void awaitChange(int attempt) {
        demand();
        Backoff.pause(attempt);
    }
}
