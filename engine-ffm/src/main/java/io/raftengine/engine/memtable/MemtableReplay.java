package io.raftengine.engine.memtable;

import io.raftengine.allocator.SlabArena;
import io.raftengine.log.format.QueueKind;
import io.raftengine.recovery.PartitionSink;
import io.raftengine.recovery.ReplaySink;
import java.util.ArrayList;
import java.util.List;

/**
 * Takes in what recovery reads: partitions are filled by different threads, then joined in log
 * order, all of the rewrite queue before all of the append queue. The result is that of sequential
 * replay, however the log was split.
 */
final class MemtableReplay implements ReplaySink {
    private final Memtables memtables;
    private final SlabArena arena;
    private final List<ReplayPartition> partitions = new ArrayList<>();

    MemtableReplay(Memtables memtables, SlabArena arena) {
        this.memtables = memtables;
        this.arena = arena;
    }

    @Override
    public PartitionSink newPartition(QueueKind kind, long order) {
        ReplayPartition partition = new ReplayPartition(arena, memtables.hashSeed(), kind, order);
        synchronized (partitions) {
            partitions.add(partition);
        }
        return partition;
    }

    @Override
    public void merge(int threads) {
        partitions.sort(ReplayPartition::compareInLogOrder);
        boolean joined = false;
        try {
            join(Math.max(1, threads));
            joined = true;
        } finally {
            if (!joined) {
                memtables.recoveryFailed();
            }
        }
    }

    private void join(int threads) {
        List<MergeThread> workers = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            workers.add(new MergeThread(memtables, new Blocks(arena), partitions, i, threads));
        }
        for (int i = 1; i < threads; i++) {
            workers.get(i).start();
        }
        workers.get(0).run();
        for (int i = 1; i < threads; i++) {
            workers.get(i).await();
        }
        long groups = 0;
        for (MergeThread worker : workers) {
            worker.rethrow();
            memtables.accounting().addAll(worker.accounting());
            memtables.tombstones().addAll(worker.tombstones());
            groups += worker.groupsAdded();
        }
        for (ReplayPartition partition : partitions) {
            memtables.accounting().addAll(partition.accounting());
            partition.close();
        }
        partitions.clear();
        for (MergeThread worker : workers) {
            worker.close();
        }
        memtables.setGroupCount(groups - new RecoveredGroups(memtables).settle());
    }

    /** Frees partitions that were never joined. */
    void close() {
        for (ReplayPartition partition : partitions) {
            partition.close();
        }
        partitions.clear();
    }
}
