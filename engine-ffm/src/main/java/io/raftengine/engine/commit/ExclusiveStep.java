package io.raftengine.engine.commit;

/**
 * Something to be run once with the write token, by whoever holds it next. What it throws belongs
 * to the thread that wanted it run.
 */
final class ExclusiveStep {
    private final Runnable work;
    private Throwable failure;
    private volatile boolean done;

    ExclusiveStep(Runnable work) {
        this.work = work;
    }

    void run() {
        try {
            work.run();
        } catch (Throwable failed) {
            // Also what is not declared: whoever runs this has the write token to lay down.
            failure = failed;
        } finally {
            done = true;
        }
    }

    boolean isDone() {
        return done;
    }

    void rethrow() {
        if (failure != null) {
            throw ExclusiveStep.<RuntimeException>asUnchecked(failure);
        }
    }

    /** As it was thrown, checked or not: that is its thrower's to answer for. */
    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    private static <T extends Throwable> T asUnchecked(Throwable thrown) throws T {
        throw (T) thrown;
    }
}
