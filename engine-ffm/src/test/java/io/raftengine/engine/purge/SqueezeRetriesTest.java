package io.raftengine.engine.purge;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.StorageException;
import org.junit.jupiter.api.Test;

class SqueezeRetriesTest {
    private static final StorageException ROT =
            new StorageException("1.rewrite", "pread at 4096", 5, "broken");

    private final SqueezeRetries retries = new SqueezeRetries();

    @Test
    void eachFailureDoublesThePause() {
        int tries = 0;
        for (int purge = 0; purge < 1 << 10; purge++) {
            if (retries.isDue()) {
                tries++;
                retries.failed(ROT, true);
            }
        }
        assertThat(tries).as("at 0, 2, 6, 14 ...").isEqualTo(10);
    }

    /** Space may be there again any time. */
    @Test
    void aShortageIsTriedAgainSoon() {
        OutOfSpaceException full = new OutOfSpaceException("1.rewrite", "no space");
        for (int i = 0; i < 20; i++) {
            retries.failed(full, false);
        }
        assertThat(passesUntilDue()).isEqualTo(15);
    }

    /** But not if each try fills more of it. */
    @Test
    void aShortageThatCameTooLateIsTriedAsRarelyAsRot() {
        OutOfSpaceException full = new OutOfSpaceException("1.rewrite", "no space");
        for (int i = 0; i < 8; i++) {
            retries.failed(full, true);
        }
        assertThat(passesUntilDue()).isEqualTo(255);
    }

    private int passesUntilDue() {
        int passed = 0;
        while (!retries.isDue()) {
            passed++;
        }
        return passed;
    }

    @Test
    void theNextPurgeTriesAgainAfterASuccess() {
        retries.failed(ROT, true);
        assertThat(retries.isDue()).isFalse();
        assertThat(retries.isDue()).isTrue();
        retries.succeeded();
        assertThat(retries.isDue()).isTrue();
        assertThat(retries.isDue()).isTrue();
    }
}
