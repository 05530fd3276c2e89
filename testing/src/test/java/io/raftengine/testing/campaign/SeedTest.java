package io.raftengine.testing.campaign;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A seed that cannot be read must not pass for the run that was asked for. */
class SeedTest {
    @Test
    void whereNobodyAsksTheTestHasItsOwn() {
        assertThat(Seed.parse(null, 41)).isEqualTo(41);
        assertThat(Seed.parse("", 41)).isEqualTo(41);
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "4711, 4711", "-9223372036854775808, -9223372036854775808", "0x10, 16"})
    void aNumberIsTheSeed(String asked, long seed) {
        assertThat(Seed.parse(asked, 41)).isEqualTo(seed);
    }

    @ParameterizedTest
    @ValueSource(strings = {"seed", "4711x", "1e3", "1 2", " ", "9223372036854775808"})
    void anythingElseFailsWithWhatWasAskedFor(String asked) {
        assertThatThrownBy(() -> Seed.parse(asked, 41))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("-Draftengine.seed=" + asked);
    }
}
