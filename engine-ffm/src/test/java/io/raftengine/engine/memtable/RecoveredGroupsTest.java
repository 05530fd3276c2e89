package io.raftengine.engine.memtable;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.allocator.MemoryBudget;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What becomes of groups without entries and keys that replay found traces of. */
class RecoveredGroupsTest {
    private final MemoryBudget budget = MemoryBudget.unlimited();
    private final Memtables memtables = new Memtables(budget, 1 << 24);
    private final Blocks blocks = memtables.blocks();

    @AfterEach
    void everythingIsGivenBack() {
        memtables.close();
        budget.assertAllReleased();
    }

    /** A group as the merge leaves it. */
    private long replayed(long group, boolean visible) {
        int handle = memtables.pool().allocate(group);
        memtables.table().insert(group, handle);
        long record = blocks.at(handle);
        GroupRecord.setVisible(record, visible);
        return record;
    }

    /** Gives it what the merge gives those that the rewrite queue holds something of. */
    private long extend(long group, long record) {
        int handle = memtables.table().find(group);
        int place = blocks.allocate(GroupExtension.BYTES);
        GroupExtension.initialize(blocks.at(place), handle);
        GroupRecord.setExtension(record, place);
        return blocks.at(place);
    }

    private long settle() {
        return new RecoveredGroups(memtables).settle();
    }

    @Test
    void aGroupThatWasCleanedLosesItsRecord() {
        replayed(1, false);
        replayed(2, true);
        assertThat(settle()).as("the merge has not counted it").isZero();
        assertThat(memtables.table().find(1)).isZero();
        assertThat(memtables.exists(2)).isTrue();
        assertThat(memtables.pool().live()).isOne();
    }

    @Test
    void aGroupOfWhichTheRewriteQueueHasOnlyDeadDataDoesNotComeBack() {
        extend(1, replayed(1, true));
        assertThat(settle()).isOne();
        assertThat(memtables.table().find(1)).isZero();
        assertThat(memtables.rewritten().first()).isZero();
    }

    @Test
    void unlessTheAppendQueueAddedSomethingToIt() {
        long record = replayed(1, true);
        long extension = extend(1, record);
        GroupExtension.set(extension, GroupExtension.APPENDED);
        assertThat(settle()).isZero();
        assertThat(memtables.exists(1)).isTrue();
        assertThat(memtables.rewritten().first()).isEqualTo(GroupRecord.extension(record));
        assertThat(GroupExtension.has(extension, GroupExtension.APPENDED)).isFalse();
    }

    @Test
    void aCompactionIsCarriedThoughNothingOfTheGroupIsLeft() {
        long record = replayed(1, true);
        long extension = extend(1, record);
        GroupRecord.setRewrittenEntries(record, true);
        GroupExtension.set(extension, GroupExtension.COMPACTED);
        assertThat(settle()).isOne();
        assertThat(memtables.exists(1)).isFalse();
        assertThat(GroupExtension.has(extension, GroupExtension.HAS_COMPACT)).isTrue();
        assertThat(memtables.tombstones().isEmpty()).isFalse();
        assertThat(memtables.rewritten().first()).isEqualTo(GroupRecord.extension(record));
    }
}
