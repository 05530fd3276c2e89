package io.raftengine.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.error.CorruptionException;
import io.raftengine.error.OutOfSpaceException;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.format.SegmentName;
import io.raftengine.log.io.DirectoryEntry;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileSystem;
import io.raftengine.recovery.RecoveryMode;
import io.raftengine.testing.forge.ItemForge;
import io.raftengine.testing.forge.SegmentForge;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What an engine makes of the header of the segment that it is to go on writing: cut short, too
 * long, of another version, with an alignment, damaged on a full disk. Scenarios F3, K4, K12, K14,
 * Q10.
 */
@Timeout(120)
class HeaderScenariosTest {
    private static final Path DIR = EngineFixture.DIR;
    private static final int ALIGNMENT = 16;
    private static final ItemForge PUT = new ItemForge().put(1, "key", "value");

    private static EngineFixture fixture(FormatVersion version) {
        EngineFixture fixture =
                new EngineFixture(
                        WorkloadRun.config(DIR)
                                .formatVersion(version)
                                .enableLogRecycle(version == FormatVersion.V2));
        fixture.disk.createDirectories(DIR);
        return fixture;
    }

    private static Path segment(QueueKind queue, long seq) {
        return DIR.resolve(SegmentName.segment(queue, seq));
    }

    /** A file that has been there for long. */
    private static void place(EngineFixture f, Path file, byte[] bytes) {
        try (FileHandle handle = f.disk.open(file, FileSystem.OpenMode.CREATE)) {
            handle.truncate(bytes.length);
        }
        f.disk.overwrite(file, 0, bytes);
        f.disk.settle();
    }

    private static byte[] headerOf(EngineFixture f, Path file, FormatVersion version) {
        return Arrays.copyOf(f.disk.contents(file), version.headerBytes());
    }

    private static byte[] header(FormatVersion version) {
        return SegmentForge.header(version.number(), 0);
    }

    private static void setMode(EngineFixture f, RecoveryMode mode) {
        EngineConfig.Builder changed = EngineConfig.builder();
        f.config.toMap().forEach(changed::set);
        f.config = changed.recoveryMode(mode).build();
    }

    /**
     * F3, K14: whatever was begun of a header, the open leaves one that parses: its own where it
     * was whole, else that of the configured version. The next segment has the latter in any case.
     */
    @ParameterizedTest
    @CsvSource({
        "V1, V1, APPEND",
        "V1, V2, APPEND",
        "V2, V1, APPEND",
        "V2, V2, APPEND",
        "V1, V1, REWRITE",
        "V1, V2, REWRITE",
        "V2, V1, REWRITE",
        "V2, V2, REWRITE"
    })
    void aHeaderThatWasBegunIsFinishedInTheConfiguredVersion(
            FormatVersion old, FormatVersion configured, QueueKind queue) {
        int whole = old.headerBytes();
        for (int bytes : new int[] {0, 1, 53, 60, whole - 1, whole}) {
            String where = bytes + " bytes of a header";
            long seq = queue == QueueKind.APPEND ? 2 : 1;
            Path last = segment(queue, seq);
            FormatVersion expected = bytes == whole ? old : configured;
            try (EngineFixture f = fixture(configured)) {
                SegmentForge before = new SegmentForge(old.number(), 1).batch(PUT);
                place(f, segment(QueueKind.APPEND, 1), before.bytes());
                place(f, last, Arrays.copyOf(header(old), bytes));

                f.open();

                assertThat(headerOf(f, last, expected)).as(where).isEqualTo(header(expected));
                assertThat(f.value(1, "key")).as(where).isEqualTo("value");
                try (EngineFixture after = f.afterPowerCut(bytes)) {
                    after.open();
                    assertThat(after.value(1, "key")).as(where).isEqualTo("value");
                }
                f.append(2, 1, 3, true);
                f.engine.maintenance().rewriteAppend(1);
                setMode(f, RecoveryMode.ABSOLUTE_CONSISTENCY);
                f.reopen();
                assertThat(f.engine.recoveryReport().clean()).as(where).isTrue();
                assertThat(f.value(1, "key")).as(where).isEqualTo("value");
                assertThat(f.holds(2, 1, 3)).as(where).isTrue();
                assertThat(headerOf(f, last, expected)).as(where).isEqualTo(header(expected));
                f.engine.maintenance().rotate(queue);
                assertThat(headerOf(f, segment(queue, seq + 1), configured))
                        .as(where)
                        .isEqualTo(header(configured));
            }
        }
    }

    /** F3: the only segment there is. */
    @ParameterizedTest
    @CsvSource({"V1, V1", "V1, V2", "V2, V1", "V2, V2"})
    void theOnlySegmentGetsAWholeHeaderToo(FormatVersion old, FormatVersion configured) {
        Path only = segment(QueueKind.APPEND, 1);
        for (int missing = 0; missing < 2; missing++) {
            FormatVersion expected = missing == 0 ? old : configured;
            try (EngineFixture f = fixture(configured)) {
                place(f, only, Arrays.copyOf(header(old), old.headerBytes() - missing));
                f.open();
                assertThat(f.engine.isEmpty()).isTrue();
                f.append(2, 1, 3, true);
                setMode(f, RecoveryMode.ABSOLUTE_CONSISTENCY);
                f.reopen();
                assertThat(headerOf(f, only, expected)).isEqualTo(header(expected));
                assertThat(f.holds(2, 1, 3)).isTrue();
            }
        }
    }

    /** K4: what stands where the first batch should is cut, and written over. */
    @ParameterizedTest
    @CsvSource({"V1, 0", "V2, 0", "V1, 1", "V2, 1"})
    void aHeaderThatIsEightBytesTooLongOpensIsAppendedToAndOpensAgain(
            FormatVersion version, int batchesBehind) {
        Path only = segment(QueueKind.APPEND, 1);
        for (byte filler : new byte[] {0, (byte) 0xff}) {
            byte[] tooMuch = new byte[8];
            Arrays.fill(tooMuch, filler);
            SegmentForge forge = new SegmentForge(version.number(), 1).raw(tooMuch);
            for (int i = 0; i < batchesBehind; i++) {
                forge.batch(PUT);
            }
            try (EngineFixture f = fixture(version)) {
                place(f, only, forge.bytes());
                f.open();
                assertThat(f.engine.isEmpty()).isTrue();
                assertThat(f.engine.recoveryReport().dropped())
                        .singleElement()
                        .satisfies(dropped -> {
                            assertThat(dropped.fromBytes()).isEqualTo(version.headerBytes());
                            assertThat(dropped.validBatchesBehind())
                                    .as("nobody looks behind damage in V1 (D1)")
                                    .isEqualTo(version == FormatVersion.V1 ? -1 : batchesBehind);
                        });
                f.append(2, 1, 3, true);
                setMode(f, RecoveryMode.ABSOLUTE_CONSISTENCY);
                f.reopen();
                assertThat(f.engine.recoveryReport().clean()).isTrue();
                assertThat(f.holds(2, 1, 3)).isTrue();
                assertThat(f.value(1, "key")).isNull();
            }
        }
    }

    private static SegmentForge aligned(SegmentForge forge) {
        return forge.raw(new byte[-forge.position() & ALIGNMENT - 1]);
    }

    /** K12: the last byte in front of the second batch, and of the first one. */
    @ParameterizedTest
    @CsvSource({"0", "1"})
    void aDamagedPaddingByteIsRefusedOrCutAndThenWrittenOver(int batch) {
        SegmentForge forge = aligned(new SegmentForge(2, 1, ALIGNMENT)).batch(PUT);
        aligned(forge).batch(new ItemForge().put(1, "second", "2"));
        Path only = segment(QueueKind.APPEND, 1);
        byte[] damaged = forge.bytes();
        damaged[forge.batchOffsets().get(batch) - 1] ^= 1;
        try (EngineFixture f = fixture(FormatVersion.V2)) {
            place(f, only, damaged);
            setMode(f, RecoveryMode.ABSOLUTE_CONSISTENCY);
            assertThatThrownBy(f::open).isInstanceOf(CorruptionException.class);
            assertThat(f.disk.contents(only)).isEqualTo(damaged);

            setMode(f, RecoveryMode.TOLERATE_TAIL_CORRUPTION);
            f.open();
            assertThat(f.value(1, "key")).isEqualTo(batch == 0 ? null : "value");
            assertThat(f.value(1, "second")).isNull();
            f.append(2, 1, 3, true);

            setMode(f, RecoveryMode.ABSOLUTE_CONSISTENCY);
            f.reopen();
            assertThat(f.engine.recoveryReport().clean()).isTrue();
            assertThat(f.value(1, "key")).isEqualTo(batch == 0 ? null : "value");
            assertThat(f.value(1, "second")).isNull();
            assertThat(f.holds(2, 1, 3)).isTrue();
        }
    }

    /** K11, K12: batches of ours begin where the log ends, whatever the header says. */
    @Test
    void anAlignedSegmentIsWrittenOnFromEveryPlace() {
        for (int valueBytes = 0; valueBytes <= ALIGNMENT; valueBytes++) {
            String value = valueBytes == 0 ? null : "v".repeat(valueBytes);
            SegmentForge forge = new SegmentForge(2, 1, ALIGNMENT);
            if (value != null) {
                aligned(forge).batch(new ItemForge().put(1, "key", value));
            }
            for (boolean killed : new boolean[] {false, true}) {
                try (EngineFixture f = fixture(FormatVersion.V2)) {
                    place(f, segment(QueueKind.APPEND, 1), forge.bytes());
                    setMode(f, RecoveryMode.ABSOLUTE_CONSISTENCY);
                    f.open();
                    for (int i = 1; i <= 20; i++) {
                        f.append(2, i, 1, i % 3 == 0);
                    }
                    if (killed) {
                        f.kill();
                    } else {
                        f.reopen();
                    }
                    assertThat(f.value(1, "key")).isEqualTo(value);
                    assertThat(f.holds(2, 1, 20)).as("value %s", value).isTrue();
                }
            }
        }
    }

    /**
     * Q10: the header of the last segment is damaged, and there is not a byte for another one. What
     * is there can be read, nothing more is lost by trying, and writing goes on when there is
     * space.
     */
    @ParameterizedTest
    @EnumSource(QueueKind.class)
    void aDamagedHeaderOnADiskWithoutAByteLeftOpens(QueueKind queue) {
        for (int damagedByte : new int[] {0, 30, 60}) {
            try (EngineFixture f = fixture(FormatVersion.V2).open()) {
                f.append(1, 1, 40, true);
                f.put(1, "key", "value", true);
                f.engine.maintenance().rewriteAppend(Long.MAX_VALUE);
                f.append(1, 41, 10, true);
                f.engine.maintenance().rotate(queue);
                long seq = f.engine.segmentSpan(queue).activeSeq();
                f.engine.close();
                assertThat(f.disk.contents(segment(queue, seq)).length)
                        .as("nothing was written to it yet")
                        .isLessThanOrEqualTo(FormatVersion.V2.headerBytes());
                f.disk.flipBit(segment(queue, seq), damagedByte, 3);
                f.disk.setCapacity(1);

                f.open();
                assertIntact(f, 50);
                assertThatThrownBy(
                                () -> {
                                    if (queue == QueueKind.APPEND) {
                                        f.append(1, 51, 1, true);
                                    } else {
                                        f.engine.maintenance().rewriteAppend(Long.MAX_VALUE);
                                    }
                                })
                        .isInstanceOf(OutOfSpaceException.class);
                assertIntact(f, 50);
                for (long seed = 0; seed < 5; seed++) {
                    try (EngineFixture after = f.afterPowerCut(seed).open()) {
                        assertIntact(after, 50);
                    }
                }
                f.reopen();
                assertIntact(f, 50);

                f.disk.setCapacity(1 << 20);
                f.append(1, 51, 5, true);
                f.engine.maintenance().rewriteAppend(Long.MAX_VALUE);
                f.engine.maintenance().rewriteRewrite();
                f.reopen();
                assertIntact(f, 55);
            }
        }
    }

    private static void assertIntact(EngineFixture f, long last) {
        assertThat(f.holds(1, 1, last)).isTrue();
        assertThat(f.value(1, "key")).isEqualTo("value");
    }

    /** Q10: the very page that the damaged header lay in is all there is for the new one. */
    @Test
    void aDamagedHeaderOnADiskThatIsJustFullOpens() {
        try (EngineFixture f = fixture(FormatVersion.V2).open()) {
            f.append(1, 1, 50, true);
            f.put(1, "key", "value", true);
            f.engine.maintenance().rotate(QueueKind.APPEND);
            long seq = f.engine.segmentSpan(QueueKind.APPEND).activeSeq();
            f.engine.close();
            f.disk.flipBit(segment(QueueKind.APPEND, seq), 5, 1);
            long used = 0;
            for (DirectoryEntry entry : f.disk.list(DIR)) {
                used += (f.disk.contents(entry.path()).length + 4095) / 4096 * 4096L;
            }
            f.disk.setCapacity(used);
            f.open();
            assertIntact(f, 50);
            assertThat(headerOf(f, segment(QueueKind.APPEND, seq), FormatVersion.V2))
                    .isEqualTo(header(FormatVersion.V2));
            f.reopen();
            assertIntact(f, 50);
        }
    }
}
