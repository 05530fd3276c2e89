package io.raftengine.engine.memtable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.PoisonedException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** An index that was left in the middle of a change answers nobody. */
class WholenessTest {
    private static final byte[] KEY = TestBatch.bytes("k");

    @Test
    void afterABatchWasAppliedByHalfEveryReadIsRefusedAndNoneWaits() {
        MemoryBudget budget = MemoryBudget.unlimited();
        Memtables memtables = new Memtables(budget, 1L << 30);
        memtables.beginGroup(1);
        TestBatch whole = new TestBatch().range(1, 1, 3).put(1, "k", "v");
        assertThat(memtables.validate(whole.reader())).isEqualTo(Memtables.ACCEPTED);
        memtables.apply(1, 16, whole.blockBytes(), false, whole.reader());
        TestBatch first = new TestBatch().range(1, 4, 6).range(1, 7, 9);
        assertThat(memtables.validate(first.reader())).isEqualTo(Memtables.ACCEPTED);

        TestBatch other = new TestBatch().range(1, 4, 6).range(1, 70, 90);
        assertThatThrownBy(() -> memtables.apply(1, 99, other.blockBytes(), false, other.reader()))
                .isInstanceOf(AssertionError.class);

        List<Runnable> reads =
                List.of(
                        () -> memtables.last(1),
                        () -> memtables.first(1),
                        () -> memtables.exists(1),
                        () -> memtables.last(2),
                        () -> memtables.locate(1, 2, new EntryLocation()),
                        () -> memtables.get(1, KEY, 0, 1, null, 0, 0),
                        () -> memtables.forEachGroup(group -> {}));
        for (Runnable read : reads) {
            assertThatThrownBy(read::run).isInstanceOf(PoisonedException.class);
        }
        memtables.close();
        budget.assertAllReleased();
    }
}
