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
        } catch (RuntimeException | Error failed) {
            failure = failed;
        } finally {
            done = true;
        }
    }

    boolean isDone() {
        return done;
    }

    void rethrow() {
        if (failure instanceof RuntimeException runtime) {
            throw runtime;
        }
        if (failure instanceof Error error) {
            throw error;
        }
    }
}
