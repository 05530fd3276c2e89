package io.raftengine.log.format;

import static io.raftengine.log.format.TestBytes.concat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.allocator.GrowableBuffer;
import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.CorruptionException;
import io.raftengine.error.MemoryLimitException;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Entries blocks and LZ4 (scenario A12), bombs included (D8). */
class BlockDecoderTest {
    private final MemoryBudget budget = new MemoryBudget(64 << 20);

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 11, 70, 4096, 100_000})
    void compressedAndUnfoldedIsTheSame(int length) { // A12
        byte[] content = new byte[length];
        Random random = new Random(length);
        for (int i = 0; i < length; i++) {
            content[i] = (byte) (i % 100 < 90 ? 'x' : random.nextInt());
        }
        for (int acceleration : new int[] {1, 8}) {
            byte[] block = compress(content, acceleration);
            byte[] stored = concat(ModelBatch.littleEndian(length), block);
            byte[] whole = concat(stored, ModelBatch.littleEndian(ModelBatch.crc(stored)));
            assertThat(TestBlocks.content(whole, true, 1 << 20)).isEqualTo(content);
        }
        assertThat(budget.reservedBytes()).isZero();
    }

    @Test
    void everyFlippedBitIsFound() {
        byte[] stored = concat(ModelBatch.littleEndian(500), compress(new byte[500], 1));
        byte[] whole = concat(stored, ModelBatch.littleEndian(ModelBatch.crc(stored)));
        for (boolean compressed : new boolean[] {true, false}) {
            for (int bit = 0; bit < whole.length * 8; bit++) {
                byte[] damaged = whole.clone();
                damaged[bit / 8] ^= (byte) (1 << (bit % 8));
                assertThatThrownBy(() -> TestBlocks.content(damaged, compressed, 1 << 20))
                        .isInstanceOf(CorruptionException.class)
                        .hasMessageContaining("checksum");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, Integer.MIN_VALUE, Integer.MAX_VALUE, 501, 499, 0})
    void aWrongContentLengthIsCorrupt(int claimed) { // D8: bombs
        byte[] stored = concat(ModelBatch.littleEndian(claimed), compress(new byte[500], 1));
        byte[] whole = concat(stored, ModelBatch.littleEndian(ModelBatch.crc(stored)));
        assertThatThrownBy(() -> TestBlocks.content(whole, true, 1 << 20))
                .isInstanceOf(CorruptionException.class);
    }

    @Test
    void theMostThatSoManyBytesCanUnfoldTo() { // D8: bombs
        assertThat(BlockDecoder.plausibleContent(255 * 100, 104)).isTrue();
        assertThat(BlockDecoder.plausibleContent(255 * 100 + 1, 104)).isFalse();
        assertThat(BlockDecoder.plausibleContent(Integer.MAX_VALUE, Integer.MAX_VALUE)).isTrue();
        assertThat(BlockDecoder.plausibleContent(0, 4)).isFalse();
        assertThat(BlockDecoder.plausibleContent(1, 0)).isFalse();
        // A real block comes close to the bound and must pass it.
        byte[] zeros = new byte[8 << 20];
        byte[] block = compress(zeros, 1);
        assertThat(BlockDecoder.plausibleContent(zeros.length, block.length + 4)).isTrue();
        assertThat(zeros.length / block.length).isGreaterThan(240);
    }

    @Test
    void anHonestBombIsRefusedByTheBudget() {
        byte[] stored = concat(ModelBatch.littleEndian(8 << 20), compress(new byte[8 << 20], 1));
        byte[] whole = concat(stored, ModelBatch.littleEndian(ModelBatch.crc(stored)));
        assertThatThrownBy(() -> TestBlocks.content(whole, true, 1 << 20))
                .isInstanceOf(MemoryLimitException.class);
    }

    @Test
    void noiseWithARightChecksumIsCorruptAndHarmless() {
        for (int seed = 0; seed < 500; seed++) {
            Random random = new Random(seed);
            byte[] noise = new byte[4 + 1 + random.nextInt(100)];
            random.nextBytes(noise);
            byte[] prefix = ModelBatch.littleEndian(random.nextInt(1000));
            System.arraycopy(prefix, 0, noise, 0, 4);
            byte[] whole = concat(noise, ModelBatch.littleEndian(ModelBatch.crc(noise)));
            try {
                int length = BigEndian.getIntLittleEndian(noise, 0);
                assertThat(TestBlocks.content(whole, true, 1 << 20)).hasSize(length);
            } catch (CorruptionException e) {
                assertThat(e.offset()).isEqualTo(16);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 4})
    void blocksWithoutContentAreCorrupt(int length) {
        for (boolean compressed : new boolean[] {true, false}) {
            assertThatThrownBy(() -> TestBlocks.content(new byte[length], compressed, 1 << 20))
                    .isInstanceOf(CorruptionException.class);
        }
        byte[] four = new byte[4];
        byte[] whole = concat(four, ModelBatch.littleEndian(ModelBatch.crc(four)));
        assertThatThrownBy(() -> TestBlocks.content(whole, true, 1 << 20))
                .isInstanceOf(CorruptionException.class);
    }

    @Test
    void theStateIsChargedAndGivenBack() {
        try (Lz4 lz4 = new Lz4(budget)) {
            assertThat(budget.reservedBytes()).isZero();
            compress(lz4, new byte[100], 1);
            long state = budget.reservedBytes();
            assertThat(state).isPositive();
            compress(lz4, new byte[100], 5);
            assertThat(budget.reservedBytes()).isEqualTo(state);
        }
        assertThat(budget.reservedBytes()).isZero();
    }

    private byte[] compress(byte[] content, int acceleration) {
        try (Lz4 lz4 = new Lz4(budget)) {
            return compress(lz4, content, acceleration);
        }
    }

    private static byte[] compress(Lz4 lz4, byte[] content, int acceleration) {
        int room = content.length + content.length / 255 + 16;
        try (GrowableBuffer source =
                        new GrowableBuffer(
                                MemoryBudget.unlimited(), content.length, Integer.MAX_VALUE);
                GrowableBuffer target =
                        new GrowableBuffer(MemoryBudget.unlimited(), room, Integer.MAX_VALUE)) {
            Memory.copyFromArray(content, 0, source.address(), content.length);
            int n =
                    lz4.compress(
                            source.view(), 0, content.length, target.view(), 0, room, acceleration);
            assertThat(n).isPositive();
            assertThat(
                            lz4.compress(
                                    source.view(),
                                    0,
                                    content.length,
                                    target.view(),
                                    0,
                                    n - 1,
                                    acceleration))
                    .isZero();
            lz4.compress(source.view(), 0, content.length, target.view(), 0, room, acceleration);
            return TestBytes.copy(target.address(), n);
        }
    }
}
