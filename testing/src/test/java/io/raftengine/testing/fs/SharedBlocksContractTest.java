package io.raftengine.testing.fs;

import org.junit.jupiter.api.BeforeEach;

/** The simulated disk as one that can share blocks between files, keeps the contract. */
class SharedBlocksContractTest extends SimulatedDiskContract {
    SharedBlocksContractTest() {
        super(11);
    }

    @BeforeEach
    void shareBlocks() {
        disk.setReflinks(true);
    }
}
