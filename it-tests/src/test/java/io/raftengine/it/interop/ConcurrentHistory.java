package io.raftengine.it.interop;

import io.raftengine.testing.fs.SimulatedFileSystem;
import io.raftengine.testing.model.EngineModel;
import io.raftengine.testing.model.Operation;
import io.raftengine.testing.model.ScriptGenerator;
import io.raftengine.testing.model.ScriptJson;
import io.raftengine.testing.model.ScriptProfile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Several scripts at the same time, each with groups of its own, while one more thread purges,
 * rewrites and rotates without a pause. Since no group belongs to two scripts, each answer and each
 * state in which all threads stand still follows from the scripts alone. Between rounds the engine
 * is closed, killed, or loses its power after a sync.
 */
final class ConcurrentHistory {
    private static final Path DIR = Path.of("/data");
    private static final int WRITERS = 3;
    private static final int ROUNDS = 4;
    private static final int OPERATIONS = 60;
    private static final int GROUPS_APART = 1_000;
    private static final ScriptProfile[] PROFILES = {
        ScriptProfile.SMALL, ScriptProfile.GC, ScriptProfile.CHURN, ScriptProfile.GC
    };

    private final Random random;
    private final Tally tally;
    private final LocalEngine ours;
    private final Judge judge = new Judge();
    private final List<ScriptGenerator> generators = new ArrayList<>();

    ConcurrentHistory(long seed, Tally tally) {
        this.random = new Random(seed);
        this.tally = tally;
        this.ours = new LocalEngine(new SimulatedFileSystem(seed));
        for (int i = 0; i < WRITERS; i++) {
            ScriptProfile profile = PROFILES[Math.floorMod(seed + i, PROFILES.length)];
            generators.add(
                    new ScriptGenerator(profile, seed * WRITERS + i)
                            .groupsFrom((long) GROUPS_APART * i)
                            .reopens(0)
                            .illegalWrites(5));
        }
    }

    void run(ExecutorService threads) throws InterruptedException {
        ours.open(DIR, Settings.random(random));
        try {
            for (int round = 0; round < ROUNDS; round++) {
                round(threads);
                demand("after round " + round, ours.state());
                leave();
                demand("closed", ours.export(DIR, Settings.random(random)));
                ours.open(DIR, Settings.random(random));
                demand("opened", ours.state());
                tally.switches.increment();
            }
            ours.shut();
        } finally {
            ours.close();
        }
        tally.appendSegmentsDropped.add(ours.appendSegmentsDropped);
        tally.rewriteSegmentsDropped.add(ours.rewriteSegmentsDropped);
        tally.scripts.increment();
    }

    private void round(ExecutorService threads) throws InterruptedException {
        List<Future<?>> writers = new ArrayList<>();
        for (ScriptGenerator generator : generators) {
            List<Operation> script = generator.generate(OPERATIONS);
            List<EngineModel.Answer> answers = script.stream().map(judge::run).toList();
            writers.add(threads.submit(() -> write(script, answers)));
        }
        AtomicBoolean over = new AtomicBoolean();
        long seed = random.nextLong();
        Future<?> purger = threads.submit(() -> purge(new Random(seed), over));
        try {
            for (Future<?> writer : writers) {
                join(writer);
            }
        } finally {
            over.set(true);
            join(purger);
        }
    }

    private static void join(Future<?> thread) throws InterruptedException {
        try {
            thread.get();
        } catch (ExecutionException failed) {
            throw new AssertionError(failed.getCause().getMessage(), failed.getCause());
        }
    }

    private void write(List<Operation> script, List<EngineModel.Answer> answers) {
        for (int i = 0; i < script.size(); i++) {
            Contender.Outcome outcome = ours.run(script.get(i));
            String error =
                    answers.get(i) instanceof EngineModel.Refused r ? r.why().errorClass() : null;
            if (error == null ? outcome.failed() : !error.equals(outcome.error())) {
                throw new AssertionError(
                        ScriptJson.print(script.get(i))
                                + " must be answered with "
                                + answers.get(i)
                                + ", not with "
                                + outcome);
            }
            tally.operations.increment();
        }
    }

    private void purge(Random choices, AtomicBoolean over) {
        while (!over.get()) {
            Operation operation =
                    switch (choices.nextInt(8)) {
                        case 0 -> new Operation.RewriteAppend(-1);
                        case 1 -> new Operation.RewriteAppend(1 + choices.nextInt(30));
                        case 2 -> new Operation.RewriteRewrite();
                        case 3 -> new Operation.Rotate(choices.nextBoolean());
                        default -> new Operation.Purge();
                    };
            Contender.Outcome outcome = ours.run(operation);
            if (outcome.failed()) {
                throw new AssertionError(ScriptJson.print(operation) + ": " + outcome);
            }
            tally.purges.increment();
        }
    }

    private void leave() {
        switch (random.nextInt(3)) {
            case 0 -> ours.shut();
            case 1 -> ours.abandon();
            default -> ours.syncAndCutPower(random.nextLong());
        }
    }

    private void demand(String when, String found) {
        String expected = judge.state();
        if (!found.equals(expected)) {
            throw new AssertionError(when + ": " + Judge.difference(expected, found));
        }
    }

    /** So many histories; fails with the seed of the first that fails. */
    static Tally campaign(String test, int count) throws InterruptedException {
        Tally tally = new Tally();
        try (ExecutorService threads = Executors.newCachedThreadPool()) {
            for (int i = 0; i < Campaign.scaled(count); i++) {
                long seed = Campaign.seed() + i;
                try {
                    new ConcurrentHistory(seed, tally).run(threads);
                } catch (AssertionError | RuntimeException failure) {
                    throw new AssertionError(
                            test
                                    + " fails with seed "
                                    + seed
                                    + ", not with every run: "
                                    + failure.getMessage(),
                            failure);
                }
            }
        }
        System.out.println(test + ", seed " + Campaign.seed() + ": " + tally);
        return tally;
    }
}
