package io.raftengine.testing.segment;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.allocator.Mapping;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.segment.DirectoryScan;
import io.raftengine.log.segment.HeadRoom;
import io.raftengine.log.segment.QueueSettings;
import io.raftengine.log.segment.SegmentQueue;
import io.raftengine.testing.fs.Call;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.FaultyFileSystem;
import io.raftengine.testing.fs.Operation;
import io.raftengine.testing.fs.PausePoint;
import io.raftengine.testing.fs.SimulatedFileSystem;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One agent serves both queues; it goes on whatever a purge waits for. */
class AgentBesidePurgeTest {
    private static final Path DIR = Path.of("/raft");
    private static final int TARGET = 64 << 10;
    private static final int LARGE = 17 << 20;

    private final SimulatedFileSystem disk = new SimulatedFileSystem(1);
    private final FaultyFileSystem fs = new FaultyFileSystem(disk);
    private final Mapping memory = Mapping.map(MemoryBudget.unlimited(), LARGE, "test");
    private final PausePoint point = new PausePoint();
    private SegmentQueue queue;

    @BeforeEach
    void start() {
        disk.createDirectories(DIR);
    }

    private void open(long headRoomBytes) {
        queue =
                SegmentQueue.open(
                        QueueSettings.builder(QueueKind.APPEND, List.of(DIR))
                                .targetBytes(TARGET)
                                .build(),
                        fs,
                        List.of(),
                        DirectoryScan.scan(fs, List.of(DIR)),
                        HeadRoom.open(fs, DIR, headRoomBytes));
    }

    private void segments(int count, int bytesEach) {
        for (int i = 0; i < count; i++) {
            queue.append(memory.address(), bytesEach);
            queue.rotate();
        }
    }

    @AfterEach
    void stop() {
        fs.clearRules();
        queue.close();
        memory.close();
        assertThat(fs.openHandles()).isZero();
    }

    /** Holds the purge up at a call and lets the agent do a step meanwhile. */
    private void agentPassesAPurgeThatWaitsAt(
            Operation operation, Predicate<Call> which, int passing) throws Exception {
        fs.on(operation).where(which).program(passing, 1).inject(new Fault.Pause(point));
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            Future<Integer> purge =
                    threads.submit(() -> queue.purgeTo(queue.activeSeq(), () -> true));
            try {
                point.awaitReached();
                // The time only ends a run that has failed.
                threads.submit(queue::prepareNext).get(30, TimeUnit.SECONDS);
                assertThat(purge.isDone()).isFalse();
            } finally {
                point.release();
            }
            assertThat(purge.get()).isEqualTo(3);
        }
        assertThat(queue.firstSeq()).isEqualTo(queue.activeSeq());
    }

    @Test
    void whileADirectoryIsSynced() throws Exception {
        open(0);
        segments(3, 100);
        agentPassesAPurgeThatWaitsAt(Operation.SYNC_DIRECTORY, call -> true, 0);
    }

    @Test
    void whileTheHeadRoomIsAllocated() throws Exception {
        open(HeadRoom.defaultBytes(TARGET));
        segments(3, 100);
        agentPassesAPurgeThatWaitsAt(
                Operation.ALLOCATE, call -> call.fileName().equals(HeadRoom.FILE_NAME), 0);
    }

    /** The last close of a nameless file frees its blocks; the segment's own comes first. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void whileTheSpaceOfALargeFileIsGivenBack(int closes) throws Exception {
        open(0);
        segments(3, LARGE);
        fs.on(Operation.AVAILABLE_BYTES).inject(new Fault.Answer(0));
        agentPassesAPurgeThatWaitsAt(
                Operation.CLOSE,
                call -> call.fileName().equals("0000000000000001.raftlog"),
                closes);
    }
}
