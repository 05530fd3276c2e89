package io.raftengine.log.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.error.CorruptionException;
import io.raftengine.error.InvalidArgumentException;
import org.junit.jupiter.api.Test;

/** Scenarios C3 to C5. */
class SegmentHeaderTest {
    @Test
    void versionsAndNumbers() { // C3
        assertThat(FormatVersion.V1.number()).isEqualTo(1);
        assertThat(FormatVersion.V2.number()).isEqualTo(2);
        assertThat(FormatVersion.V1.headerBytes()).isEqualTo(61);
        assertThat(FormatVersion.V2.headerBytes()).isEqualTo(69);
    }

    @Test
    void alignmentIsRead() { // C4
        assertThat(decode(ModelBatch.header(2, 4096), 69))
                .isEqualTo(new SegmentHeader(FormatVersion.V2, 4096));
        assertThat(decode(ModelBatch.header(2, 0), 69))
                .isEqualTo(new SegmentHeader(FormatVersion.V2, 0));
        assertThat(decode(ModelBatch.header(1, 0), 61))
                .isEqualTo(new SegmentHeader(FormatVersion.V1, 0));
    }

    @Test
    void alignmentCannotBeStoredInV1() { // C4
        assertThatThrownBy(() -> new SegmentHeader(FormatVersion.V1, 16))
                .isInstanceOf(InvalidArgumentException.class);
    }

    @Test
    void unknownVersionsAreCorrupt() { // C4
        for (int version : new int[] {0, 3, 4}) {
            byte[] header = ModelBatch.header(2, 0);
            BigEndian.putLong(header, 53, version);
            assertThatThrownBy(() -> decode(header, 69))
                    .isInstanceOf(CorruptionException.class)
                    .hasMessageContaining("1 or 2");
        }
    }

    @Test
    void everyShorterFileIsCorrupt() {
        for (int version = 1; version <= 2; version++) {
            byte[] header = ModelBatch.header(version, 0);
            for (int length = 0; length < header.length; length++) {
                int n = length;
                assertThatThrownBy(() -> decode(header, n)).isInstanceOf(CorruptionException.class);
            }
        }
    }

    @Test
    void everyFlippedBitOfMagicAndVersionIsCorrupt() {
        byte[] header = ModelBatch.header(2, 0);
        for (int bit = 0; bit < 61 * 8; bit++) {
            byte[] damaged = header.clone();
            damaged[bit / 8] ^= (byte) (1 << (bit % 8));
            assertThatThrownBy(() -> decode(damaged, 69)).isInstanceOf(CorruptionException.class);
        }
    }

    @Test
    void signatureIsTheLowHalfOfTheNumber() { // C5
        assertThat(FormatVersion.V1.signature(10)).isZero();
        assertThat(FormatVersion.V2.signature(10)).isEqualTo(10);
        assertThat(FormatVersion.V2.signature((10L << 32) + 100)).isEqualTo(100);
    }

    private static SegmentHeader decode(byte[] bytes, int length) {
        return SegmentHeader.decode(bytes, length, "f");
    }
}
