package io.raftengine.log.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.MemoryLimitException;
import io.raftengine.error.StorageException;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Which bytes of a file a window holds, and how much it reads to get there. */
class FileWindowTest {
    private static final int BYTES = 64;
    private static final int JUMP = 8;

    private final MemoryBudget budget = new MemoryBudget(1 << 20);
    private final FileWindow window = new FileWindow(budget, BYTES, JUMP);
    private final MemoryFile file = new MemoryFile(new byte[1000]);

    @AfterEach
    void everythingIsGivenBackOnce() {
        window.close();
        window.close();
        assertThat(budget.reservedBytes()).isZero();
    }

    private void open() {
        new Random(1).nextBytes(file.bytes);
        window.open(file, file.bytes.length);
    }

    private void assertHolds(long start, long end) {
        assertThat(window.start()).isEqualTo(start);
        assertThat(window.end()).isEqualTo(end);
        int length = (int) (end - start);
        assertThat(Arrays.copyOf(window.array(), length))
                .isEqualTo(Arrays.copyOfRange(file.bytes, (int) start, (int) end));
    }

    @Test
    void itHoldsWhatItWasMovedTo() {
        open();
        assertThat(window.holds(0, 1)).isFalse();
        window.refill(100);
        assertHolds(100, 164);
        assertThat(window.holds(100, 64)).isTrue();
        assertThat(window.holds(99, 2)).isFalse();
        assertThat(window.holds(100, 65)).isFalse();
        window.load(160, 4);
        assertHolds(100, 164);
        window.load(160, 5);
        assertHolds(160, 224);
        assertThat(window.index(170)).isEqualTo(10);
        window.refill(990);
        assertHolds(990, 1000);
        window.refill(2000); // nothing is there
        assertThat(window.end() - window.start()).isZero();
        window.refill(3, 7);
        assertHolds(3, 10);
        window.forget();
        assertThat(window.holds(3, 1)).isFalse();
    }

    /** P9: little for a batch that stands alone, a window for many that follow each other. */
    @Test
    void afterAJumpItReadsLittleAndTwiceAsMuchEachTime() {
        open();
        long at = 0;
        for (int expected : new int[] {8, 16, 32, 64, 64}) {
            window.refillAhead(at);
            assertHolds(at, at + expected);
            at += expected;
        }
        window.refillAtLeast(at, 5); // nobody jumped
        assertHolds(at, at + 64);
        window.jump();
        window.refillAtLeast(at, 5);
        assertHolds(at, at + 5);
        window.refillAhead(at);
        assertHolds(at, at + 8);
        window.open(file, 20); // another file is a jump too, and this one ends early
        window.refillAhead(0);
        assertHolds(0, 8);
        window.refillAhead(8);
        assertHolds(8, 20);
    }

    @Test
    void afterAReadThatFailedItHoldsNothing() {
        open();
        window.refill(0);
        file.failAt = file.reads;
        assertThatThrownBy(() -> window.refill(10)).isInstanceOf(StorageException.class);
        assertThat(window.holds(0, 1)).isFalse();
        assertThat(window.holds(10, 1)).isFalse();
        window.refill(10);
        assertHolds(10, 74);
    }

    @Test
    void zerosEndWhereAByteIsNone() {
        for (int at : new int[] {0, 1, 63, 64, 65, 500, 999}) {
            Arrays.fill(file.bytes, (byte) 0);
            file.bytes[at] = 1;
            window.open(file, 1000);
            assertThat(window.zerosUntil(0)).isEqualTo(at);
            assertThat(window.zerosUntil(at)).isEqualTo(at);
            assertThat(window.zerosUntil(at + 1)).isEqualTo(1000);
            assertThat(window.isZero(0, at)).isTrue();
            assertThat(window.isZero(0, at + 1)).isFalse();
            assertThat(window.isZero(at, at)).isTrue();
            assertThat(window.isZero(at + 1, 1000)).isTrue();
        }
    }

    @Test
    void whatItCannotPayForItDoesNotKeep() {
        MemoryBudget small = new MemoryBudget(4096 + 100); // the page to read through fits
        assertThatThrownBy(() -> new FileWindow(small, 4096, JUMP))
                .isInstanceOf(MemoryLimitException.class);
        assertThat(small.reservedBytes()).isZero();
    }
}
