package io.raftengine.allocator;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SizeClassesTest {
    @Test
    void eachSizeGetsTheSmallestClassThatHoldsIt() {
        for (int bytes = 1; bytes <= SizeClasses.SLAB_BLOCK_BYTES_MAX; bytes++) {
            int sizeClass = SizeClasses.of(bytes);
            assertThat(SizeClasses.blockBytes(sizeClass)).isGreaterThanOrEqualTo(bytes);
            if (sizeClass > 0) {
                assertThat(SizeClasses.blockBytes(sizeClass - 1)).isLessThan(bytes);
            }
        }
        assertThat(SizeClasses.of(SizeClasses.SLAB_BLOCK_BYTES_MAX))
                .isEqualTo(SizeClasses.COUNT - 1);
    }

    @Test
    void theSizesOfGrowingChunksAreClasses() {
        for (int bytes : new int[] {16, 64, 80, 96, 128, 192, 256, 384, 512, 768, 1024}) {
            assertThat(SizeClasses.blockBytes(SizeClasses.of(bytes))).isEqualTo(bytes);
        }
    }

    @Test
    void slabsWasteLittleAndStaySmall() {
        for (int sizeClass = 0; sizeClass < SizeClasses.COUNT; sizeClass++) {
            int slabBytes = SizeClasses.slabPages(sizeClass) * NativeMemory.PAGE_BYTES;
            int used = SizeClasses.slabBlocks(sizeClass) * SizeClasses.blockBytes(sizeClass);
            assertThat(SizeClasses.slabBlocks(sizeClass)).isPositive();
            assertThat(slabBytes - used).isBetween(0, slabBytes / 32);
            assertThat(SizeClasses.blockBytes(sizeClass) % SizeClasses.UNIT_BYTES).isZero();
        }
    }
}
