package io.raftengine.it.interop;

import io.raftengine.testing.campaign.Seed;
import io.raftengine.testing.model.Operation;
import io.raftengine.testing.model.ScriptGenerator;
import io.raftengine.testing.model.ScriptJson;
import io.raftengine.testing.model.ScriptProfile;
import io.raftengine.testing.model.ScriptShrinker;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;

/**
 * Many scripts of one kind. Script {@code n} has the seed {@code base + n}, which decides script,
 * settings and all choices on the way; {@code -Draftengine.scale=0 -Draftengine.seed=S} runs the
 * script of that seed alone.
 */
final class Campaign {
    private static final int WORKERS = 2;
    private static final int ILLEGAL_PERCENT = 5;
    private static final int PARTIAL_PERCENT = 40;
    private static final int SHRINK_TRIES_MAX = 400;
    private static final long SEED_DEFAULT = 20_261_121;

    /** What is done with scripts, one after the other. Belongs to one thread. */
    interface Stage extends AutoCloseable {
        /** Runs a script from an empty directory; throws what went wrong. */
        void run(Play play, Tally tally);

        @Override
        void close();
    }

    /**
     * A script with what belongs to it.
     *
     * @param seed decides everything
     * @param history its kind
     */
    record Play(long seed, History history, List<Operation> script) {
        private Play with(List<Operation> other) {
            return new Play(seed, history, other);
        }
    }

    /** Who purges, rewrites and rotates where the script says so. */
    enum Purgers {
        OURS,
        BOTH
    }

    /**
     * A kind of script.
     *
     * @param storagePercent share of purges, rewrites and rotations
     * @param purgers who does them; the others leave them out
     */
    record History(ScriptProfile profile, int operations, int storagePercent, Purgers purgers) {}

    private final String test;
    private final List<History> histories;
    private final boolean refusals;
    private final IntFunction<Stage> stages;
    private final Tally tally = new Tally();

    /**
     * @param test class and method, for the message that says how to run a failure again
     * @param histories kinds of scripts, in turn
     * @param refusals whether some batches must be refused
     * @param stages makes the stage of a worker
     */
    Campaign(String test, List<History> histories, boolean refusals, IntFunction<Stage> stages) {
        this.test = test;
        this.histories = histories;
        this.refusals = refusals;
        this.stages = stages;
    }

    static long seed() {
        return Seed.orElse(SEED_DEFAULT);
    }

    static int scaled(int count) {
        double scale = Double.parseDouble(System.getProperty("raftengine.scale", "1"));
        return (int) Math.max(1, Math.round(count * scale));
    }

    /** Runs so many scripts, times the scale; fails with the first one that fails, made small. */
    Tally run(int count) {
        int scripts = scaled(count);
        AtomicInteger next = new AtomicInteger();
        ExecutorService workers = Executors.newFixedThreadPool(WORKERS);
        try {
            List<Future<?>> done = new ArrayList<>();
            for (int i = 0; i < WORKERS; i++) {
                int worker = i;
                done.add(workers.submit(() -> work(worker, scripts, next)));
            }
            for (Future<?> each : done) {
                each.get();
            }
        } catch (ExecutionException failed) {
            throw failed.getCause() instanceof AssertionError e
                    ? e
                    : new AssertionError(test, failed.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        } finally {
            workers.shutdownNow();
        }
        System.out.println(test + ", seed " + seed() + ": " + tally);
        return tally;
    }

    private void work(int worker, int scripts, AtomicInteger next) {
        try (Stage stage = stages.apply(worker)) {
            for (int n = next.getAndIncrement(); n < scripts; n = next.getAndIncrement()) {
                Play play = play(seed() + n);
                Throwable failure = attempt(stage, play, tally);
                if (failure != null) {
                    next.set(scripts);
                    throw report(worker, play, failure);
                }
                tally.scripts.increment();
            }
        }
    }

    private Play play(long seed) {
        History history = histories.get(Math.floorMod(seed, histories.size()));
        List<Operation> script =
                new ScriptGenerator(history.profile(), seed)
                        .reopens(2)
                        .storageOperations(history.storagePercent())
                        .partialRewrites(PARTIAL_PERCENT)
                        .illegalWrites(refusals ? ILLEGAL_PERCENT : 0)
                        .generate(history.operations());
        return new Play(seed, history, script);
    }

    /** Null if all went well. */
    private static Throwable attempt(Stage stage, Play play, Tally to) {
        try {
            stage.run(play, to);
            return null;
        } catch (AssertionError | RuntimeException failure) {
            return failure;
        }
    }

    private AssertionError report(int worker, Play play, Throwable failure) {
        List<Operation> small;
        Throwable[] last = {failure};
        try (Stage stage = stages.apply(worker)) {
            small =
                    new ScriptShrinker(
                                    candidate -> {
                                        Throwable again =
                                                attempt(stage, play.with(candidate), new Tally());
                                        if (again != null) {
                                            last[0] = again;
                                        }
                                        return again != null;
                                    },
                                    SHRINK_TRIES_MAX)
                            .shrink(play.script());
        }
        return new AssertionError(
                test
                        + " fails with seed "
                        + play.seed()
                        + " ("
                        + play.history()
                        + "): "
                        + failure.getMessage()
                        + "\nreplay: mvn verify -pl it-tests -am -Dit.test='"
                        + test
                        + "' -Dtest='"
                        + test
                        + "' -Draftengine.seed="
                        + play.seed()
                        + " -Draftengine.scale=0\nsmall script, which fails with: "
                        + last[0].getMessage()
                        + "\n"
                        + ScriptJson.print(small),
                failure);
    }
}
