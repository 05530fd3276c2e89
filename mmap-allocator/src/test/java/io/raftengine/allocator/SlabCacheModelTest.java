package io.raftengine.allocator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.error.MemoryLimitException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random histories against a model that knows which blocks are live and what each must contain.
 * Checked mode watches that no two blocks overlap; the contents prove that nothing else writes into
 * them.
 */
class SlabCacheModelTest {
    private static final int STEPS = 40_000;

    private record Block(int handle, int bytes, byte stamp) {}

    private static int someSize(Random random) {
        return switch (random.nextInt(20)) {
            case 0 -> 1 + random.nextInt(60_000);
            case 1, 2 -> 1 + random.nextInt(20_000);
            case 3, 4, 5, 6 -> 1 + random.nextInt(1100);
            default -> 1 + random.nextInt(200);
        };
    }

    private static void stamp(SlabArena arena, Block block) {
        Memory.fill(arena.address(block.handle), block.bytes, block.stamp);
    }

    private static boolean isStamped(SlabArena arena, Block block) {
        long address = arena.address(block.handle);
        return Memory.getByte(address) == block.stamp
                && Memory.compare(address, block.bytes - 1L, address + 1, block.bytes - 1L) == 0;
    }

    private static int classBytes(int bytes) {
        return bytes <= SizeClasses.SLAB_BLOCK_BYTES_MAX
                ? SizeClasses.blockBytes(SizeClasses.of(bytes))
                : (int) NativeMemory.roundToPages(bytes);
    }

    private static long liveBytes(List<Block> blocks) {
        return blocks.stream().mapToLong(block -> classBytes(block.bytes)).sum();
    }

    /** Blocks allocated together are blocks like others; returns how many calls were refused. */
    private static int allocateSlabs(
            SlabArena arena,
            SlabCache cache,
            MemoryBudget budget,
            List<Block> live,
            Random random,
            byte stamp) {
        int bytes = 16 << random.nextInt(11);
        int slabs = 1 + random.nextInt(5);
        long reserved = budget.reservedBytes();
        int handle;
        try {
            handle = cache.allocateSlabs(bytes, slabs);
        } catch (MemoryLimitException e) {
            assertThat(budget.reservedBytes()).isLessThanOrEqualTo(reserved);
            return 1;
        }
        for (int i = 0; i < slabs * SlabCache.blocksPerSlab(bytes); i++) {
            var block = new Block(handle + i * (classBytes(bytes) / 16), bytes, stamp);
            stamp(arena, block);
            live.add(block);
        }
        return 0;
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void anyHistoryKeepsBlocksApartAndTheBooksExact(long seed) {
        var random = new Random(seed);
        var budget = new MemoryBudget(seed % 2 == 0 ? 4L << 20 : Long.MAX_VALUE);
        var arena = SlabArena.open(budget, "model", 1L << 30);
        var caches = new ArrayList<SlabCache>();
        caches.add(arena.newCache());
        var live = new ArrayList<Block>();
        int refused = 0;
        for (int step = 0; step < STEPS; step++) {
            SlabCache cache = caches.get(random.nextInt(caches.size()));
            boolean growing = step / (STEPS / 8) % 2 == 0;
            int dice = random.nextInt(1000);
            if (dice < 3) {
                caches.add(arena.newCache());
            } else if (dice < 6 && caches.size() > 1) {
                caches.remove(cache);
                cache.close();
            } else if (dice < 8) {
                cache.trim();
            } else if (growing && dice < 12) {
                refused += allocateSlabs(arena, cache, budget, live, random, (byte) step);
            } else if (live.isEmpty() || random.nextInt(100) < (growing ? 60 : 40)) {
                int bytes = someSize(random);
                long reserved = budget.reservedBytes();
                try {
                    var block = new Block(cache.allocate(bytes), bytes, (byte) step);
                    stamp(arena, block);
                    live.add(block);
                } catch (MemoryLimitException e) {
                    refused++;
                    assertThat(budget.reservedBytes()).isLessThanOrEqualTo(reserved);
                }
            } else {
                Block block = live.set(random.nextInt(live.size()), live.getLast());
                live.removeLast();
                assertThat(isStamped(arena, block)).as("seed %d step %d", seed, step).isTrue();
                cache.free(block.handle, block.bytes);
            }
            if (step % 500 == 0) {
                assertThat(arena.liveBytes())
                        .as("seed %d step %d", seed, step)
                        .isEqualTo(liveBytes(live));
                assertThat(arena.reservedBytes())
                        .isEqualTo(budget.reservedBytes())
                        .isGreaterThanOrEqualTo(arena.liveBytes());
            }
        }
        assertThat(refused > 0).as("seed %d meets its limit", seed).isEqualTo(seed % 2 == 0);
        for (Block block : live) {
            assertThat(isStamped(arena, block)).as("seed %d at the end", seed).isTrue();
            caches.getFirst().free(block.handle, block.bytes);
        }
        caches.forEach(SlabCache::trim);
        assertThat(arena.extentCount()).isZero();
        assertThat(arena.reservedBytes()).as("seed %d", seed).isZero();
        arena.close();
        budget.assertAllReleased();
    }

    @Test
    void onlySizesThatFillWholePagesAreAllocatedBySlabs() {
        assertThat(SlabCache.blocksPerSlab(1024)).isEqualTo(4);
        assertThat(SlabCache.blocksPerSlab(1)).isEqualTo(256);
        assertThat(SlabCache.blocksPerSlab(48)).isZero();
        assertThat(SlabCache.blocksPerSlab(64 << 10)).isZero();
        var arena = SlabArena.open(MemoryBudget.unlimited(), "slabs", 1L << 30);
        try (SlabCache cache = arena.newCache()) {
            assertThatThrownBy(() -> cache.allocateSlabs(48, 1))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> cache.allocateSlabs(1024, 0))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        arena.close();
    }

    /**
     * What index chunks do: each group's grows by copying until it is at its largest; all of it
     * must stay compact.
     */
    @Test
    void chunksThatGrowByCopyingWasteLittle() {
        int[] sizes = {64, 96, 128, 192, 256, 384, 512, 768, 1024};
        var random = new Random(11);
        var budget = MemoryBudget.unlimited();
        var arena = SlabArena.open(budget, "chunks", 1L << 30);
        var cache = arena.newCache();
        var handles = new int[4000];
        var steps = new int[handles.length];
        for (int group = 0; group < handles.length; group++) {
            handles[group] = cache.allocate(sizes[0]);
        }
        for (int round = 0; round < 4 * handles.length; round++) {
            int group = random.nextInt(handles.length);
            int step = steps[group];
            if (step + 1 < sizes.length) {
                int grown = cache.allocate(sizes[step + 1]);
                Memory.copy(arena.address(handles[group]), arena.address(grown), sizes[step]);
                cache.free(handles[group], sizes[step]);
                handles[group] = grown;
                steps[group]++;
            }
        }
        assertThat((double) arena.reservedBytes() / arena.liveBytes()).isLessThan(1.5);
        for (int group = 0; group < handles.length; group++) {
            cache.free(handles[group], sizes[steps[group]]);
        }
        arena.close();
        budget.assertAllReleased();
    }
}
