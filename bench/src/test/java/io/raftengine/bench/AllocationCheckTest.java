package io.raftengine.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.runner.options.TimeValue;

/** The check that hot paths allocate nothing (D19) finds a planted allocation and names it. */
class AllocationCheckTest {
    @BeforeAll
    static void shareTheMachine() {
        // No times are compared here, so another JMH run on this machine does no harm.
        System.setProperty("jmh.ignoreLock", "true");
    }

    @Test
    void oneByteForEachOperationIsSeenAndNoneIsNot() throws Exception {
        AllocationCheck check = new AllocationCheck(0, 2, 3, TimeValue.milliseconds(200));
        assertThat(check.seesPlantedAllocation()).isTrue();
    }

    @Test
    void pathThatAllocatesIsNamedWithItsFigure() {
        String verdict =
                AllocationCheck.verdict(
                        List.of(
                                new AllocationCheck.Figure("Write.synced", 0.499),
                                new AllocationCheck.Figure("Write.buffered", 0.5),
                                new AllocationCheck.Figure("KeyValue.get", 40.25)));
        assertThat(verdict)
                .isEqualTo(
                        "Write.buffered allocates 0.50 B/op, allowed is less than 0.5;"
                                + " KeyValue.get allocates 40.25 B/op, allowed is less than 0.5");
    }

    @Test
    void pathsBelowTheLimitPass() {
        assertThat(
                        AllocationCheck.verdict(
                                List.of(new AllocationCheck.Figure("Write.synced", 0.1))))
                .isEmpty();
    }

    @Test
    void figureThatIsMissingIsNoPass() {
        assertThat(
                        AllocationCheck.verdict(
                                List.of(new AllocationCheck.Figure("Write.synced", Double.NaN))))
                .contains("Write.synced allocates NaN");
        assertThat(AllocationCheck.verdict(List.of())).isEqualTo("nothing was measured");
    }
}
