package io.raftengine.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.log.format.QueueKind;
import io.raftengine.testing.fs.Call;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.FaultRule;
import io.raftengine.testing.fs.Operation;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a purge drops must not be needed by any state that a power cut can bring back: data that is
 * dead only because of writes nobody has synced is still alive on disk (I1, I6).
 */
class PurgeDurabilityTest {
    private static final int CUTS = 24;

    @Test
    void aTailThatWasOverwrittenWithoutSyncIsKeptUntilTheOverwriteIsOnDisk() {
        try (EngineFixture f = new EngineFixture().open()) {
            f.append(1, 1, 30, true);
            f.engine.maintenance().rotate(QueueKind.APPEND);
            f.append(1, 20, 3, false);
            f.engine.maintenance().rewriteAppend(1);
            eachPowerCut(f, after -> after.holds(1, 1, 30) || after.holds(1, 1, 22));
        }
    }

    @Test
    void aGroupThatWasCleanedWithoutSyncIsKeptUntilTheCleanIsOnDisk() {
        try (EngineFixture f = new EngineFixture().open()) {
            f.append(1, 1, 30, true);
            f.engine.maintenance().rotate(QueueKind.APPEND);
            f.put(2, "key", "before", false);
            try (LogBatch batch = f.engine.newBatch()) {
                batch.clean(1);
                f.write(batch, false);
            }
            f.engine.maintenance().rewriteAppend(1);
            eachPowerCut(f, after -> after.holds(1, 1, 30) || after.value(2, "key") != null);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void rewrittenDataThatDiedWithoutSyncIsKeptUntilItsEndIsOnDisk(boolean squeeze) {
        try (EngineFixture f = new EngineFixture().open()) {
            f.append(1, 1, 30, true);
            f.put(2, "key", "old", true);
            f.engine.maintenance().rewriteAppend(Long.MAX_VALUE);
            f.engine.maintenance().rotate(QueueKind.REWRITE);
            f.put(3, "other", "value", true);
            f.engine.maintenance().rotate(QueueKind.APPEND);
            f.append(1, 31, 5, false);
            f.put(2, "key", "new", false);
            f.engine.compactTo(1, 33);
            if (squeeze) {
                f.engine.maintenance().rewriteRewrite();
            } else {
                f.engine.maintenance().rewriteAppend(2);
            }
            eachPowerCut(
                    f,
                    after ->
                            (after.holds(1, 1, 30)
                                            || after.holds(1, 1, 35)
                                            || after.holds(1, 33, 35))
                                    && after.value(2, "key") != null);
        }
    }

    @Test
    void aCopyWithoutTheTailThatWasOverwrittenIsNotWrittenBeforeTheOverwriteIsOnDisk() {
        try (EngineFixture f = new EngineFixture().open()) {
            f.append(1, 1, 30, true);
            f.engine.maintenance().rewriteAppend(Long.MAX_VALUE);
            f.append(1, 20, 3, false);
            State state = after -> after.holds(1, 1, 30) || after.holds(1, 1, 22);
            cutAtEachCallOfTheRewriteQueue(f, state, Maintenance::rewriteRewrite);
        }
    }

    @Test
    void aCopyBehindAGapIsNotWrittenBeforeTheCompactionIsOnDisk() {
        try (EngineFixture f = new EngineFixture().open()) {
            f.append(1, 1, 9, true);
            f.engine.maintenance().rewriteAppend(Long.MAX_VALUE);
            f.append(1, 10, 11, true);
            f.engine.maintenance().rotate(QueueKind.APPEND);
            f.engine.compactTo(1, 15);
            State state = after -> after.holds(1, 1, 20) || after.holds(1, 15, 20);
            cutAtEachCallOfTheRewriteQueue(f, state, purge -> purge.rewriteAppend(2));
        }
    }

    /** Writers would wait for a sync that changes nothing. */
    @Test
    void aPurgeSyncsTheAppendQueueOnlyWhereSomethingWaitsForIt() {
        try (EngineFixture f = new EngineFixture().open()) {
            for (long group = 1; group <= 2; group++) {
                f.append(group, 1, 30, true);
                f.engine.maintenance().rotate(QueueKind.APPEND);
            }
            f.append(3, 1, 1, true);
            assertThat(syncsOfTheAppendQueue(f, 1)).isZero();
            f.append(3, 2, 1, false);
            assertThat(syncsOfTheAppendQueue(f, 2)).isPositive();
        }
    }

    private static int syncsOfTheAppendQueue(EngineFixture f, long purgedThrough) {
        FaultRule syncs =
                f.fs.on(Operation.SYNC)
                        .onFiles(name -> name.endsWith(".raftlog"))
                        .inject(new Fault.Run(call -> {}));
        PurgeResult purged = f.engine.maintenance().rewriteAppend(purgedThrough);
        syncs.remove();
        assertThat(purged.appendSegmentsDropped()).isEqualTo(1);
        return syncs.matched();
    }

    private static void cutAtEachCallOfTheRewriteQueue(
            EngineFixture f, State state, Consumer<Maintenance> purge) {
        List<Call> looks = new ArrayList<>();
        f.fs.on()
                .onFiles(name -> name.endsWith(".rewrite"))
                .inject(
                        new Fault.Run(call -> {
                            looks.add(call);
                            eachPowerCut(f, state);
                        }));
        purge.accept(f.engine.maintenance());
        assertThat(looks).hasSizeGreaterThan(2);
    }

    private interface State {
        boolean isOneThatWas(EngineFixture after);
    }

    private static void eachPowerCut(EngineFixture f, State state) {
        List<Long> wrong = new ArrayList<>();
        for (long seed = 0; seed < CUTS; seed++) {
            try (EngineFixture after = f.afterPowerCut(seed).open()) {
                if (!state.isOneThatWas(after)) {
                    wrong.add(seed);
                }
            }
        }
        assertThat(wrong).as("power cuts that left a state the engine was never in").isEmpty();
    }
}
