package io.raftengine.stress;

import io.raftengine.engine.RaftEngine;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/** One run: its threads, their common start and end, and the first failure of any of them. */
final class StressRun {
    private static final long PROGRESS_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final StressOptions options;
    private final RaftEngine engine;
    private final StopSignal stop = new StopSignal();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final CountDownLatch start = new CountDownLatch(1);
    private final List<WriteWorker> writers = new ArrayList<>();
    private final List<ReadWorker> readers = new ArrayList<>();

    StressRun(StressOptions options, RaftEngine engine) {
        this.options = options;
        this.engine = engine;
    }

    StressOptions options() {
        return options;
    }

    RaftEngine engine() {
        return engine;
    }

    /** Runs all threads to their end, and throws the first failure of any of them. */
    void execute() throws InterruptedException {
        AckOutput acks = options.ack ? new AckOutput() : null;
        for (int i = 0; i < options.writeThreads; i++) {
            writers.add(new WriteWorker(this, i, acks));
        }
        for (int i = 0; i < options.readThreads; i++) {
            readers.add(new ReadWorker(this));
        }
        List<Thread> threads = new ArrayList<>();
        writers.forEach(worker -> threads.add(thread("writer", worker)));
        readers.forEach(worker -> threads.add(thread("reader", worker)));
        Thread compactor =
                options.purgeInterval > 0
                        ? Thread.ofPlatform().name("compactor").start(new Compactor(this))
                        : null;
        start.countDown();
        join(threads);
        stop.set();
        if (compactor != null) {
            compactor.join();
        }
        throwFailure();
    }

    private Thread thread(String name, Worker worker) {
        Thread.Builder builder = options.virtualThreads ? Thread.ofVirtual() : Thread.ofPlatform();
        return builder.name(name).start(worker);
    }

    /** On a terminal with a line of progress, in a pipe without. */
    private void join(List<Thread> threads) throws InterruptedException {
        Progress progress = Progress.onTerminal(engine, options);
        for (Thread thread : threads) {
            if (progress == null) {
                thread.join();
                continue;
            }
            while (!thread.join(Duration.ofNanos(PROGRESS_NANOS))) {
                progress.show();
            }
        }
        if (progress != null) {
            progress.clear();
        }
    }

    private void throwFailure() {
        switch (failure.get()) {
            case null -> {
                // All went well.
            }
            case RuntimeException thrown -> throw thrown;
            case Error thrown -> throw thrown;
            case Throwable thrown -> throw new IllegalStateException(thrown);
        }
    }

    /** Stops everybody. */
    void fail(Throwable thrown) {
        if (!failure.compareAndSet(null, thrown) && failure.get() != thrown) {
            failure.get().addSuppressed(thrown);
        }
        stop.set();
    }

    void awaitStart() throws InterruptedException {
        start.await();
    }

    long deadline(long begin) {
        return begin + (long) (options.time * TimeUnit.SECONDS.toNanos(1));
    }

    /** Until then the JVM interprets and compiles, and allocates what compiled code does not. */
    long warmUpNanos() {
        return (long) (options.time * TimeUnit.SECONDS.toNanos(1) / 4);
    }

    boolean stopped() {
        return stop.isSet();
    }

    boolean sleep(long nanos) throws InterruptedException {
        return stop.sleep(nanos);
    }

    /** What the writers did, or null without writers. */
    KindFigures writeFigures() {
        return figures(writers);
    }

    /** What the readers did, or null without readers. */
    KindFigures readFigures() {
        return figures(readers);
    }

    private static KindFigures figures(List<? extends Worker> workers) {
        return workers.isEmpty()
                ? null
                : new KindFigures(workers.stream().map(Worker::figures).toList());
    }
}
