package io.raftengine.allocator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Every access is compared with a byte array on the heap that is accessed through the JDK's own
 * buffers.
 */
class MemoryTest {
    private static final int BYTES = 4096;
    private static final long SEED = 20_250_611;

    private final MemoryBudget budget = MemoryBudget.unlimited();
    private final Random random = new Random(SEED);
    private final byte[] model = new byte[BYTES];
    private final ByteBuffer little = ByteBuffer.wrap(model).order(ByteOrder.LITTLE_ENDIAN);
    private final ByteBuffer big = ByteBuffer.wrap(model).order(ByteOrder.BIG_ENDIAN);
    private Mapping mapping;
    private long base;

    @BeforeEach
    void mapAndFill() {
        mapping = Mapping.map(budget, BYTES, "test");
        base = mapping.address();
        random.nextBytes(model);
        Memory.copyFromArray(model, 0, base, BYTES);
    }

    @AfterEach
    void everythingIsReturned() {
        mapping.close();
        budget.assertAllReleased();
    }

    private void assertSameBytes() {
        var bytes = new byte[BYTES];
        Memory.copyToArray(base, bytes, 0, BYTES);
        assertThat(bytes).as("seed %d", SEED).isEqualTo(model);
    }

    @Test
    void checkedModeIsOnInTests() {
        assertThat(Memory.checked()).isTrue();
    }

    @Test
    void readsAtAnyAddressWhatAByteBufferReads() {
        for (int at = 0; at <= BYTES - 8; at++) {
            long address = base + at;
            assertThat(Memory.getByte(address)).isEqualTo(little.get(at));
            assertThat(Memory.getShort(address)).isEqualTo(little.getShort(at));
            assertThat(Memory.getInt(address)).isEqualTo(little.getInt(at));
            assertThat(Memory.getLong(address)).isEqualTo(little.getLong(at));
            assertThat(Memory.getLongBE(address)).isEqualTo(big.getLong(at));
        }
    }

    @Test
    void racyTwinsReadTheSame() {
        for (int at = 0; at <= BYTES - 8; at++) {
            long address = base + at;
            assertThat(Memory.getShortRacy(address)).isEqualTo(little.getShort(at));
            assertThat(Memory.getIntRacy(address)).isEqualTo(little.getInt(at));
            assertThat(Memory.getLongRacy(address)).isEqualTo(little.getLong(at));
        }
    }

    @Test
    void writesAtAnyAddressWhatAByteBufferWrites() {
        for (int round = 0; round < 20_000; round++) {
            int at = random.nextInt(BYTES - 7);
            long address = base + at;
            long value = random.nextLong();
            switch (random.nextInt(5)) {
                case 0 -> {
                    Memory.putByte(address, (byte) value);
                    little.put(at, (byte) value);
                }
                case 1 -> {
                    Memory.putShort(address, (short) value);
                    little.putShort(at, (short) value);
                }
                case 2 -> {
                    Memory.putInt(address, (int) value);
                    little.putInt(at, (int) value);
                }
                case 3 -> {
                    Memory.putLong(address, value);
                    little.putLong(at, value);
                }
                default -> {
                    Memory.putLongBE(address, value);
                    big.putLong(at, value);
                }
            }
        }
        assertSameBytes();
    }

    @Test
    void orderedFormsReadAndWriteLittleEndian() {
        Memory.putIntRelease(base + 4, 2);
        little.putInt(4, 2);
        assertSameBytes();
        assertThat(Memory.getIntAcquire(base + 4)).isEqualTo(2);
        assertThat(Memory.getAndAddInt(base + 4, -3)).isEqualTo(2);
        little.putInt(4, -1);
        assertSameBytes();
    }

    @Test
    void orderedFormsRefuseAddressesThatAreNotAligned() {
        assertThatThrownBy(() -> Memory.getIntAcquire(base + 2))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Memory.putIntRelease(base + 2, 0))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Memory.getAndAddInt(base + 2, 1))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void addingFromSeveralThreadsLosesNothing() throws InterruptedException {
        Memory.putInt(base, 0);
        var threads = new Thread[4];
        for (int thread = 0; thread < threads.length; thread++) {
            threads[thread] =
                    Thread.ofPlatform()
                            .start(() -> {
                                for (int round = 0; round < 10_000; round++) {
                                    Memory.getAndAddInt(base, 3);
                                }
                            });
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(Memory.getInt(base)).isEqualTo(120_000);
    }

    @Test
    void copiesAsArraycopyDoesAlsoWhenRangesOverlap() {
        for (int round = 0; round < 2_000; round++) {
            int bytes = random.nextInt(round % 2 == 0 ? 40 : BYTES);
            int from = random.nextInt(BYTES - bytes);
            int to = random.nextInt(BYTES - bytes);
            if (round % 3 == 0) {
                Memory.copyRacy(base + from, base + to, bytes);
            } else {
                Memory.copy(base + from, base + to, bytes);
            }
            System.arraycopy(model, from, model, to, bytes);
        }
        assertSameBytes();
    }

    @Test
    void copiesPartsOfArraysBothWays() {
        var bytes = new byte[100];
        Memory.copyToArrayRacy(base + 7, bytes, 10, 50);
        assertThat(Arrays.copyOfRange(bytes, 10, 60)).isEqualTo(Arrays.copyOfRange(model, 7, 57));
        assertThat(bytes[9]).isZero();
        assertThat(bytes[60]).isZero();
        Memory.copyFromArray(bytes, 10, base + 1000, 50);
        System.arraycopy(bytes, 10, model, 1000, 50);
        assertSameBytes();
        assertThatThrownBy(() -> Memory.copyToArray(base, bytes, 90, 11))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void copiesPartsOfSegmentsOnAndOffTheHeapAndNotOneByteMore() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment outside = arena.allocate(100);
            outside.copyFrom(MemorySegment.ofArray(model).asSlice(7, 100));
            Memory.copyFromSegment(outside, 10, base + 1000, 90);
            System.arraycopy(model, 17, model, 1000, 90);
            Memory.copyFromSegment(MemorySegment.ofArray(model), 50, base + 3000, 60);
            System.arraycopy(model, 50, model, 3000, 60);
            assertThatThrownBy(() -> Memory.copyFromSegment(outside, 10, base, 91))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertSameBytes();
        }
    }

    @Test
    void fillsExactlyTheRangeOfEachLength() {
        for (int bytes = 0; bytes < 600; bytes++) {
            int at = random.nextInt(BYTES - bytes);
            byte value = (byte) random.nextInt();
            Memory.fill(base + at, bytes, value);
            Arrays.fill(model, at, at + bytes, value);
        }
        assertSameBytes();
        Memory.fill(base, BYTES, (byte) 0);
        Arrays.fill(model, (byte) 0);
        assertSameBytes();
    }

    @Test
    void comparesUnsignedLikeArraysCompare() {
        for (int round = 0; round < 20_000; round++) {
            int left = random.nextInt(2000);
            int leftBytes = random.nextInt(30);
            int right = 2040 + random.nextInt(2000);
            int rightBytes = random.nextInt(30);
            int same = random.nextInt(1 + Math.min(leftBytes, rightBytes));
            Memory.copy(base + left, base + right, same); // else they differ in the first byte
            System.arraycopy(model, left, model, right, same);
            int expected =
                    Integer.signum(
                            Arrays.compareUnsigned(
                                    model,
                                    left,
                                    left + leftBytes,
                                    model,
                                    right,
                                    right + rightBytes));
            long l = base + left;
            long r = base + right;
            assertThat(Integer.signum(Memory.compare(l, leftBytes, r, rightBytes)))
                    .as("seed %d round %d", SEED, round)
                    .isEqualTo(expected);
            assertThat(Integer.signum(Memory.compareRacy(l, leftBytes, model, right, rightBytes)))
                    .isEqualTo(expected);
        }
    }
}
