package io.raftengine.allocator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.raftengine.error.ClosedException;
import io.raftengine.error.MemoryLimitException;
import io.raftengine.error.StorageException;
import java.util.HashSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SlabArenaTest {
    private static final int PAGE = NativeMemory.PAGE_BYTES;
    private static final long RANGE = 64L << 20;

    /** Pages in stock, one idle slab, one page of descriptors in use and one in hand. */
    private static final long HOARD = (PageRuns.STOCK_PAGES_MAX + 7 + 2) * (long) PAGE;

    private final MemoryBudget budget = new MemoryBudget(48L << 20);

    @AfterEach
    void everythingIsReturned() {
        budget.assertAllReleased();
    }

    private SlabArena open() {
        return SlabArena.open(budget, "test", RANGE);
    }

    @Test
    void anOpenArenaCostsNothing() {
        try (var arena = open();
                var cache = arena.newCache()) {
            assertThat(budget.reservedBytes()).isZero();
            assertThat(arena.reservedBytes()).isZero();
            assertThat(arena.liveBytes()).isZero();
            assertThat(cache.liveBytes()).isZero();
            assertThat(arena.extentCount()).isZero();
        }
    }

    @Test
    void theFirstSmallBlockCostsOnePageAndOneOfDescriptors() {
        try (var arena = open();
                var cache = arena.newCache()) {
            int handle = cache.allocate(80);
            assertThat(arena.reservedBytes()).isEqualTo(budget.reservedBytes()).isEqualTo(2 * PAGE);
            assertThat(arena.liveBytes()).isEqualTo(80);
            assertThat(arena.extentCount()).isEqualTo(1);
            cache.free(handle, 80);
            assertThat(arena.liveBytes()).isZero();
        }
    }

    @Test
    void manySmallBlocksWasteLessThanATwentiethOfTheirMemory() {
        try (var arena = open();
                var cache = arena.newCache()) {
            for (int round = 0; round < 100_000; round++) {
                cache.allocate(80);
            }
            assertThat(arena.liveBytes()).isEqualTo(8_000_000);
            assertThat(arena.reservedBytes()).isBetween(8_000_000L, 8_400_000L);
            assertThat(budget.reservedBytes()).isEqualTo(arena.reservedBytes());
            arena.closeAbandoningBlocks();
        }
    }

    @Test
    void handlesArePositiveAndAddressesAlignedWithTheUsersBitIgnored() {
        try (var arena = open();
                var cache = arena.newCache()) {
            for (int bytes : new int[] {1, 16, 17, 300, 5000, 16_384, 16_385, 100_000}) {
                int handle = cache.allocate(bytes);
                assertThat(handle).isPositive();
                assertThat(arena.address(handle)).isEqualTo(arena.base() + handle * 16L);
                assertThat(arena.address(handle | 1 << 31)).isEqualTo(arena.address(handle));
                cache.free(handle, bytes);
            }
        }
    }

    @Test
    void sizesThatMakeNoSenseAreRefused() {
        try (var arena = open();
                var cache = arena.newCache()) {
            for (int bytes : new int[] {0, -1, Integer.MIN_VALUE}) {
                assertThatThrownBy(() -> cache.allocate(bytes))
                        .isInstanceOf(IllegalArgumentException.class);
            }
            assertThatThrownBy(() -> cache.allocate(Integer.MAX_VALUE))
                    .isInstanceOf(MemoryLimitException.class);
            assertThat(budget.reservedBytes()).isZero();
        }
        assertThatThrownBy(() -> SlabArena.open(budget, "none", 0))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aFreedBlockIsTheNextOfItsClass() {
        try (var arena = open();
                var cache = arena.newCache()) {
            int first = cache.allocate(100);
            int second = cache.allocate(100);
            assertThat(second).isNotEqualTo(first);
            cache.free(first, 100);
            assertThat(cache.allocate(110)).isEqualTo(first);
            cache.free(first, 110);
            cache.free(second, 100);
        }
    }

    @Test
    void afterEverythingIsFreedOnlyTheHoardIsKept() {
        try (var arena = open();
                var cache = arena.newCache()) {
            var handles = new int[50_000];
            for (int at = 0; at < handles.length; at++) {
                handles[at] = cache.allocate(16 + at % 700);
            }
            long full = arena.reservedBytes();
            assertThat(full).isGreaterThan(16L << 20);
            for (int at = handles.length - 1; at >= 0; at--) {
                cache.free(handles[at], 16 + at % 700);
            }
            assertThat(arena.liveBytes()).isZero();
            assertThat(arena.reservedBytes()).isLessThanOrEqualTo(HOARD + full / 128 + PAGE);
            cache.trim();
            assertThat(arena.extentCount()).isZero();
            assertThat(arena.reservedBytes()).isEqualTo(budget.reservedBytes()).isZero();
        }
    }

    @Test
    void whatIsGivenBackReadsAsZerosAndStaysReadable() {
        try (var arena = open();
                var cache = arena.newCache()) {
            int handle = cache.allocate(1 << 20);
            long address = arena.address(handle);
            Memory.fill(address, 1 << 20, (byte) 7);
            cache.free(handle, 1 << 20);
            assertThat(Memory.getLongRacy(address + 5000)).isZero();
            assertThat(budget.reservedBytes()).isLessThanOrEqualTo(HOARD);
        }
    }

    @Test
    void allocatingAndFreeingInTurnTakesNoNewPages() {
        try (var arena = open();
                var cache = arena.newCache()) {
            var seen = new HashSet<Integer>();
            for (int round = 0; round < 1000; round++) {
                int small = cache.allocate(64);
                cache.free(small, 64);
                int middle = cache.allocate(2000);
                cache.free(middle, 2000);
                int large = cache.allocate(20_000);
                cache.free(large, 20_000);
                seen.add(small);
                seen.add(middle);
                seen.add(large);
            }
            assertThat(seen).hasSizeLessThan(40);
            assertThat(budget.peakBytes()).isLessThanOrEqualTo(HOARD + 2L * PAGE);
        }
    }

    @Test
    void neighbouringRunsMergeSoThatALargerBlockFits() {
        long range = 40L * PAGE;
        try (var arena = SlabArena.open(budget, "small", range);
                var cache = arena.newCache()) {
            int a = cache.allocate(10 * PAGE);
            int b = cache.allocate(10 * PAGE);
            int c = cache.allocate(20 * PAGE);
            assertThatThrownBy(() -> cache.allocate(5 * PAGE))
                    .isInstanceOf(MemoryLimitException.class);
            cache.free(b, 10 * PAGE);
            cache.free(a, 10 * PAGE);
            cache.trim();
            int ab = cache.allocate(20 * PAGE);
            assertThat(ab).isEqualTo(a);
            cache.free(ab, 20 * PAGE);
            cache.free(c, 20 * PAGE);
            cache.trim();
            int all = cache.allocate(40 * PAGE);
            assertThat(all).isEqualTo(a);
            cache.free(all, 40 * PAGE);
        }
    }

    @Test
    void aRefusedAllocationChangesNothing() {
        var tight = new MemoryBudget(4L * PAGE);
        try (var arena = SlabArena.open(tight, "tight", RANGE);
                var cache = arena.newCache()) {
            int handle = cache.allocate(3000); // three pages and one of descriptors
            assertThat(tight.reservedBytes()).isEqualTo(4L * PAGE);
            for (int bytes : new int[] {16, 500, 16_384, 100_000}) {
                assertThatThrownBy(() -> cache.allocate(bytes))
                        .isInstanceOf(MemoryLimitException.class);
            }
            assertThat(tight.reservedBytes()).isEqualTo(4L * PAGE);
            assertThat(arena.liveBytes()).isEqualTo(3072);
            assertThat(arena.extentCount()).isEqualTo(1);
            int neighbour = cache.allocate(3000);
            cache.free(neighbour, 3000);
            cache.free(handle, 3000);
        }
        tight.assertAllReleased();
    }

    @Test
    void pagesInStockAreNoReasonForARefusal() {
        var tight = new MemoryBudget(17L * PAGE);
        try (var arena = SlabArena.open(tight, "tight", RANGE);
                var cache = arena.newCache()) {
            int fill = cache.allocate(8 * PAGE);
            int more = cache.allocate(8 * PAGE);
            cache.free(fill, 8 * PAGE);
            cache.free(more, 8 * PAGE);
            int whole = cache.allocate(16 * PAGE);
            cache.free(whole, 16 * PAGE);
        }
        tight.assertAllReleased();
    }

    @Test
    void theBooksAgreeWhereTheStockIsDroppedToPayForDescriptors() {
        assumeTrue(PAGE == 4096);
        var tight = new MemoryBudget(735L * PAGE);
        try (var arena = SlabArena.open(tight, "tight", RANGE);
                var cache = arena.newCache()) {
            int low = cache.allocate(20 * PAGE);
            int middle = cache.allocate(600 * PAGE);
            int high = cache.allocate(10 * PAGE);
            cache.free(middle, 600 * PAGE);
            cache.free(high, 10 * PAGE); // in stock: what lies before it stays free below
            // The run fits, its descriptors only once the stock is gone, and the table with it.
            int large = cache.allocate(700 * PAGE);
            assertThat(arena.reservedBytes()).isEqualTo(tight.reservedBytes());
            cache.free(large, 700 * PAGE);
            cache.free(low, 20 * PAGE);
            assertThat(arena.reservedBytes()).isEqualTo(tight.reservedBytes());
        }
        tight.assertAllReleased();
    }

    @Test
    void anArenaOfTheGreatestSizeOpensAndALargerOneIsCut() {
        try (var arena = SlabArena.open(budget, "widest", Long.MAX_VALUE);
                var cache = arena.newCache()) {
            int handle = cache.allocate(100);
            assertThat(arena.address(handle)).isGreaterThan(arena.base());
            cache.free(handle, 100);
            cache.trim();
            assertThat(budget.reservedBytes()).isZero();
        }
    }

    @Test
    void manyCachesCostOneSlabEach() {
        try (var arena = open()) {
            var caches = new SlabCache[40];
            for (int at = 0; at < caches.length; at++) {
                caches[at] = arena.newCache();
                caches[at].allocate(80);
            }
            assertThat(arena.reservedBytes()).isLessThanOrEqualTo((40L + 2) * PAGE);
            arena.closeAbandoningBlocks();
        }
    }

    @Test
    void slabsOfAClosedCacheAreAdopted() {
        try (var arena = open();
                var second = arena.newCache()) {
            var first = arena.newCache();
            int a = first.allocate(80);
            int b = first.allocate(80);
            int large = first.allocate(100_000);
            first.close();
            assertThat(arena.liveBytes()).isEqualTo(160 + NativeMemory.roundToPages(100_000));
            int c = second.allocate(80); // of the slab that was left behind
            assertThat(arena.extentCount()).isEqualTo(2);
            second.free(a, 80);
            second.free(b, 80);
            second.free(c, 80);
            second.free(large, 100_000);
            second.trim();
            assertThat(arena.extentCount()).isZero();
            assertThat(arena.liveBytes()).isZero();
        }
    }

    @Test
    void closingACacheLooksAtItsOwnSlabsOnly() {
        try (var arena = open();
                var first = arena.newCache()) {
            int other = first.allocate(20 * PAGE);
            var second = arena.newCache();
            int kept = second.allocate(16_000);
            second.free(second.allocate(100), 100);
            int full = second.allocateSlabs(1024, 3);
            // Who walked over all runs of the arena would now lose the way at the first one.
            int run = other >>> SlabCache.PAGE_HANDLE_SHIFT;
            long pages = arena.runs().descriptor(run) + PageRuns.PAGES;
            Memory.rawPutInt(pages, 1 << 20);
            second.close();
            Memory.rawPutInt(pages, 20);
            assertThat(arena.extentCount()).isEqualTo(5);
            assertThat(arena.runs().tag(kept >>> SlabCache.PAGE_HANDLE_SHIFT) >>> 16).isZero();

            first.free(kept, 16_000);
            for (int i = 0; i < 3 * SlabCache.blocksPerSlab(1024); i++) {
                first.free(full + i * 64, 1024);
            }
            first.free(other, 20 * PAGE);
            assertThat(arena.liveBytes()).isZero();
            first.trim();
            assertThat(arena.extentCount()).isZero();
        }
    }

    @Test
    void aFullSlabOfAClosedCacheIsAdoptedByWhoFreesItsBlocks() {
        try (var arena = open();
                var second = arena.newCache()) {
            var first = arena.newCache();
            int count = SizeClasses.slabBlocks(SizeClasses.of(512));
            var handles = new int[count];
            for (int at = 0; at < count; at++) {
                handles[at] = first.allocate(512);
            }
            first.close();
            second.free(handles[0], 512);
            assertThat(second.allocate(512)).isEqualTo(handles[0]);
            for (int handle : handles) {
                second.free(handle, 512);
            }
            second.trim();
            assertThat(arena.extentCount()).isZero();
        }
    }

    @Test
    void aBlockFreedElsewhereComesBackToItsOwner() {
        try (var arena = open();
                var owner = arena.newCache();
                var other = arena.newCache()) {
            int count = SizeClasses.slabBlocks(SizeClasses.of(64));
            var handles = new int[count];
            for (int at = 0; at < count; at++) {
                handles[at] = owner.allocate(64);
            }
            other.free(handles[5], 64);
            assertThat(arena.liveBytes()).isEqualTo(64L * (count - 1));
            assertThat(owner.allocate(64)).isEqualTo(handles[5]);
            for (int handle : handles) {
                other.free(handle, 64);
            }
            owner.trim();
            assertThat(arena.extentCount()).isZero();
        }
    }

    @Test
    void blocksFreedElsewhereAreFreeAfterTheOwnerClosed() {
        try (var arena = open();
                var other = arena.newCache()) {
            var owner = arena.newCache();
            int a = owner.allocate(64);
            int b = owner.allocate(64);
            other.free(a, 64);
            owner.close();
            other.free(b, 64);
            other.trim();
            assertThat(arena.extentCount()).isZero();
        }
    }

    @Test
    void theIdOfAClosedCacheIsUsedAgain() {
        try (var arena = open()) {
            for (int round = 0; round < 200_000; round += 1000) {
                try (var cache = arena.newCache()) {
                    cache.free(cache.allocate(64), 64);
                }
            }
            assertThat(arena.newCache()).hasToString("SlabCache[1 of test]");
        }
    }

    @Test
    void closedMeansClosed() {
        var arena = open();
        var cache = arena.newCache();
        var other = arena.newCache();
        int handle = cache.allocate(64);
        int large = cache.allocate(100_000);
        cache.close();
        cache.close();
        assertThatThrownBy(() -> cache.allocate(64)).isInstanceOf(ClosedException.class);
        assertThatThrownBy(() -> cache.allocate(100_000)).isInstanceOf(ClosedException.class);
        assertThatThrownBy(cache::trim).isInstanceOf(ClosedException.class);
        other.free(handle, 64);
        other.free(large, 100_000);
        arena.close();
        arena.close();
        arena.closeAbandoningBlocks();
        assertThatThrownBy(arena::newCache).isInstanceOf(ClosedException.class);
        assertThatThrownBy(() -> other.allocate(64)).isInstanceOf(ClosedException.class);
        assertThat(arena.reservedBytes()).isZero();
        assertThat(arena.liveBytes()).isZero();
    }

    @Test
    void anAddressRangeTheSystemRefusesLeavesNothingBehind() {
        assertThatThrownBy(() -> NativeMemory.mapSparse(1L << 60, "giant"))
                .isInstanceOf(StorageException.class);
    }
}
