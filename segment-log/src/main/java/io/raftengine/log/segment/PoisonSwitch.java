package io.raftengine.log.segment;

import io.raftengine.error.PoisonedException;

/**
 * Remembers that a sync, a directory sync, a cut or a background write-out failed. From then on
 * what is on disk is unknown and only a reopen helps; the switch never goes back. Safe for all
 * threads.
 */
final class PoisonSwitch {
    private volatile PoisonedException first;

    /** Records the failure unless an earlier one was recorded, and returns the error to throw. */
    synchronized PoisonedException poison(String what, Throwable cause) {
        PoisonedException error =
                new PoisonedException(
                        what + "; the outcome is unknown until the log is reopened", cause);
        if (first == null) {
            first = error;
        }
        return error;
    }

    boolean poisoned() {
        return first != null;
    }

    /** Throws if a failure was recorded. */
    void check() {
        PoisonedException cause = first;
        if (cause != null) {
            // A fresh error per caller: a shared one would collect the suppressed errors of
            // strangers.
            throw new PoisonedException("writes are refused since " + cause.getMessage(), cause);
        }
    }
}
