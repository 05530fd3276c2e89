package io.raftengine.allocator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Several threads with caches of their own on one arena, freeing each other's blocks and closing
 * caches under way.
 */
class SlabCacheThreadsTest {
    private static final int THREADS = 4;
    private static final int ROUNDS = 30_000;

    /** A block on its way to another thread; the stamp is its first and last eight bytes. */
    private record Parcel(int handle, int bytes, long stamp) {}

    private final MemoryBudget budget = MemoryBudget.unlimited();

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void crossFreesLoseNoBlockAndMixNone(long seed) throws Exception {
        var arena = SlabArena.open(budget, "shared", 1L << 30);
        var inTransit = new ConcurrentLinkedQueue<Parcel>();
        try (var pool = Executors.newFixedThreadPool(THREADS)) {
            List<Future<?>> done = new ArrayList<>();
            for (int thread = 0; thread < THREADS; thread++) {
                long threadSeed = seed * 1000 + thread;
                done.add(pool.submit(() -> trade(arena, inTransit, threadSeed)));
            }
            await(done);
        }
        try (var cache = arena.newCache()) {
            inTransit.forEach(parcel -> receive(arena, cache, parcel));
            assertThat(arena.liveBytes()).isZero();
            cache.trim();
            assertThat(arena.extentCount()).isZero();
            assertThat(arena.reservedBytes()).isZero();
        }
        arena.close();
        budget.assertAllReleased();
    }

    private static void trade(SlabArena arena, ConcurrentLinkedQueue<Parcel> inTransit, long seed) {
        var random = new Random(seed);
        SlabCache cache = arena.newCache();
        for (int round = 0; round < ROUNDS; round++) {
            if (random.nextInt(2000) == 0) {
                cache.close(); // its slabs are adopted, blocks on their way to it must arrive
                // nevertheless
                cache = arena.newCache();
            }
            int bytes = 16 + random.nextInt(random.nextInt(30) == 0 ? 30_000 : 400);
            var parcel = new Parcel(cache.allocate(bytes), bytes, random.nextLong());
            Memory.putLong(arena.address(parcel.handle), parcel.stamp);
            Memory.putLong(arena.address(parcel.handle) + bytes - 8, parcel.stamp);
            inTransit.add(parcel);
            if (random.nextInt(10) < 9) {
                Parcel received = inTransit.poll();
                if (received != null) {
                    receive(arena, cache, received);
                }
            }
        }
        cache.close();
    }

    private static void receive(SlabArena arena, SlabCache cache, Parcel parcel) {
        long address = arena.address(parcel.handle);
        if (parcel.bytes >= 16) {
            assertThat(Memory.getLong(address)).isEqualTo(parcel.stamp);
        }
        assertThat(Memory.getLong(address + parcel.bytes - 8)).isEqualTo(parcel.stamp);
        cache.free(parcel.handle, parcel.bytes);
    }

    /**
     * Readers follow handles into blocks that are freed, reused and given back meanwhile: garbage,
     * but no fault.
     */
    @ParameterizedTest
    @ValueSource(longs = {5})
    void optimisticReadersNeverFault(long seed) throws Exception {
        var arena = SlabArena.open(budget, "racy", 1L << 28);
        var stop = new AtomicBoolean();
        var handles = new ConcurrentLinkedQueue<Integer>();
        try (var pool = Executors.newFixedThreadPool(2)) {
            Future<Long> reader =
                    pool.submit(() -> {
                        var seen = new ArrayList<Integer>();
                        var random = new Random(seed);
                        long sum = 0;
                        while (!stop.get() || seen.isEmpty()) {
                            Integer handle = handles.poll();
                            if (handle != null) {
                                seen.add(handle);
                            }
                            if (!seen.isEmpty()) {
                                int any = seen.get(random.nextInt(seen.size()));
                                sum += Memory.getLongRacy(arena.address(any));
                            }
                        }
                        return sum;
                    });
            try (var cache = arena.newCache()) {
                for (int round = 0; round < 200; round++) {
                    var burst = new int[100];
                    for (int at = 0; at < burst.length; at++) {
                        burst[at] = cache.allocate(1024);
                        handles.add(burst[at]);
                    }
                    for (int handle : burst) {
                        cache.free(handle, 1024);
                    }
                    cache.trim();
                }
            } finally {
                stop.set(true);
            }
            await(List.of(reader));
        }
        arena.close();
        budget.assertAllReleased();
    }

    private static void await(List<? extends Future<?>> done) throws InterruptedException {
        for (Future<?> future : done) {
            try {
                future.get();
            } catch (ExecutionException e) {
                throw new AssertionError("a thread failed", e.getCause());
            }
        }
    }
}
