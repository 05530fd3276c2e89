package io.raftengine.stress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.raftengine.proto.EntryCodec;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.SplittableRandom;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

class StressPartsTest {
    @Test
    void equalRatesAreFairAndOneIdleThreadOfTwoIsNot() {
        assertThat(KindFigures.fairness(5, 5, 5)).isEqualTo(1);
        assertThat(KindFigures.fairness(7)).isEqualTo(1);
        assertThat(KindFigures.fairness(7, 0)).isZero();
        assertThat(KindFigures.fairness(1, 2, 3)).isLessThan(0.6);
        assertThat(KindFigures.fairness(2, 4, 6, 8)).isCloseTo(1 - 2.582 / 5, within(0.001));
    }

    @Test
    void aLateOperationCountsFromWhenItWasDue() {
        WorkerFigures figures = new WorkerFigures(true, false, false);
        figures.record(1_000_000, 10_000_000, 11_000_000, false, false);
        assertThat(figures.latency.getMaxValue()).isCloseTo(10_000_000, within(10_000L));
        assertThat(figures.service.getMaxValue()).isCloseTo(1_000_000, within(1_000L));
    }

    @Test
    void paceNamesTheTimesThatWereAskedForHoweverLateItIsCalled() {
        long begin = System.nanoTime() - 1_000_000_000;
        Pace pace = new Pace(1000, begin, begin + 10_000_000);
        long never = begin + 3_600_000_000_000L;
        for (int i = 0; i < 10; i++) {
            assertThat(pace.over()).isFalse();
            assertThat(pace.next(never)).isEqualTo(begin + i * 1_000_000L);
        }
        assertThat(pace.next(never)).isEqualTo(Pace.OVER);
        assertThat(pace.over()).isTrue();
    }

    @Test
    void aPassedLimitTakesNoOperationFromThePace() {
        long begin = System.nanoTime() - 1_000_000_000;
        long never = begin + 3_600_000_000_000L;
        Pace paced = new Pace(1000, begin, never);
        assertThat(paced.next(begin)).isEqualTo(Pace.OVER);
        assertThat(paced.over()).isFalse();
        assertThat(paced.next(never)).isEqualTo(begin);

        Pace unpaced = new Pace(0, begin, never);
        assertThat(unpaced.next(begin)).isEqualTo(Pace.OVER);
        assertThat(unpaced.over()).isFalse();
        assertThat(unpaced.next(never)).isBetween(begin + 1_000_000_000, System.nanoTime());
    }

    @Test
    void withoutARateThePaceIsOverAtTheDeadline() {
        long begin = System.nanoTime() - 1_000_000_000;
        Pace pace = new Pace(0, begin, begin + 10_000_000);
        assertThat(pace.next(begin + 3_600_000_000_000L)).isEqualTo(Pace.OVER);
        assertThat(pace.over()).isTrue();
    }

    @Test
    void aBeatKeepsItsPlaceHoweverLongThingsTakeAndMeetsEveryMoment() {
        Beat beat = new Beat(1_000, 1_000);
        assertThat(beat.in(400)).isEqualTo(600);
        boolean[] met = new boolean[10];
        long now = 0;
        for (int i = 0; i < 1_000; i++) {
            now += beat.in(now);
            assertThat(now % 1_000).isBetween(0L, 9L);
            met[(int) (now % 1_000)] = true;
            beat.done(now + 300);
        }
        assertThat(now).isBetween(1_000_000L, 1_000_009L);
        assertThat(met).containsOnly(true);
    }

    @Test
    void aBeatLeavesOutWhatBecameDueMeanwhile() {
        Beat beat = new Beat(1_000, 1_000);
        beat.done(5_500);
        assertThat(beat.in(5_500)).isBetween(500L, 509L);
        beat.done(5_600);
        assertThat(beat.in(5_600)).as("done before it was due").isBetween(1_400L, 1_409L);
    }

    @Test
    void aBeatThatBeginsLaterKeepsItsPlace() {
        assertThat(new Beat(250, 1_000).notBefore(3_000).in(3_000)).isBetween(250L, 259L);
        assertThat(new Beat(250, 1_000).notBefore(250).in(250)).isZero();
        assertThat(new Beat(250, 1_000).notBefore(0).in(0)).isEqualTo(250);
        assertThat(new Beat(0, 4_000).notBefore(4_000).in(4_000)).isBetween(0L, 39L);
    }

    @Test
    void noSampleFallsUponAPurgeOrHalfWayBetweenTwo() {
        long purges = 1_000_000_000;
        for (long samples : new long[] {purges, 2 * purges, 4 * purges, 10 * purges, purges / 2}) {
            for (long warmUp : new long[] {0, purges / 4, purges / 2, 3 * purges}) {
                Beat beat = new Beat(Samples.phase(samples, purges), samples).notBefore(warmUp);
                long now = warmUp;
                for (int i = 0; i < 100; i++) {
                    now += beat.in(now);
                    assertThat(now % (purges / 2))
                            .as("a sample each %d ns behind %d", samples, warmUp)
                            .isBetween(purges / 10, purges * 4 / 10);
                    beat.done(now);
                }
            }
        }
    }

    @Test
    void aBeatOfNoTimeAtAllIsOneOfAMicrosecond() {
        Beat beat = new Beat(0, 0);
        beat.done(5_500);
        assertThat(beat.in(5_500)).isBetween(500L, 509L);
    }

    @Test
    void histogramsAreReadableByTheStandardDecoder() throws Exception {
        Histogram histogram = WorkerFigures.newHistogram();
        histogram.recordValue(123_456);
        byte[] bytes = Base64.getDecoder().decode(KindFigures.encode(histogram));
        Histogram decoded = Histogram.decodeFromByteBuffer(ByteBuffer.wrap(bytes), 0);
        assertThat(decoded).isEqualTo(histogram);
        // The first word tells encoding and compression: 0x1c849303 is V2, not compressed.
        assertThat(ByteBuffer.wrap(bytes).getInt() & ~0xf0).isEqualTo(0x1c849303);
    }

    @Test
    void contentIsRecognisedByGroupIndexSeedAndEveryByte() {
        byte[] payload = new byte[21];
        EntryContent.fill(payload, 0, 21, 0, 7, 9);
        assertThat(EntryContent.firstDifference(payload, 0, 21, 0, 7, 9)).isEqualTo(-1);
        assertThat(EntryContent.firstDifference(payload, 0, 21, 0, 7, 10)).isNotNegative();
        assertThat(EntryContent.firstDifference(payload, 0, 21, 0, 8, 9)).isNotNegative();
        assertThat(EntryContent.firstDifference(payload, 0, 21, 1, 7, 9)).isNotNegative();
        for (int i = 0; i < 21; i++) {
            payload[i] ^= 1;
            assertThat(EntryContent.firstDifference(payload, 0, 21, 0, 7, 9)).isEqualTo(i);
            payload[i] ^= 1;
        }
    }

    @Test
    void messagesAreCanonicalEntriesWhateverTheLengthOfTheIndex() {
        MessagePool pool = new MessagePool(21, 3, true, 5, new SplittableRandom(1));
        for (long first : new long[] {1, 126, 16_383, 1L << 40, 2}) {
            List<byte[]> messages = pool.messages(7, first);
            for (int i = 0; i < 3; i++) {
                byte[] payload = new byte[21];
                EntryContent.fill(payload, 0, 21, 5, 7, first + i);
                assertThat(messages.get(i)).isEqualTo(EntryCodec.toBytes(0, first + i, payload));
            }
        }
    }

    @Test
    void acknowledgedNumbersAreWrittenUnsigned() {
        for (long number :
                new long[] {0, 9, 10, 1234567890123L, Long.MAX_VALUE, Long.MIN_VALUE, -1}) {
            byte[] text = new byte[30];
            int end = AckOutput.putUnsigned(text, 4, number);
            assertThat(new String(text, 4, end - 4, StandardCharsets.US_ASCII))
                    .isEqualTo(Long.toUnsignedString(number));
        }
    }

    @Test
    void theShareGivenIsCompactedAndSomethingAlwaysStays() {
        assertThat(Purger.compactIndex(0.5, 11, 20)).isEqualTo(16);
        assertThat(Purger.compactIndex(0.25, 1, 4)).isEqualTo(2);
        assertThat(Purger.compactIndex(0.999, 5, 5)).isEqualTo(5);
    }

    @Test
    void writesThatMetAPurgeAreToldFromTheOthersAndBothTogetherAreAll() {
        WorkerFigures figures = new WorkerFigures(false, true, false);
        figures.record(0, 0, 100, false, false);
        figures.record(0, 0, 200, false, true);
        figures.record(0, 0, 7_000, true, false);
        KindFigures kind = new KindFigures(List.of(figures));
        assertThat(kind.latency.getTotalCount()).isEqualTo(3);
        assertThat(kind.duringPurge.getTotalCount()).isEqualTo(1);
        assertThat(kind.outsidePurge.getTotalCount()).isEqualTo(2);
        assertThat(kind.duringControl.getTotalCount()).isEqualTo(1);
        assertThat(kind.purgeRatioAt99()).isCloseTo(35, within(0.1));
        assertThat(kind.controlRatioAt99()).isEqualTo(1);
    }

    @Test
    void anOperationMeetsAPurgeIfTheyOverlapAndNotIfOneEndsBeforeTheOtherBegins() {
        MaintenanceWindow window = new MaintenanceWindow();
        long longAgo = System.nanoTime();
        assertThat(window.touches(longAgo, System.nanoTime())).as("never opened").isFalse();
        long before = System.nanoTime() - 1;
        window.open();
        assertThat(window.touches(before - 10, before)).as("over before it opened").isFalse();
        assertThat(window.touches(before, System.nanoTime())).as("while open").isTrue();
        window.close();
        long after = System.nanoTime() + 1;
        assertThat(window.touches(before, after)).as("around it").isTrue();
        assertThat(window.touches(after, after + 10)).as("after it").isFalse();
        assertThat(window.touches(before - 10, before)).as("before it").isFalse();
    }

    @Test
    void aWindowWithAnEndMeetsWhatBeginsBeforeItsEnd() {
        MaintenanceWindow window = new MaintenanceWindow();
        long before = System.nanoTime() - 1;
        window.openFor(1_000_000_000);
        long opened = System.nanoTime();
        assertThat(window.touches(before - 10, before)).as("over before it opened").isFalse();
        assertThat(window.touches(opened, opened + 10)).as("in it").isTrue();
        assertThat(window.touches(opened + 2_000_000_000, opened + 2_000_000_010))
                .as("behind its end")
                .isFalse();
    }

    @Test
    void hotGroupsGetTheirShareAndIdleOnesOneBatch() {
        Activity activity = new Activity(new SplittableRandom(3), 100, 0.1, 0.9, 0.2);
        int[] writes = new int[100];
        int batches = 20_000;
        for (int i = 0; i < batches; i++) {
            activity.next(1);
            writes[activity.place(0)]++;
        }
        assertThat(Arrays.stream(writes, 0, 10).sum()).isBetween(17_700, 18_300);
        assertThat(Arrays.copyOfRange(writes, 80, 100)).containsOnly(1);
        assertThat(Arrays.stream(writes, 10, 80).min().orElse(0)).isPositive();
    }

    @Test
    void withoutSkewAllGroupsAreAlikeAndABatchHoldsNeighbours() {
        Activity activity = new Activity(new SplittableRandom(3), 7, 0, 0.9, 0);
        int[] writes = new int[7];
        for (int i = 0; i < 7_000; i++) {
            activity.next(3);
            for (int step = 0; step < 3; step++) {
                writes[activity.place(step)]++;
            }
            assertThat(activity.place(1)).isEqualTo((activity.place(0) + 1) % 7);
        }
        assertThat(Arrays.stream(writes).min().orElse(0)).isGreaterThan(2_700);
    }
}
