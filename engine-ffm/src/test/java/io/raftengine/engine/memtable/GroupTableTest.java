package io.raftengine.engine.memtable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.allocator.SlabArena;
import io.raftengine.error.MemoryLimitException;
import io.raftengine.testing.forge.CollidingGroups;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The table stays in proportion to its groups, whatever their ids (P9). */
class GroupTableTest {
    private static final long SEED = 0x0123_4567_89ab_cdefL;
    private static final int SEGMENT_FULL = 176;

    private final MemoryBudget budget = MemoryBudget.unlimited();
    private final SlabArena arena = SlabArena.open(budget, "test", 1 << 28);
    private final Blocks blocks = new Blocks(arena);
    private final RecordPool pool = new RecordPool(blocks, GroupRecord.BYTES);
    private final GroupTable table = new GroupTable(blocks, SEED);

    @AfterEach
    void everythingIsGivenBack() {
        table.close();
        pool.close();
        blocks.close();
        arena.close();
        assertThat(budget.reservedBytes()).isZero();
    }

    private void insert(long group) {
        table.insert(group, pool.allocate(group));
    }

    @Test
    void theIdsOfTheInstrumentHaveTheHashesItPromises() {
        long[] ids = CollidingGroups.ids(SEED, 300);
        for (int i = 0; i < ids.length; i++) {
            assertThat(table.hash(ids[i])).isEqualTo(i);
        }
    }

    @Test
    void oneGroupTooManyOfOneHashIsRefusedAndTheTableStaysAsGoodAsBefore() {
        long[] colliding = CollidingGroups.ids(SEED, SEGMENT_FULL + 1);
        for (int i = 0; i < SEGMENT_FULL; i++) {
            insert(colliding[i]);
        }
        long before = budget.reservedBytes();
        long refused = colliding[SEGMENT_FULL];
        for (int attempt = 0; attempt < 3; attempt++) {
            assertThatThrownBy(() -> insert(refused))
                    .isInstanceOf(MemoryLimitException.class)
                    .hasMessageContaining("group " + Long.toUnsignedString(refused) + ":");
        }
        assertThat(budget.reservedBytes() - before).isLessThan(256 << 10);
        assertThat(table.find(refused)).isZero();
        for (int i = 0; i < SEGMENT_FULL; i++) {
            assertThat(table.find(colliding[i])).as("group %d", i).isNotZero();
        }
        for (long group = 1; group <= 10_000; group++) {
            boolean collides = table.hash(group) >>> 50 == 0;
            if (!collides) {
                insert(group);
            }
        }
        table.remove(colliding[0]);
        insert(refused);
        assertThat(table.find(refused)).isNotZero();
        assertThat(table.find(colliding[0])).isZero();
    }

    /** The measure of the directory must not be met by ids that nobody chose. */
    @Test
    void groupsAtAnyDistanceFindRoom() {
        int groups = 4096;
        for (int shift = 0; shift <= 52; shift++) {
            for (long i = 1; i < groups; i += 2) {
                insert(i << shift); // odd multiples: no id comes twice
            }
        }
        for (int shift = 0; shift <= 52; shift++) {
            for (long i = 1; i < groups; i += 2) {
                assertThat(table.find(i << shift)).isNotZero();
            }
        }
    }
}
