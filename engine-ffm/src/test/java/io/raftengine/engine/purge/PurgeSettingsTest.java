package io.raftengine.engine.purge;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PurgeSettingsTest {
    @Test
    void aLogFarOverItsThresholdIsPurgedWithoutAPause() {
        assertThat(settings(0).isUrgent(12, false)).isFalse();
        assertThat(settings(0).isUrgent(13, false)).isTrue();
    }

    @Test
    void aLimitThatTheUserHasSetHoldsHoweverLongTheLogIs() {
        assertThat(settings(1 << 20).isUrgent(1_000_000, false)).isFalse();
    }

    @Test
    void aFullDiskIsPurgedWithoutAPauseAndWithoutALimit() {
        assertThat(settings(0).isUrgent(0, true)).isTrue();
        assertThat(settings(1 << 20).isUrgent(0, true)).isTrue();
    }

    /** Ten segments are the threshold. */
    private static PurgeSettings settings(long bytesPerSecond) {
        return new PurgeSettings(
                1 << 20,
                10 << 20,
                1 << 20,
                0.6,
                1,
                0,
                1,
                bytesPerSecond,
                Long.MAX_VALUE,
                () -> Long.MAX_VALUE);
    }
}
