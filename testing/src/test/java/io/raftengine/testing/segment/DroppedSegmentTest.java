package io.raftengine.testing.segment;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.allocator.Mapping;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.segment.DirectoryScan;
import io.raftengine.log.segment.QueueSettings;
import io.raftengine.log.segment.SegmentListener;
import io.raftengine.log.segment.SegmentQueue;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.FaultRule;
import io.raftengine.testing.fs.FaultyFileSystem;
import io.raftengine.testing.fs.Operation;
import io.raftengine.testing.fs.SimulatedFileSystem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What was dropped is dropped, and whoever listens is told, whatever becomes of the descriptor. */
class DroppedSegmentTest {
    private static final Path DIR = Path.of("/raft");

    private final SimulatedFileSystem disk = new SimulatedFileSystem(1);
    private final FaultyFileSystem fs = new FaultyFileSystem(disk);
    private final List<Long> purged = new ArrayList<>();

    @Test
    void aPurgeHasSucceededAlthoughADroppedSegmentCannotBeClosed() {
        disk.createDirectories(DIR);
        QueueSettings settings =
                QueueSettings.builder(QueueKind.APPEND, List.of(DIR))
                        .targetBytes(4096)
                        .budget(MemoryBudget.unlimited())
                        .listener(
                                new SegmentListener() {
                                    @Override
                                    public void segmentsPurged(QueueKind kind, long lastSeq) {
                                        purged.add(lastSeq);
                                    }
                                })
                        .build();
        DirectoryScan scan = DirectoryScan.scan(fs, List.of(DIR));
        try (SegmentQueue queue = SegmentQueue.open(settings, fs, List.of(), scan);
                Mapping memory = Mapping.map(MemoryBudget.unlimited(), 4096, "test")) {
            for (int i = 0; i < 3; i++) {
                queue.append(memory.address(), 4096);
                queue.rotate();
            }
            FaultRule closing = fs.on(Operation.CLOSE).inject(Fault.error());
            assertThat(queue.purgeTo(4, () -> true)).isEqualTo(3);
            assertThat(closing.fired()).isEqualTo(3);
            fs.clearRules();
            assertThat(queue.firstSeq()).isEqualTo(4);
            assertThat(queue.statistics().segmentsPurged()).isEqualTo(3);
        }
        assertThat(purged).containsExactly(3L);
        assertThat(fs.openHandles()).isZero();
    }
}
