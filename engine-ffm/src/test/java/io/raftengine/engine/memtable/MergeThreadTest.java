package io.raftengine.engine.memtable;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.log.format.QueueKind;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import org.junit.jupiter.api.Test;

/** The memory that merging threads work on is unmapped when a merge fails: none may be left. */
class MergeThreadTest {
    @Test
    void whateverKeepsAThreadFromBeingMadeTheWorkIsDoneByWhoWaits() {
        List<ThreadFactory> factories =
                List.of(
                        task -> {
                            throw new OutOfMemoryError("no heap for a thread");
                        },
                        task -> {
                            throw new InternalError("ordered by the test");
                        },
                        task ->
                                new Thread(task) {
                                    @Override
                                    public void start() {
                                        throw new OutOfMemoryError(
                                                "unable to create native thread");
                                    }
                                },
                        Thread::new);
        for (ThreadFactory factory : factories) {
            try (Memtables memtables = new Memtables(MemoryBudget.unlimited(), 1 << 26)) {
                ReplayPartition partition =
                        new ReplayPartition(memtables.arena(), 1, QueueKind.APPEND, 0);
                TestBatch batch = new TestBatch().range(1, 1, 3);
                partition.apply(1, 100, batch.blockBytes(), false, batch.reader());
                partition.complete();
                MergeThread merge =
                        new MergeThread(
                                memtables, new Blocks(memtables.arena()), List.of(partition), 0, 1);
                merge.start(factory);
                merge.await();
                merge.rethrow();
                assertThat(merge.groupsAdded()).isOne();
                memtables.accounting().addAll(partition.accounting());
                memtables.accounting().addAll(merge.accounting());
                partition.close();
                merge.close();
            }
        }
    }
}
