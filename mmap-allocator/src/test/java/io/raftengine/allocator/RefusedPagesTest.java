package io.raftengine.allocator;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.error.StorageException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The system does not take pages back, as where they are locked in memory, or the heap is exhausted
 * on the way there: a block is freed all the same, and its pages are used again.
 */
class RefusedPagesTest {
    private static final int BLOCK = 16 << 10;
    private static final int CLASSES = 4;

    private final MemoryBudget budget = new MemoryBudget(48L << 20);
    private Runnable refusal;
    private int refused;

    @AfterEach
    void everythingIsReturned() {
        budget.assertAllReleased();
    }

    private SlabArena open() {
        PageRuns.PageReturn system = NativeMemory.pageReturn("test");
        return SlabArena.open(
                budget,
                "test",
                64L << 20,
                (address, bytes) -> {
                    if (refusal != null) {
                        refused++;
                        refusal.run();
                    }
                    system.discard(address, bytes);
                });
    }

    private void refuse(boolean error) {
        refusal =
                () -> {
                    if (error) {
                        throw new OutOfMemoryError("on purpose");
                    }
                    throw new StorageException("test", "madvise", 22, "on purpose");
                };
    }

    /** Full slabs of several classes; the blocks of one slab after those of another. */
    private static int[][] allocateSlabs(SlabCache cache) {
        int[][] handles = new int[CLASSES][];
        for (int i = 0; i < CLASSES; i++) {
            handles[i] = new int[SizeClasses.slabBlocks(SizeClasses.of(BLOCK >> i)) * 4];
            for (int at = 0; at < handles[i].length; at++) {
                handles[i][at] = cache.allocate(BLOCK >> i);
            }
        }
        return handles;
    }

    private static void free(SlabCache cache, int[][] handles) {
        for (int i = 0; i < CLASSES; i++) {
            for (int handle : handles[i]) {
                cache.free(handle, BLOCK >> i);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void slabsThatCannotBeGivenBackAreUsedAgainAndGivenBackLater(boolean error) {
        try (var arena = open();
                var cache = arena.newCache()) {
            int[][] handles = allocateSlabs(cache);
            int extents = arena.extentCount();
            long peak = arena.reservedBytes();
            refuse(error);
            free(cache, handles);
            assertThat(refused).isPositive();
            assertThat(arena.liveBytes()).isZero();
            assertThat(arena.reservedBytes()).isEqualTo(budget.reservedBytes());

            handles = allocateSlabs(cache);
            assertThat(arena.extentCount()).as("the same slabs").isEqualTo(extents);
            assertThat(arena.reservedBytes()).isEqualTo(peak);
            free(cache, handles);

            refusal = null;
            cache.trim();
            assertThat(arena.extentCount()).as("all given back").isZero();
            assertThat(arena.reservedBytes()).isEqualTo(budget.reservedBytes());
        }
    }

    @Test
    void aCacheThatClosesLeavesThemToTheOthers() {
        try (var arena = open();
                var second = arena.newCache()) {
            var first = arena.newCache();
            int[][] handles = allocateSlabs(first);
            int extents = arena.extentCount();
            refuse(false);
            free(first, handles);
            first.close();
            assertThat(refused).isPositive();
            handles = allocateSlabs(second);
            assertThat(arena.extentCount()).as("the same slabs").isEqualTo(extents);
            free(second, handles);
            refusal = null;
            second.trim();
            assertThat(arena.extentCount()).as("all given back").isZero();
        }
    }

    /** What others freed comes when its owner has closed. */
    @Test
    void theLastBlockOfASlabWithoutOwnerIsFreed() {
        try (var arena = open();
                var second = arena.newCache()) {
            var first = arena.newCache();
            int[][] handles = allocateSlabs(first);
            int extents = arena.extentCount();
            free(second, handles);
            refuse(false);
            first.close();
            assertThat(arena.liveBytes()).isZero();
            handles = allocateSlabs(second);
            assertThat(arena.extentCount()).as("the same slabs").isLessThanOrEqualTo(extents);
            free(second, handles);
            refusal = null;
            second.trim();
            assertThat(arena.extentCount()).as("all given back").isZero();
        }
    }
}
