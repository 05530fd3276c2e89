package io.raftengine.log.segment;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** When the next segment is filled, and how far. */
class FillScheduleTest {
    private static final long MIB = 1 << 20;

    private final FillSchedule schedule = new FillSchedule(128 * MIB);

    /** Fills as the schedule says while a segment grows, and says how far that got. */
    private static long filledDuring(FillSchedule schedule, long target, long preparedTo) {
        long filled = 0;
        for (long end = 0; end < target && !schedule.isOver(end, 0); end += target / 1000 + 1) {
            long due = schedule.dueTo(end, preparedTo, 0);
            assertThat(due).as("never less than before").isGreaterThanOrEqualTo(filled);
            assertThat(due).as("not much more than was written").isLessThanOrEqualTo(end + end / 3);
            filled = due;
        }
        return filled;
    }

    @Test
    void nothingIsBegunForAnEighthOfASegment() {
        assertThat(schedule.begins(16 * MIB - 1)).isFalse();
        assertThat(schedule.begins(16 * MIB)).isTrue();
        assertThat(schedule.dueTo(16 * MIB, 128 * MIB, 0)).isZero();
        assertThat(schedule.dueTo(0, 0, 0)).isZero();
    }

    @Test
    void besideASegmentThatNeedsNoZerosTheNextIsWholeWithAFifthOfTheTimeToSpare() {
        assertThat(schedule.dueTo(32 * MIB, 128 * MIB, 0)).isEqualTo(24 * MIB);
        assertThat(schedule.dueTo(101 * MIB, 128 * MIB, 0)).isLessThan(128 * MIB);
        assertThat(schedule.dueTo(102 * MIB, 128 * MIB, 0)).isEqualTo(128 * MIB);
        assertThat(schedule.isOver(102 * MIB, MIB)).isFalse();
    }

    @Test
    void besideOneThatIsFilledItselfItGrowsAtAThirdOfThatPace() {
        assertThat(schedule.dueTo(32 * MIB, 0, 0)).isEqualTo(8 * MIB);
        assertThat(schedule.dueTo(128 * MIB, 0, 0)).isEqualTo(56 * MIB);
    }

    /** A segment that was reopened nearly full, or whose last reserve has just gone. */
    @Test
    void whatWasWrittenBeforeItWasBegunIsNotMadeUpFor() {
        assertThat(schedule.dueTo(100 * MIB, 128 * MIB, 100 * MIB)).isZero();
        assertThat(schedule.dueTo(110 * MIB, 128 * MIB, 100 * MIB)).isEqualTo(15 * MIB);
        assertThat(schedule.dueTo(110 * MIB, 0, 100 * MIB)).isEqualTo(5 * MIB);
    }

    @ParameterizedTest
    @ValueSource(longs = {1 << 20, 1_500_000, 8 << 20, 128 << 20, 1L << 30})
    void inAGrowingLogSegmentsAreSoonWholeWhateverTheirSize(long target) {
        FillSchedule schedule = new FillSchedule(target);
        long second = filledDuring(schedule, target, 0);
        assertThat(second).isBetween(target / 4, target / 2);
        long prepared = second;
        for (int segment = 3; segment <= 6; segment++) {
            prepared = filledDuring(schedule, target, prepared);
            assertThat(prepared).isGreaterThan(second);
        }
        assertThat(prepared).isEqualTo(schedule.fileBytes());
        assertThat(filledDuring(schedule, target, prepared)).isEqualTo(schedule.fileBytes());
    }

    /** Else every rotation of a log of long appends would find nothing. */
    @Test
    void theNextIsHandedOverBeforeTwoLongAppendsReachTheEnd() {
        assertThat(schedule.isOver(124 * MIB - 1, 2 * MIB)).isFalse();
        assertThat(schedule.isOver(124 * MIB, 2 * MIB)).isTrue();
        assertThat(schedule.isOver(108 * MIB - 1, 10 * MIB)).isFalse();
        assertThat(schedule.isOver(108 * MIB, 10 * MIB)).isTrue();
        assertThat(schedule.isOver(0, 200 * MIB)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 4096, 5000, 64 << 10, 256 << 10})
    void aSmallSegmentIsFilledInOnePiece(long target) {
        FillSchedule schedule = new FillSchedule(target);
        assertThat(schedule.begins(target / 8)).isTrue();
        assertThat(schedule.dueTo(target / 8, 0, 0)).isEqualTo(schedule.fileBytes());
        assertThat(schedule.pieceBytes()).isEqualTo(schedule.fileBytes());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 4096, 5000, 64 << 10, 1 << 20, 128 << 20, 1L << 33})
    void piecesAreWholePagesAndNoMoreThanACallTakes(long target) {
        FillSchedule schedule = new FillSchedule(target);
        assertThat(schedule.pieceBytes() % WriteBuffer.PAGE_BYTES).isZero();
        assertThat(schedule.pieceBytes()).isBetween(4096L, (long) Zeros.CALL_BYTES);
        assertThat(schedule.fileBytes() % WriteBuffer.PAGE_BYTES).isZero();
        for (long end = 0; end <= target; end += target / 100 + 1) {
            long due = schedule.dueTo(end, 0, 0);
            assertThat(due == schedule.fileBytes() || due % schedule.pieceBytes() == 0).isTrue();
        }
    }
}
