package io.raftengine.recovery;

import static io.raftengine.recovery.RecoveryMode.ABSOLUTE_CONSISTENCY;
import static io.raftengine.recovery.RecoveryMode.TOLERATE_ANY_CORRUPTION;
import static io.raftengine.recovery.RecoveryMode.TOLERATE_TAIL_CORRUPTION;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.error.CorruptionException;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.segment.RecoveredSegment;
import io.raftengine.recovery.RecoveryFixture.Outcome;
import io.raftengine.testing.fs.UnsyncedFileSystem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Torn tails, rot, headers, entries: what is kept, cut, refused, and that a refusal changes nothing
 * (P5, P6).
 */
class RecoveryDamageTest {
    @TempDir Path dir;
    private RecoveryFixture fixture;

    @BeforeEach
    void create() {
        fixture = new RecoveryFixture(dir);
    }

    private static SegmentBytes threeBatches(SegmentBytes segment) {
        return segment.append(1, 1, "a").append(1, 2, "b").append(1, 3, "c");
    }

    // ------------------------------------------------------------------ torn tails

    /** H16, K1. */
    @ParameterizedTest
    @EnumSource(RecoveryMode.class)
    void aTornLastBatchIsCutSyncedAndReported(RecoveryMode mode) {
        SegmentBytes segment = threeBatches(SegmentBytes.v2(1));
        int p = segment.offset(2);
        segment.truncate(segment.size() - 1);
        int size = segment.size();
        fixture.append(segment);

        Outcome outcome = fixture.recover(mode);

        assertThat(fixture.entries(outcome, 1)).containsExactly("a", "b");
        assertThat(fixture.size(QueueKind.APPEND, 1)).isEqualTo(p);
        DroppedRange dropped = outcome.dropped();
        assertThat(dropped.cause()).isEqualTo(DropCause.TORN_TAIL);
        assertThat(dropped.fromBytes()).isEqualTo(p);
        assertThat(dropped.toBytes()).isEqualTo(size);
        assertThat(dropped.validBatchesBehind()).isZero();
        assertThat(dropped.keptIn()).isNull();
        assertThat(outcome.report().toString()).contains("torn tail").contains("dropped");
        RecoveredSegment recovered = outcome.result().append().get(0);
        assertThat(recovered.liveEnd()).isEqualTo(p);
        assertThat(recovered.file().sizeBytes()).isEqualTo(p);
    }

    /** H16, the limit: every length a file can be cut to. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void everyTruncationOpensWithTheBatchesThatAreWhole(int version) {
        fixture.on(UnsyncedFileSystem.over(FileSystem.local()));
        for (int size = 0; ; size++) {
            SegmentBytes segment =
                    threeBatches(version == 1 ? SegmentBytes.v1(1) : SegmentBytes.v2(1));
            if (size == segment.size()) {
                break;
            }
            int whole = 0;
            while (whole < 3 && (whole == 2 ? segment.size() : segment.offset(whole + 1)) <= size) {
                whole++;
            }
            fixture.append(segment.truncate(size));
            Outcome outcome = fixture.recover(TOLERATE_TAIL_CORRUPTION);
            assertThat(fixture.entries(outcome, 1))
                    .as("cut to %d", size)
                    .isEqualTo(List.of("a", "b", "c").subList(0, whole));
            assertThat(fixture.recover(ABSOLUTE_CONSISTENCY).report().dropped())
                    .as("after the cut even the strict mode has nothing to say")
                    .isEmpty();
        }
    }

    /** Q9, defect 12. */
    @ParameterizedTest
    @EnumSource(RecoveryMode.class)
    void preallocatedZerosOpenInEveryMode(RecoveryMode mode) {
        for (SegmentBytes empty : List.of(SegmentBytes.v1(1), SegmentBytes.v2(1))) {
            fixture.append(threeBatches(empty).zeros(9000));
            Outcome outcome = fixture.recover(mode);
            assertThat(fixture.entries(outcome, 1)).containsExactly("a", "b", "c");
            assertThat(outcome.dropped().cause()).isEqualTo(DropCause.TORN_TAIL);
        }
    }

    @ParameterizedTest
    @EnumSource(RecoveryMode.class)
    void batchesOfARecycledSegmentsEarlierLifeOpenInEveryMode(RecoveryMode mode) {
        SegmentBytes old = threeBatches(SegmentBytes.v2(7));
        fixture.append(SegmentBytes.v2(9).append(1, 1, "a").stale(old));
        Outcome outcome = fixture.recover(mode);
        assertThat(fixture.entries(outcome, 1)).containsExactly("a");
        assertThat(outcome.dropped().validBatchesBehind()).isZero();
    }

    @Test
    void garbageBehindV1IsRefusedInAbsoluteConsistency() {
        fixture.append(
                threeBatches(SegmentBytes.v1(1))
                        .raw(new byte[] {1, 2, 3, 4, 5, 6, 7, 8})
                        .raw(new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9}));
        fixture.refuses(ABSOLUTE_CONSISTENCY, CorruptionException.class);
        assertThat(fixture.recover(TOLERATE_TAIL_CORRUPTION).dropped().validBatchesBehind())
                .as("nobody looks behind damage in V1 (D1)")
                .isEqualTo(-1);
    }

    @Test
    void aChangedLengthInV1IsNoTornBatch() {
        SegmentBytes segment = threeBatches(SegmentBytes.v1(1));
        segment.damage(segment.offset(1) + 4); // the batch now claims 16 MiB more
        fixture.append(segment);
        fixture.refuses(ABSOLUTE_CONSISTENCY, CorruptionException.class);
    }

    @Test
    void withoutWatermarksTheReportCountsTheBatchesBehindACut() {
        SegmentBytes segment = threeBatches(SegmentBytes.v2(1));
        segment.damage(segment.offset(1) + 12);
        fixture.append(segment);
        fixture.refuses(ABSOLUTE_CONSISTENCY, CorruptionException.class);
        Outcome outcome = fixture.recover(TOLERATE_TAIL_CORRUPTION);
        assertThat(fixture.entries(outcome, 1)).containsExactly("a");
        assertThat(outcome.dropped().validBatchesBehind()).isEqualTo(1);
        assertThat(outcome.report().toString()).contains("1 valid batches lay behind");
    }

    // ------------------------------------------------------------------ watermarks (D1, D3)

    /** Defect 11, P6. */
    @Test
    void damageBelowALaterWatermarkIsRotAndNeverCutAsATornTail() {
        SegmentBytes segment = SegmentBytes.v2(1).append(1, 1, "a").append(1, 2, "b");
        int p = segment.offset(1);
        segment.synced().append(1, 3, "c");
        segment.damage(p + 12);
        fixture.append(segment);

        for (RecoveryMode mode : List.of(ABSOLUTE_CONSISTENCY, TOLERATE_TAIL_CORRUPTION)) {
            CorruptionException error = fixture.refuses(mode, CorruptionException.class);
            assertThat(error.offset()).isEqualTo(p);
            assertThat(error.file()).endsWith("0000000000000001.raftlog");
            assertThat(error).hasMessageContaining("synced once");
        }
        Outcome outcome = fixture.recover(TOLERATE_ANY_CORRUPTION);
        assertThat(fixture.entries(outcome, 1)).containsExactly("a");
        DroppedRange dropped = outcome.dropped();
        assertThat(dropped.cause()).isEqualTo(DropCause.ROT);
        assertThat(dropped.validBatchesBehind()).isEqualTo(2);
        assertThat(dropped.keptIn())
                .hasBinaryContent(Arrays.copyOfRange(segment.bytes(), p, segment.size()));
        assertThat(outcome.report().segments().get(0).watermarkBytes()).isGreaterThan(p);
    }

    @ParameterizedTest
    @EnumSource(RecoveryMode.class)
    void damageAboveEveryWatermarkIsATornTailEvenWithWholeBatchesBehind(RecoveryMode mode) {
        SegmentBytes segment = SegmentBytes.v2(1).append(1, 1, "a").synced();
        segment.append(1, 2, "b").append(1, 3, "c");
        int p = segment.offset(2);
        segment.damage(p + 12);
        fixture.append(segment);
        Outcome outcome = fixture.recover(mode);
        assertThat(fixture.entries(outcome, 1)).containsExactly("a");
        assertThat(outcome.dropped().fromBytes()).isEqualTo(p);
        assertThat(outcome.dropped().validBatchesBehind()).isEqualTo(1);
    }

    @Test
    void aWatermarkExactlyAtTheDamageSaysNothingAboutIt() {
        SegmentBytes segment = SegmentBytes.v2(1).append(1, 1, "a");
        int end = segment.size();
        segment.append(1, 2, "b").watermark(end).append(1, 3, "c");
        segment.damage(segment.offset(1) + 12);
        fixture.append(segment);
        Outcome outcome = fixture.recover(ABSOLUTE_CONSISTENCY);
        assertThat(fixture.entries(outcome, 1)).containsExactly("a");
        assertThat(outcome.dropped().fromBytes()).isEqualTo(end);
    }

    @Test
    void aWatermarkOneByteBeyondTheDamageMakesItRot() {
        SegmentBytes segment = SegmentBytes.v2(1).append(1, 1, "a");
        int end = segment.size();
        segment.append(1, 2, "b").watermark(end + 1).append(1, 3, "c");
        segment.damage(segment.offset(1) + 12);
        fixture.append(segment);
        fixture.refuses(TOLERATE_TAIL_CORRUPTION, CorruptionException.class);
    }

    @Test
    void aWatermarkOfAnotherSegmentOrPlaceIsIgnored() {
        SegmentBytes other = SegmentBytes.v2(2).append(1, 1, "a").append(1, 2, "b").synced();
        fixture.append(SegmentBytes.v2(5).append(1, 1, "a").raw((byte) 9).stale(other));
        Outcome outcome = fixture.recover(TOLERATE_TAIL_CORRUPTION);
        assertThat(outcome.report().segments().get(0).watermarkBytes()).isEqualTo(-1);
        assertThat(fixture.entries(outcome, 1)).containsExactly("a");
    }

    /** D3: not only the last batch, but every one above the last watermark. */
    @ParameterizedTest
    @EnumSource(RecoveryMode.class)
    void tornEntriesAboveTheLastWatermarkAreCutWithEverythingBehind(RecoveryMode mode) {
        SegmentBytes segment = SegmentBytes.v2(1).append(1, 1, "a").synced();
        segment.append(1, 2, "b").append(1, 3, "c").append(1, 4, "d");
        int p = segment.offset(3);
        segment.damage(p + 16);
        fixture.append(segment);
        Outcome outcome = fixture.recover(mode);
        assertThat(fixture.entries(outcome, 1)).containsExactly("a", "b");
        assertThat(outcome.dropped().cause()).isEqualTo(DropCause.TORN_ENTRIES);
        assertThat(outcome.dropped().fromBytes()).isEqualTo(p);
        assertThat(outcome.dropped().validBatchesBehind()).isEqualTo(1);
    }

    @ParameterizedTest
    @EnumSource(RecoveryMode.class)
    void theBatchThatBeginsAtTheWatermarkIsAboveIt(RecoveryMode mode) {
        SegmentBytes segment = SegmentBytes.v2(1).append(1, 1, "a");
        int synced = segment.size();
        segment.append(1, 2, "b").watermark(synced).append(1, 3, "c");
        segment.damage(synced + 16);
        fixture.append(segment);
        Outcome outcome = fixture.recover(mode);
        assertThat(fixture.entries(outcome, 1)).containsExactly("a");
        assertThat(outcome.dropped().fromBytes()).isEqualTo(synced);
        assertThat(outcome.dropped().validBatchesBehind()).isEqualTo(2);
    }

    @ParameterizedTest
    @EnumSource(RecoveryMode.class)
    void rottenEntriesBelowTheLastWatermarkStayAndAreReported(RecoveryMode mode) {
        SegmentBytes segment = SegmentBytes.v2(1).append(1, 1, "a").append(1, 2, "b").synced();
        segment.append(1, 3, "c").synced();
        segment.damage(segment.offset(1) + 16);
        fixture.append(segment);
        Outcome outcome = fixture.recover(mode);
        assertThat(outcome.state()).containsKey("read error");
        assertThat(outcome.report().damagedBlocks()).isEqualTo(1);
        assertThat(outcome.report().segments().get(0).firstDamagedBlock())
                .isEqualTo(segment.offset(1));
        assertThat(outcome.report().clean()).isFalse();
        assertThat(outcome.model().groups().get(1L).entries).hasSize(3);
    }

    /** K2. */
    @Test
    void tornEntriesOfTheLastBatchAreCutButRefusedInAbsoluteConsistency() {
        for (SegmentBytes empty : List.of(SegmentBytes.v1(1), SegmentBytes.v2(1))) {
            SegmentBytes segment = threeBatches(empty);
            segment.damage(segment.offset(2) + 16);
            fixture.append(segment);
            fixture.refuses(ABSOLUTE_CONSISTENCY, CorruptionException.class);
            Outcome outcome = fixture.recover(TOLERATE_TAIL_CORRUPTION);
            assertThat(fixture.entries(outcome, 1)).containsExactly("a", "b");
            assertThat(outcome.dropped().cause()).isEqualTo(DropCause.TORN_ENTRIES);
        }
    }

    @Test
    void withoutWatermarksOnlyTheLastBatchsEntriesDecide() {
        SegmentBytes segment = threeBatches(SegmentBytes.v2(1)).append(1, 4, "d");
        segment.damage(segment.offset(0) + 16);
        segment.damage(segment.offset(1) + 16);
        segment.damage(segment.offset(3) + 16);
        fixture.append(segment);
        Outcome outcome = fixture.recover(TOLERATE_TAIL_CORRUPTION);
        assertThat(outcome.model().groups().get(1L).entries).hasSize(3);
        assertThat(outcome.report().damagedBlocks()).isEqualTo(2);
        assertThat(outcome.dropped().fromBytes()).isEqualTo(segment.offset(3));
    }

    @Test
    void aBlockLargerThanTheWindowIsVerifiedToo() {
        String large = "x".repeat(3000);
        for (boolean damaged : new boolean[] {false, true}) {
            SegmentBytes segment = SegmentBytes.v2(1).append(1, 1, "a").append(1, 2, large, "y");
            segment.append(1, 4, large);
            if (damaged) {
                segment.damage(segment.offset(2) + 1500);
            }
            fixture.blockBytes(512).append(segment);
            Outcome outcome = fixture.recover(TOLERATE_TAIL_CORRUPTION);
            assertThat(fixture.entries(outcome, 1)).hasSize(damaged ? 3 : 4);
        }
    }

    @Test
    void aSealedSegmentIsVerifiedAboveItsLastWatermark() {
        SegmentBytes segment = SegmentBytes.v2(1).append(1, 1, "a").synced();
        segment.append(1, 2, "b").append(1, 3, "c");
        int p = segment.offset(2);
        segment.damage(p + 16);
        fixture.append(segment).append(SegmentBytes.v2(2).append(1, 4, "d"));
        CorruptionException error =
                fixture.refuses(TOLERATE_TAIL_CORRUPTION, CorruptionException.class);
        assertThat(error.offset()).isEqualTo(p);
    }

    /**
     * The usual shape: a group's first batch promises what was synced when the group was written.
     */
    @Test
    void aSealedSegmentIsVerifiedFromAWatermarkThatLagsBehindItsPlace() {
        for (int damaged = 0; damaged < 6; damaged++) {
            SegmentBytes segment = SegmentBytes.v2(1).append(1, 1, "a").synced();
            segment.append(1, 2, "b");
            int synced = segment.size();
            segment.append(1, 3, "c").watermark(synced).append(1, 4, "d");
            int batch = new int[] {0, 2, 3, 5, 5, 3}[damaged];
            segment.damage(segment.offset(batch) + 16);
            fixture.append(segment).append(SegmentBytes.v2(2).append(1, 5, "e"));
            if (segment.offset(batch) >= synced) {
                CorruptionException error =
                        fixture.refuses(TOLERATE_TAIL_CORRUPTION, CorruptionException.class);
                assertThat(error.offset()).isEqualTo(segment.offset(batch));
            } else {
                fixture.recover(TOLERATE_TAIL_CORRUPTION).opens();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(RecoveryMode.class)
    void aWatermarkFoundBehindTheTailSparesEntriesBelowIt(RecoveryMode mode) {
        SegmentBytes segment = SegmentBytes.v2(1).append(1, 1, "a").append(1, 2, "b");
        int synced = segment.size();
        segment.append(1, 3, "c").watermark(synced);
        segment.damage(segment.offset(0) + 16); // wrong entries, but below the watermark
        segment.damage(segment.offset(2) + 12); // a broken batch above it
        fixture.append(segment);
        Outcome outcome = fixture.recover(mode);
        assertThat(outcome.model().groups().get(1L).entries).hasSize(2);
        assertThat(outcome.report().damagedBlocks()).isEqualTo(1);
        assertThat(outcome.dropped().fromBytes()).isEqualTo(synced);
        assertThat(outcome.dropped().validBatchesBehind()).isEqualTo(1);
    }

    @Test
    void damagedEntriesInFrontOfATornTailInV1OnlyCountWhenTheyAreTheLast() {
        SegmentBytes segment = threeBatches(SegmentBytes.v1(1));
        segment.damage(segment.offset(0) + 16);
        fixture.append(segment.zeros(40));
        Outcome outcome = fixture.recover(TOLERATE_TAIL_CORRUPTION);
        assertThat(outcome.model().groups().get(1L).entries).hasSize(3);
        segment = threeBatches(SegmentBytes.v1(1));
        segment.damage(segment.offset(2) + 16);
        fixture.append(segment.zeros(40));
        assertThat(fixture.entries(fixture.recover(TOLERATE_TAIL_CORRUPTION), 1))
                .containsExactly("a", "b");
    }

    // ------------------------------------------------------------------ sealed segments

    @ParameterizedTest
    @EnumSource(QueueKind.class)
    void damageInASealedSegmentIsRefusedAndRescuedOnlyOnRequest(QueueKind kind) {
        SegmentBytes first = threeBatches(SegmentBytes.v2(1));
        int p = first.offset(2);
        first.damage(p + 12);
        SegmentBytes second = SegmentBytes.v2(2).append(1, 3, "C").append(2, 1, "z");
        if (kind == QueueKind.APPEND) {
            fixture.append(first).append(second);
        } else {
            fixture.rewrite(first).rewrite(second);
        }
        fixture.refuses(ABSOLUTE_CONSISTENCY, CorruptionException.class);
        fixture.refuses(TOLERATE_TAIL_CORRUPTION, CorruptionException.class);
        Outcome outcome = fixture.recover(TOLERATE_ANY_CORRUPTION);
        assertThat(fixture.entries(outcome, 1)).containsExactly("a", "b", "C");
        assertThat(outcome.dropped().cause()).isEqualTo(DropCause.ROT);
        assertThat(outcome.dropped().keptIn()).exists();
        assertThat(fixture.recover(ABSOLUTE_CONSISTENCY).report().clean())
                .as("a rescued directory is whole again")
                .isTrue();
    }

    @Test
    void zerosBehindASealedSegmentAreNoTornTail() {
        fixture.append(threeBatches(SegmentBytes.v2(1)).zeros(100));
        fixture.append(SegmentBytes.v2(2));
        fixture.refuses(TOLERATE_TAIL_CORRUPTION, CorruptionException.class);
    }

    /** D6. */
    @ParameterizedTest
    @EnumSource(RecoveryMode.class)
    void aHoleInsideAGroupIsRefusedInEveryModeAndNothingIsCut(RecoveryMode mode) {
        SegmentBytes first = SegmentBytes.v2(1).append(1, 1, "a").append(1, 2, "b");
        first.damage(first.offset(1) + 12);
        fixture.append(first).append(SegmentBytes.v2(2).append(1, 3, "c").zeros(50));
        fixture.refuses(mode, CorruptionException.class);
    }

    // ------------------------------------------------------------------ headers

    /** K3, K5, Q10, defect 9. */
    @Test
    void aLastSegmentWithoutAWholeHeaderIsEmptied() {
        fixture.on(UnsyncedFileSystem.over(FileSystem.local()));
        for (int size = 0; size < 69; size++) {
            fixture.append(threeBatches(SegmentBytes.v2(1)));
            fixture.append(SegmentBytes.v2(2).truncate(size));
            Outcome outcome = fixture.recover(TOLERATE_TAIL_CORRUPTION);
            assertThat(fixture.entries(outcome, 1)).containsExactly("a", "b", "c");
            RecoveredSegment last = outcome.result().append().get(1);
            assertThat(last.headerValid()).isFalse();
            assertThat(last.liveEnd()).isZero();
            assertThat(fixture.size(QueueKind.APPEND, 2)).isZero();
        }
    }

    @Test
    void anEmptyOrZeroedLastSegmentOpensEvenInAbsoluteConsistency() {
        fixture.append(threeBatches(SegmentBytes.v2(1)));
        fixture.append(SegmentBytes.v2(2).truncate(0));
        assertThat(fixture.recover(ABSOLUTE_CONSISTENCY).opens().report().dropped()).isEmpty();
        fixture.append(SegmentBytes.v2(2).truncate(0).zeros(4096));
        assertThat(fixture.recover(ABSOLUTE_CONSISTENCY).dropped().cause())
                .isEqualTo(DropCause.TORN_HEADER);
        fixture.append(SegmentBytes.v2(2).truncate(30));
        fixture.refuses(ABSOLUTE_CONSISTENCY, CorruptionException.class);
    }

    /** D5. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void aDamagedHeaderInFrontOfAWholeBatchIsRefused(int version) {
        SegmentBytes segment = threeBatches(version == 1 ? SegmentBytes.v1(1) : SegmentBytes.v2(1));
        byte[] before = segment.damage(10).bytes();
        fixture.append(segment);
        fixture.refuses(ABSOLUTE_CONSISTENCY, CorruptionException.class);
        CorruptionException error =
                fixture.refuses(TOLERATE_TAIL_CORRUPTION, CorruptionException.class);
        assertThat(error.offset()).isZero();
        Outcome outcome = fixture.recover(TOLERATE_ANY_CORRUPTION);
        assertThat(outcome.model().groups()).isEmpty();
        assertThat(outcome.dropped().cause()).isEqualTo(DropCause.ROTTEN_HEADER);
        assertThat(outcome.dropped().keptIn()).hasBinaryContent(before);
        assertThat(outcome.result().append().get(0).headerValid()).isFalse();
    }

    @Test
    void aDamagedHeaderWithoutAWholeBatchBehindIsReheaded() {
        SegmentBytes segment = SegmentBytes.v2(1).damage(10).zeros(2000);
        fixture.append(segment);
        Outcome outcome = fixture.recover(TOLERATE_TAIL_CORRUPTION);
        assertThat(outcome.dropped().cause()).isEqualTo(DropCause.TORN_HEADER);
    }

    /** K5, K14. */
    @Test
    void aDamagedHeaderOfASealedSegmentIsRefusedAndRescuedAsAnEmptySegment() {
        fixture.append(threeBatches(SegmentBytes.v1(1)));
        fixture.append(SegmentBytes.v2(2).truncate(68));
        fixture.append(SegmentBytes.v2(3).append(1, 4, "d"));
        fixture.refuses(TOLERATE_TAIL_CORRUPTION, CorruptionException.class);
        Outcome outcome = fixture.recover(TOLERATE_ANY_CORRUPTION);
        assertThat(fixture.entries(outcome, 1)).containsExactly("a", "b", "c", "d");
        RecoveredSegment emptied = outcome.result().append().get(1);
        assertThat(emptied.headerValid()).isTrue();
        assertThat(emptied.version()).as("as its neighbour").isEqualTo(FormatVersion.V1);
        assertThat(fixture.recover(ABSOLUTE_CONSISTENCY).report().clean()).isTrue();
    }

    /** K4: a header that is longer than its version says is damage of the first batch. */
    @ParameterizedTest
    @EnumSource(RecoveryMode.class)
    void eightBytesTooManyBehindTheHeaderOpen(RecoveryMode mode) {
        fixture.append(SegmentBytes.v2(1).zeros(8));
        Outcome outcome = fixture.recover(mode);
        assertThat(outcome.result().append().get(0).liveEnd()).isEqualTo(69);
        fixture.append(threeBatches(SegmentBytes.v2(1)));
        assertThat(fixture.entries(fixture.recover(mode), 1)).hasSize(3);
    }

    // ------------------------------------------------------------------ alignment

    /** K11. */
    @ParameterizedTest
    @EnumSource(RecoveryMode.class)
    void alignedAndUnalignedSegmentsOpenTogether(RecoveryMode mode) {
        fixture.append(threeBatches(SegmentBytes.v2(1)));
        fixture.append(SegmentBytes.aligned(2, 16).append(1, 4, "d").append(1, 5, "ee"));
        assertThat(fixture.entries(fixture.recover(mode), 1))
                .containsExactly("a", "b", "c", "d", "ee");
    }

    /** K12. */
    @Test
    void aDamagedPaddingByteIsRefusedInAbsoluteConsistencyAndCutOtherwise() {
        SegmentBytes segment = SegmentBytes.aligned(1, 16).append(1, 1, "a").append(1, 2, "bb");
        segment.damage(segment.offset(1) - 1);
        fixture.append(segment);
        fixture.refuses(ABSOLUTE_CONSISTENCY, CorruptionException.class);
        Outcome outcome = fixture.recover(TOLERATE_TAIL_CORRUPTION);
        assertThat(fixture.entries(outcome, 1)).containsExactly("a");
        assertThat(outcome.dropped().validBatchesBehind()).isEqualTo(1);
        assertThat(fixture.recover(ABSOLUTE_CONSISTENCY).report().clean()).isTrue();
    }

    /** K13: why V1 is never recycled. */
    @Test
    void batchesOfAnEarlierLifeInV1CannotBeTold() {
        SegmentBytes old = SegmentBytes.v1(1).append(1, 1, "old");
        fixture.append(SegmentBytes.v1(2).append(1, 1, "new").stale(old));
        assertThat(fixture.entries(fixture.recover(ABSOLUTE_CONSISTENCY), 1))
                .containsExactly("old");
    }

    // ------------------------------------------------------------------ numbering, links, side
    // files

    /** Q8, D4, defect 14. */
    @Test
    void holesInTheNumberingAreReportedByNameAndRefusedInAbsoluteConsistency() {
        fixture.append(SegmentBytes.v2(3).append(1, 1, "old"));
        fixture.append(SegmentBytes.v2(5).append(1, 1, "a"));
        fixture.refuses(ABSOLUTE_CONSISTENCY, CorruptionException.class);
        Map<String, String> before = fixture.bytes();
        for (RecoveryMode mode : List.of(TOLERATE_TAIL_CORRUPTION, TOLERATE_ANY_CORRUPTION)) {
            Outcome outcome = fixture.recover(mode);
            assertThat(fixture.entries(outcome, 1)).containsExactly("a");
            assertThat(outcome.report().anomalies()).hasSize(1);
            assertThat(outcome.report().toString()).contains("0000000000000003.raftlog");
            assertThat(outcome.report().clean()).isFalse();
        }
        assertThat(fixture.bytes()).as("leftovers are left alone").isEqualTo(before);
    }

    @Test
    void aSideFileNeverReplacesAnEarlierOne() throws IOException {
        SegmentBytes first = threeBatches(SegmentBytes.v2(1));
        int p = first.offset(2);
        Path side = dir.resolve("cut-0000000000000001.raftlog-at-" + p + ".bytes");
        Files.writeString(side, "precious");
        first.damage(p + 12);
        fixture.append(first).append(SegmentBytes.v2(2).append(1, 3, "C"));
        DroppedRange dropped = fixture.recover(TOLERATE_ANY_CORRUPTION).dropped();
        assertThat(side).hasContent("precious");
        assertThat(dropped.keptIn())
                .hasFileName("cut-0000000000000001.raftlog-at-" + p + "-2.bytes")
                .hasSize(dropped.bytes());
    }

    /** As a recovery leaves it that died between its copy and its cut. */
    @Test
    void aSideFileWithTheSameBytesIsTakenAndOneThatDiffersInABitIsNot() throws IOException {
        SegmentBytes first = threeBatches(SegmentBytes.v2(1));
        int p = first.offset(2);
        first.damage(p + 12).zeros(600_000);
        byte[] cut = Arrays.copyOfRange(first.bytes(), p, first.size());
        String stem = "cut-0000000000000001.raftlog-at-" + p;
        byte[] other = cut.clone();
        other[other.length - 1] ^= 1;
        Files.write(dir.resolve(stem + ".bytes"), other);
        Files.write(dir.resolve(stem + "-2.bytes"), cut);
        fixture.append(first).append(SegmentBytes.v2(2).append(1, 3, "C"));
        DroppedRange dropped = fixture.recover(TOLERATE_ANY_CORRUPTION).dropped();
        assertThat(dropped.keptIn()).isEqualTo(dir.resolve(stem + "-2.bytes"));
        assertThat(dir.resolve(stem + ".bytes")).hasBinaryContent(other);
        assertThat(dir.resolve(stem + "-2.bytes")).hasBinaryContent(cut);
        assertThat(dir.resolve(stem + "-3.bytes")).doesNotExist();
    }

    @Test
    void aDamagedSegmentBehindASymbolicLinkIsRefusedInsteadOfWritten(@TempDir Path elsewhere)
            throws IOException {
        SegmentBytes first = threeBatches(SegmentBytes.v2(1));
        first.damage(first.offset(2) + 12);
        Path target = elsewhere.resolve("0000000000000001.raftlog");
        Files.write(target, first.bytes());
        Files.createSymbolicLink(fixture.path(QueueKind.APPEND, 1), target);
        fixture.append(SegmentBytes.v2(2).append(1, 3, "C"));
        fixture.refuses(TOLERATE_ANY_CORRUPTION, CorruptionException.class);
        fixture.readOnly(true); // as a repair reads: nothing is written there
        Outcome outcome = fixture.recover(TOLERATE_ANY_CORRUPTION);
        assertThat(fixture.entries(outcome, 1)).containsExactly("a", "b", "C");
        assertThat(target).hasBinaryContent(first.bytes());
    }

    @Test
    void theLastSegmentMustNotBeASymbolicLinkUnlessNothingIsWritten(@TempDir Path elsewhere)
            throws IOException {
        Path target = elsewhere.resolve("0000000000000001.raftlog");
        Files.write(target, threeBatches(SegmentBytes.v2(1)).bytes());
        Files.createSymbolicLink(fixture.path(QueueKind.APPEND, 1), target);
        fixture.refuses(
                TOLERATE_TAIL_CORRUPTION, io.raftengine.error.InvalidArgumentException.class);
        fixture.readOnly(true);
        assertThat(fixture.entries(fixture.recover(TOLERATE_TAIL_CORRUPTION), 1)).hasSize(3);
    }

    @Test
    void readOnlyDecidesTheSameAndChangesNothing() {
        SegmentBytes segment = threeBatches(SegmentBytes.v2(1));
        int p = segment.offset(2);
        fixture.append(segment.truncate(segment.size() - 1)).readOnly(true);
        Map<String, String> before = fixture.bytes();
        Outcome outcome = fixture.recover(TOLERATE_TAIL_CORRUPTION);
        assertThat(fixture.bytes()).isEqualTo(before);
        assertThat(outcome.dropped().fromBytes()).isEqualTo(p);
        assertThat(outcome.result().append().get(0).liveEnd()).isEqualTo(p);
        assertThat(outcome.report().readOnly()).isTrue();
    }

    @ParameterizedTest
    @EnumSource(RecoveryMode.class)
    void anEmptyDirectoryRecoversToNothing(RecoveryMode mode) {
        Outcome outcome = fixture.recover(mode);
        assertThat(outcome.report().clean()).isTrue();
        assertThat(outcome.result().append()).isEmpty();
        assertThat(outcome.model().groups()).isEmpty();
    }
}
