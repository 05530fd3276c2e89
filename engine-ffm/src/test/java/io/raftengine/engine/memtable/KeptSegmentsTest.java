package io.raftengine.engine.memtable;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class KeptSegmentsTest {
    private final KeptSegments kept = new KeptSegments();

    @Test
    void nothingIsKeptWhereNothingWasNoted() {
        assertThat(kept.first(7)).isEqualTo(7);
    }

    @Test
    void segmentsStayUntilTheRemovalInANewerOneIsCarried() {
        kept.keep(3, 7);
        assertThat(kept.first(7)).isEqualTo(3);
        carry(7); // those below 7 only
        assertThat(kept.first(7)).isEqualTo(3);
        carry(8);
        assertThat(kept.first(8)).isEqualTo(8);
    }

    @Test
    void ofSeveralRemovalsInOneSegmentTheOneThatNeedsMostCounts() {
        kept.keep(5, 7);
        kept.keep(3, 7);
        kept.keep(6, 7);
        assertThat(kept.first(7)).isEqualTo(3);
    }

    /** A load that notes something in every segment must not hold the first of them for ever. */
    @Test
    void olderNotesGoWhileNewOnesComeAllTheTime() {
        for (long active = 10; active < 100; active++) {
            kept.keep(active - 5, active);
            carry(active);
            assertThat(kept.first(active)).isEqualTo(active - 5);
        }
    }

    /** As above, and the log rotates in the middle of each carrying. */
    @Test
    void whatIsNotedWhileOthersAreCarriedDoesNotHoldThese() {
        for (long active = 10; active < 100; active += 2) {
            kept.keep(active - 5, active);
            kept.carrying(active + 1);
            kept.keep(active - 1, active + 1);
            kept.keep(active, active + 2);
            assertThat(kept.first(active + 1)).as("not carried yet").isEqualTo(active - 5);
            kept.carried();
            assertThat(kept.first(active + 1)).isEqualTo(active - 1);
            carry(active + 3);
            assertThat(kept.first(active + 3)).isEqualTo(active + 3);
        }
    }

    @Test
    void whatCouldNotBeCarriedIsKeptUntilItIs() {
        kept.keep(3, 7);
        kept.carrying(9);
        kept.keep(6, 9);
        kept.abandoned();
        assertThat(kept.first(9)).isEqualTo(3);
        carry(9);
        assertThat(kept.first(9)).isEqualTo(6);
    }

    @Test
    void aLateNoteForAnOlderSegmentIsNotForgotten() {
        kept.keep(8, 9);
        kept.keep(2, 7);
        assertThat(kept.first(7)).isEqualTo(2);
        carry(8);
        assertThat(kept.first(8)).isEqualTo(8);
        kept.keep(4, 9);
        assertThat(kept.first(9)).isEqualTo(4);
    }

    private void carry(long sealed) {
        kept.carrying(sealed);
        kept.carried();
    }
}
