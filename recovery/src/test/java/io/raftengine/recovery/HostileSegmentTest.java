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
import java.nio.ByteBuffer;
import java.nio.file.Path;
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

    static Stream<Arguments> hostileBatches() {
        return Stream.of(
                hostile(
                        "tail that decreases",
                        b -> b.entries(1, 1, "aa", "b").item(1, 1).varint(1).varint(3).varint(1)),
                hostile(
                        "tail beyond the content",
                        b -> b.entries(1, 1, "aa").item(1, 1).varint(1).varint(2).varint(99)),
                hostile("tail beyond 2^31", b -> b.item(1, 1).varint(1).varint(1).varint(1L << 31)),
                hostile("count beyond the bytes", b -> b.item(1, 1).varint(1L << 40).varint(1)),
                hostile("count of 2^64 - 1", b -> b.item(1, 1).varint(-1).varint(1)),
                hostile(
                        "index overflow",
                        b -> b.item(1, 1).varint(2).varint(-1).varint(0).varint(0)),
                hostile("key beyond the section", b -> b.item(1, 3).varint(1).varint(1L << 33)),
                hostile(
                        "value beyond the section",
                        b -> b.item(1, 3).varint(1).varint(1).varint(7).varint(1L << 31)),
                hostile("operation 0", b -> b.item(1, 3).varint(0).varint(0).varint(0)),
                hostile("command 3", b -> b.item(1, 2).varint(3)),
                hostile("type 9", b -> b.item(1, 9).varint(3)),
                hostile("more items than bytes", b -> b.put(1, "k", "v").claimItems(1_000_000)));
    }

    private static Arguments hostile(String what, Consumer<SegmentBytes.Batch> items) {
        return Arguments.of(what, items);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("hostileBatches")
    void aBatchWithARightChecksumAndImpossibleItemsIsNeverApplied(
            String what, Consumer<SegmentBytes.Batch> items) {
        RecoveryFixture fixture =
                new RecoveryFixture(dir).on(UnsyncedFileSystem.over(FileSystem.local()));
        SegmentBytes segment = SegmentBytes.v2(1).append(1, 1, "a");
        SegmentBytes.Batch batch = segment.batch().put(7, "half", "applied");
        items.accept(batch);
        batch.end();
        fixture.append(segment);
        for (RecoveryMode mode :
                new RecoveryMode[] {ABSOLUTE_CONSISTENCY, TOLERATE_TAIL_CORRUPTION}) {
            CorruptionException error = fixture.refuses(mode, CorruptionException.class);
            assertThat(error.offset()).isBetween((long) segment.offset(1), (long) segment.size());
        }
        Outcome outcome = fixture.recover(TOLERATE_ANY_CORRUPTION);
        assertThat(outcome.opens().model().groups()).containsOnlyKeys(1L);
        assertThat(outcome.dropped().cause()).isEqualTo(DropCause.ROT);
        assertThat(outcome.dropped().keptIn()).exists();
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
