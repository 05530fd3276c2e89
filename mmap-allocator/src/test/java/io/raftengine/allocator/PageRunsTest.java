package io.raftengine.allocator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.error.MemoryLimitException;
import java.util.BitSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Giving pages back fails half-way, as where the heap is exhausted. */
class PageRunsTest {
    private static final int PAGES_MAX = 256;
    private static final long RANGE_BYTES = (long) PAGES_MAX << PageRuns.PAGE_SHIFT;

    private final MemoryBudget budget = MemoryBudget.unlimited();
    private final long base = NativeMemory.mapSparse(RANGE_BYTES, "test");
    private final long descriptors = NativeMemory.mapSparse(RANGE_BYTES, "test");
    private final PageRuns runs =
            new PageRuns(budget, "test", base, descriptors, PAGES_MAX, this::discard);
    private int callsUntilFailure = Integer.MAX_VALUE;

    @AfterEach
    void unmap() {
        NativeMemory.unmap(base, RANGE_BYTES, "test");
        NativeMemory.unmap(descriptors, RANGE_BYTES, "test");
    }

    private void discard(long address, long bytes) {
        if (--callsUntilFailure == 0) {
            throw new OutOfMemoryError("injected");
        }
        NativeMemory.discard(address, bytes, "test");
    }

    /** Takes all there is, page by page; with what the test kept each page is there once. */
    private void assertThatNoPageIsGivenOutTwice(BitSet kept) {
        BitSet seen = (BitSet) kept.clone();
        try {
            while (true) {
                int stock = runs.takeStock(1);
                int page = stock != 0 ? stock : runs.take(1);
                assertThat(seen.get(page)).as("page %s", page).isFalse();
                seen.set(page);
            }
        } catch (MemoryLimitException e) {
            assertThat(seen.cardinality()).isEqualTo(PAGES_MAX - 1);
        }
        assertThat(runs.chargedBytes()).isEqualTo(budget.reservedBytes());
    }

    /**
     * Takes eight pages and gives every other one back.
     *
     * @return those that were not given back
     */
    private BitSet stockOfFourRanges() {
        BitSet kept = new BitSet();
        int[] taken = new int[8];
        for (int i = 0; i < taken.length; i++) {
            taken[i] = runs.take(1);
            kept.set(taken[i]);
        }
        for (int i = 1; i < taken.length; i += 2) {
            runs.give(taken[i]);
            kept.clear(taken[i]);
        }
        return kept;
    }

    @Test
    void droppingTheStockFailsAtTheSecondRange() {
        BitSet kept = stockOfFourRanges();
        for (int failing = 4; failing > 0; failing--) {
            callsUntilFailure = 2;
            if (failing == 1) { // only one range is left
                runs.dropStock();
            } else {
                assertThatThrownBy(runs::dropStock).isInstanceOf(OutOfMemoryError.class);
            }
            assertThat(runs.chargedBytes()).isEqualTo(budget.reservedBytes());
        }
        callsUntilFailure = Integer.MAX_VALUE;
        assertThatNoPageIsGivenOutTwice(kept);
    }

    @Test
    void aStockHalfDroppedIsUsedOn() {
        BitSet kept = stockOfFourRanges();
        callsUntilFailure = 2;
        assertThatThrownBy(runs::dropStock).isInstanceOf(OutOfMemoryError.class);
        callsUntilFailure = Integer.MAX_VALUE;
        assertThatNoPageIsGivenOutTwice(kept);
    }

    @Test
    void aRunThatCannotBeGivenBackStaysInUse() {
        int large = runs.take(PageRuns.STOCK_PAGES_MAX + 1);
        int above = runs.take(1);
        BitSet kept = new BitSet();
        kept.set(above);
        callsUntilFailure = 1;
        assertThatThrownBy(() -> runs.give(large)).isInstanceOf(OutOfMemoryError.class);
        assertThat(runs.runsInUse()).isEqualTo(2);
        assertThat(runs.chargedBytes()).isEqualTo(budget.reservedBytes());
        runs.give(large);
        assertThat(runs.runsInUse()).isEqualTo(1);
        assertThatNoPageIsGivenOutTwice(kept);
    }
}
