package io.raftengine.engine;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Scenarios A8 and A9. */
class SizeTextTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "512, 512",
        "512B, 512",
        "1K, 1024",
        "1KB, 1024",
        "1KiB, 1024",
        "2 MiB, 2097152",
        "1.5GB, 1610612736",
        "1e3, 1000",
        "1E3KB, 1024000",
        "2.5e-1K, 256",
        "0.5B, 0",
        "11PiB, 12384898975268864",
        "8 T, 8796093022208",
    })
    void sizeIsReadWithPowersOf1024(String text, long bytes) {
        assertThat(SizeText.parse(text)).contains(bytes);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "KB",
                "1kb",
                "1kib",
                "1Kib",
                "1_000",
                "-1",
                "+-1",
                "1 2",
                "1KBx",
                "x1",
                "1e",
                "1..2",
                "1é",
                "0x10",
                "9e18K",
                "1e999999999",
                "1e-400000000",
                "16EiB",
                "."
            })
    void whatIsNoSizeIsRefused(String text) {
        assertThat(SizeText.parse(text)).isEmpty();
    }

    @Test
    void surroundingSpaceIsAllowed() {
        assertThat(SizeText.parse("  4 KiB ")).contains(4096L);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0KiB",
        "512, 512B",
        "2048, 2KiB",
        "2049, 2049B",
        "5242880, 5MiB",
        "12384898975268864, 11PiB",
    })
    void sizeIsPrintedWithTheLargestExactUnit(long bytes, String text) {
        assertThat(SizeText.print(bytes)).isEqualTo(text);
        assertThat(SizeText.parse(text)).contains(bytes);
    }
}
