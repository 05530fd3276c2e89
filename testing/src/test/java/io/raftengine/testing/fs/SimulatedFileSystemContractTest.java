package io.raftengine.testing.fs;

class SimulatedFileSystemContractTest extends SimulatedDiskContract {
    SimulatedFileSystemContractTest() {
        super(1);
    }
}
