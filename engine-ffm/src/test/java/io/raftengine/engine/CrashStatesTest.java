package io.raftengine.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.log.segment.PrefillPolicy;
import io.raftengine.testing.campaign.Seed;
import io.raftengine.testing.fs.CrashChoices;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.FaultyFileSystem;
import io.raftengine.testing.fs.SimulatedFileSystem;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * The power is cut at every I/O call of a scripted life, in several ways each: any subset of what
 * is pending may have reached the disk. Production recovery opens what is left, and every byte of
 * every entry and key is compared with the model: the state is one the engine was in, no older than
 * the last one it vouched for and no newer than what it was given (P1 to P4). Then the power is cut
 * again right after the open, and the state must be the same (P8); then another batch is written.
 */
class CrashStatesTest {
    private static final long SEED = Seed.orElse(41);
    private static final int SCALE = Math.max(1, Integer.getInteger("raftengine.scale", 1));
    private static final int WORKLOADS = 8;
    private static final int STEPS = 30;
    private static final int WORKLOADS_WITH_PURGES = 6;
    private static final int STEPS_WITH_PURGES = 50;
    private static final int IMAGES_PER_CALL = 16;

    @Test
    void aPowerCutAtAnyCallLeavesAStateTheEngineWasIn() {
        cutPowerEverywhere(WORKLOADS, false);
    }

    /** The same with purges, forced rewrites of both queues, and rotations among the steps. */
    @Test
    void aPowerCutAtAnyCallOfAPurgeLeavesAStateTheEngineWasIn() {
        cutPowerEverywhere(WORKLOADS_WITH_PURGES, true);
    }

    private static void cutPowerEverywhere(int workloads, boolean purging) {
        long opened = 0;
        long looked = 0;
        long appendSegmentsDropped = 0;
        long rewriteSegmentsDropped = 0;
        for (int w = 0; w < workloads * SCALE; w++) {
            Campaign campaign = new Campaign(SEED + w, purging);
            campaign.run();
            opened += campaign.stateOfImage.size();
            looked += campaign.images;
            appendSegmentsDropped += campaign.run.appendSegmentsDropped;
            rewriteSegmentsDropped += campaign.run.rewriteSegmentsDropped;
        }
        System.getLogger("crash states")
                .log(
                        System.Logger.Level.INFO,
                        "{0} distinct images of {1} recovered; -Draftengine.seed={2}",
                        opened,
                        looked,
                        Long.toString(SEED));
        assertThat(opened).as("distinct crash images").isGreaterThan(100L * workloads * SCALE);
        if (purging) {
            assertThat(appendSegmentsDropped).as("append segments dropped").isPositive();
            assertThat(rewriteSegmentsDropped).as("rewrite segments dropped").isPositive();
        }
    }

    /** Everything that was written has landed: the death of the process alone. */
    static final CrashChoices PROCESS_KILLED =
            new CrashChoices() {
                @Override
                public boolean lands(int position, int count) {
                    return true;
                }

                @Override
                public int pick(int bound) {
                    return 0; // the newest
                }

                @Override
                public int prefix(int count) {
                    return count;
                }

                @Override
                public boolean namesInOrder() {
                    return true;
                }

                @Override
                public Fill fill() {
                    return Fill.values()[0];
                }

                @Override
                public long noise() {
                    return 0;
                }
            };

    private static final class Campaign {
        private final long seed;
        private final SimulatedFileSystem disk;
        private final WorkloadRun run;
        private final Workload workload;
        private final Map<Long, Integer> stateOfImage = new HashMap<>();
        private long images;
        private long call;

        /** How many steps at the beginning are there for their syncs: all alike, not looked at. */
        private final int stepsAhead;

        private boolean looking;
        private AssertionError found;

        Campaign(long seed, boolean purging) {
            this.seed = seed;
            disk = new SimulatedFileSystem(seed);
            FaultyFileSystem watched = new FaultyFileSystem(disk);
            watched.on().inject(new Fault.Run(any -> crashHere(any.index())));
            int syncedPercent = 20 + (int) (seed % 3) * 20;
            run =
                    new WorkloadRun(
                            watched,
                            config(
                                    seed,
                                    purging
                                            ? WorkloadRun.purgingConfig(WorkloadRun.DIR)
                                            : WorkloadRun.config(WorkloadRun.DIR)));
            Workload life =
                    purging
                            ? Workload.purging(seed, STEPS_WITH_PURGES, syncedPercent)
                            : Workload.random(seed, STEPS, syncedPercent);
            // Else the life is over before anything is filled, and AUTO never learns that it helps.
            boolean learns = run.config.prefill() != PrefillPolicy.NEVER;
            workload = learns ? life.behindSyncedWrites() : life;
            stepsAhead = learns ? Workload.SYNCED_WRITES : 0;
        }

        private static EngineConfig config(long seed, EngineConfig.Builder config) {
            PrefillPolicy[] policies = PrefillPolicy.values();
            return config.prefill(policies[(int) (seed % policies.length)])
                    .recoveryThreads(1 + (int) (seed % 2))
                    .build();
        }

        void run() {
            looking = stepsAhead == 0;
            run.open();
            try {
                workload.steps().subList(0, stepsAhead).forEach(run::take);
                looking = true;
                workload.steps().stream().skip(stepsAhead).forEach(run::take);
                run.close();
                crashHere(-1);
            } catch (RuntimeException failed) {
                if (found == null) {
                    throw failed;
                }
            }
            if (found != null) {
                throw found; // the engine, in whose call it came up, has made another error of it
            }
            assertThat(run.bytesPrefilled > 0)
                    .as("filled ahead: %s, seed %d", run.config.prefill(), seed)
                    .isEqualTo(run.config.prefill() != PrefillPolicy.NEVER);
        }

        private void crashHere(long index) {
            if (!looking) {
                return;
            }
            call = index;
            // What the process alone would lose: nothing that was acknowledged, synced or not (P2).
            check(disk.crashImage(PROCESS_KILLED), run.acknowledged, "process killed");
            for (int i = 0; i < IMAGES_PER_CALL && disk.hasPendingWork(); i++) {
                long image = seed * 1_000_003 + index * 101 + i;
                check(disk.crashImage(image), run.durable, "power cut " + image);
            }
        }

        private void check(SimulatedFileSystem image, int oldest, String how) {
            images++;
            String where = "-Draftengine.seed=" + seed + ", before call " + call + ", " + how;
            try {
                // The same bytes recover to the same state; only what may be missing differs.
                long bytes = image.fingerprint();
                Integer known = stateOfImage.get(bytes);
                int state = known == null ? recover(image) : known;
                stateOfImage.put(bytes, state);
                assertThat(state)
                        .as("index of the recovered state")
                        .isBetween(oldest, run.issued());
            } catch (AssertionError | RuntimeException wrong) {
                if (found == null) {
                    found = new AssertionError(where + ": " + wrong, wrong);
                }
                throw found;
            }
        }

        private int recover(SimulatedFileSystem image) {
            WorkloadRun second = new WorkloadRun(image, run.config);
            second.open();
            int state = run.stateOf(second.engine, 0, run.issued());
            assertThat(state)
                    .as(
                            "known states; from the newest it differs by: %s; report: %s",
                            run.states.get(run.issued()).differenceTo(second.engine),
                            second.engine.recoveryReport())
                    .isNotNegative();
            Ledger shown = run.states.get(state);
            afterAnotherCrash(image.crashImage(seed), shown);
            second.states.set(0, shown);
            second.write(lastWords(), true);
            // As good as killed: neither closed nor given back in an orderly way, except for the
            // memory.
            afterAnotherCrash(image.crashImage(seed + 7), second.states.get(1));
            second.close();
            return state;
        }

        private void afterAnotherCrash(SimulatedFileSystem image, Ledger expected) {
            WorkloadRun third = new WorkloadRun(image, run.config);
            third.open();
            assertThat(expected.differenceTo(third.engine)).as("after a second power cut").isNull();
            third.close();
        }

        private static List<Ledger.Change> lastWords() {
            return List.of(new Ledger.Change.Append(77, 1, List.of(Workload.value(77, 1, 600))));
        }
    }
}
