package io.raftengine.engine.memtable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.allocator.SlabArena;
import io.raftengine.error.PoisonedException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A reader beside a record that the test itself is in the middle of changing. */
class GroupReaderTest {
    private final MemoryBudget budget = MemoryBudget.unlimited();
    private final SlabArena arena = SlabArena.open(budget, "test", 1 << 24);
    private final Blocks blocks = new Blocks(arena);
    private final RecordPool pool = new RecordPool(blocks, GroupRecord.BYTES);
    private final GroupTable table = new GroupTable(blocks, 7);
    private final GroupReader reader = new GroupReader(blocks, pool, table, new RightOfWay());
    private final EntryCursor cursor = new EntryCursor();
    private final EntryLocation at = new EntryLocation();

    @AfterEach
    void everythingIsGivenBack() {
        table.close();
        pool.close();
        blocks.close();
        arena.close();
        assertThat(budget.reservedBytes()).isZero();
    }

    /** A group that says which entries it has, but not where. */
    private long add(long group, long first, long end) {
        int handle = pool.allocate(group);
        table.insert(group, handle);
        long record = blocks.at(handle);
        GroupRecord.setFirst(record, first);
        GroupRecord.setEnd(record, end);
        GroupRecord.setVisible(record, true);
        return record;
    }

    @Test
    void aGroupThatNobodySeesIsNoneThoughItsRecordIsStillThere() {
        long record = add(1, 5, 8);
        add(2, 5, 5);
        GroupRecord.setVisible(record, false);
        byte[] key = {1};
        List<Long> listed = new ArrayList<>();
        reader.forEach(listed::add);
        assertThat(listed).containsExactly(2L);
        assertThat(reader.exists(1)).isFalse();
        assertThat(reader.first(1)).isEqualTo(Memtables.NO_INDEX);
        assertThat(reader.last(1)).isEqualTo(Memtables.NO_INDEX);
        assertThat(reader.locate(1, 5, at)).isFalse();
        assertThat(reader.locateRange(1, 5, 6, cursor, at)).isEqualTo(Memtables.RANGE_NO_GROUP);
        assertThat(reader.get(1, key, 0, 1, null, 0, 0)).isEqualTo(Memtables.NO_VALUE);
    }

    @Test
    void rangesAreComparedAsUnsigned() {
        add(1, Long.MAX_VALUE, Long.MIN_VALUE + 2);
        assertThat(reader.first(1)).isEqualTo(Long.MAX_VALUE);
        assertThat(reader.last(1)).isEqualTo(Long.MIN_VALUE + 1);
        assertThat(reader.locateRange(1, 3, Long.MIN_VALUE, cursor, at))
                .isEqualTo(Memtables.RANGE_COMPACTED);
        assertThat(reader.locateRange(1, Long.MAX_VALUE, Long.MIN_VALUE + 3, cursor, at))
                .isEqualTo(Memtables.RANGE_NOT_FOUND);
        assertThat(reader.locateRange(1, Long.MIN_VALUE, Long.MAX_VALUE, cursor, at))
                .as("empty")
                .isEqualTo(Memtables.RANGE_FOUND);
        assertThat(cursor.count()).isZero();
    }

    @Test
    void anAnswerWaitsForTheEndOfAChange() throws Exception {
        long record = add(1, 1, 11);
        GroupRecord.beginWrite(record);
        GroupRecord.setFirst(record, 5);
        var last = new FutureTask<>(() -> reader.last(1));
        Thread thread = startAndAwaitPark(last);
        GroupRecord.setEnd(record, 21);
        GroupRecord.endWrite(record);
        assertThat(last.get()).isEqualTo(20);
        thread.join();
    }

    @Test
    void whoWaitsForAChangeThatBreaksOffIsToldSo() throws InterruptedException {
        GroupRecord.beginWrite(add(1, 1, 11));
        var range = new FutureTask<>(() -> reader.locateRange(1, 1, 2, cursor, at));
        Thread thread = startAndAwaitPark(range);
        blocks.wholeness.lost = true;
        assertThatThrownBy(range::get)
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(PoisonedException.class);
        thread.join();
    }

    private static Thread startAndAwaitPark(FutureTask<?> task) {
        Thread thread = Thread.ofPlatform().start(task);
        while (thread.getState() != Thread.State.TIMED_WAITING) {
            assertThat(task.isDone()).as("answered in the middle of a change").isFalse();
            Thread.onSpinWait();
        }
        return thread;
    }
}
