package io.raftengine.engine.purge;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.log.format.FormatVersion;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What makes the append queue due below its threshold, at the edge of each condition. */
class PurgeThresholdsTest {
    private static final long SEGMENT_BYTES = 64 << 10;
    private static final int ENTRY_BYTES = 10_000;

    private final CopyFixture fixture =
            new CopyFixture(MemoryBudget.unlimited(), SEGMENT_BYTES, FormatVersion.V2);

    @AfterEach
    void everythingIsGivenBack() {
        fixture.close();
    }

    /** The entry of each group in a segment of its own; nothing of the first is alive. */
    private void twoSegmentsHalfOfThemGarbage() {
        fixture.plain(1, 1, 1, ENTRY_BYTES).write();
        fixture.append.rotate();
        fixture.plain(2, 1, 1, ENTRY_BYTES).write();
        compact(1);
    }

    private void compact(long group) {
        fixture.batch.compact(group, 2);
        fixture.write();
    }

    private boolean isDue(long thresholdBytes, double garbageRatio) {
        PurgeSettings settings =
                new PurgeSettings(
                        SEGMENT_BYTES,
                        Long.MAX_VALUE,
                        thresholdBytes,
                        0.6,
                        garbageRatio,
                        0,
                        1,
                        0,
                        Long.MAX_VALUE,
                        () -> Long.MAX_VALUE);
        CopyRoom room = new CopyRoom(fixture.append, fixture.rewrite, fixture.memtables);
        return new PurgeThresholds(
                        settings, fixture.append, fixture.rewrite, fixture.memtables, room)
                .isAppendDueEarly();
    }

    @Test
    void moreGarbageThanTheRatioMakesItDue() {
        twoSegmentsHalfOfThemGarbage();
        assertThat(isDue(0, 0.5)).isFalse();
        assertThat(isDue(0, 0.49)).isTrue();
    }

    @Test
    void butNotWhileTheQueueIsShort() {
        twoSegmentsHalfOfThemGarbage();
        assertThat(isDue(2 * SEGMENT_BYTES, 0.4)).isFalse();
        assertThat(isDue(2 * SEGMENT_BYTES - 1, 0.4)).isTrue();
    }

    @Test
    void norWithOneSegmentOnlyWhichCannotBeFreed() {
        fixture.plain(1, 1, 1, ENTRY_BYTES).write();
        compact(1);
        assertThat(isDue(0, 0.4)).isFalse();
    }

    @Test
    void aRatioOfOneMeansNever() {
        twoSegmentsHalfOfThemGarbage();
        compact(2);
        assertThat(isDue(0, 1)).isFalse();
        assertThat(isDue(0, 0.99)).isTrue();
    }
}
