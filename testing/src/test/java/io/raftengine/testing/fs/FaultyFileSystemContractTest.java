package io.raftengine.testing.fs;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.log.io.FileSystem;
import org.junit.jupiter.api.AfterEach;

/** Without rules the wrapper must not be noticed. */
class FaultyFileSystemContractTest extends SimulatedDiskContract {
    private final FaultyFileSystem faulty = new FaultyFileSystem(disk);

    FaultyFileSystemContractTest() {
        super(3);
    }

    @Override
    FileSystem fileSystem() {
        return faulty;
    }

    @AfterEach
    void noHandleLeaks() {
        assertThat(faulty.openHandles()).isZero();
    }
}
