package io.raftengine.engine;

import static io.raftengine.engine.Scene.compact;
import static io.raftengine.engine.Scene.delete;
import static io.raftengine.engine.Scene.entries;
import static io.raftengine.engine.Scene.put;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.error.RaftEngineException;
import io.raftengine.log.format.QueueKind;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.FaultRule;
import io.raftengine.testing.fs.Operation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Groups that are rewritten as several batches, an atomic group, whole or not at all: the writing
 * side of J2 to J6. Which fragments recovery accepts (J1) is in {@code AtomicGroupsTest}.
 */
@Timeout(120)
class AtomicRewriteTest {
    private static FaultRule failRewriteWrite(Scene scene, int passing) {
        return scene.f
                .fs
                .on(Operation.WRITE)
                .onFiles(name -> name.endsWith(".rewrite"))
                .program(passing, 1)
                .inject(Fault.error());
    }

    /** Three groups, entries 1..15 each one by one, rewritten once. */
    private static Scene threeGroups(long segmentBytes) {
        Scene scene = new Scene(Scene.segmentsOf(segmentBytes));
        scene.cut(1, false);
        for (long index = 1; index <= 15; index++) {
            for (long group = 1; group <= 3; group++) {
                scene.append(group, index, index + 1);
            }
        }
        scene.rewriteAppend();
        return scene;
    }

    /**
     * J2, J3: there the 11th write fails; here every write does, once. Then a reopen, or the engine
     * goes on and its append queue is rewritten, too.
     */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aSqueezeThatFailsAtAnyWriteLeavesTheGroupsWhole(boolean goesOn) {
        for (int write = 0; ; write++) {
            String when = "write " + write + " fails";
            try (Scene scene = threeGroups(1 << 20)) {
                FaultRule failing = failRewriteWrite(scene, write);
                boolean failed = false;
                try {
                    scene.rewriteRewrite();
                } catch (RaftEngineException typed) {
                    failed = true;
                }
                failing.remove();
                scene.check(when);
                if (goesOn) {
                    for (long group = 1; group <= 3; group++) {
                        scene.append(group, 16, 18);
                    }
                    scene.write(delete(1, "last_index"), compact(2, 4));
                    scene.rewriteAppend();
                }
                scene.checkAlsoReopened(when);
                scene.rewriteRewrite();
                scene.checkAlsoReopened(when + ", then it works");
                if (!failed) {
                    assertThat(write).as("begin, 13 times middle, end; thrice").isGreaterThan(44);
                    return;
                }
            }
        }
    }

    /**
     * J4: groups of many entries, also copied from the append queue as atomic groups; the squeeze
     * fails at its i-th write, which is a begin for one i and a middle for the next, and the engine
     * is reopened each time.
     */
    @ParameterizedTest
    @CsvSource({"10, 40960, 1, 1", "10, 40960, 1, 81920", "25, 4096, 6000, 81920"})
    void groupsSplitIntoManyBatchesSurviveEveryFailure(
            int groups, int entryBytes, long batchBytes, long segmentBytes) {
        try (Scene scene = new Scene(Scene.segmentsOf(segmentBytes))) {
            scene.cut(batchBytes, true);
            for (long group = 1; group <= groups; group++) {
                for (long index = 1; index <= 10; index++) {
                    scene.append(group, index, index + 1, entryBytes / 8);
                }
            }
            scene.rewriteAppend();
            assertThat(scene.append().segmentCount()).isOne();
            scene.checkAlsoReopened("rewritten as atomic groups");
            for (long group = 1; group <= groups; group++) {
                scene.append(group, 11, 16, entryBytes / 8);
            }
            for (int write = 0; write < 20; write++) {
                scene.cut(batchBytes, true);
                FaultRule failing = failRewriteWrite(scene, write);
                assertThatThrownBy(scene::rewriteRewrite).isInstanceOf(RaftEngineException.class);
                failing.remove();
                scene.checkAlsoReopened("write " + write + " failed");
            }
            scene.rewriteAppend();
            scene.rewriteRewrite();
            scene.checkAlsoReopened("in the end");
        }
    }

    /** J5. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void groupsOfKeysAloneShowTheirLastValues(boolean alwaysAtomic) {
        try (Scene scene = new Scene(Scene.segmentsOf(1))) {
            scene.cut(1, alwaysAtomic);
            scene.write(put(1, "a", "1"), put(1, "empty", ""), put(1, "b", "2"));
            scene.write(put(2, "empty", ""));
            scene.write(put(3, "only", "3"));
            scene.rewriteAppend();
            scene.checkAlsoReopened("rewritten");
            scene.cut(1, alwaysAtomic);
            scene.write(put(1, "a", "one"), put(1, "empty", "no more"), put(3, "only", ""));
            scene.rewriteRewrite();
            scene.checkAlsoReopened("the old values squeezed");
            scene.cut(1, alwaysAtomic);
            scene.rewriteAppend();
            scene.rewriteRewrite();
            scene.checkAlsoReopened("the new values, too");
        }
    }

    /**
     * J6. Where the real engine shows 0..11 after the reopen, its compaction being lost, ours shows
     * 7..11, and the key stays deleted (D13).
     */
    @Test
    void theSegmentsOfAnAtomicGroupStayTogetherWhileAnyOfItIsNeeded() {
        try (Scene scene = new Scene(Scene.segmentsOf(1))) {
            scene.cut(1, false);
            for (long index = 0; index <= 11; index++) {
                scene.write(entries(1, index, index + 1), put(1, "k", "v" + index));
            }
            scene.rewriteAppend();
            scene.rewriteRewrite();
            SegmentSpan group = scene.rewrite();
            assertThat(group.segmentCount()).as("a segment for each batch").isGreaterThan(12);
            scene.checkAlsoReopened("rewritten as one atomic group");

            scene.cut(1, false);
            scene.write(compact(1, 7), delete(1, "k"));
            assertThat(scene.rewriteAppend().rewriteSegmentsDropped()).isZero();
            assertThat(scene.rewrite().firstSeq()).isEqualTo(group.firstSeq());
            scene.checkAlsoReopened("7..11, the key deleted");
            assertThat(scene.f.engine.firstIndex(1)).isEqualTo(7);
            assertThat(scene.rewriteAppend().rewriteSegmentsDropped())
                    .as("recovery knows the span, too")
                    .isZero();
            assertThat(scene.rewrite().firstSeq()).isEqualTo(group.firstSeq());

            scene.write(compact(1, 12));
            scene.write(entries(1, 5, 11));
            scene.rewriteAppend();
            assertThat(scene.rewrite().firstSeq())
                    .as("nothing of the atomic group is left")
                    .isGreaterThan(group.activeSeq() - 1);
            scene.checkAlsoReopened("5..10");
            scene.rewriteRewrite();
            scene.checkAlsoReopened("5..10, squeezed");
            assertThat(scene.queueOf(1, 5)).isEqualTo(QueueKind.REWRITE);
        }
    }

    /** Two groups need their atomic groups: the older one decides what is kept. */
    @Test
    void theOldestSpanStillNeededDecidesWhatIsDropped() {
        try (Scene scene = new Scene(Scene.segmentsOf(1))) {
            scene.cut(1, false);
            for (long group = 1; group <= 2; group++) {
                for (long index = 1; index <= 6; index++) {
                    scene.append(group, index, index + 1);
                }
            }
            scene.rewriteAppend();
            scene.rewriteRewrite();
            SegmentSpan both = scene.rewrite();
            long older = scene.segmentOf(1, 1) < scene.segmentOf(2, 1) ? 1 : 2;
            long younger = 3 - older;
            scene.write(compact(older, 6));
            scene.rewriteAppend();
            assertThat(scene.rewrite().firstSeq()).isEqualTo(both.firstSeq());
            scene.checkAlsoReopened("one entry of the older group is left");
            scene.write(Scene.clean(older));
            scene.rewriteAppend();
            long first = scene.rewrite().firstSeq();
            assertThat(first).isGreaterThan(both.firstSeq());
            scene.write(compact(younger, 6));
            scene.rewriteAppend();
            assertThat(scene.rewrite().firstSeq()).as("the other one's begin").isEqualTo(first);
            scene.checkAlsoReopened("one entry of the younger group is left");
            List<Long> groups = new ArrayList<>();
            scene.f.engine.forEachGroup(groups::add);
            assertThat(groups).containsExactly(younger);
        }
    }

    /**
     * A write that finds no room is tried once more in the next segment: what was noted of its
     * first place is taken back, and each copy is put in place once.
     */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aCopyThatFindsNoRoomIsPutInPlaceOnceInTheNextSegment(boolean squeeze) {
        for (int write = 0; ; write++) {
            String when = "no room for write " + write;
            try (Scene scene = threeGroups(1 << 20)) {
                for (long group = 1; group <= 4; group++) {
                    scene.append(group, 16, 19);
                }
                FaultRule full =
                        scene.f
                                .fs
                                .on(Operation.WRITE)
                                .onFiles(name -> name.endsWith(".rewrite"))
                                .program(write, 1)
                                .inject(Fault.noSpace());
                long segments = scene.rewrite().activeSeq();
                try {
                    if (squeeze) {
                        scene.rewriteRewrite();
                    } else {
                        scene.rewriteAppend();
                    }
                } catch (RaftEngineException theMarkFoundNoRoom) {
                    assertThat(full.fired()).isOne();
                }
                boolean met = full.fired() > 0;
                full.remove();
                scene.check(when);
                assertThat(scene.rewrite().activeSeq()).isGreaterThanOrEqualTo(segments);
                scene.checkAlsoReopened(when);
                scene.rewriteAppend();
                scene.rewriteRewrite();
                scene.checkAlsoReopened(when + ", then all is copied");
                if (!met) {
                    assertThat(write).isGreaterThan(2);
                    return;
                }
            }
        }
    }

    /** Only what stands in the last batch is left of an atomic group: it needs the begin still. */
    @Test
    void theKeyInTheEndOfAnAtomicGroupKeepsTheSegmentOfItsBegin() {
        try (Scene scene = new Scene(Scene.segmentsOf(1))) {
            scene.cut(1, false);
            for (long index = 1; index <= 4; index++) {
                scene.append(1, index, index + 1);
            }
            scene.rewriteAppend();
            scene.rewriteRewrite();
            SegmentSpan group = scene.rewrite();
            scene.write(compact(1, 5));
            scene.rewriteAppend();
            assertThat(scene.rewrite().firstSeq()).isEqualTo(group.firstSeq());
            scene.checkAlsoReopened("the key is left");
            scene.rewriteAppend();
            scene.checkAlsoReopened("also after recovery");
        }
    }

    /** Each was a batch of the atomic group, which recovery has to remember. */
    @Test
    void aSqueezeMergesSmallCompressedBlocks() {
        int batches = Integer.getInteger("raftengine.small-blocks", 3_000);
        try (Scene scene = new Scene(Scene.segmentsOf(1 << 20).batchCompressionThresholdBytes(1))) {
            try (LogBatch batch = scene.f.engine.newBatch()) {
                byte[] entry = new byte[64];
                for (int index = 1; index <= batches; index++) {
                    Arrays.fill(entry, (byte) index);
                    batch.addEntry(1, index, entry);
                    scene.f.write(batch, false);
                }
            }
            long copied = scene.rewriteAppend().bytesRewritten();
            long squeezed = scene.rewriteRewrite().bytesRewritten();
            scene.f.reopen();
            assertThat(scene.f.engine.firstIndex(1)).isOne();
            assertThat(scene.f.engine.lastIndex(1)).isEqualTo(batches);
            for (int index = 1; index <= batches; index++) {
                assertThat(scene.f.engine.getEntry(1, index)).containsOnly((byte) index);
            }
            assertThat(squeezed).isLessThan(copied / 8);
        }
    }
}
