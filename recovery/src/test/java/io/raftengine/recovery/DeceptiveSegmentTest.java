package io.raftengine.recovery;

import static io.raftengine.recovery.RecoveryMode.ABSOLUTE_CONSISTENCY;
import static io.raftengine.recovery.RecoveryMode.TOLERATE_ANY_CORRUPTION;
import static io.raftengine.recovery.RecoveryMode.TOLERATE_TAIL_CORRUPTION;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.error.CorruptionException;
import io.raftengine.error.UnsupportedFeatureException;
import io.raftengine.log.format.QueueKind;
import io.raftengine.recovery.RecoveryFixture.Outcome;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Bytes that look like something else: padding, a promise, a torn header, or damage. */
class DeceptiveSegmentTest {
    @TempDir Path dir;
    private RecoveryFixture fixture;

    @BeforeEach
    void create() {
        fixture = new RecoveryFixture(dir);
    }

    /** Bytes of an entry promise nothing, not even where they name the place they came to stand. */
    @ParameterizedTest
    @EnumSource(RecoveryMode.class)
    void aTornBatchWithAWatermarkInItsEntriesIsATornTail(RecoveryMode mode) {
        int batch = 69 + 46;
        int record = batch + 16 + 30; // 30 bytes into the entry
        byte[] value = ByteBuffer.allocate(17).put((byte) 0x80).array();
        ByteBuffer.wrap(value).putLong(1, record).putLong(9, record);
        byte[] forged =
                SegmentBytes.v2(1).batch().put(0, SegmentBytes.INTERNAL_KEY, value).end().bytes();
        byte[] content = new byte[9000];
        Arrays.fill(content, (byte) 'x');
        System.arraycopy(forged, 69, content, 30, 46);
        byte[] good = SegmentBytes.v2(1).synced().batch().entry(1, 1, content).end().bytes();
        assertThat(Arrays.copyOfRange(good, record, record + 46))
                .isEqualTo(Arrays.copyOfRange(forged, 69, 69 + 46));
        Arrays.fill(good, 4096, good.length, (byte) 0);
        fixture.append(SegmentBytes.v2(1).truncate(0).raw(good).zeros(4096));
        Outcome outcome = fixture.recover(mode);
        assertThat(outcome.dropped().cause()).isEqualTo(DropCause.TORN_TAIL);
        assertThat(outcome.dropped().fromBytes()).isEqualTo(batch);
    }

    /** What a damaged length claims does not hide a watermark: the items say where they end. */
    @Test
    void aWatermarkWithinAWrongLengthStillPromises() {
        SegmentBytes segment = SegmentBytes.v2(1).append(1, 1, "a").append(1, 2, "b").synced();
        int p = segment.offset(1);
        segment.damage(p + 5).zeros(4096); // 256 bytes more: beyond the mark, into the zeros
        fixture.append(segment);
        for (RecoveryMode mode : List.of(ABSOLUTE_CONSISTENCY, TOLERATE_TAIL_CORRUPTION)) {
            fixture.refuses(mode, CorruptionException.class);
        }
        assertThat(fixture.recover(TOLERATE_ANY_CORRUPTION).dropped().cause())
                .isEqualTo(DropCause.ROT);
    }

    /**
     * And where the items are damaged as well, the batch behind the watermark says that it is one.
     */
    @Test
    void aWatermarkWithABatchBehindItPromisesWhateverALengthClaims() {
        SegmentBytes segment = SegmentBytes.v2(1).append(1, 1, "a").append(1, 2, "b").synced();
        int p = segment.offset(1);
        segment.append(1, 3, "c");
        segment.damage(p + 5).damage(segment.offset(2) - 1).zeros(4096);
        fixture.append(segment);
        fixture.refuses(TOLERATE_TAIL_CORRUPTION, CorruptionException.class);
    }

    /** D5 empties it. Nobody knows what of it was synced, so it is counted (D1) and kept. */
    @Test
    void batchesBehindALostFirstSectorAreCountedAndKept() {
        SegmentBytes segment = SegmentBytes.v2(1).append(1, 1, "a".repeat(300), "b".repeat(300));
        segment.append(1, 3, "c").append(1, 4, "d").zeros(1000);
        byte[] bytes = segment.bytes();
        Arrays.fill(bytes, 0, 512, (byte) 0xe5);
        fixture.append(segment.truncate(0).raw(bytes));
        fixture.refuses(ABSOLUTE_CONSISTENCY, CorruptionException.class);
        Outcome outcome = fixture.recover(TOLERATE_TAIL_CORRUPTION);
        assertThat(outcome.model().groups()).isEmpty();
        DroppedRange dropped = outcome.dropped();
        assertThat(dropped.cause()).isEqualTo(DropCause.ROTTEN_HEADER);
        assertThat(dropped.validBatchesBehind()).isEqualTo(2);
        assertThat(dropped.keptIn()).hasBinaryContent(bytes);
        assertThat(outcome.report().toString()).contains("2 valid batches lay behind");
        assertThat(outcome.result().append().get(0).headerValid()).isFalse();
    }

    /** Nothing protects the word: with one bit of it wrong no damage may pass for padding. */
    @Test
    void aDamagedAlignmentHidesNoDamage() {
        for (int alignmentByte = 61; alignmentByte < 69; alignmentByte++) {
            SegmentBytes segment = SegmentBytes.v2(1).append(1, 1, "a").append(1, 2, "b");
            segment.synced().append(1, 3, "c").synced();
            int type = segment.offset(0) + 7;
            segment.damage(alignmentByte).damage(type).damage(type).zeros(4096);
            fixture.append(segment);
            for (RecoveryMode mode : List.of(ABSOLUTE_CONSISTENCY, TOLERATE_TAIL_CORRUPTION)) {
                fixture.refuses(mode, CorruptionException.class);
            }
            Outcome outcome = fixture.recover(TOLERATE_ANY_CORRUPTION);
            DroppedRange dropped = outcome.dropped();
            assertThat(dropped.cause()).isEqualTo(DropCause.ROT);
            assertThat(dropped.fromBytes()).isEqualTo(69);
            assertThat(dropped.keptIn())
                    .hasBinaryContent(Arrays.copyOfRange(segment.bytes(), 69, segment.size()));
        }
    }

    /** What a watermark promises begins in front of what passes for padding. */
    @Test
    void aZeroedBatchUpToAMultipleOfADamagedAlignmentIsRot() {
        SegmentBytes segment = SegmentBytes.v2(1).append(1, 1, "a".repeat(100));
        int synced = segment.size();
        segment.watermark(synced).append(1, 2, "b").watermark(synced);
        assertThat(segment.offset(2)).isBetween(synced, 256);
        byte[] bytes = segment.bytes();
        Arrays.fill(bytes, 69, 256, (byte) 0);
        bytes[67] = 1; // 256
        fixture.append(segment.truncate(0).raw(bytes).zeros(4096));
        for (RecoveryMode mode : List.of(ABSOLUTE_CONSISTENCY, TOLERATE_TAIL_CORRUPTION)) {
            fixture.refuses(mode, CorruptionException.class);
        }
        assertThat(fixture.recover(TOLERATE_ANY_CORRUPTION).dropped().fromBytes()).isEqualTo(69);
    }

    /** It is whole: what cannot be indexed is not supported, and no damage in any mode. */
    @ParameterizedTest
    @EnumSource(RecoveryMode.class)
    void aBatchBeyondFourGiBIsUnsupportedByNameAndOffset(RecoveryMode mode) throws IOException {
        byte[] put = SegmentBytes.v2(1).batch().put(7, "k", "v").end().bytes();
        byte[] section = Arrays.copyOfRange(put, 69 + 16, put.length);
        fixture.append(SegmentBytes.v2(1)).append(SegmentBytes.v2(2));
        long offset = 69;
        try (FileChannel file =
                FileChannel.open(fixture.path(QueueKind.APPEND, 1), StandardOpenOption.WRITE)) {
            // Entries blocks of zeros, which take no space; nobody looks at their checksums.
            for (long itemOffset : new long[] {Integer.MAX_VALUE, Integer.MAX_VALUE, 16}) {
                ByteBuffer header = ByteBuffer.allocate(16);
                header.putLong(itemOffset + section.length << 8).putLong(itemOffset);
                file.write(header.flip(), offset);
                file.write(ByteBuffer.wrap(section), offset + itemOffset);
                offset += itemOffset + section.length;
            }
        }
        long batch = offset - 16 - section.length;
        assertThat(batch).isGreaterThan(1L << 32);
        UnsupportedFeatureException error =
                fixture.recover(mode).refusedWith(UnsupportedFeatureException.class);
        assertThat(error)
                .hasMessageContaining("0000000000000001.raftlog")
                .hasMessageContaining("offset " + batch);
    }
}
