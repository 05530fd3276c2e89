package io.raftengine.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.ClosedException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who gets which batch, where there is memory for another one and where there is none. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CompactionBatchesTest {
    private final MemoryBudget budget = new MemoryBudget(1 << 20);
    private final CompactionBatches batches = new CompactionBatches(budget);
    private long used;

    @AfterEach
    void everythingIsGivenBack() {
        batches.close();
        budget.release(used);
        budget.assertAllReleased();
    }

    private void useUp() {
        used = budget.limitBytes() - budget.reservedBytes();
        budget.reserve(used);
    }

    /** Taken by a thread that waits when this returns. */
    private CompletableFuture<LogBatch> waiting() {
        var taken = new CompletableFuture<LogBatch>();
        Thread thread =
                Thread.ofPlatform()
                        .start(() -> {
                            try {
                                taken.complete(batches.take());
                            } catch (Throwable thrown) {
                                taken.completeExceptionally(thrown);
                            }
                        });
        while (thread.getState() != Thread.State.WAITING && !taken.isDone()) {
            Thread.onSpinWait();
        }
        assertThat(taken).isNotDone();
        return taken;
    }

    @Test
    void whereThereIsMemoryNobodyWaits() {
        LogBatch first = batches.take();
        LogBatch second = batches.take();
        assertThat(second).isNotSameAs(first);
        long both = budget.reservedBytes();
        batches.giveBack(first);
        batches.giveBack(second);
        assertThat(budget.reservedBytes()).as("one is kept").isLessThan(both).isPositive();
        assertThat(batches.take()).isSameAs(first);
        batches.giveBack(first);
    }

    @Test
    void whereThereIsNoneAllTakeTurnsWithOne() {
        useUp();
        LogBatch only = batches.take();
        var second = waiting();
        var third = waiting();
        batches.giveBack(only);
        CompletableFuture.anyOf(second, third).join();
        var later = second.isDone() ? third : second;
        assertThat(later).isNotDone();
        batches.giveBack(only);
        assertThat(later.join()).isSameAs(only);
        batches.giveBack(only);
        assertThat(batches.take()).isSameAs(only);
        batches.giveBack(only);
    }

    @Test
    void whoWaitsWhenItIsClosedIsToldSo() {
        useUp();
        LogBatch only = batches.take();
        var second = waiting();
        batches.close();
        assertThatThrownBy(second::join)
                .isInstanceOf(CompletionException.class)
                .hasCauseInstanceOf(ClosedException.class);
        batches.giveBack(only);
    }
}
