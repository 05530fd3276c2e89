package io.raftengine.recovery;

import java.util.ArrayList;
import java.util.List;

/** Runs tasks on platform threads of its own, one each, and joins them all whatever happens. */
final class ReplayThreads {
    private ReplayThreads() {}

    /**
     * Runs all tasks; the first in this thread, the others beside it.
     *
     * @param tasks what to run
     * @throws RuntimeException what the first failing task (in list order) threw, with the others
     *     suppressed
     */
    static void run(List<? extends Runnable> tasks) {
        Throwable[] failures = new Throwable[tasks.size()];
        List<Thread> threads = new ArrayList<>();
        for (int i = 1; i < tasks.size(); i++) {
            threads.add(start(tasks.get(i), failures, i));
        }
        if (!tasks.isEmpty()) {
            attempt(tasks.get(0), failures, 0);
        }
        boolean interrupted = false;
        for (Thread thread : threads) {
            interrupted |= join(thread);
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        rethrow(failures);
    }

    private static Thread start(Runnable task, Throwable[] failures, int i) {
        return Thread.ofPlatform()
                .name("raft-engine-recovery-" + i)
                .daemon(true)
                .start(() -> attempt(task, failures, i));
    }

    private static void attempt(Runnable task, Throwable[] failures, int i) {
        try {
            task.run();
        } catch (Throwable e) { // handed to the caller's thread, errors too
            failures[i] = e;
        }
    }

    /** An interrupt must not leave threads behind that read files and fill the sink. */
    private static boolean join(Thread thread) {
        boolean interrupted = false;
        while (true) {
            try {
                thread.join();
                return interrupted;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
    }

    private static void rethrow(Throwable[] failures) {
        Throwable first = null;
        for (Throwable failure : failures) {
            if (first == null) {
                first = failure;
            } else if (failure != null && failure != first) {
                first.addSuppressed(failure);
            }
        }
        if (first instanceof RuntimeException e) {
            throw e;
        }
        if (first instanceof Error e) {
            throw e;
        }
        assert first == null : first;
    }
}
