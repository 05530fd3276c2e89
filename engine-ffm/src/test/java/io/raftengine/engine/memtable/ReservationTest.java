package io.raftengine.engine.memtable;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.allocator.MemoryBudget;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * What validation sets aside is enough for apply, whatever the shape of the index (D20): between
 * the two somebody else takes all the memory there is.
 */
class ReservationTest {
    private static final long LIMIT = 64 << 20;

    private final Rewriting r = new Rewriting(new MemoryBudget(LIMIT));
    private final Memtables memtables = r.memtables;
    private final TightMemory tight = new TightMemory(r.budget, memtables);

    @AfterEach
    void everythingIsGivenBack() {
        r.close();
    }

    @Test
    void appendsBehindRewrittenEntriesNeedAChunkOfTheirOwn() {
        TestBatch wakeUp = idleGroups(3000);
        for (int from = 0; from < 3000; from += 100) {
            TestBatch copy = new TestBatch();
            for (int group = from; group < from + 100; group++) {
                copy.range(group, 0, 3);
            }
            r.rewrite(1, 1, 2, copy);
        }
        assertThat(tight.write(2, 1 << 20, wakeUp)).containsExactly(Memtables.OVER_MEMORY_LIMIT);
        assertThat(tight.write(2, 16 << 20, wakeUp)).containsExactly(Memtables.ACCEPTED);
    }

    @Test
    void appendsTooManySegmentsBehindTheLastNeedAChunkOfTheirOwn() {
        TestBatch wakeUp = idleGroups(3000);
        long tooLate = 2 + 0xffff;
        assertThat(tight.write(tooLate, 1 << 20, wakeUp))
                .containsExactly(Memtables.OVER_MEMORY_LIMIT);
        assertThat(tight.write(tooLate - 2, 1 << 20, wakeUp))
                .as("a rotation or two may come before the write")
                .containsExactly(Memtables.OVER_MEMORY_LIMIT);
        assertThat(tight.write(tooLate - 2, 16 << 20, wakeUp)).containsExactly(Memtables.ACCEPTED);
    }

    /** Groups whose only chunk has room for one more entry, and a batch that gives them one. */
    private TestBatch idleGroups(int count) {
        TestBatch wakeUp = new TestBatch();
        for (int from = 0; from < count; from += 100) {
            TestBatch batch = new TestBatch();
            for (int group = from; group < from + 100; group++) {
                batch.range(group, 0, 3);
                wakeUp.range(group, 4, 4);
            }
            r.append(1, batch);
        }
        return wakeUp;
    }
}
