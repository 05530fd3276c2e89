package io.raftengine.log.segment;

import io.raftengine.error.PoisonedException;

/**
 * Remembers that a sync, a directory sync, a cut or a background write-out failed. From then on
 * what is on disk is unknown and only a reopen helps; the switch never goes back. Safe for all
 * threads.
 */
final class PoisonSwitch {
    private volatile PoisonedException first;

    /** Made ahead: with the heap exhausted no error can be made, but one must be remembered. */
    private final PoisonedException withoutDetails =
            new PoisonedException("an earlier write or sync broke off");

    /** Records the failure unless an earlier one was recorded, and returns the error to throw. */
    synchronized PoisonedException poison(String what, Throwable cause) {
        if (first == null) {
            first = withoutDetails;
        }
        PoisonedException error =
                new PoisonedException(
                        what + "; the outcome is unknown until the log is reopened", cause);
        if (first == withoutDetails) {
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
