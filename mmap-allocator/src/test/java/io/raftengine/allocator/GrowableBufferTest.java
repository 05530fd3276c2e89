package io.raftengine.allocator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.error.InvalidArgumentException;
import io.raftengine.error.MemoryLimitException;
import io.raftengine.error.StorageException;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class GrowableBufferTest {
    private static final int PAGE = NativeMemory.PAGE_BYTES;

    private final MemoryBudget budget = new MemoryBudget(100L * PAGE);

    @AfterEach
    void everythingIsReturned() {
        budget.assertAllReleased();
    }

    @Test
    void withoutInitialRoomNothingIsReserved() {
        try (var buffer = new GrowableBuffer(budget, 0, PAGE)) {
            assertThat(budget.reservedBytes()).isZero();
            assertThat(buffer.capacity()).isZero();
            assertThat(buffer.view().capacity()).isZero();
            buffer.ensureCapacity(1, 0);
            assertThat(buffer.capacity()).isEqualTo(PAGE);
        }
    }

    @Test
    void growthKeepsTheBytesAndTheBooks() {
        var random = new Random(7);
        try (var buffer = new GrowableBuffer(budget, 10, 90L * PAGE)) {
            byte[] model = new byte[0];
            while (model.length < 80 * PAGE) {
                int from = model.length;
                model = Arrays.copyOf(model, from + 1 + random.nextInt(3 * PAGE));
                buffer.ensureCapacity(model.length, from);
                for (int at = from; at < model.length; at++) {
                    model[at] = (byte) random.nextInt();
                }
                Memory.copyFromArray(model, from, buffer.address() + from, model.length - from);
                assertThat(budget.reservedBytes()).isEqualTo(buffer.capacity());
            }
            var bytes = new byte[model.length];
            Memory.copyToArray(buffer.address(), bytes, 0, bytes.length);
            assertThat(bytes).isEqualTo(model);
            assertThat(budget.peakBytes()).isLessThanOrEqualTo(90L * PAGE);
        }
    }

    @Test
    void theViewIsOneObjectUntilTheBufferIsResized() {
        try (var buffer = new GrowableBuffer(budget, PAGE, 50L * PAGE)) {
            var view = buffer.view();
            assertThat(view.capacity()).isEqualTo(PAGE);
            buffer.ensureCapacity(PAGE, PAGE);
            assertThat(buffer.view()).isSameAs(view);
            buffer.ensureCapacity(PAGE + 1, 0);
            assertThat(buffer.view()).isNotSameAs(view);
            buffer.view().putInt(PAGE, 5);
            assertThat(Memory.getInt(buffer.address() + PAGE)).isEqualTo(5);
        }
    }

    @Test
    void beyondItsMaximumItRefusesAndStaysAsItWas() {
        try (var buffer = new GrowableBuffer(budget, PAGE, 2L * PAGE)) {
            Memory.putLong(buffer.address(), 42);
            assertThatThrownBy(() -> buffer.ensureCapacity(2L * PAGE + 1, 8))
                    .isInstanceOf(InvalidArgumentException.class);
            assertThat(buffer.capacity()).isEqualTo(PAGE);
            assertThat(Memory.getLong(buffer.address())).isEqualTo(42);
            buffer.ensureCapacity(2L * PAGE, 8);
            assertThat(Memory.getLong(buffer.address())).isEqualTo(42);
        }
    }

    @Test
    void overTheBudgetItRefusesAndStaysAsItWas() {
        try (var buffer = new GrowableBuffer(budget, 60L * PAGE, 1000L * PAGE)) {
            Memory.putLong(buffer.address() + 60L * PAGE - 8, 42);
            assertThatThrownBy(() -> buffer.ensureCapacity(100L * PAGE + 1, 60L * PAGE))
                    .isInstanceOf(MemoryLimitException.class);
            assertThat(budget.reservedBytes()).isEqualTo(60L * PAGE);
            assertThat(Memory.getLong(buffer.address() + 60L * PAGE - 8)).isEqualTo(42);
        }
    }

    @Test
    void theExactSizeFitsWhereHalfAsMuchAgainDoesNot() {
        try (var buffer = new GrowableBuffer(budget, 80L * PAGE, 1000L * PAGE)) {
            buffer.ensureCapacity(81L * PAGE, 0);
            assertThat(buffer.capacity()).isEqualTo(81L * PAGE);
        }
    }

    @Test
    void whenTheSystemRefusesTheBytesAreStillThere() {
        var unlimited = MemoryBudget.unlimited();
        try (var buffer = new GrowableBuffer(unlimited, PAGE, 1L << 61)) {
            Memory.putLong(buffer.address(), 42);
            assertThatThrownBy(() -> buffer.ensureCapacity(1L << 60, 8))
                    .isInstanceOf(StorageException.class);
            assertThat(unlimited.reservedBytes()).isEqualTo(PAGE);
            assertThat(Memory.getLong(buffer.address())).isEqualTo(42);
        }
        unlimited.assertAllReleased();
    }

    @Test
    void shrinkingKeepsTheFirstBytesAndReleasesTheRest() {
        try (var buffer = new GrowableBuffer(budget, 10L * PAGE, 20L * PAGE)) {
            Memory.putLong(buffer.address() + PAGE, 42);
            buffer.shrinkTo(PAGE + 8);
            assertThat(buffer.capacity()).isEqualTo(2L * PAGE);
            assertThat(budget.reservedBytes()).isEqualTo(2L * PAGE);
            assertThat(Memory.getLong(buffer.address() + PAGE)).isEqualTo(42);
            long end = buffer.address() + 2L * PAGE;
            assertThatThrownBy(() -> Memory.getByte(end)).isInstanceOf(AssertionError.class);
            buffer.shrinkTo(5L * PAGE);
            assertThat(buffer.capacity()).isEqualTo(2L * PAGE);
            buffer.shrinkTo(0);
            assertThat(budget.reservedBytes()).isZero();
            buffer.ensureCapacity(3, 0);
            assertThat(Memory.getByte(buffer.address())).isZero();
        }
    }

    /** Growth by half ends there, and whole pages are one byte more than a view can have. */
    @Test
    void aBufferOfTheLargestSizeStillHasAView() {
        MemoryBudget unlimited = MemoryBudget.unlimited();
        try (var buffer = new GrowableBuffer(unlimited, 1_500_000_000, Integer.MAX_VALUE)) {
            buffer.ensureCapacity(1_600_000_000, 0);
            assertThat(buffer.capacity()).isEqualTo(1L << 31);
            buffer.ensureCapacity(Integer.MAX_VALUE - 8, 0);
            assertThat(buffer.view().get(Integer.MAX_VALUE - 9)).isZero();
            assertThatThrownBy(() -> buffer.ensureCapacity(Integer.MAX_VALUE - 7, 0))
                    .isInstanceOf(InvalidArgumentException.class);
        }
        try (var longer = new GrowableBuffer(unlimited, 1L << 31, 1L << 31)) {
            assertThatThrownBy(longer::view).isInstanceOf(IllegalStateException.class);
        }
        unlimited.assertAllReleased();
    }

    @Test
    void argumentsThatMakeNoSenseAreRefused() {
        assertThatThrownBy(() -> new GrowableBuffer(budget, -1, 5))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new GrowableBuffer(budget, 6, 5))
                .isInstanceOf(IllegalArgumentException.class);
        try (var buffer = new GrowableBuffer(budget, 0, 5)) {
            assertThatThrownBy(() -> buffer.ensureCapacity(4, 5))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> buffer.shrinkTo(-1))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void closingTwiceReleasesOnceAndLeavesNothingUsable() {
        var buffer = new GrowableBuffer(budget, PAGE, PAGE);
        buffer.close();
        buffer.close();
        buffer.shrinkTo(0);
        assertThatThrownBy(buffer::view).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> buffer.ensureCapacity(1, 0))
                .isInstanceOf(IllegalStateException.class);
    }
}
