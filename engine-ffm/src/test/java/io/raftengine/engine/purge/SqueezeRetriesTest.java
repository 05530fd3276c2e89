package io.raftengine.engine.purge;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SqueezeRetriesTest {
    private final SqueezeRetries retries = new SqueezeRetries();

    @Test
    void eachFailureDoublesThePause() {
        int tries = 0;
        for (int purge = 0; purge < 1 << 10; purge++) {
            if (retries.isDue()) {
                tries++;
                retries.failed();
            }
        }
        assertThat(tries).as("at 0, 2, 6, 14 ...").isEqualTo(10);
    }

    @Test
    void theNextPurgeTriesAgainAfterASuccess() {
        retries.failed();
        assertThat(retries.isDue()).isFalse();
        assertThat(retries.isDue()).isTrue();
        retries.succeeded();
        assertThat(retries.isDue()).isTrue();
        assertThat(retries.isDue()).isTrue();
    }
}
