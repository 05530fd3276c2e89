package io.raftengine.allocator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.error.MemoryLimitException;
import java.util.ArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class MemoryBudgetTest {
    @Test
    void countsToTheByteAndRemembersThePeak() {
        var budget = new MemoryBudget(100);
        budget.reserve(60);
        budget.reserve(40);
        assertThat(budget.reservedBytes()).isEqualTo(100);
        budget.release(99);
        assertThat(budget.reservedBytes()).isEqualTo(1);
        assertThat(budget.peakBytes()).isEqualTo(100);
        assertThat(budget.limitBytes()).isEqualTo(100);
    }

    @Test
    void oneByteOverTheLimitIsRefusedAndChangesNothing() {
        var budget = new MemoryBudget(100);
        budget.reserve(60);
        assertThat(budget.tryReserve(41)).isFalse();
        assertThatThrownBy(() -> budget.reserve(41))
                .isInstanceOfSatisfying(
                        MemoryLimitException.class,
                        e -> {
                            assertThat(e.requestedBytes()).isEqualTo(41);
                            assertThat(e.reservedBytes()).isEqualTo(60);
                            assertThat(e.limitBytes()).isEqualTo(100);
                        });
        assertThat(budget.reservedBytes()).isEqualTo(60);
        assertThat(budget.peakBytes()).isEqualTo(60);
        assertThat(budget.tryReserve(40)).isTrue();
    }

    @Test
    void hugeRequestsDoNotWrapAround() {
        var budget = new MemoryBudget(100);
        budget.reserve(1);
        assertThat(budget.tryReserve(Long.MAX_VALUE)).isFalse();
        var unlimited = MemoryBudget.unlimited();
        unlimited.reserve(Long.MAX_VALUE - 1);
        assertThat(unlimited.tryReserve(2)).isFalse();
        assertThat(unlimited.tryReserve(1)).isTrue();
    }

    @Test
    void aLimitOfZeroAdmitsNothingButNothing() {
        var budget = new MemoryBudget(0);
        budget.reserve(0);
        assertThat(budget.tryReserve(1)).isFalse();
        budget.assertAllReleased();
    }

    @Test
    void negativeNumbersAreRefused() {
        var budget = new MemoryBudget(100);
        assertThatThrownBy(() -> new MemoryBudget(-1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> budget.reserve(-1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> budget.release(-1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void releasingMoreThanIsReservedIsRefused() {
        var budget = new MemoryBudget(100);
        budget.reserve(5);
        assertThatThrownBy(() -> budget.release(6)).isInstanceOf(IllegalStateException.class);
        assertThat(budget.reservedBytes()).isEqualTo(5);
    }

    @Test
    void whatWasNotReleasedIsNamed() {
        var budget = new MemoryBudget(100);
        budget.reserve("block cache", 30);
        budget.reserve("memtables", 20);
        budget.release("memtables", 20);
        assertThatThrownBy(budget::assertAllReleased)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("30 B")
                .hasMessageContaining("block cache=30")
                .hasMessageNotContaining("memtables");
        budget.release("block cache", 30);
        budget.assertAllReleased();
    }

    @Test
    void releasingUnderAnotherNameIsNoticedThoughTheSumIsRight() {
        var budget = new MemoryBudget(100);
        budget.reserve("a", 30);
        budget.release("b", 30);
        assertThatThrownBy(budget::assertAllReleased)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("a=30")
                .hasMessageContaining("b=-30");
    }

    @Test
    void threadsTogetherNeverExceedTheLimit() throws InterruptedException {
        var budget = new MemoryBudget(1000);
        var held = new AtomicLong();
        var mostHeld = new AtomicLong();
        var start = new CountDownLatch(1);
        var threads = new ArrayList<Thread>();
        for (int thread = 0; thread < 4; thread++) {
            int bytes = 97 + 101 * thread;
            threads.add(
                    Thread.ofPlatform()
                            .start(() -> {
                                await(start);
                                for (int round = 0; round < 50_000; round++) {
                                    if (budget.tryReserve(bytes)) {
                                        long now = held.addAndGet(bytes);
                                        mostHeld.accumulateAndGet(now, Math::max);
                                        held.addAndGet(-bytes);
                                        budget.release(bytes);
                                    }
                                }
                            }));
        }
        start.countDown();
        for (Thread thread : threads) {
            thread.join();
        }
        budget.assertAllReleased();
        assertThat(mostHeld.get()).isBetween(97L, 1000L);
        assertThat(budget.peakBytes()).isBetween(mostHeld.get(), 1000L);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
