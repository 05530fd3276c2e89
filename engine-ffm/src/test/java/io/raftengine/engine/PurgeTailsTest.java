package io.raftengine.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.log.format.QueueKind;
import org.junit.jupiter.api.Test;

/**
 * Entries that were copied to the rewrite queue, then overwritten in the append queue, and then
 * compacted away beyond the end of what had overwritten them. The overwrite is dead, yet without it
 * replay would compact the copies by an index below their end, and bring the rest back (defect 4).
 */
class PurgeTailsTest {
    @Test
    void anOverwrittenTailStaysAwayWhileItsCompactionIsInTheActiveSegment() {
        try (EngineFixture f = withAnOverwrittenCopy()) {
            f.engine.compactTo(1, 4);
            f.engine.maintenance().rewriteAppend(3);
            f.reopen();
            assertEmpty(f);
            f.engine.maintenance().rewriteAppend(3);
            f.reopen();
            assertEmpty(f);
        }
    }

    @Test
    void itStaysAwayWhenTheCompactionIsCarriedAndTheSegmentsGo() {
        try (EngineFixture f = withAnOverwrittenCopy()) {
            f.engine.compactTo(1, 4);
            f.engine.maintenance().rewriteAppend(3);
            PurgeResult result = f.engine.maintenance().rewriteAppend(Long.MAX_VALUE);
            assertThat(result.appendSegmentsDropped()).as("nothing is kept for long").isPositive();
            f.reopen();
            assertEmpty(f);
        }
    }

    @Test
    void whatIsAppendedLaterDoesNotShowItEither() {
        try (EngineFixture f = withAnOverwrittenCopy()) {
            f.engine.compactTo(1, 4);
            f.engine.maintenance().rewriteAppend(3);
            f.append(1, 5, 1, true);
            f.reopen();
            assertThat(f.holds(1, 5, 5)).isTrue();
            f.engine.maintenance().rewriteAppend(Long.MAX_VALUE);
            f.engine.maintenance().rewriteRewrite();
            f.reopen();
            assertThat(f.holds(1, 5, 5)).isTrue();
        }
    }

    /** The rewrite queue has 1 to 5, the append queue cut it off at 2 in an old segment. */
    private static EngineFixture withAnOverwrittenCopy() {
        EngineFixture f = new EngineFixture().open();
        f.append(1, 1, 5, true);
        f.engine.maintenance().rewriteAppend(Long.MAX_VALUE);
        f.append(1, 2, 1, true);
        f.engine.maintenance().rotate(QueueKind.APPEND);
        f.engine.maintenance().rotate(QueueKind.APPEND);
        return f;
    }

    private static void assertEmpty(EngineFixture f) {
        assertThat(f.engine.firstIndex(1)).isEqualTo(RaftEngine.NO_INDEX);
        assertThat(f.engine.lastIndex(1)).isEqualTo(RaftEngine.NO_INDEX);
    }
}
