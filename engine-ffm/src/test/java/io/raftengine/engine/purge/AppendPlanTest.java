package io.raftengine.engine.purge;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** When the append queue is purged, and how far: H7 to H9, M1, and where waiting is cheaper. */
class AppendPlanTest {
    private static final long MIB = 1 << 20;

    /** Live shares in percent; segments not named are wholly live. */
    private final Map<Long, Double> live = new HashMap<>();

    private final AppendPlan plan = planOf(10);

    private AppendPlan planOf(int segments) {
        return new AppendPlan(segments * 4 * MIB, 4 * MIB, s -> live.getOrDefault(s, 1.0));
    }

    private void percent(long from, double... shares) {
        for (int i = 0; i < shares.length; i++) {
            live.put(from + i, shares[i] / 100);
        }
    }

    @Test
    void atTheThresholdNothingIsDueAndOneSegmentMoreIs() {
        plan.purgeBegins(10);
        assertThat(plan.isDue(1, 10)).isFalse();
        assertThat(plan.isDue(1, 11)).isTrue();
    }

    @Test
    void whatIsExpectedUntilTheNextPurgeCountsAndSoDoesTheOnePreparedAhead() {
        plan.purgeBegins(5);
        assertThat(plan.isDue(1, 5)).as("nothing is expected yet").isFalse();
        plan.purgeBegins(7);
        assertThat(plan.isDue(1, 7)).as("7, 2 until the next, 1 ahead").isFalse();
        assertThat(plan.isDue(1, 8)).as("11 of 10").isTrue();
        plan.purgeBegins(7);
        assertThat(plan.isDue(1, 10)).as("nobody writes: 10 of 10").isFalse();
    }

    @Test
    void aBurstCountsForHalfOfTheThresholdAtMost() {
        plan.purgeBegins(1);
        plan.purgeBegins(1001);
        assertThat(plan.isDue(997, 1001)).as("5, 5").isFalse();
        assertThat(plan.isDue(996, 1001)).as("6, 5").isTrue();
    }

    @Test
    void whereAllSegmentsAreAlikeAsMuchIsFreedAsInTheRealEngine() {
        plan.purgeBegins(11);
        assertThat(plan.through(1, 11)).as("1 + floor(11 * 0.7)").isEqualTo(8);
        percent(1, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10);
        assertThat(plan.through(1, 11)).isEqualTo(8);
    }

    @Test
    void segmentsWithMoreThatLivesThanTheOldestAreWaitedFor() {
        percent(1, 1, 1.2, 1.3, 2, 6, 20);
        plan.purgeBegins(11);
        assertThat(plan.through(1, 11)).as("3 is next to nothing more, 4 is more").isEqualTo(3);
    }

    @Test
    void segmentsWithLessThatLivesThanTheOldestAreFreedAsWell() {
        percent(1, 50, 10, 0, 40, 50, 90);
        plan.purgeBegins(11);
        assertThat(plan.through(1, 11)).isEqualTo(5);
    }

    @Test
    void whatTheThresholdAsksForIsFreedHoweverMuchLivesInIt() {
        percent(1, 0, 0, 0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95);
        plan.purgeBegins(15);
        assertThat(plan.through(1, 15)).as("15 - 10").isEqualTo(5);
        plan.purgeBegins(18);
        assertThat(plan.through(4, 18)).as("15 + 3 + 1 - 10 is 9").isEqualTo(12);
    }

    @Test
    void noPurgeGoesBeyondSevenTenthsNorToTheActiveSegment() {
        plan.purgeBegins(100);
        assertThat(plan.through(1, 100)).isEqualTo(71);
        assertThat(AppendPlan.reach(1, 2)).isOne();
        assertThat(AppendPlan.reach(1, 3)).isEqualTo(2);
        assertThat(AppendPlan.segmentAt(21, 51, 0.2)).isEqualTo(27);
    }

    @Test
    void aPurgeOfALongLogFreesAShareOfItsThresholdAtLeast() {
        double[] rising = new double[400];
        Arrays.setAll(rising, i -> i / 4.0);
        percent(1, rising);
        AppendPlan longLog = planOf(320);
        longLog.purgeBegins(321);
        assertThat(longLog.through(1, 321)).as("320 / 16").isEqualTo(20);
    }

    /** Else every segment would be copied as soon as it is full. */
    @Test
    void aThresholdOfFewSegmentsIsStillUsed() {
        AppendPlan few = planOf(3);
        few.purgeBegins(1);
        few.purgeBegins(2);
        assertThat(few.isDue(1, 2)).as("2, 1").isFalse();
        few.purgeBegins(3);
        assertThat(few.isDue(1, 3)).as("3, 1").isTrue();
    }

    @Test
    void rewrittenGroupsAreNamedAsOftenAsIfPurgesWereRareAndLarge() {
        assertThat(plan.beginNaming(1, 9)).as("the first time").isTrue();
        for (long active = 10; active < 16; active++) {
            assertThat(plan.beginNaming(active - 8, active)).isFalse();
        }
        assertThat(plan.beginNaming(8, 16)).as("seven of ten later").isTrue();
        assertThat(plan.beginNaming(8, 17)).isFalse();
        assertThat(plan.beginNaming(8, 18)).as("11 of 10").isTrue();
        assertThat(plan.beginNaming(8, 18)).as("still").isTrue();
    }

    @Test
    void aThresholdBelowOneSegmentFreesWhatItCan() {
        AppendPlan tiny = new AppendPlan(1, 4 * MIB, s -> 1);
        tiny.purgeBegins(1);
        assertThat(tiny.isDue(1, 1)).as("one is never purged").isFalse();
        assertThat(tiny.isDue(1, 2)).isTrue();
        assertThat(tiny.through(1, 2)).isOne();
    }
}
