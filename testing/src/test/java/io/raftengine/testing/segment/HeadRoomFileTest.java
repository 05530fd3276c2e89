package io.raftengine.testing.segment;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.log.segment.HeadRoom;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.FaultyFileSystem;
import io.raftengine.testing.fs.Operation;
import io.raftengine.testing.fs.SimulatedFileSystem;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The file of the head-room, without queues that use it. */
class HeadRoomFileTest {
    private static final Path DIR = Path.of("/raft");
    private static final int ROOM = 72 << 10;

    private final SimulatedFileSystem disk = new SimulatedFileSystem(1);
    private final FaultyFileSystem fs = new FaultyFileSystem(disk);

    /** It can neither get the space nor be cut back to what it was. */
    @Test
    void oneThatCannotGrowLeavesNoDescriptorBehind() {
        disk.createDirectories(DIR);
        assertThat(HeadRoom.open(fs, DIR, ROOM).restore(HeadRoom.Demand.PLENTY)).isTrue();
        HeadRoom larger = HeadRoom.open(fs, DIR, 2 * ROOM);
        fs.on(Operation.ALLOCATE, Operation.TRUNCATE).inject(Fault.error());
        larger.restore(HeadRoom.Demand.PLENTY);
        assertThat(larger.heldBytes()).isEqualTo(ROOM);
        assertThat(fs.openHandles()).isZero();
        fs.clearRules();
        larger.restore(HeadRoom.Demand.PLENTY);
        assertThat(larger.heldBytes()).isEqualTo(2 * ROOM);
        assertThat(fs.openHandles()).isZero();
    }
}
