package io.raftengine.it.interop;

import io.raftengine.testing.model.EngineModel;
import io.raftengine.testing.model.Operation;
import java.util.Random;

/** How an engine dies. One object for one death. */
abstract class Death {
    private static final int KILL_DELAY_NANOS_MAX = 200_000;

    /** Sets the death up, before the operation it is meant for. */
    abstract void prepare(ScriptRun run);

    /**
     * Runs an operation, and compares what it answers if the engine lives to answer.
     *
     * @param due whether the operation it was prepared for has come
     * @return whether the operation was acknowledged
     */
    abstract boolean run(ScriptRun run, Operation operation, boolean due);

    /** Whether the engine is dead by now. */
    abstract boolean happened(ScriptRun run);

    /** Makes sure it is dead and holds nothing. */
    void complete(ScriptRun run, Contender open) {
        open.abandon();
        run.tally.kills.increment();
    }

    static Death ofOurs(Random random) {
        boolean torn = random.nextBoolean();
        int bytes = random.nextInt(random.nextBoolean() ? 100 : 5000);
        String queue = random.nextInt(3) == 0 ? ".rewrite" : ".raftlog";
        return new OnOurDisk(torn ? queue : null, torn ? bytes : bytes % 24);
    }

    static Death ofReference(Random random) {
        return random.nextInt(3) == 0
                ? new ByKill(random.nextInt(KILL_DELAY_NANOS_MAX))
                : new BetweenOperations();
    }

    private static boolean runAndCompare(ScriptRun run, Operation operation) {
        EngineModel.Answer expected = run.judge.run(operation);
        run.compare(operation, expected, run.runOnEngine(operation));
        return true;
    }

    /**
     * The disk takes so many bytes of the next write, or so many changes, and nothing after them.
     */
    private static final class OnOurDisk extends Death {
        private final String tornQueue;
        private final int amount;

        OnOurDisk(String tornQueue, int amount) {
            this.tornQueue = tornQueue;
            this.amount = amount;
        }

        @Override
        void prepare(ScriptRun run) {
            if (tornQueue != null) {
                run.ours.dieInNextWrite(tornQueue, amount);
            } else {
                run.ours.dieAfterChanges(amount);
            }
        }

        @Override
        boolean run(ScriptRun run, Operation operation, boolean due) {
            EngineModel.Answer expected = run.judge.run(operation);
            Contender.Outcome outcome = run.runOnEngine(operation);
            if (happened(run)) {
                return false; // a dead disk says yes to everything
            }
            run.compare(operation, expected, outcome);
            return true;
        }

        @Override
        boolean happened(ScriptRun run) {
            return run.ours.isDead();
        }
    }

    private static final class BetweenOperations extends Death {
        private boolean dead;

        @Override
        void prepare(ScriptRun run) {
            // Its process leaves the directory as it is.
        }

        @Override
        boolean run(ScriptRun run, Operation operation, boolean due) {
            dead = due;
            return runAndCompare(run, operation);
        }

        @Override
        boolean happened(ScriptRun run) {
            return dead;
        }
    }

    /** SIGKILL while the operation is under way. */
    private static final class ByKill extends Death {
        private final int delayNanos;
        private boolean dead;

        ByKill(int delayNanos) {
            this.delayNanos = delayNanos;
        }

        @Override
        void prepare(ScriptRun run) {
            // Comes from outside.
        }

        @Override
        boolean run(ScriptRun run, Operation operation, boolean due) {
            if (!due) {
                return runAndCompare(run, operation);
            }
            dead = true;
            run.judge.run(operation);
            return run.reference.killIn(operation, delayNanos);
        }

        @Override
        boolean happened(ScriptRun run) {
            return dead;
        }

        @Override
        void complete(ScriptRun run, Contender open) {
            if (dead) {
                run.tally.kills.increment();
            } else {
                super.complete(run, open);
            }
        }
    }
}
