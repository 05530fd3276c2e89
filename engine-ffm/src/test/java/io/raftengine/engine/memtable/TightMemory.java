package io.raftengine.engine.memtable;

import io.raftengine.allocator.MemoryBudget;
import java.util.ArrayList;
import java.util.List;

/** Writes commit groups while somebody else takes what memory there is. */
final class TightMemory {
    private static final String OTHERS = "hoard";

    private final MemoryBudget budget;
    private final Memtables memtables;
    private long offset = 100;

    TightMemory(MemoryBudget budget, Memtables memtables) {
        this.budget = budget;
        this.memtables = memtables;
    }

    /**
     * Writes a commit group with little memory for validation and none for what comes after it.
     *
     * @param freeBytes what there is for validation
     * @return the verdicts
     */
    List<Integer> write(long segment, long freeBytes, TestBatch... batches) {
        List<Integer> verdicts = new ArrayList<>();
        memtables.blocks().trim(0); // spares that were kept would hide that too few are set aside
        long taken = take(freeBytes);
        try {
            memtables.beginGroup(segment);
            for (TestBatch batch : batches) {
                verdicts.add(memtables.validate(batch.reader()));
            }
            for (int i = 0; i < batches.length; i++) {
                taken += take(0); // also what the batch before gave back
                if (verdicts.get(i) == Memtables.ACCEPTED) {
                    TestBatch batch = batches[i];
                    memtables.apply(
                            segment, offset, batch.blockBytes(), batch.compressed, batch.reader());
                    offset += 1000;
                }
            }
        } finally {
            budget.release(OTHERS, taken);
        }
        memtables.endGroup();
        return verdicts;
    }

    private long take(long freeBytes) {
        long bytes = Math.max(0, budget.limitBytes() - budget.reservedBytes() - freeBytes);
        return budget.tryReserve(OTHERS, bytes) ? bytes : 0;
    }
}
