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
        kept.carried(7); // those below 7 only
        assertThat(kept.first(7)).isEqualTo(3);
        kept.carried(8);
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
            kept.carried(active);
            assertThat(kept.first(active)).isEqualTo(active - 5);
        }
    }

    @Test
    void aLateNoteForAnOlderSegmentIsNotForgotten() {
        kept.keep(8, 9);
        kept.keep(2, 7);
        assertThat(kept.first(7)).isEqualTo(2);
        kept.carried(8);
        assertThat(kept.first(8)).isEqualTo(8);
        kept.keep(4, 9);
        assertThat(kept.first(9)).isEqualTo(4);
    }
}
