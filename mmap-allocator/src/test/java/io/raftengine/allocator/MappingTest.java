package io.raftengine.allocator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.error.MemoryLimitException;
import io.raftengine.error.StorageException;
import io.raftengine.error.UnsupportedFeatureException;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MappingTest {
    private static final int PAGE = NativeMemory.PAGE_BYTES;

    private final MemoryBudget budget = new MemoryBudget(64L * PAGE);

    @AfterEach
    void everythingIsReturned() {
        budget.assertAllReleased();
    }

    @Test
    void isZeroedAlignedAndChargedInWholePages() {
        try (var mapping = Mapping.map(budget, PAGE + 1, "test")) {
            assertThat(mapping.bytes()).isEqualTo(PAGE + 1);
            assertThat(mapping.address() % PAGE).isZero();
            assertThat(budget.reservedBytes()).isEqualTo(2L * PAGE);
            for (int at = 0; at <= PAGE; at++) {
                assertThat(Memory.getByte(mapping.address() + at)).isZero();
            }
        }
    }

    @Test
    void wholePagesAreNotRoundedUp() {
        try (var mapping = Mapping.map(budget, 64L * PAGE, "test")) {
            assertThat(budget.reservedBytes()).isEqualTo(mapping.bytes()).isEqualTo(64L * PAGE);
        }
    }

    @Test
    void overTheBudgetNothingIsMappedOrReserved() {
        assertThatThrownBy(() -> Mapping.map(budget, 64L * PAGE + 1, "test"))
                .isInstanceOf(MemoryLimitException.class);
        assertThat(budget.reservedBytes()).isZero();
        assertThat(budget.peakBytes()).isZero();
    }

    @Test
    void whenTheSystemRefusesNothingStaysReserved() {
        var unlimited = MemoryBudget.unlimited();
        assertThatThrownBy(() -> Mapping.map(unlimited, 1L << 60, "giant"))
                .isInstanceOfSatisfying(
                        StorageException.class, e -> assertThat(e.errno()).isEqualTo(12))
                .hasMessageContaining("giant");
        unlimited.assertAllReleased();
    }

    @Test
    void lengthsThatMakeNoSenseAreRefused() {
        for (long bytes : new long[] {0, -1, Long.MIN_VALUE, Long.MAX_VALUE}) {
            assertThatThrownBy(() -> Mapping.map(MemoryBudget.unlimited(), bytes, "test"))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void theViewShowsTheSameBytes() {
        try (var mapping = Mapping.map(budget, 1000, "test")) {
            Memory.putInt(mapping.address() + 996, 0x01020304);
            var view = mapping.view();
            assertThat(view.capacity()).isEqualTo(1000);
            assertThat(view.getInt(996)).isEqualTo(0x01020304);
            view.putLong(8, 42);
            assertThat(Memory.getLong(mapping.address() + 8)).isEqualTo(42);
            var crc = new CRC32();
            crc.update(view);
            assertThat(crc.getValue()).isNotZero();
        }
    }

    @Test
    void discardZeroesWholePagesInsideTheRangeAndNothingElse() {
        try (var mapping = Mapping.map(budget, 4L * PAGE, "test")) {
            long base = mapping.address();
            Memory.fill(base, 4L * PAGE, (byte) 7);
            mapping.discard(1, 3L * PAGE - 2); // pages 1 and, but for its last byte, 2
            assertThat(Memory.getByte(base + PAGE - 1)).isEqualTo((byte) 7);
            assertThat(Memory.getByte(base + PAGE)).isZero();
            assertThat(Memory.getByte(base + 2L * PAGE - 1)).isZero();
            assertThat(Memory.getByte(base + 2L * PAGE)).isEqualTo((byte) 7);
            assertThat(budget.reservedBytes()).isEqualTo(4L * PAGE);
            mapping.discard(0, 0);
            mapping.discard(4L * PAGE, 0);
            assertThat(Memory.getByte(base)).isEqualTo((byte) 7);
        }
    }

    @Test
    void discardToTheEndTakesTheLastPageThoughItIsNotFull() {
        try (var mapping = Mapping.map(budget, PAGE + 10, "test")) {
            Memory.fill(mapping.address(), PAGE + 10, (byte) 7);
            mapping.discard(PAGE, 10);
            assertThat(Memory.getByte(mapping.address() + PAGE - 1)).isEqualTo((byte) 7);
            assertThat(Memory.getByte(mapping.address() + PAGE)).isZero();
        }
    }

    @Test
    void discardOutsideIsRefused() {
        try (var mapping = Mapping.map(budget, PAGE, "test")) {
            assertThatThrownBy(() -> mapping.discard(0, PAGE + 1))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> mapping.discard(-1, 1))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> mapping.discard(PAGE, Long.MAX_VALUE))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void closingTwiceReleasesOnceAndLeavesNothingUsable() {
        var mapping = Mapping.map(budget, PAGE, "test");
        budget.reserve(1);
        mapping.close();
        mapping.close();
        assertThat(budget.reservedBytes()).isEqualTo(1);
        budget.release(1);
        assertThatThrownBy(mapping::view).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> mapping.discard(0, 1)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void otherSystemsAreRefusedByName() {
        assertThat(NativeMemory.isSupported("Windows 11")).isFalse();
        assertThat(NativeMemory.isSupported("Mac OS X")).isFalse();
        assertThat(NativeMemory.isSupported("Linux")).isTrue();
        assertThatThrownBy(() -> NativeMemory.requireSupported(false))
                .isInstanceOf(UnsupportedFeatureException.class)
                .hasMessageContaining("Linux");
    }
}
