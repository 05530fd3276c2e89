package io.raftengine.stress;

import io.raftengine.engine.EngineConfig;
import io.raftengine.engine.EngineStatistics;
import io.raftengine.engine.RaftEngine;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
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

    private final List<Path> directories;
    private final MaintenanceWindow maintenance;
    private final MaintenanceWindow control;
    private final Purger purger;
    private final Samples samples;
    private final ThreadFactory workerThreads;

    /** When the warm-up is over; written before {@link #start} opens. */
    private long countedFrom;

    /** The counters when the warm-up was over. Of the thread that executes the run. */
    private EngineStatistics engineBefore;

    private ProcessFigures processBefore;

    StressRun(StressOptions options, EngineConfig config, RaftEngine engine) {
        this(
                options,
                config,
                engine,
                (options.virtualThreads ? Thread.ofVirtual() : Thread.ofPlatform()).factory());
    }

    /**
     * @param workerThreads makes the threads of the writers and readers
     */
    StressRun(
            StressOptions options,
            EngineConfig config,
            RaftEngine engine,
            ThreadFactory workerThreads) {
        this.workerThreads = workerThreads;
        this.options = options;
        this.engine = engine;
        this.directories = new ArrayList<>(List.of(options.path));
        config.spillDir().ifPresent(directories::add);
        this.maintenance = options.purgeInterval > 0 ? new MaintenanceWindow() : null;
        this.control = maintenance == null ? null : new MaintenanceWindow();
        this.purger = maintenance == null ? null : new Purger(this, maintenance, control);
        this.samples = options.sampleInterval > 0 ? new Samples(this) : null;
    }

    StressOptions options() {
        return options;
    }

    RaftEngine engine() {
        return engine;
    }

    /** Where the engine's files are. */
    List<Path> directories() {
        return directories;
    }

    /** When purges happen, or null if they do not. */
    MaintenanceWindow maintenance() {
        return maintenance;
    }

    /** As long as the last purge, and nothing happens in it; null where nothing purges. */
    MaintenanceWindow control() {
        return control;
    }

    /** Whether somebody looks at the writers while they run. */
    boolean sampled() {
        return samples != null;
    }

    /** The writers; complete before any helper starts. */
    List<WriteWorker> writers() {
        return writers;
    }

    /**
     * Runs all threads to their end, and throws the first failure of any of them. Where one cannot
     * be started, those that were end at once.
     */
    void execute() throws InterruptedException {
        readCounters();
        AckOutput acks = options.ack ? new AckOutput() : null;
        List<Thread> threads = new ArrayList<>();
        List<Thread> helpers = new ArrayList<>();
        int started = 0;
        try {
            for (int i = 0; i < options.writeThreads; i++) {
                writers.add(new WriteWorker(this, i, acks));
            }
            for (int i = 0; i < options.readThreads; i++) {
                readers.add(new ReadWorker(this));
            }
            for (Worker worker : workers()) {
                threads.add(start(worker instanceof WriteWorker ? "writer" : "reader", worker));
                started++;
            }
            if (purger != null) {
                helpers.add(Thread.ofPlatform().name("purger").start(purger));
            }
            if (samples != null) {
                helpers.add(Thread.ofPlatform().name("samples").start(samples));
            }
        } catch (RuntimeException | Error refused) {
            fail(refused);
            workers().stream().skip(started).forEach(Worker::end);
        }
        countedFrom = System.nanoTime() + nanos(options.warmUp);
        start.countDown();
        Progress progress = Progress.onTerminal(engine, options);
        if (options.warmUp > 0) {
            awaitWarmUp(progress);
            readCounters();
        }
        join(threads, progress);
        stop.set();
        for (Thread helper : helpers) {
            helper.join();
        }
        throwFailure();
    }

    private void readCounters() {
        engineBefore = engine.statistics();
        processBefore = ProcessFigures.now();
    }

    private void awaitWarmUp(Progress progress) throws InterruptedException {
        long left = countedFrom - System.nanoTime();
        while (left > 0 && stop.sleep(Math.min(left, PROGRESS_NANOS))) {
            if (progress != null) {
                progress.show();
            }
            left = countedFrom - System.nanoTime();
        }
    }

    private List<Worker> workers() {
        List<Worker> all = new ArrayList<>(writers);
        all.addAll(readers);
        return all;
    }

    private Thread start(String name, Worker worker) {
        Thread thread = workerThreads.newThread(worker);
        thread.setName(name);
        thread.start();
        return thread;
    }

    /** On a terminal with a line of progress, in a pipe without. */
    private void join(List<Thread> threads, Progress progress) throws InterruptedException {
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

    /** Sleeps until the warm-up is over or the run is; answers when the former is or was due. */
    long awaitCounting() throws InterruptedException {
        awaitStart();
        stop.sleep(countedFrom - System.nanoTime());
        return countedFrom;
    }

    /** When the run began, its warm-up included; what beats, beats from here on. */
    long began() {
        return countedFrom - nanos(options.warmUp);
    }

    /** When what a thread does begins to count: when the warm-up is over, or it begins itself. */
    long countedFrom(long begin) {
        return counts(begin) ? begin : countedFrom;
    }

    /** Whether what begins then is behind the warm-up. */
    boolean counts(long begin) {
        return begin - countedFrom >= 0;
    }

    long deadline(long begin) {
        return begin + nanos(options.time);
    }

    /** Until then a JVM that was cold compiles, and allocates what compiled code does not. */
    long earlyNanos() {
        return nanos(options.time) / 4;
    }

    private static long nanos(double seconds) {
        return (long) (seconds * TimeUnit.SECONDS.toNanos(1));
    }

    boolean stopped() {
        return stop.isSet();
    }

    boolean sleep(long nanos) throws InterruptedException {
        return stop.sleep(nanos);
    }

    /** The engine's counters when the warm-up was over; to be read behind {@link #execute}. */
    EngineStatistics engineBefore() {
        return engineBefore;
    }

    /** And the JVM's. */
    ProcessFigures processBefore() {
        return processBefore;
    }

    /** What the writers did, or null without writers. */
    KindFigures writeFigures() {
        return figures(writers);
    }

    /** What the readers did, or null without readers. */
    KindFigures readFigures() {
        return figures(readers);
    }

    /** What the purges did, or null if there were to be none. */
    PurgeFigures purgeFigures() {
        return purger == null ? null : purger.figures();
    }

    /** What was looked at during the run, or null. */
    Samples samples() {
        return samples;
    }

    private static KindFigures figures(List<? extends Worker> workers) {
        return workers.isEmpty()
                ? null
                : new KindFigures(workers.stream().map(Worker::figures).toList());
    }
}
