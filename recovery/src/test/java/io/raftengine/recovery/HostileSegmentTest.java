package io.raftengine.recovery;

import static io.raftengine.recovery.RecoveryMode.ABSOLUTE_CONSISTENCY;
import static io.raftengine.recovery.RecoveryMode.TOLERATE_ANY_CORRUPTION;
import static io.raftengine.recovery.RecoveryMode.TOLERATE_TAIL_CORRUPTION;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.error.CorruptionException;
import io.raftengine.log.io.FileSystem;
import io.raftengine.recovery.RecoveryFixture.Outcome;
import io.raftengine.testing.forge.ItemForge;
import io.raftengine.testing.forge.MeteredFileSystem;
import io.raftengine.testing.forge.SegmentForge;
import io.raftengine.testing.fs.UnsyncedFileSystem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Bytes with right checksums that no engine writes (D8): corruption before anything is sized by
 * them.
 */
class HostileSegmentTest {
    @TempDir Path dir;

    /** What is impossible, the offset behind it in its batch, and the items it stands in. */
    static Stream<Arguments> hostileBatches() {
        return Stream.of(
                hostile(
                        "tail that decreases",
                        "entry tail",
                        51,
                        b -> b.entries(1, 1, "aa", "b").item(1, 1).varint(1).varint(3).varint(1)),
                hostile(
                        "tail beyond the content",
                        "entry tail",
                        49,
                        b -> b.entries(1, 1, "aa").item(1, 1).varint(1).varint(2).varint(99)),
                hostile(
                        "tail beyond 2^31",
                        "entry tail",
                        42,
                        b -> b.item(1, 1).varint(1).varint(1).varint(1L << 31)),
                hostile(
                        "count beyond the bytes",
                        "entry count",
                        41,
                        b -> b.item(1, 1).varint(1L << 40).varint(1)),
                hostile(
                        "count of 2^64 - 1",
                        "entry count",
                        45,
                        b -> b.item(1, 1).varint(-1).varint(1)),
                hostile(
                        "index overflow",
                        "first index",
                        46,
                        b -> b.item(1, 1).varint(2).varint(-1).varint(0).varint(0)),
                hostile(
                        "key beyond the section",
                        "key length",
                        41,
                        b -> b.item(1, 3).varint(1).varint(1L << 33)),
                hostile(
                        "value beyond the section",
                        "value length",
                        43,
                        b -> b.item(1, 3).varint(1).varint(1).varint(7).varint(1L << 31)),
                hostile(
                        "operation 0",
                        "item operation",
                        36,
                        b -> b.item(1, 3).varint(0).varint(0).varint(0)),
                hostile("command 3", "item command", 36, b -> b.item(1, 2).varint(3)),
                hostile("type 9", "item type", 35, b -> b.item(1, 9).varint(3)),
                hostile(
                        "more items than bytes",
                        "item count",
                        19,
                        b -> b.put(1, "k", "v").claimItems(1_000_000)));
    }

    private static Arguments hostile(
            String name, String what, int offsetBehind, Consumer<SegmentBytes.Batch> items) {
        return Arguments.of(name, what, offsetBehind, items);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("hostileBatches")
    void aBatchWithARightChecksumAndImpossibleItemsIsNeverApplied(
            String name, String what, int offsetBehind, Consumer<SegmentBytes.Batch> items)
            throws IOException {
        RecoveryFixture fixture =
                new RecoveryFixture(dir).on(UnsyncedFileSystem.over(FileSystem.local()));
        SegmentBytes segment = SegmentBytes.v2(1).append(1, 1, "a");
        SegmentBytes.Batch batch = segment.batch().put(7, "half", "applied");
        items.accept(batch);
        batch.end();
        fixture.append(segment);
        int hostile = segment.offset(1);
        for (RecoveryMode mode :
                new RecoveryMode[] {ABSOLUTE_CONSISTENCY, TOLERATE_TAIL_CORRUPTION}) {
            CorruptionException error = fixture.refuses(mode, CorruptionException.class);
            assertThat(error.what()).startsWith(what);
            assertThat(error.offset()).isEqualTo(hostile + offsetBehind);
        }
        Outcome outcome = fixture.recover(TOLERATE_ANY_CORRUPTION);
        assertThat(outcome.opens().model().groups()).containsOnlyKeys(1L);
        DroppedRange dropped = outcome.dropped();
        assertThat(dropped.cause()).isEqualTo(DropCause.ROT);
        assertThat(dropped.fromBytes()).isEqualTo(hostile);
        assertThat(dropped.toBytes()).isEqualTo(segment.size());
        assertThat(Files.readAllBytes(dropped.keptIn()))
                .isEqualTo(Arrays.copyOfRange(segment.bytes(), hostile, segment.size()));
    }

    /**
     * Headers that promise batches over each other make the search behind damage give up, not hang.
     */
    @Test
    void aTailFullOfPlausibleHeadersIsLookedThroughInBoundedWork() {
        SegmentBytes segment = SegmentBytes.v2(1).append(1, 1, "a").raw((byte) 0x55);
        ByteBuffer headers = ByteBuffer.allocate(1 << 20);
        while (headers.remaining() >= 16) {
            headers.putLong((long) (headers.remaining() - 16) << 8).putLong(16);
        }
        segment.raw(headers.array());
        RecoveryFixture fixture = new RecoveryFixture(dir).append(segment);
        assertThat(fixture.entries(fixture.recover(TOLERATE_TAIL_CORRUPTION), 1))
                .containsExactly("a");
    }

    /** Each group goes from one file to the other and back to the next group's begin. */
    @Test
    void groupsThatTakeTurnsInTwoSegmentsCostAFewTimesTheirBytes() {
        int groups = 2000;
        SegmentForge begins = new SegmentForge(2, 1);
        SegmentForge ends = new SegmentForge(2, 2);
        for (int i = 0; i < groups; i++) {
            begins.batch(new ItemForge().marker(i, 0).put(i, "begin", "v"));
            ends.batch(new ItemForge().marker(i, 2).put(i, "end", "v"));
        }
        begins.writeRewriteTo(dir);
        ends.writeRewriteTo(dir);
        MeteredFileSystem metered =
                new MeteredFileSystem(UnsyncedFileSystem.over(FileSystem.local()));

        Outcome outcome =
                new RecoveryFixture(dir)
                        .on(metered.fileSystem())
                        .recover(TOLERATE_TAIL_CORRUPTION)
                        .opens();

        assertThat(outcome.model().groups()).hasSize(groups);
        long fileBytes = begins.position() + ends.position();
        assertThat(metered.bytesRead()).isLessThan(6 * fileBytes + (4 << 20));
    }

    @Test
    void partialBatchesInV1AreToldFromChangedLengths() {
        RecoveryFixture fixture =
                new RecoveryFixture(dir).on(UnsyncedFileSystem.over(FileSystem.local()));
        int size = whole().size();
        for (int cut = whole().offset(1); cut < size; cut++) {
            fixture.append(whole().truncate(cut));
            fixture.recover(ABSOLUTE_CONSISTENCY).opens();
        }
        for (int lengthByte = 2; lengthByte < 7; lengthByte++) {
            SegmentBytes changed = whole();
            changed.damage(changed.offset(1) + lengthByte);
            fixture.append(changed);
            fixture.refuses(ABSOLUTE_CONSISTENCY, CorruptionException.class);
        }
    }

    private static SegmentBytes whole() {
        SegmentBytes segment = SegmentBytes.v1(1).append(1, 1, "first");
        return segment.batch().entries(1, 2, "second", "third").put(1, "key", "value").end();
    }
}
