package io.raftengine.testing.segment;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.allocator.Mapping;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.segment.DirectoryScan;
import io.raftengine.log.segment.PrefillPolicy;
import io.raftengine.log.segment.QueueSettings;
import io.raftengine.log.segment.SegmentQueue;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.FaultRule;
import io.raftengine.testing.fs.FaultyFileSystem;
import io.raftengine.testing.fs.Operation;
import io.raftengine.testing.fs.SimulatedFileSystem;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A queue is closed while a file is being prepared, or lies ready, and cannot be closed. */
class PreparedFilesAtCloseTest {
    private static final Path DIR = Path.of("/raft");
    private static final int TARGET = 1 << 20;

    private final SimulatedFileSystem disk = new SimulatedFileSystem(1);
    private final FaultyFileSystem fs = new FaultyFileSystem(disk);
    private final MemoryBudget budget = MemoryBudget.unlimited();
    private final Mapping memory = Mapping.map(MemoryBudget.unlimited(), TARGET, "test");
    private SegmentQueue queue;

    @BeforeEach
    void fillAnEighthOfASegment() {
        disk.createDirectories(DIR);
        QueueSettings settings =
                QueueSettings.builder(QueueKind.APPEND, List.of(DIR))
                        .targetBytes(TARGET)
                        .recycleCapacity(20)
                        .prefill(PrefillPolicy.ALWAYS)
                        .budget(budget)
                        .build();
        queue = SegmentQueue.open(settings, fs, List.of(), DirectoryScan.scan(fs, List.of(DIR)));
        appendTo(TARGET / 8);
    }

    private void appendTo(long end) {
        while (queue.end() < end) {
            queue.append(memory.address(), 10_000);
        }
    }

    @AfterEach
    void nothingIsKept() {
        fs.clearRules();
        queue.close();
        memory.close();
        assertThat(budget.reservedBytes()).isZero();
        assertThat(fs.openHandles()).as("descriptors").isZero();
    }

    private List<String> names() {
        return fs.list(DIR).stream().map(entry -> entry.name()).sorted().toList();
    }

    private FaultRule noClose() {
        return fs.on(Operation.CLOSE)
                .onFiles(name -> name.startsWith("prepared-"))
                .inject(Fault.error());
    }

    @Test
    void oneThatIsHalfMadeGoes() {
        for (int i = 0; i < 1000 && names().size() < 2; i++) {
            queue.prepareNext();
        }
        appendTo(TARGET - TARGET / 4);
        while (queue.prepareNext()) {
            // until nothing is due
        }
        assertThat(queue.statistics().nextPrepared()).isFalse();
        assertThat(names()).hasSize(2);
        FaultRule rule = noClose();
        queue.close();
        assertThat(rule.fired()).as("its descriptor, and the one past the cache").isEqualTo(2);
        assertThat(names()).containsExactly("0000000000000001.raftlog");
    }

    @Test
    void oneThatIsReadyIsKeptAsAReserve() {
        // The fourth or fifth segment of a log that grows is the first that is filled whole.
        while (queue.activeSeq() < 6 || !queue.statistics().nextPrepared()) {
            if (queue.rotateBefore(1)) {
                queue.rotate();
            }
            queue.append(memory.address(), TARGET / 50);
            while (queue.prepareNext()) {
                // until nothing is due
            }
        }
        FaultRule rule = noClose();
        queue.close();
        assertThat(rule.fired()).isOne();
        assertThat(names())
                .hasSize((int) queue.activeSeq() + 1)
                .contains("0000000000000001.raftlog.reserved");
    }
}
