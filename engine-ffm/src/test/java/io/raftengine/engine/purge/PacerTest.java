package io.raftengine.engine.purge;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongUnaryOperator;
import org.junit.jupiter.api.Test;

/** How fast a purge may be, on a clock that only moves when somebody sleeps or works. */
class PacerTest {
    private static final long SECOND = 1_000_000_000L;
    private static final long MILLI = 1_000_000L;
    private static final int PIECE = 128 << 10;

    private final FakeForeground writers = new FakeForeground();
    private long now = 42;
    private long slept;

    /** What the writers do while the purger sleeps or works, told how long that is. */
    private Runnable meanwhile = () -> {};

    private Pacer pacer = pacer(0);

    private Pacer pacer(long bytesPerSecond) {
        return new Pacer(bytesPerSecond, writers, () -> now, this::sleep);
    }

    private void sleep(long nanos) {
        assertThat(nanos).isBetween(1L, Pacer.SLEEP_NANOS_MAX);
        slept += nanos;
        pass(nanos);
    }

    private void pass(long nanos) {
        now += nanos;
        meanwhile.run();
    }

    /** Bytes per second of a purge that needs no time of its own, over some seconds. */
    private double speed(long seconds) {
        long end = now + seconds * SECOND;
        long begin = now;
        long bytes = 0;
        long unpaced = 0; // pieces in a row that took no time
        while (now < end) {
            long before = now;
            pacer.spend(PIECE);
            bytes += PIECE;
            unpaced = now == before ? unpaced + 1 : 0;
            if (unpaced > 10_000) {
                return Double.POSITIVE_INFINITY;
            }
        }
        return bytes / ((now - begin) / (double) SECOND);
    }

    /** The writers sync a group each millisecond, each of which takes so long at a purge's rate. */
    private void groupsTake(LongUnaryOperator nanosAtRate) {
        long[] last = {now};
        meanwhile =
                () -> {
                    long groups = (now - last[0]) / MILLI;
                    last[0] += groups * MILLI;
                    writers.sync(groups, nanosAtRate.applyAsLong(pacer.rate()));
                };
    }

    /** A second without purge. */
    private void quietSecond() {
        pacer.purgeEnds();
        for (int i = 0; i < 100; i++) {
            pass(10 * MILLI);
        }
        pacer.purgeBegins();
    }

    @Test
    void withoutWritersThereIsNoLimit() {
        pacer.purgeBegins();
        assertThat(speed(10)).isInfinite();
        assertThat(slept).isZero();
    }

    @Test
    void aFixedLimitHoldsWhateverTheWritersDo() {
        pacer = pacer(10 << 20);
        pacer.purgeBegins();
        assertThat(speed(10)).isBetween(10.0 * (1 << 20), 10.2 * (1 << 20));
        groupsTake(rate -> 100_000_000);
        assertThat(speed(10)).isBetween(9.9 * (1 << 20), 10.2 * (1 << 20));
    }

    @Test
    void aPieceOfAnySizeGoesAtOnceAndIsPaidForByTheNext() {
        pacer = pacer(1 << 20);
        pacer.purgeBegins();
        pacer.spend(3 << 20);
        assertThat(slept).isZero();
        pacer.spend(1);
        assertThat(slept).isBetween(3 * SECOND, 3 * SECOND + Pacer.SLEEP_NANOS_MAX);
    }

    @Test
    void aPauseIsNotSavedUp() {
        pacer = pacer(1 << 20);
        pacer.purgeBegins();
        pacer.spend(1);
        pass(100 * SECOND);
        pacer.spend(Pacer.BURST_BYTES);
        pacer.spend(1 << 20);
        assertThat(slept).isZero();
        pacer.spend(1);
        assertThat(slept).isBetween(SECOND - 2, SECOND + Pacer.SLEEP_NANOS_MAX);
    }

    @Test
    void writersThatNoticeNothingLetTheRateGrow() {
        groupsTake(rate -> 100_000);
        quietSecond();
        assertThat(pacer.normalNanos()).isEqualTo(100_000);
        assertThat(pacer.rate()).isEqualTo(Pacer.RATE_START);
        speed(5);
        assertThat(pacer.rate()).isGreaterThan(100 << 20);
    }

    @Test
    void writersThatSufferMakeItShrinkToWhereTheyDoNot() {
        // A disk that takes 40 MiB/s beside the writers; what is more than that they feel.
        long bearable = 40L << 20;
        groupsTake(rate -> rate <= bearable ? 100_000 : 100_000 * rate / bearable);
        quietSecond();
        speed(5);
        for (int i = 0; i < 20; i++) {
            double speed = speed(1);
            assertThat(speed).as("second %d", i).isBetween(bearable * 0.6, bearable * 1.5);
        }
        assertThat(pacer.normalNanos()).isBetween(90_000.0, 110_000.0);
    }

    @Test
    void itNeverStarves() {
        groupsTake(rate -> 100_000);
        quietSecond();
        groupsTake(rate -> 50_000_000);
        speed(2);
        assertThat(pacer.rate()).isEqualTo(Pacer.RATE_MIN);
        assertThat(speed(3)).isBetween(Pacer.RATE_MIN * 0.98, Pacer.RATE_MIN * 1.05);
    }

    @Test
    void whereWritersStaySlowAtTheLowestRateThatIsNormal() {
        groupsTake(rate -> 100_000);
        quietSecond();
        groupsTake(rate -> 400_000); // the disk got slower, or the groups larger
        speed(20);
        assertThat(pacer.normalNanos()).isGreaterThan(300_000);
        assertThat(pacer.rate()).isGreaterThan(Pacer.RATE_MIN);
    }

    @Test
    void withoutAQuietTimeTheLowestRateSaysWhatIsNormal() {
        groupsTake(rate -> rate <= Pacer.RATE_MIN ? 200_000 : 1_000_000);
        pacer.purgeBegins();
        writers.busy = true;
        assertThat(pacer.rate()).isEqualTo(Pacer.RATE_MIN);
        speed(1);
        assertThat(pacer.normalNanos()).isBetween(200_000.0, 260_000.0);
    }

    @Test
    void aSyncThatDoesNotComeBackIsNotAPause() {
        groupsTake(rate -> 100_000);
        quietSecond();
        speed(1);
        long before = pacer.rate();
        meanwhile = () -> {};
        writers.busy = true;
        speed(1);
        assertThat(pacer.rate()).isLessThan(before / 2);
    }

    @Test
    void writersThatStopLiftTheLimitAndThoseWhoComeBackFindTheOldOne() {
        groupsTake(rate -> 100_000);
        quietSecond();
        speed(1);
        long rate = pacer.rate();
        meanwhile = () -> {};
        speed(1);
        slept = 0;
        assertThat(speed(1)).isInfinite();
        groupsTake(ignored -> 100_000);
        pass(2 * MILLI);
        pacer.spend(100 << 20);
        pacer.spend(1);
        assertThat(slept).isPositive();
        assertThat(pacer.rate()).isBetween(rate / 2, rate * 2);
    }

    @Test
    void unsyncedWritersWaitForNoDiskAndHoldNothingUp() {
        long[] last = {now};
        meanwhile =
                () -> {
                    writers.groups += (now - last[0]) / MILLI;
                    last[0] = now;
                };
        quietSecond();
        writers.groups++;
        speed(3);
        assertThat(pacer.rate()).isGreaterThan(Pacer.RATE_START / 2);
        assertThat(slept).isPositive();
    }

    @Test
    void aDiskThatIsNearlyFullIsUrgent() {
        pacer = pacer(1 << 20);
        pacer.purgeBegins();
        pacer.urgent(true);
        assertThat(speed(1)).isInfinite();
        pacer.urgent(false);
        assertThat(speed(2)).isLessThan(1.2 * (1 << 20));
    }

    @Test
    void stoppingEndsASleepAndAllLaterOnes() throws InterruptedException {
        CountDownLatch asleep = new CountDownLatch(1);
        Pacer real =
                new Pacer(
                        1,
                        writers,
                        System::nanoTime,
                        nanos -> {
                            asleep.countDown();
                            LockSupport.parkNanos(nanos);
                        });
        Thread purger =
                new Thread(() -> {
                    real.purgeBegins();
                    real.spend(1 << 30); // a thousand million seconds
                    real.spend(1);
                });
        purger.setDaemon(true);
        purger.start();
        assertThat(asleep.await(30, TimeUnit.SECONDS)).isTrue();
        real.stop();
        purger.join(30_000);
        assertThat(purger.isAlive()).isFalse();
        real.spend(1 << 30);
        real.spend(1 << 30);
        assertThat(real.waitABit()).isFalse();
    }

    @Test
    void whatOthersDoIsWaitedForWhateverTheLimit() {
        pacer = pacer(1 << 20);
        pacer.urgent(true);
        long before = now;
        Thread.currentThread().interrupt();
        assertThat(pacer.waitABit()).isTrue();
        assertThat(Thread.interrupted()).isTrue();
        assertThat(now).isGreaterThan(before);
    }

    @Test
    void anInterruptedPurgerSleepsAllTheSameAndStaysInterrupted() {
        pacer = pacer(1 << 20);
        pacer.purgeBegins();
        pacer.spend(1 << 20);
        Thread.currentThread().interrupt();
        pacer.spend(1);
        assertThat(Thread.interrupted()).isTrue();
        assertThat(slept).isGreaterThanOrEqualTo(SECOND);
    }

    @Test
    void theNormalTimeIsThatOfTheLastQuietTimesAndNotOfAFewGroups() {
        groupsTake(rate -> 100_000);
        quietSecond();
        groupsTake(rate -> 200_000);
        quietSecond();
        assertThat(pacer.normalNanos()).isEqualTo(175_000);
        pacer.purgeEnds();
        writers.sync(Pacer.QUIET_GROUPS - 1, 9_000_000);
        pacer.purgeBegins();
        assertThat(pacer.normalNanos()).isEqualTo(175_000);
    }
}
