package io.raftengine.testing.fs;

import org.junit.jupiter.api.BeforeEach;

/**
 * Whoever loops as {@link io.raftengine.log.io.FileIo} does sees no difference when transfers are
 * short.
 */
class ShortTransferContractTest extends SimulatedDiskContract {
    ShortTransferContractTest() {
        super(2);
    }

    @BeforeEach
    void transferShort() {
        disk.setShortTransfers(true);
    }
}
