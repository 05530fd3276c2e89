package io.raftengine.it.interop;

import io.raftengine.error.CorruptionException;
import io.raftengine.testing.model.EngineModel;
import io.raftengine.testing.model.Operation;
import io.raftengine.testing.model.ScriptJson;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

/**
 * One script on one directory. The model is asked first, so it says what every operation must
 * answer; the real engine is spared what it must refuse, since it writes such a batch and then dies
 * of it.
 */
final class ScriptRun {
    /** The real engine forgot a fact, and what it would do from here on shows nothing. */
    private static final class ForgotException extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    final Random random;
    final Path dir;
    final LocalEngine ours;
    final ServedEngine reference;
    final Tally tally;
    final Judge judge = new Judge();
    private final boolean referencePurges;
    private Contender open;

    /** The real engine purged at some time: what it reads from then on is no judge. */
    private boolean referencePurged;

    /** The engine that was open last is the real one, and it purged while it was. */
    private boolean forgetful;

    /** Whether the last operation before a death was. */
    private boolean acknowledged = true;

    ScriptRun(
            long seed,
            Path dir,
            LocalEngine ours,
            ServedEngine reference,
            Tally tally,
            boolean referencePurges) {
        this.random = new Random(seed);
        this.dir = dir;
        this.ours = ours;
        this.reference = reference;
        this.tally = tally;
        this.referencePurges = referencePurges;
    }

    // ---- the four directions
    // ---------------------------------------------------------------------

    void weWriteAndItReads(List<Operation> script) {
        try {
            open(ours);
            for (Operation operation : script) {
                if (operation instanceof Operation.Reopen) {
                    leave();
                    open(ours);
                    demand("ours, reopened", ours.state());
                } else {
                    step(operation);
                }
            }
            demand("ours, before it was left", ours.state());
            leave();
            demandBothAgree();
            open(reference);
            demand("the reference, opened", reference.state());
            shut();
            open(ours);
            demand("ours, opened after the reference", ours.state());
            shut();
        } catch (ForgotException end) {
            goOnAlone();
        }
    }

    void itWritesAndWeRead(List<Operation> script) {
        try {
            open(reference);
            for (Operation operation : script) {
                if (operation instanceof Operation.Reopen) {
                    leave();
                    demandBothAgree();
                    open(reference);
                } else {
                    step(operation);
                }
            }
            leave();
            demandBothAgree();
            open(ours);
            demand("ours, opened after the reference", ours.state());
            shut();
            demandBothAgree();
        } catch (ForgotException end) {
            goOnAlone();
        }
    }

    /** Each reopen switches the engine; and there are more of them than the script asks for. */
    void bothInTurns(List<Operation> script) {
        open(random.nextBoolean() ? ours : reference);
        try {
            for (Operation operation : script) {
                if (operation instanceof Operation.Reopen || random.nextInt(12) == 0) {
                    switchEngines();
                }
                if (!(operation instanceof Operation.Reopen)) {
                    step(operation);
                }
            }
            leave();
            demandBothAgree();
        } catch (ForgotException end) {
            goOnAlone();
        }
    }

    private void switchEngines() {
        Contender next = open == ours ? reference : ours;
        leave();
        demandBothAgree();
        open(next);
        demand(next.name() + ", opened in turn", next.state());
        tally.switches.increment();
    }

    /**
     * One operation is the last one of an engine; the rest of the script is run by the other or the
     * same.
     */
    void killedInMidWrite(List<Operation> script) {
        int last = script.isEmpty() ? 0 : random.nextInt(script.size());
        boolean killOurs = random.nextInt(3) != 0;
        open(killOurs ? ours : reference);
        Death death = killOurs ? Death.ofOurs(random) : Death.ofReference(random);
        String before = judge.state();
        int at = 0;
        for (; at < script.size() && !death.happened(this); at++) {
            if (at >= last) {
                before = judge.state();
            }
            if (at == last) {
                death.prepare(this);
            }
            if (!skips(script.get(at))) {
                acknowledged = death.run(this, script.get(at), at >= last);
            }
        }
        death.complete(this, open);
        open = null;
        try {
            settleAfterDeath(before);
            goOnAfterDeath(script.subList(at, script.size()));
        } catch (ForgotException end) {
            goOnAlone();
        }
    }

    private void goOnAfterDeath(List<Operation> rest) {
        open(random.nextBoolean() ? ours : reference);
        demand(open.name() + ", opened after the death", open.state());
        for (Operation operation : rest) {
            step(operation);
        }
        demand(open.name() + ", after the rest", open.state());
        leave();
        demandBothAgree();
    }

    /** What was acknowledged is there; what was under way is there as a whole or not at all. */
    private void settleAfterDeath(String before) {
        String after = judge.state();
        String theirs = reference.export(dir, Settings.PLAIN);
        String found = ours.export(dir, Settings.random(random));
        boolean tailsBack = !theirs.equals(found);
        if (tailsBack && !judge.differOnlyInTailsThatCameBack(theirs, found)) {
            throw new AssertionError(
                    "the engines disagree about a killed directory: "
                            + Judge.difference(theirs, found));
        }
        if (found.equals(after)) {
            if (!acknowledged && !after.equals(before)) {
                tally.whole.increment();
            }
        } else if (!acknowledged && found.equals(before)) {
            tally.absent.increment();
            judge.resume(before);
        } else {
            throw new AssertionError(
                    (acknowledged ? "acknowledged and lost. " : "neither whole nor absent. ")
                            + "Against whole: "
                            + Judge.difference(after, found)
                            + "\nagainst absent: "
                            + Judge.difference(before, found));
        }
        if (tailsBack) {
            tally.tailsBack.increment();
            throw new ForgotException();
        }
    }

    // ---- steps
    // -------------------------------------------------------------------------------------

    void open(Contender contender) {
        contender.open(dir, Settings.random(random));
        open = contender;
        forgetful = false;
    }

    /**
     * Closes, or leaves as after a kill: that is how the most interesting directories come about.
     */
    private void leave() {
        if (random.nextInt(3) == 0) {
            open.abandon();
        } else {
            open.shut();
        }
        open = null;
    }

    private void shut() {
        open.shut();
        open = null;
    }

    private void step(Operation operation) {
        if (skips(operation)) {
            return;
        }
        EngineModel.Answer expected = judge.run(operation);
        compare(operation, expected, runOnEngine(operation));
        if (random.nextInt(50) == 0) {
            demand(open.name() + ", open", open.state());
        }
    }

    Contender.Outcome runOnEngine(Operation operation) {
        tally.operations.increment();
        return open.run(operation);
    }

    private boolean skips(Operation operation) {
        if (operation instanceof Operation.Reopen) {
            return true;
        }
        boolean fileMatter =
                switch (operation) {
                    case Operation.Purge purge -> true;
                    case Operation.RewriteAppend rewrite -> true;
                    case Operation.RewriteRewrite rewrite -> true;
                    case Operation.Rotate rotate -> true;
                    default -> false;
                };
        if (!fileMatter) {
            return open == reference && judge.refuses(operation);
        }
        if (open == ours) {
            tally.purges.increment();
            return false;
        }
        forgetful |= referencePurges;
        referencePurged |= referencePurges;
        return !referencePurges;
    }

    void compare(Operation operation, EngineModel.Answer expected, Contender.Outcome outcome) {
        switch (expected) {
            case EngineModel.Refused refused -> {
                if (!refused.why().errorClass().equals(outcome.error())) {
                    throw new AssertionError(
                            ScriptJson.print(operation)
                                    + " must be refused ("
                                    + refused.why()
                                    + "): "
                                    + outcome);
                }
                tally.refused.increment();
            }
            case EngineModel.Done done -> {
                if (outcome.failed()) {
                    if (open == reference && referencePurged && outcome.error().equals("Panic")) {
                        tally.forgotten.increment();
                        throw new ForgotException();
                    }
                    throw new AssertionError(
                            open.name() + ", " + ScriptJson.print(operation) + ": " + outcome);
                }
                // The real engine counts past the last entry (D15).
                if (open != reference
                        && outcome.removed() != null
                        && outcome.removed() != done.removed()) {
                    throw new AssertionError(
                            ScriptJson.print(operation)
                                    + " removed "
                                    + outcome.removed()
                                    + ", not "
                                    + done.removed());
                }
            }
        }
    }

    /**
     * Both engines read the closed directory alike, and as the model says. Two things may be
     * otherwise where the real engine has purged, and nothing where only ours has. Either it has
     * just been the open one: then the files may have lost a fact, group by group, and what both
     * read counts from here on. What was on disk when ours was opened is there when ours is left,
     * so no loss of ours passes for one of the other's. Or the real engine reads wrongly what it
     * wrote in an earlier purge, or, whoever purged, a group whose overwritten tail was compacted
     * away; then ours must be right, and the script ends.
     */
    private void demandBothAgree() {
        String theirs = reference.export(dir, Settings.PLAIN);
        String found = ours.export(dir, Settings.random(random));
        String expected = judge.state();
        if (found.equals(expected)) {
            if (!theirs.equals(expected)) {
                if (judge.differOnlyInTailsThatCameBack(theirs, expected)) {
                    tally.tailsBack.increment();
                    throw new ForgotException();
                }
                if (!referencePurged) {
                    throw new AssertionError(disagreement(expected, found, theirs));
                }
                tally.misread.increment();
                throw new ForgotException();
            }
            return;
        }
        if (!forgetful || !Judge.eachGroupIsOneOf(found, theirs, expected)) {
            throw new AssertionError(disagreement(expected, found, theirs));
        }
        tally.forgotten.increment();
        if (!theirs.equals(found)) {
            throw new ForgotException();
        }
        judge.resume(found);
    }

    private static String disagreement(String expected, String found, String theirs) {
        return "ours against the model: "
                + Judge.difference(expected, found)
                + "\nthe reference against the model: "
                + Judge.difference(expected, theirs);
    }

    /**
     * The real engine died of what it forgot, or would write a wrong state down. Ours must open
     * what is there, and show when it writes what it shows when it only reads.
     */
    private void goOnAlone() {
        if (open != null) {
            open.abandon();
            open = null;
            if (reference.refuses(dir)) {
                // It took the next entries for a hole and died with the batch in the log (D6).
                demandRefusal();
                return;
            }
        }
        String found = ours.export(dir, Settings.random(random));
        open(ours);
        if (!ours.state().equals(found)) {
            throw new AssertionError(
                    "reading and opening differ: " + Judge.difference(found, ours.state()));
        }
        shut();
    }

    private void demandRefusal() {
        try {
            ours.export(dir, Settings.random(random));
        } catch (CorruptionException hole) {
            return;
        }
        throw new AssertionError("ours opens what the reference refuses");
    }

    private void demand(String who, String state) {
        String expected = judge.state();
        if (!state.equals(expected)) {
            if (referencePurged && open == reference) {
                // It reopens its directory to rotate the rewrite queue, and forgets on the way.
                tally.forgotten.increment();
                throw new ForgotException();
            }
            throw new AssertionError(who + ": " + Judge.difference(expected, state));
        }
    }
}
