package io.raftengine.allocator;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Plants each misuse that checked mode promises to catch, next to the nearest use that is right.
 */
class CheckedModeTest {
    private final MemoryBudget budget = MemoryBudget.unlimited();
    private SlabArena arena;
    private SlabCache cache;

    @BeforeEach
    void open() {
        arena = SlabArena.open(budget, "watched", 1L << 24);
        cache = arena.newCache();
    }

    @AfterEach
    void everythingIsReturned() {
        arena.closeAbandoningBlocks();
        budget.assertAllReleased();
    }

    private static void assertCaught(ThrowingCallable misuse, String message) {
        assertThatThrownBy(misuse).isInstanceOf(AssertionError.class).hasMessageContaining(message);
    }

    @Test
    void useAfterFreeIsCaught() {
        int handle = cache.allocate(64);
        long address = arena.address(handle);
        Memory.putLong(address, 1);
        cache.free(handle, 64);
        assertCaught(() -> Memory.getLong(address), "not live");
        assertCaught(() -> Memory.putByte(address + 63, (byte) 1), "not live");
        assertCaught(() -> Memory.getIntAcquire(address), "not live");
        assertCaught(() -> Memory.copyToArray(address, new byte[8], 0, 8), "not live");
        assertCaught(() -> Memory.fill(address, 64, (byte) 0), "not live");
        assertThatCode(() -> Memory.getLongRacy(address)).doesNotThrowAnyException();
    }

    @Test
    void useOfALargeBlockAfterFreeIsCaught() {
        int handle = cache.allocate(100_000);
        long address = arena.address(handle);
        cache.free(handle, 100_000);
        assertCaught(() -> Memory.getByte(address + 99_999), "not live");
        assertThatCode(() -> Memory.getShortRacy(address + 99_998)).doesNotThrowAnyException();
    }

    @Test
    void overrunBehindTheSizeAskedForIsCaughtThoughTheClassIsLarger() {
        long address = arena.address(cache.allocate(70)); // of class 80
        assertThatCode(() -> Memory.putByte(address + 69, (byte) 1)).doesNotThrowAnyException();
        assertCaught(() -> Memory.putByte(address + 70, (byte) 1), "behind the end");
        assertCaught(() -> Memory.getLong(address + 63), "behind the end");
        assertCaught(() -> Memory.fill(address, 71, (byte) 1), "behind the end");
        assertThatCode(() -> Memory.fill(address, 70, (byte) 1)).doesNotThrowAnyException();
    }

    @Test
    void overrunIntoALiveNeighbourIsCaught() {
        long first = arena.address(cache.allocate(64));
        long second = arena.address(cache.allocate(64));
        assertThatCode(() -> Memory.putLong(first + 56, 1)).doesNotThrowAnyException();
        assertThatCode(() -> Memory.putLong(second, 1)).doesNotThrowAnyException();
        assertThatThrownBy(() -> Memory.putLong(Math.min(first, second) + 60, 1))
                .isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> Memory.copy(first, second, 65)).isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> Memory.compare(first, 65, second, 64))
                .isInstanceOf(AssertionError.class);
    }

    @Test
    void overrunIntoWhatWasNeverAllocatedIsCaught() {
        long address = arena.address(cache.allocate(64));
        assertCaught(() -> Memory.putLong(address + 64, 1), "not live");
        assertCaught(() -> Memory.putByte(address - 1, (byte) 1), "not live");
        assertThatThrownBy(() -> Memory.putLong(address + 60, 1))
                .isInstanceOf(AssertionError.class);
    }

    @Test
    void theRoomBehindABlockIsDeadAgainWhenItIsReusedForASmallerOne() {
        int handle = cache.allocate(80);
        cache.free(handle, 80);
        int again = cache.allocate(65);
        long address = arena.address(again);
        assertCaught(() -> Memory.putByte(address + 65, (byte) 1), "behind the end");
    }

    @Test
    void doubleFreeIsCaught() {
        int handle = cache.allocate(64);
        cache.free(handle, 64);
        assertCaught(() -> cache.free(handle, 64), "no live block");
        int large = cache.allocate(50_000);
        cache.free(large, 50_000);
        assertCaught(() -> cache.free(large, 50_000), "no live block");
    }

    @Test
    void freeThroughTwoCachesIsCaught() {
        int handle = cache.allocate(64);
        try (var other = arena.newCache()) {
            other.free(handle, 64);
            assertCaught(() -> cache.free(handle, 64), "no live block");
        }
    }

    @Test
    void freeWithAnotherSizeIsCaughtAlsoWithinTheClass() {
        int handle = cache.allocate(70);
        assertCaught(() -> cache.free(handle, 69), "longer");
        assertCaught(() -> cache.free(handle, 71), "70 B long");
        assertCaught(() -> cache.free(handle, 64), "longer");
        assertCaught(() -> cache.free(handle, 1000), "70 B long");
        cache.free(handle, 70);
    }

    @Test
    void freeOfAHandleInsideABlockIsCaught() {
        int handle = cache.allocate(64);
        assertCaught(() -> cache.free(handle + 1, 48), "no live block");
        assertThatThrownBy(() -> cache.free(0, 64)).isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> cache.free(handle | 1 << 31, 64))
                .isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> cache.free(Integer.MAX_VALUE, 64))
                .isInstanceOf(AssertionError.class);
        cache.free(handle, 64);
    }

    @Test
    void foreignAddressesAreCaughtByEveryForm() {
        assertCaught(() -> Memory.getByte(0), "in no mapping");
        assertCaught(() -> Memory.getLong(-8), "in no mapping");
        assertCaught(() -> Memory.getLong(Long.MAX_VALUE), "");
        assertCaught(() -> Memory.getLongRacy(4096), "in no mapping");
        assertCaught(() -> Memory.putInt(arena.base() - 4, 1), "");
        assertCaught(() -> Memory.copyRacy(16, arena.base(), 8), "in no mapping");
    }

    @Test
    void mappingsAreWatchedToTheByte() {
        var mapping = Mapping.map(budget, 1001, "thousand and one");
        long address = mapping.address();
        Memory.putByte(address + 1000, (byte) 1);
        assertCaught(() -> Memory.putByte(address + 1001, (byte) 1), "in no mapping");
        assertCaught(() -> Memory.putInt(address + 998, 1), "thousand and one");
        assertCaught(() -> Memory.getIntRacy(address + 998), "thousand and one");
        assertCaught(() -> Memory.fill(address, -1, (byte) 1), "");
        assertThatCode(() -> Memory.fill(0, 0, (byte) 1)).doesNotThrowAnyException();
        mapping.close();
        assertThatThrownBy(() -> Memory.getByte(address)).isInstanceOf(AssertionError.class);
    }

    @Test
    void theOldAddressOfAGrownBufferIsDeadIfItMoved() {
        try (var buffer = new GrowableBuffer(budget, 1, 1L << 30)) {
            long before = buffer.address();
            buffer.ensureCapacity(1L << 26, 0);
            if (buffer.address() != before) {
                assertThatThrownBy(() -> Memory.getByte(before)).isInstanceOf(AssertionError.class);
            }
            Memory.putByte(buffer.address() + buffer.capacity() - 1, (byte) 1);
            long end = buffer.address() + buffer.capacity();
            assertThatThrownBy(() -> Memory.getByte(end)).isInstanceOf(AssertionError.class);
        }
    }

    @Test
    void aLeakIsReportedAtCloseAndEverythingIsReturnedNevertheless() {
        cache.allocate(64);
        assertCaught(() -> arena.close(), "64 B");
        budget.assertAllReleased();
        assertThatCode(() -> arena.close()).doesNotThrowAnyException();
    }

    @Test
    void aClosedArenaIsDead() {
        int handle = cache.allocate(64);
        long address = arena.address(handle);
        cache.free(handle, 64);
        arena.close();
        assertThatThrownBy(() -> Memory.getLongRacy(address)).isInstanceOf(AssertionError.class);
    }

    @Test
    void freshAndFreedBlocksHoldGarbageOnPurpose() {
        int handle = cache.allocate(64);
        long address = arena.address(handle);
        assertThatCode(
                        () -> {
                            if (Memory.getLong(address + 56) == 0) {
                                throw new IllegalStateException("zeros, which nobody promised");
                            }
                        })
                .doesNotThrowAnyException();
        Memory.putLong(address + 56, 42);
        int neighbour = cache.allocate(64); // keeps the slab
        cache.free(handle, 64);
        assertThatCode(
                        () -> {
                            if (Memory.getLongRacy(address + 56) == 42) {
                                throw new IllegalStateException("a stale read would go unnoticed");
                            }
                        })
                .doesNotThrowAnyException();
        cache.free(neighbour, 64);
    }

    @Test
    void aCacheUsedByTwoThreadsAtOnceIsCaught() throws InterruptedException {
        var failure = new AtomicReference<Throwable>();
        var ready = new CountDownLatch(2);
        Runnable use =
                () -> {
                    ready.countDown();
                    try {
                        ready.await();
                        while (failure.get() == null) {
                            cache.free(cache.allocate(8000), 8000);
                        }
                    } catch (AssertionError | InterruptedException e) {
                        failure.compareAndSet(null, e);
                    }
                };
        Thread first = Thread.ofPlatform().start(use);
        Thread second = Thread.ofPlatform().start(use);
        first.join();
        second.join();
        assertThatThrownBy(
                        () -> {
                            throw failure.get();
                        })
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("two threads");
    }
}
