package io.raftengine.it.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.recovery.RecoveryMode;
import io.raftengine.testing.forge.ItemForge;
import io.raftengine.testing.forge.SegmentForge;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that are hostile as a whole: their header, their size, what they are full of. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class HostileFileTest {
    private static final int LARGE_BYTES = 100 << 20;

    @TempDir Path dir;

    @ParameterizedTest
    @CsvSource({
        "0, 0, opens",
        "2, 1, opens",
        "2, 3, opens",
        "2, 4096, opens",
        "2, -1, opens",
        "2, -9223372036854775808, opens",
        "3, 0, opens",
        "-1, 0, opens",
        "1, 0, opens"
    })
    void anyVersionAndAlignmentIsDealtWith(long version, long alignment, String expected) {
        byte[] header = SegmentForge.header(version, alignment);
        for (RecoveryMode mode : RecoveryMode.values()) {
            Path sub = dir.resolve(mode.name());
            create(sub);
            SegmentForge.write(sub.resolve(SegmentForge.appendName(1)), header);
            String outcome = new HostileOpening(sub, mode, 0).outcome();
            boolean known = version == 1 || version == 2;
            // A header nobody wrote is no torn tail; only the strict mode minds.
            boolean strict = mode == RecoveryMode.ABSOLUTE_CONSISTENCY && !known;
            assertThat(outcome).as("%s", mode).isEqualTo(strict ? "CorruptionException" : expected);
        }
    }

    @Test
    void everyLengthOfTheFirstTwoHundredBytesIsDealtWith() {
        byte[] whole =
                new SegmentForge(2, 1)
                        .batch(new byte[40], new ItemForge().entries(1, 1, 20, 40))
                        .batch(new ItemForge().put(1, "k", "v"))
                        .watermark(100)
                        .bytes();
        assertThat(whole.length).isGreaterThanOrEqualTo(200);
        for (int length = 0; length <= 200; length++) {
            RecoveryMode mode = RecoveryMode.values()[length % 3];
            Path sub = dir.resolve(mode + "-" + length);
            create(sub);
            SegmentForge.write(
                    sub.resolve(SegmentForge.appendName(1)), Arrays.copyOf(whole, length));
            String outcome = new HostileOpening(sub, mode, 0).outcome();
            // A header that is short but not empty: no crash leaves it, the strict mode says so.
            boolean halfHeader = length > 0 && length < SegmentForge.V2_HEADER_BYTES;
            boolean strict = mode == RecoveryMode.ABSOLUTE_CONSISTENCY && halfHeader;
            assertThat(outcome)
                    .as("%s at %s", mode, length)
                    .isEqualTo(strict ? "CorruptionException" : "opens");
            HostileOpening.deleteAll(sub);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 0xff, 0x80, 1})
    void aLargeFileOfOneByteIsReadOnce(int value) {
        byte[] large = new byte[LARGE_BYTES];
        Arrays.fill(large, (byte) value);
        Path file = SegmentForge.write(dir.resolve(SegmentForge.appendName(1)), large);
        assertThat(new HostileOpening(dir, RecoveryMode.TOLERATE_TAIL_CORRUPTION, 0).outcome())
                .isEqualTo("opens");
        assertThat(file).isNotEmptyFile();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 0xff, 0x80, 1})
    void aLargeTailOfOneByteIsLookedThrough(int value) {
        byte[] large = new byte[LARGE_BYTES];
        Arrays.fill(large, (byte) value);
        new SegmentForge(2, 1).batch(new ItemForge().clean(1)).raw(large).writeTo(dir);
        assertThat(new HostileOpening(dir, RecoveryMode.TOLERATE_TAIL_CORRUPTION, 0).outcome())
                .isEqualTo("opens");
    }

    /** A plausible header every 16 bytes, each claiming a section that reaches to the end. */
    @Test
    void plausibleHeadersEverywhereDoNotMakeTheSearchQuadratic() {
        int bytes = 16 << 20;
        ByteBuffer tail = ByteBuffer.allocate(bytes);
        while (tail.remaining() >= 16) {
            tail.putLong((long) tail.remaining() << 8).putLong(16);
        }
        SegmentForge segment = new SegmentForge(2, 1).raw(new byte[9]).raw(tail.array());
        segment.writeTo(dir);
        assertThat(new HostileOpening(dir, RecoveryMode.TOLERATE_TAIL_CORRUPTION, 0).outcome())
                .isEqualTo("opens");
    }

    @ParameterizedTest
    @EnumSource(RecoveryMode.class)
    void aSparseFileOfATerabyteIsRefused(RecoveryMode mode) throws IOException {
        long written = sparse(new SegmentForge(2, 1), 1L << 40);
        assertThat(new HostileOpening(dir, mode, 0).ofSparseFiles(written).outcome())
                .isEqualTo("UnsupportedFeatureException");
    }

    @ParameterizedTest
    @EnumSource(RecoveryMode.class)
    void aSparseFileOfSevenGigabytesCostsWhatItHolds(RecoveryMode mode) throws IOException {
        long written = sparse(new SegmentForge(2, 1).batch(new ItemForge().clean(1)), 7L << 30);
        assertThat(new HostileOpening(dir, mode, 0).ofSparseFiles(written).outcome())
                .isEqualTo("opens");
    }

    @Test
    void aSparseRottenTailIsKeptWithoutFillingTheDisk() throws IOException {
        long written =
                sparse(
                        new SegmentForge(2, 1)
                                .batch(new ItemForge().clean(1))
                                .raw(new byte[] {1, 2}),
                        6L << 30);
        SegmentForge next = new SegmentForge(2, 2).batch(new ItemForge().clean(1));
        next.writeTo(dir);
        assertThat(
                        new HostileOpening(dir, RecoveryMode.TOLERATE_ANY_CORRUPTION, 0)
                                .ofSparseFiles(written + next.position())
                                .outcome())
                .isEqualTo("opens");
        try (var files = Files.list(dir)) {
            assertThat(files.filter(f -> f.getFileName().toString().startsWith("cut-")))
                    .singleElement()
                    .satisfies(f -> assertThat(blocks(f)).isLessThan(1 << 20));
        }
    }

    /** The first segment, with nothing behind what was written; answers how much that is. */
    private long sparse(SegmentForge written, long size) throws IOException {
        Path segment = written.writeTo(dir);
        try (RandomAccessFile file = new RandomAccessFile(segment.toFile(), "rw")) {
            file.setLength(size);
        }
        return written.position();
    }

    private static long blocks(Path file) {
        try {
            Process du =
                    new ProcessBuilder("du", "-k", file.toString())
                            .redirectErrorStream(true)
                            .start();
            String line = new String(du.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            return Long.parseLong(line.split("\\s")[0]) << 10;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void create(Path sub) {
        try {
            Files.createDirectory(sub);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
