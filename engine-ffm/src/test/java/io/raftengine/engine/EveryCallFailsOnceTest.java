package io.raftengine.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.error.PoisonedException;
import io.raftengine.error.RaftEngineException;
import io.raftengine.log.segment.PrefillPolicy;
import io.raftengine.testing.campaign.Seed;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.FaultRule;
import io.raftengine.testing.fs.FaultyFileSystem;
import io.raftengine.testing.fs.SimulatedFileSystem;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A scripted life of an engine with its first I/O call failing, then its second, and so on until
 * none is left to fail; each first once, then from that call on, under all policies of filling
 * segments ahead. After each: the error was typed, nothing leaked, and after a reopen every
 * acknowledged batch is there, every refused one is not, and one of unknown outcome is there whole
 * or not at all (P2, P4, P7, D14, I2). Includes L1 to L3, L5 and L6 at every place they can happen.
 * A purge that is interrupted changes no answer, whatever it had done by then.
 */
class EveryCallFailsOnceTest {
    private static final long SEED = Seed.orElse(20_250);
    private static final int SEEDS = Math.max(1, Integer.getInteger("raftengine.scale", 1));
    private static final int STEPS = 34;
    private static final int STEPS_WITH_PURGES = 60;

    /**
     * The policies of filling segments ahead make other calls each: all of them take turns from
     * call to call, or where there is time for it each has every call for itself.
     */
    private static final List<List<PrefillPolicy>> POLICIES =
            SEEDS == 1
                    ? List.of(List.of(PrefillPolicy.values()))
                    : Arrays.stream(PrefillPolicy.values()).map(List::of).toList();

    /** What a call does instead of its duty. */
    enum Trouble {
        FAILS(Fault.error(), false),
        FAILS_FROM_THEN_ON(Fault.error(), true),
        FAILS_AFTER_TAKING_EFFECT(new Fault.ErrorAfter(Fault.EIO), false),
        HALF_WRITTEN(new Fault.ErrorAfterBytes(20, Fault.EIO), false),
        FULL(Fault.noSpace(), false),
        FULL_FROM_THEN_ON(Fault.noSpace(), true);

        private final Fault fault;
        private final boolean sticky;

        Trouble(Fault fault, boolean sticky) {
            this.fault = fault;
            this.sticky = sticky;
        }
    }

    @ParameterizedTest
    @EnumSource(Trouble.class)
    void everyCallMayFailAndNothingIsLostInventedOrLeaked(Trouble trouble) {
        for (int s = 0; s < SEEDS; s++) {
            Workload workload = Workload.random(SEED + s, STEPS).behindSyncedWrites();
            for (List<PrefillPolicy> inTurn : POLICIES) {
                failEachCall(trouble, workload, inTurn, WorkloadRun.config(WorkloadRun.DIR));
            }
        }
    }

    /** The same with purges, forced rewrites of both queues, and rotations among the steps. */
    @ParameterizedTest
    @EnumSource(Trouble.class)
    void everyCallOfALifeWithPurgesMayFail(Trouble trouble) {
        for (int s = 0; s < SEEDS; s++) {
            Workload workload =
                    Workload.purging(SEED + s, STEPS_WITH_PURGES, 65).behindSyncedWrites();
            for (List<PrefillPolicy> inTurn : POLICIES) {
                EngineConfig.Builder config = WorkloadRun.purgingConfig(WorkloadRun.DIR);
                WorkloadRun done = failEachCall(trouble, workload, inTurn, config);
                assertThat(done.appendSegmentsDropped).as("seed " + (SEED + s)).isPositive();
                assertThat(done.rewriteSegmentsDropped).as("seed " + (SEED + s)).isPositive();
            }
        }
    }

    /** Answers a run in which no call was left to fail. */
    private static WorkloadRun failEachCall(
            Trouble trouble,
            Workload workload,
            List<PrefillPolicy> inTurn,
            EngineConfig.Builder config) {
        long[] openCalls = new long[inTurn.size()];
        long[] syncedCalls = new long[inTurn.size()];
        for (int p = 0; p < inTurn.size(); p++) {
            WorkloadRun smooth = new WorkloadRun(newDisk(workload), config(config, inTurn.get(p)));
            smooth.open();
            openCalls[p] = callsOf(smooth);
            workload.steps().subList(0, Workload.SYNCED_WRITES).forEach(smooth::take);
            syncedCalls[p] = callsOf(smooth) - openCalls[p];
            workload.steps().stream().skip(Workload.SYNCED_WRITES).forEach(smooth::take);
            smooth.close();
            assertThat(smooth.bytesPrefilled > 0)
                    .as("filled ahead: %s", inTurn.get(p))
                    .isEqualTo(inTurn.get(p) != PrefillPolicy.NEVER);
        }
        int over = 0;
        for (long call = 0; ; call++) {
            // So that a call which fails under one policy in one trouble does so under the next
            // one in another.
            int policy = (int) ((call + trouble.ordinal()) % inTurn.size());
            // The many synced writes are all alike, and there for what they tell the engine.
            long failing = call < openCalls[policy] ? call : call + syncedCalls[policy];
            Attempt attempt =
                    new Attempt(workload, config(config, inTurn.get(policy)), failing, trouble);
            attempt.run();
            over = attempt.rule.fired() == 0 ? over + 1 : 0;
            if (over == inTurn.size()) {
                assertThat(call)
                        .as("calls that failed, seed " + workload.seed())
                        .isGreaterThan(120);
                return attempt.run;
            }
        }
    }

    private static FaultyFileSystem newDisk(Workload workload) {
        return new FaultyFileSystem(new SimulatedFileSystem(workload.seed()));
    }

    private static EngineConfig config(EngineConfig.Builder config, PrefillPolicy prefill) {
        return config.prefill(prefill).build();
    }

    private static long callsOf(WorkloadRun run) {
        return ((FaultyFileSystem) run.fs).calls();
    }

    /** One run with one failing call. */
    private static final class Attempt {
        private final String name;
        private final Workload workload;
        private final FaultyFileSystem fs;
        private final FaultRule rule;
        private final WorkloadRun run;
        private final boolean sticky;

        Attempt(Workload workload, EngineConfig config, long call, Trouble trouble) {
            this.workload = workload;
            sticky = trouble.sticky;
            long seed = workload.seed();
            fs = newDisk(workload);
            run = new WorkloadRun(fs, config);
            name =
                    String.format(
                            Locale.ROOT,
                            "-Draftengine.seed=%d, prefill %s, call %d %s",
                            seed,
                            run.config.prefill(),
                            call,
                            trouble);
            rule =
                    trouble.sticky
                            ? fs.failFrom(call, trouble.fault)
                            : fs.failCall(call, trouble.fault);
        }

        void run() {
            try {
                openUntilItWorks();
                boolean poisoned = false;
                for (Workload.Step step : workload.steps()) {
                    poisoned |= takeOrFailTyped(step);
                    if (poisoned) {
                        break;
                    }
                }
                int unknown = run.issued();
                fs.clearRules();
                checkLive(poisoned);
                closeTyped();
                run.open();
                int state = run.stateOf(run.engine, run.acknowledged, unknown);
                assertThat(state)
                        .as("state after reopen; difference to what was acknowledged: %s", diff())
                        .isNotNegative();
                goOnFrom(state);
            } catch (AssertionError | RuntimeException wrong) {
                throw new AssertionError(name + ": " + wrong, wrong);
            }
        }

        private String diff() {
            return run.states.get(run.acknowledged).differenceTo(run.engine);
        }

        private void openUntilItWorks() {
            EngineOpener opener = run.opener();
            try {
                run.engine = RaftEngine.open(run.config, opener);
            } catch (RaftEngineException typed) {
                assertThat(opener.budget.reservedBytes()).as("memory after %s", typed).isZero();
                assertThat(fs.openHandles()).as("handles after %s", typed).isZero();
                fs.clearRules();
                run.open();
            }
        }

        /** Whether the engine is poisoned now. */
        private boolean takeOrFailTyped(Workload.Step step) {
            boolean over = !sticky && rule.fired() > 0;
            try {
                run.take(step);
            } catch (PoisonedException poison) {
                if (run.engine == null) {
                    openUntilItWorks();
                    return false;
                }
                return true;
            } catch (RaftEngineException typed) {
                if (over) {
                    // The disk has been well again since before this step: it had to succeed (D14).
                    throw typed;
                }
                if (run.engine == null) {
                    openUntilItWorks();
                }
            }
            return false;
        }

        /** What is visible before the engine is closed: exactly what was acknowledged. */
        private void checkLive(boolean poisoned) {
            assertThat(diff()).as("visible state, poisoned: " + poisoned).isNull();
        }

        private void closeTyped() {
            RaftEngine closed = run.engine;
            try {
                run.close();
            } catch (RaftEngineException typed) {
                // A step before may have poisoned it.
            }
            assertThat(closed.budget().reservedBytes()).as("memory after close").isZero();
            assertThat(fs.openHandles()).as("handles after close").isZero();
        }

        /** The engine must not only be right but work: another batch, another reopen. */
        private void goOnFrom(int state) {
            run.acknowledged = state;
            while (run.issued() > state) {
                run.states.removeLast();
            }
            run.write(lastWords(), true);
            closeTyped();
            run.open();
            assertThat(diff()).as("after one more batch and reopen").isNull();
            closeTyped();
        }

        private static List<Ledger.Change> lastWords() {
            return List.of(new Ledger.Change.Append(77, 1, List.of(Workload.value(77, 1, 50))));
        }
    }
}
