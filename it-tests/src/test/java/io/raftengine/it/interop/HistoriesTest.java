package io.raftengine.it.interop;

import static io.raftengine.it.interop.Campaign.Purgers.OURS;
import static io.raftengine.testing.model.ScriptProfile.BIG;
import static io.raftengine.testing.model.ScriptProfile.CHURN;
import static io.raftengine.testing.model.ScriptProfile.GC;
import static io.raftengine.testing.model.ScriptProfile.LIMITS;
import static io.raftengine.testing.model.ScriptProfile.SMALL;
import static io.raftengine.testing.model.ScriptProfile.WIDE;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.it.interop.Campaign.History;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Seeded random histories of our engine alone, in which everything happens that may happen to a
 * directory over the years: writes, overwrites, compactions also beyond the end, deletions, groups
 * that go and come back, purges, forced rewrites of both queues, rotations, closes, kills, power
 * cuts and deaths in mid-operation, with segments so small that every path runs. The model says
 * what must be there (P2 to P4, I5, I6, defects 4, 5 and 15; D13). A short share by default; {@code
 * -Draftengine.scale=20} runs more than two thousand.
 */
class HistoriesTest {
    private static final List<History> KINDS =
            List.of(
                    new History(SMALL, 120, 15, OURS),
                    new History(GC, 120, 20, OURS),
                    new History(CHURN, 140, 20, OURS),
                    new History(GC, 200, 10, OURS),
                    new History(WIDE, 50, 15, OURS),
                    new History(CHURN, 200, 10, OURS),
                    new History(LIMITS, 50, 20, OURS),
                    new History(BIG, 40, 15, OURS),
                    new History(SMALL, 250, 8, OURS));

    @Test
    void everyHistoryEndsInTheModelsState() {
        Tally tally =
                new Campaign(
                                "HistoriesTest#everyHistoryEndsInTheModelsState",
                                KINDS,
                                true,
                                worker -> new OwnHistory())
                        .run(108);
        if (tally.scripts.sum() > 50) {
            assertThat(tally.appendSegmentsDropped.sum()).isPositive();
            assertThat(tally.rewriteSegmentsDropped.sum()).isPositive();
            assertThat(tally.absent.sum()).isPositive();
            assertThat(tally.splitOpens.sum()).isGreaterThan(tally.scripts.sum());
            assertThat(tally.whole.sum()).isPositive();
        }
    }

    @Test
    void historiesOfSeveralThreadsUnderConstantPurgeEndInTheModelsState()
            throws InterruptedException {
        Tally tally =
                ConcurrentHistory.campaign(
                        "HistoriesTest#historiesOfSeveralThreadsUnderConstantPurgeEndInTheModelsState",
                        10);
        assertThat(tally.appendSegmentsDropped.sum()).isPositive();
    }
}
