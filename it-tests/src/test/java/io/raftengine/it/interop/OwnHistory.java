package io.raftengine.it.interop;

import io.raftengine.testing.fs.SimulatedFileSystem;
import io.raftengine.testing.model.EngineModel;
import io.raftengine.testing.model.Operation;
import io.raftengine.testing.model.ScriptJson;
import java.nio.file.Path;
import java.util.Random;

/**
 * One script on our engine and a simulated disk. Between operations the engine is closed and
 * opened, killed, or loses its power after a sync; in the midst of others the disk dies, at any
 * change. After each of these the state is read without opening, and again after opening: it is the
 * model's, or, for the operation that was under way, the one before it.
 */
final class OwnHistory implements Campaign.Stage {
    private static final Path DIR = Path.of("/data");
    private static final int ONE_DEATH_IN = 20;
    private static final int ONE_LOOK_IN = 30;
    private static final int CHANGES_MAX = 40;

    private Random random;
    private LocalEngine ours;
    private Judge judge;
    private Tally tally;

    @Override
    public void run(Campaign.Play play, Tally to) {
        random = new Random(play.seed());
        judge = new Judge();
        tally = to;
        ours = new LocalEngine(new SimulatedFileSystem(play.seed()));
        try {
            ours.open(DIR, Settings.random(random));
            for (Operation operation : play.script()) {
                if (operation instanceof Operation.Reopen) {
                    leave();
                    reopen();
                } else if (random.nextInt(ONE_DEATH_IN) == 0) {
                    dieIn(operation);
                    reopen();
                } else {
                    step(operation);
                }
            }
            demand("before it was left", ours.state());
            leave();
            reopen();
            ours.shut();
            tally.appendSegmentsDropped.add(ours.appendSegmentsDropped);
            tally.rewriteSegmentsDropped.add(ours.rewriteSegmentsDropped);
            tally.splitOpens.add(ours.splitOpens);
        } finally {
            ours.close();
        }
    }

    private void step(Operation operation) {
        compare(operation, judge.run(operation), ours.run(operation));
        tally.operations.increment();
        if (random.nextInt(ONE_LOOK_IN) == 0) {
            demand("open", ours.state());
        }
    }

    private void compare(
            Operation operation, EngineModel.Answer expected, Contender.Outcome outcome) {
        String error = expected instanceof EngineModel.Refused r ? r.why().errorClass() : null;
        if (error == null ? outcome.failed() : !error.equals(outcome.error())) {
            throw new AssertionError(
                    ScriptJson.print(operation)
                            + " must be answered with "
                            + expected
                            + ", not with "
                            + outcome);
        }
        if (outcome.removed() != null
                && expected instanceof EngineModel.Done done
                && outcome.removed() != done.removed()) {
            throw new AssertionError(
                    ScriptJson.print(operation)
                            + " removed "
                            + outcome.removed()
                            + ", not "
                            + done.removed());
        }
        switch (operation) {
            case Operation.Purge purge -> tally.purges.increment();
            case Operation.RewriteAppend rewrite -> tally.purges.increment();
            case Operation.RewriteRewrite rewrite -> tally.purges.increment();
            case Operation.Rotate rotate -> tally.purges.increment();
            default -> {
                if (outcome.failed()) {
                    tally.refused.increment();
                }
            }
        }
    }

    private void leave() {
        switch (random.nextInt(3)) {
            case 0 -> ours.shut();
            case 1 -> {
                ours.abandon();
                tally.kills.increment();
            }
            default -> {
                ours.syncAndCutPower(random.nextLong());
                tally.kills.increment();
            }
        }
    }

    /** The disk dies while an operation is under way, or right after it. */
    private void dieIn(Operation operation) {
        String before = judge.state();
        EngineModel.Answer expected = judge.run(operation);
        if (random.nextInt(3) == 0) {
            String queue = random.nextBoolean() ? ".rewrite" : ".raftlog";
            ours.dieInNextWrite(queue, random.nextInt(random.nextBoolean() ? 60 : 4000));
        } else {
            ours.dieAfterChanges(random.nextInt(CHANGES_MAX));
        }
        Contender.Outcome outcome = ours.run(operation);
        boolean acknowledged = !ours.isDead();
        if (acknowledged) {
            compare(operation, expected, outcome);
        }
        ours.abandon();
        tally.kills.increment();
        String after = judge.state();
        String found = ours.export(DIR, Settings.random(random));
        if (found.equals(after)) {
            tally.whole.increment();
        } else if (!acknowledged && found.equals(before)) {
            tally.absent.increment();
            judge.resume(before);
        } else {
            throw new AssertionError(
                    (acknowledged ? "acknowledged and lost. " : "neither whole nor absent. ")
                            + "Died in "
                            + ScriptJson.print(operation)
                            + "\nagainst whole: "
                            + Judge.difference(after, found)
                            + "\nagainst absent: "
                            + Judge.difference(before, found));
        }
    }

    private void reopen() {
        demand("closed", ours.export(DIR, Settings.random(random)));
        ours.open(DIR, Settings.random(random));
        demand("opened", ours.state());
        tally.switches.increment();
    }

    private void demand(String when, String found) {
        String expected = judge.state();
        if (!found.equals(expected)) {
            throw new AssertionError(when + ": " + Judge.difference(expected, found));
        }
    }

    @Override
    public void close() {
        if (ours != null) {
            ours.close();
        }
    }
}
