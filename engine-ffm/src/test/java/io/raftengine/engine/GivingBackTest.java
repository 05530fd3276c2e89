package io.raftengine.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.raftengine.testing.fs.Call;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.FaultRule;
import io.raftengine.testing.fs.Operation;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/**
 * What an engine took it gives back, the lock of its directory last, also if the heap runs out on
 * the way: each close of a file throws an {@link Error} once, and the same process opens the
 * directory again.
 */
class GivingBackTest {
    private static final int CALLS_MAX = 1000;

    @Test
    void anErrorDuringACloseKeepsNothing() {
        int closes = 0;
        for (; closes < CALLS_MAX; closes++) {
            try (EngineFixture e = filled()) {
                OutOfMemoryError ordered = new OutOfMemoryError("ordered by the test");
                FaultRule rule = failClose(e, call -> true, closes, ordered);
                Throwable thrown = catchThrowable(e.engine::close);
                if (rule.fired() == 0) {
                    assertThat(thrown).isNull();
                    break;
                }
                assertThat(thrown).as("close %d", closes).isSameAs(ordered);
                assertOpensAgain(e, "close " + closes);
            }
        }
        assertThat(closes).as("files closed").isBetween(3, CALLS_MAX - 1);
    }

    @Test
    void anErrorWhileAnOpenIsGivenUpKeepsNothing() {
        int givenUp = 0;
        for (int sync = 0; sync < CALLS_MAX; sync++) {
            int closes = closesOfAnOpenWithoutSync(sync);
            if (closes < 0) {
                break;
            }
            givenUp += closes;
        }
        assertThat(givenUp).as("files closed by opens that failed").isBetween(6, CALLS_MAX - 1);
    }

    /** All steps of the open were taken; what was opened is not the caller's yet. */
    @Test
    void anErrorAfterTheLastStepOfAnOpenKeepsNothing() {
        try (EngineFixture e = filled()) {
            e.engine.close();
            OutOfMemoryError ordered = new OutOfMemoryError("ordered by the test");
            e.parts = new EngineOpener(e.config, e.fs, List.of(), false, EngineClockwork.REAL);
            Throwable thrown =
                    catchThrowable(() ->
                            e.parts.open(() -> {
                                throw ordered;
                            }));
            assertThat(thrown).isSameAs(ordered);
            assertOpensAgain(e, "after the open");
        }
    }

    /** How many closes there are after the failure; -1 if an open has fewer syncs than that. */
    private static int closesOfAnOpenWithoutSync(int sync) {
        for (int close = 0; ; close++) {
            try (EngineFixture e = filled()) {
                e.engine.close();
                OutOfMemoryError ordered = new OutOfMemoryError("ordered by the test");
                FaultRule fails = e.fs.on(Operation.SYNC).program(sync, 1);
                fails.inject(Fault.error());
                FaultRule rule = failClose(e, call -> fails.fired() > 0, close, ordered);
                Throwable thrown = catchThrowable(e::open);
                if (fails.fired() == 0) {
                    return -1;
                }
                String as = "sync " + sync + ", close " + close;
                assertThat(thrown).as(as).isNotNull();
                assertOpensAgain(e, as);
                if (rule.fired() == 0) {
                    return close;
                }
            }
        }
    }

    private static FaultRule failClose(
            EngineFixture e, Predicate<Call> which, int passing, Error with) {
        FaultRule rule = e.fs.on(Operation.CLOSE).where(which).program(passing, 1);
        rule.inject(
                new Fault.Run(call -> {
                    throw with;
                }));
        return rule;
    }

    /** Three segments and a rewrite queue. */
    private static EngineFixture filled() {
        EngineFixture e = new EngineFixture(WorkloadRun.config(EngineFixture.DIR)).open();
        e.append(1, 1, 300, true);
        e.append(1, 301, 300, true);
        e.append(1, 601, 1, true);
        return e;
    }

    private static void assertOpensAgain(EngineFixture e, String as) {
        e.parts.budget.assertAllReleased();
        e.fs.clearRules();
        e.open();
        assertThat(e.holds(1, 1, 601)).as(as).isTrue();
    }
}
