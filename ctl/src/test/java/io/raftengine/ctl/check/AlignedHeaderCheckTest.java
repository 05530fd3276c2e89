package io.raftengine.ctl.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.testing.forge.ItemForge;
import io.raftengine.testing.forge.SegmentForge;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * D5, K6: what a repair can save behind the damaged header of a segment with alignment, a check
 * does not call lost.
 */
class AlignedHeaderCheckTest {
    private static final int BATCHES = 5;

    @TempDir Path dir;

    /** Some batches whose lengths are no multiples, behind a header that says so. */
    private Path aligned(int seq, int alignment) {
        SegmentForge segment = new SegmentForge(2, seq, alignment);
        for (int i = 1; i <= BATCHES; i++) {
            segment.raw(new byte[-segment.position() & alignment - 1]);
            entry(segment, (seq - 1) * BATCHES + i);
        }
        return segment.writeTo(dir);
    }

    private static void entry(SegmentForge segment, long index) {
        segment.batch(new byte[11], new ItemForge().entries(7, index, 11));
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 16, 512, 4096})
    void anyBitOfTheHeaderMayFlipAndNothingButTheHeaderIsLost(int alignment) throws IOException {
        Path[] segments = {aligned(1, alignment), aligned(2, alignment)};
        assertThat(FoundList.of(dir, true).summary.sound()).isTrue();
        for (Path segment : segments) {
            byte[] bytes = Files.readAllBytes(segment);
            for (int bit = 0; bit < 8 * SegmentForge.V2_HEADER_BYTES; bit++) {
                byte[] damaged = bytes.clone();
                damaged[bit / 8] ^= (byte) (1 << bit % 8);
                Files.write(segment, damaged);
                FoundList found = FoundList.of(dir, bit % 2 == 0);
                assertThat(found.lines)
                        .as("%s, bit %d", segment.getFileName(), bit)
                        .singleElement()
                        .asString()
                        .matches("[12]\\.raftlog \\[(0|61), 69\\) .*");
                assertThat(found.summary.batches()).isEqualTo(2L * BATCHES);
            }
            Files.write(segment, bytes);
        }
    }

    /** Zeros may as well be batches that the disk lost. */
    @Test
    void zerosWhereBatchesWereAreDamage() throws IOException {
        SegmentForge segment = new SegmentForge(2, 1);
        entry(segment, 1);
        entry(segment, 2);
        segment.raw(new byte[-segment.position() & 511]);
        entry(segment, 3);
        entry(segment, 4);
        Path file = segment.writeTo(dir);
        aligned(2, 16);
        byte[] bytes = Files.readAllBytes(file);
        Arrays.fill(bytes, 0, 512, (byte) 0);
        Files.write(file, bytes);
        assertThat(FoundList.of(dir, true).lines)
                .contains("1.raftlog [0, 512) segment header magic");
    }

    /** A header that is right is believed, also where the first batch is damaged. */
    @Test
    void damageBehindAHeaderThatIsRightIsNotBlamedOnTheHeader() throws IOException {
        Path file = aligned(1, 16);
        aligned(2, 16);
        byte[] bytes = Files.readAllBytes(file);
        bytes[80 + 31] ^= 1;
        Files.write(file, bytes);
        assertThat(FoundList.of(dir, true).lines)
                .isNotEmpty()
                .allMatch(line -> !line.contains("header of") && !line.contains("segment header"));
    }
}
