package io.raftengine.recovery;

import java.util.List;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Runs tasks on platform threads of its own, one each, and joins them all whatever happens. Where
 * the system gives no more threads the caller's own does the work: one that was left running would
 * go on filling a sink that is being torn down.
 */
final class ReplayThreads {
    private ReplayThreads() {}

    /**
     * Runs all tasks; the first in this thread, the others beside it. Others may wait for the first
     * one: what gets no thread is run behind it.
     *
     * @param tasks what to run
     * @throws RuntimeException what the first failing task (in list order) threw, with the others
     *     suppressed
     */
    static void run(List<? extends Runnable> tasks) {
        AtomicInteger number = new AtomicInteger();
        run(tasks, task -> thread(task, number.incrementAndGet()));
    }

    /** The JDK's own factory, which numbers its threads, is linked while an open waits for it. */
    private static Thread thread(Runnable task, int number) {
        String name = "raft-engine-recovery-".concat(Integer.toString(number));
        return Thread.ofPlatform().name(name).daemon(true).unstarted(task);
    }

    static void run(List<? extends Runnable> tasks, ThreadFactory factory) {
        Throwable[] failures = new Throwable[tasks.size()];
        Thread[] threads = new Thread[tasks.size()];
        int begun = 1;
        while (begun < tasks.size() && start(tasks.get(begun), failures, begun, factory, threads)) {
            begun++;
        }
        if (!tasks.isEmpty()) {
            attempt(tasks.get(0), failures, 0);
        }
        for (int i = begun; i < tasks.size(); i++) {
            attempt(tasks.get(i), failures, i);
        }
        boolean interrupted = false;
        for (Thread thread : threads) {
            interrupted |= thread != null && join(thread);
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        rethrow(failures);
    }

    private static boolean start(
            Runnable task, Throwable[] failures, int i, ThreadFactory factory, Thread[] threads) {
        try {
            Thread thread = factory.newThread(() -> attempt(task, failures, i));
            thread.start();
            threads[i] = thread; // takes no memory: one that runs is joined
            return true;
        } catch (RuntimeException | Error noThread) {
            return false;
        }
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
