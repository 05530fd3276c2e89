package io.raftengine.log.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.error.CorruptionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Scenarios A2, A6, A7, and A5 as far as the format has it. Decoding is the reader's: a COMPACT
 * item carries the varint.
 */
class VarintTest {
    @ParameterizedTest
    @CsvSource({
        "0, 00",
        "1, 01",
        "127, 7f",
        "128, 8001",
        "300, ac02",
        "16384, 808001",
        "4294967295, ffffffff0f",
        "9223372036854775808, 80808080808080808001",
        "18446744073709551615, ffffffffffffffffff01"
    })
    void isThatOfProtocolBuffers(String value, String hex) { // A2
        long v = Long.parseUnsignedLong(value);
        byte[] bytes = new byte[12];
        int end = Varint.put(bytes, 1, v);
        assertThat(TestBytes.hex(java.util.Arrays.copyOfRange(bytes, 1, end))).isEqualTo(hex);
        assertThat(Varint.encodedBytes(v)).isEqualTo(end - 1);
        assertThat(decode(TestBytes.hex(hex))).isEqualTo(v);
    }

    @Test
    void everyLengthAtItsBoundaries() { // A2
        for (int bits = 0; bits < 64; bits++) {
            for (long v : new long[] {(1L << bits) - 1, 1L << bits, (1L << bits) + 1}) {
                byte[] bytes = new byte[10];
                int end = Varint.put(bytes, 0, v);
                byte[] encoded = java.util.Arrays.copyOf(bytes, end);
                assertThat(encoded).isEqualTo(ModelBatch.varint(v));
                assertThat(Varint.encodedBytes(v)).isEqualTo(end).isLessThanOrEqualTo(10);
                assertThat(decode(encoded)).isEqualTo(v);
            }
        }
    }

    @Test
    void longerFormsAreRead() { // A6
        assertThat(decode(TestBytes.hex("80808000"))).isZero();
        assertThat(decode(TestBytes.hex("81808080808080808000"))).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({
        "80808080808080808002", // A6: a 65th bit
        "ffffffffffffffffff7f",
        "8080808080808080808001", // an 11th byte
        "808080", // A6: runs out of bytes
        "''", // A6: empty
    })
    void everythingElseIsCorrupt(String hex) {
        byte[] bytes = TestBytes.hex(hex);
        assertThatThrownBy(() -> decode(bytes)).isInstanceOf(CorruptionException.class);
    }

    @Test
    void aByteIsReadOnce() { // A7
        byte[] section = TestBytes.hex("020101");
        ItemReader reader = new ItemReader();
        assertThatThrownBy(() -> reader.open(section, 0, 3, 0, 0))
                .isInstanceOf(CorruptionException.class)
                .hasMessageContaining("item count");
    }

    private static long decode(byte[] varint) {
        byte[] section = TestBytes.concat(TestBytes.hex("01010202"), varint);
        ItemReader reader = new ItemReader();
        reader.open(section, 0, section.length, 0, 0);
        assertThat(reader.next()).isTrue();
        assertThat(reader.position()).isEqualTo(section.length);
        return reader.compactIndex();
    }
}
