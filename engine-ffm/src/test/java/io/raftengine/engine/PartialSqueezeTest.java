package io.raftengine.engine;

import static io.raftengine.engine.Scene.compact;
import static io.raftengine.engine.Scene.put;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.error.StorageException;
import io.raftengine.log.format.QueueKind;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.FaultRule;
import io.raftengine.testing.fs.Operation;
import io.raftengine.testing.fs.SimulatedFileSystem;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A purge squeezes the oldest part of the rewrite queue that frees most for what it copies, not all
 * of it. Each segment holds one batch here, and each batch one entry, so that a part is seen by the
 * numbers of its segments.
 */
@Timeout(120)
class PartialSqueezeTest {
    private static final int ENTRY_BYTES = 4 << 10;

    private Scene scene;

    @BeforeEach
    void open() {
        scene =
                new Scene(
                        Scene.segmentsOf(ENTRY_BYTES)
                                .purgeRewriteThresholdBytes(ENTRY_BYTES)
                                .purgeRewriteGarbageRatio(0.3));
        cutSmall();
    }

    private void cutSmall() {
        scene.cut(1, false);
    }

    @AfterEach
    void close() {
        scene.close();
    }

    private void append(long group, long first, long end) {
        for (long index = first; index < end; index++) {
            scene.append(group, index, index + 1, ENTRY_BYTES);
        }
    }

    private void rewrite(long group, long first, long end) {
        append(group, first, end);
        scene.rewriteAppend();
    }

    /** Carries removals: nothing else is in the append queue's old segments. */
    private void compactAndCarry(long group, long index) {
        scene.write(compact(group, index));
        scene.rewriteAppend();
    }

    private void checkAlsoReopened(String when) {
        scene.checkAlsoReopened(when);
        cutSmall();
    }

    @Test
    void aGroupWithNewerDataOnlyStaysWhereItIs() {
        rewrite(3, 1, 2);
        rewrite(1, 1, 21);
        rewrite(2, 1, 21);
        long lastDead = scene.segmentOf(1, 18);
        compactAndCarry(1, 19);
        long[] places = placesOf(2, 1, 21);
        long active = scene.rewrite().activeSeq();

        PurgeResult result = scene.purge();
        assertThat(result.rewriteSegmentsDropped()).isGreaterThanOrEqualTo(18);
        assertThat(result.bytesRewritten()).as("one entry").isLessThan(2 * ENTRY_BYTES);
        assertThat(scene.rewrite().firstSeq()).isBetween(lastDead + 1, places[0]);
        assertThat(placesOf(2, 1, 21)).isEqualTo(places);
        assertThat(scene.segmentOf(3, 1)).as("moved to the end").isGreaterThan(active);
        checkAlsoReopened("the old one moved");
        assertThat(placesOf(2, 1, 21)).isEqualTo(places);
        assertThat(scene.purge()).as("what is left is alive").isEqualTo(PurgeResult.NOTHING);
    }

    /** What it had in newer segments stays there, dead, before the copy that replay meets later. */
    @Test
    void aGroupThatIsOldInPartMovesWholeAndReplaysWhole() {
        rewrite(1, 1, 4);
        rewrite(3, 1, 31);
        rewrite(1, 4, 7);
        rewrite(2, 1, 21);
        scene.write(put(1, "k", "old"));
        scene.rewriteAppend();
        rewrite(2, 21, 24);
        compactAndCarry(3, 30);
        long stale = scene.segmentOf(1, 5);
        long[] places = placesOf(2, 1, 24);

        assertThat(scene.purge().rewriteSegmentsDropped()).isPositive();
        assertThat(placesOf(2, 1, 24)).isEqualTo(places);
        assertThat(scene.rewrite().firstSeq())
                .as("old copies of the group are still there")
                .isLessThanOrEqualTo(stale);
        long[] copies = placesOf(1, 1, 7);
        assertThat(copies[0]).as("to the end").isGreaterThan(places[22]);
        checkAlsoReopened("moved whole");
        assertThat(placesOf(1, 1, 7)).isEqualTo(copies);

        scene.write(put(1, "k", "new"));
        append(1, 3, 5);
        checkAlsoReopened("its tail replaced");
        scene.rewriteAppend();
        checkAlsoReopened("and rewritten");
        assertThat(scene.f.engine.lastIndex(1)).isEqualTo(4);
        scene.rewriteRewrite();
        checkAlsoReopened("and everything squeezed");
    }

    /** The begin of an atomic group is needed as long as anything of the group is. */
    @Test
    void anAtomicGroupWhoseBeginIsDeadMovesOnSoThatItsBeginGoes() {
        rewrite(1, 1, 21);
        scene.rewriteRewrite();
        long begin = scene.rewrite().firstSeq();
        rewrite(2, 1, 21);
        compactAndCarry(1, 20);
        assertThat(scene.segmentOf(1, 20)).as("one end of it lives").isGreaterThan(begin + 15);
        assertThat(scene.rewrite().firstSeq()).as("and keeps the begin").isEqualTo(begin);
        long[] places = placesOf(2, 1, 21);

        assertThat(scene.purge().rewriteSegmentsDropped()).isGreaterThanOrEqualTo(18);
        assertThat(scene.rewrite().firstSeq()).isGreaterThan(begin + 15);
        assertThat(placesOf(2, 1, 21)).isEqualTo(places);
        checkAlsoReopened("the atomic group moved");
    }

    /** Each frees its part, and together they free all: no garbage is too old to be reached. */
    @Test
    void purgesAfterOneAnotherReachEveryPartOfTheQueue() {
        for (long group = 1; group <= 6; group++) {
            rewrite(group, 1, 11);
        }
        for (long group = 1; group <= 6; group++) {
            scene.write(compact(group, group <= 3 ? 10 : 6));
        }
        scene.rewriteAppend();
        long first = scene.rewrite().firstSeq();
        int purges = 0;
        PurgeResult result;
        while (!(result = scene.purge()).equals(PurgeResult.NOTHING)) {
            assertThat(result.rewriteSegmentsDropped()).as("purge " + ++purges).isPositive();
            assertThat(scene.rewrite().firstSeq()).isGreaterThan(first);
            first = scene.rewrite().firstSeq();
            checkAlsoReopened("purge " + purges);
        }
        assertThat(purges).as("the old half, then the newer one").isGreaterThan(1);
        assertThat(scene.rewrite().segmentCount())
                .as("18 entries, and some removals")
                .isLessThan(30);
    }

    /** All of the queue would not find room beside itself; the part that frees most does. */
    @Test
    void whereTheDiskIsSmallThePartThatFitsIsSqueezed() {
        rewrite(3, 1, 2);
        rewrite(1, 1, 21);
        rewrite(2, 1, 31);
        compactAndCarry(1, 19);
        long[] places = placesOf(2, 1, 31);
        SimulatedFileSystem disk = scene.f.disk;
        long large = 1L << 30;
        disk.setCapacity(large);
        long used = large - disk.availableBytes(EngineFixture.DIR);
        disk.setCapacity(used + 8 * ENTRY_BYTES);

        assertThat(scene.purge().rewriteSegmentsDropped()).isGreaterThanOrEqualTo(18);
        assertThat(placesOf(2, 1, 31)).isEqualTo(places);
        disk.setCapacity(large);
        checkAlsoReopened("room for a few entries");
    }

    /** It is reported, but the append queue is purged, and the tries do not add up. */
    @Test
    void anUnreadableBlockDoesNotStopThePurgeOfTheAppendQueue() {
        rewrite(3, 1, 2);
        rewrite(1, 1, 21);
        rewrite(2, 1, 21);
        compactAndCarry(1, 19);
        append(4, 1, 31);
        scene.write(compact(4, 31));
        SegmentSpan before = scene.append();
        String unreadable = "%016d.rewrite".formatted(scene.segmentOf(3, 1));
        FaultRule rotten =
                scene.f
                        .fs
                        .on(Operation.READ)
                        .onFiles(name -> name.endsWith(unreadable))
                        .inject(Fault.error());
        List<Long> segments = new ArrayList<>();
        int failed = 0;
        for (int i = 0; i < 30; i++) {
            try {
                scene.purge();
            } catch (StorageException reported) {
                failed++;
            }
            segments.add(scene.rewrite().segmentCount());
        }
        assertThat(failed).as("ever more rarely").isEqualTo(4);
        assertThat(rotten.fired()).isGreaterThanOrEqualTo(failed);
        assertThat(scene.append().firstSeq()).isGreaterThan(before.firstSeq() + 10);
        assertThat(segments.getLast()).isEqualTo(segments.get(1));
        rotten.remove();
        scene.rewriteRewrite();
        checkAlsoReopened("readable again");
    }

    private long[] placesOf(long group, long first, long end) {
        long[] segments = new long[(int) (end - first)];
        for (long index = first; index < end; index++) {
            assertThat(scene.queueOf(group, index)).isEqualTo(QueueKind.REWRITE);
            segments[(int) (index - first)] = scene.segmentOf(group, index);
        }
        return segments;
    }
}
