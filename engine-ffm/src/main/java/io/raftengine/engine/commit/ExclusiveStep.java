package io.raftengine.engine.commit;

import java.lang.reflect.UndeclaredThrowableException;

/**
 * Something to be run once with the write token, by whoever holds it next. What it throws belongs
 * to the thread that wanted it run.
 */
final class ExclusiveStep {
    private final Runnable work;
    private Throwable failure;

    /** Somebody runs it, or has. */
    volatile boolean begun;

    volatile boolean done;

    /** Whoever wanted it run is gone, without a call to say so. */
    volatile boolean revoked;

    ExclusiveStep(Runnable work) {
        this.work = work;
    }

    void run() {
        begun = true;
        try {
            if (!revoked) {
                work.run();
            }
        } catch (Throwable failed) {
            // Also what is not declared: whoever runs this has the write token to lay down.
            failure = failed;
        } finally {
            done = true;
        }
    }

    /**
     * Throws what it threw; what nobody declared, as languages without checked exceptions throw, as
     * the cause of an {@link UndeclaredThrowableException}.
     */
    void rethrow() {
        switch (failure) {
            case null -> {}
            case RuntimeException thrown -> throw thrown;
            case Error thrown -> throw thrown;
            default -> throw new UndeclaredThrowableException(failure);
        }
    }

    /** Whether it ran out of stack, who knows in the middle of what. */
    boolean brokeOff() {
        return failure instanceof StackOverflowError;
    }
}
