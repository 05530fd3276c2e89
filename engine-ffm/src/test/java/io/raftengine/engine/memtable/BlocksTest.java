package io.raftengine.engine.memtable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.allocator.SlabArena;
import io.raftengine.error.MemoryLimitException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The stock of spare blocks behind the writer's allocator. */
class BlocksTest {
    private static final int LARGE = 20 << 10;

    private final MemoryBudget budget = new MemoryBudget(1 << 20);
    private final SlabArena arena = SlabArena.open(budget, "blocks", 1 << 24);
    private final Blocks blocks = new Blocks(arena);

    @AfterEach
    void everythingIsGivenBack() {
        blocks.close();
        arena.close();
        budget.assertAllReleased();
    }

    @Test
    void blocksOfASparesSizeThatAreFreedAreSparesAgainUntilTheStockIsTrimmed() {
        int[] handles = {
            blocks.allocate(Blocks.SPARE_BYTES),
            blocks.allocate(Blocks.SPARE_BYTES),
            blocks.allocate(Blocks.SPARE_BYTES)
        };
        blocks.free(handles[0], Blocks.SPARE_BYTES);
        assertThat(blocks.spares()).as("nothing was stocked").isZero();
        blocks.stock(2);
        blocks.free(handles[1], Blocks.SPARE_BYTES);
        assertThat(blocks.spares()).isEqualTo(3);
        blocks.trim(1);
        blocks.free(handles[2], Blocks.SPARE_BYTES);
        assertThat(blocks.spares()).isOne();
    }

    @Test
    void whatWasStockedIsThereWhenTheBudgetIsUsedUp() {
        blocks.stock(5);
        blocks.stockLarge(LARGE);
        long taken = budget.limitBytes() - budget.reservedBytes();
        budget.reserve("others", taken);
        int large = blocks.allocateSized(LARGE);
        assertThat(blocks.grantedBytes()).isEqualTo(LARGE);
        assertThatThrownBy(() -> blocks.allocateSized(LARGE))
                .isInstanceOf(MemoryLimitException.class);
        for (int i = 0; i < 5; i++) {
            int handle = blocks.allocateSized(900);
            blocks.free(handle, blocks.grantedBytes());
        }
        blocks.free(large, LARGE);
        budget.release("others", taken);
    }

    @Test
    void whatWasStockedLaterCanBeGivenBackOnItsOwn() {
        blocks.stock(3);
        blocks.stockLarge(LARGE);
        long before = arena.liveBytes();
        blocks.stock(50);
        blocks.stockLarge(2 * LARGE);
        blocks.unstock(3, 1);
        assertThat(arena.liveBytes()).isEqualTo(before);
        assertThat(blocks.spares()).isEqualTo(3);
        assertThat(blocks.larges()).isOne();
    }
}
