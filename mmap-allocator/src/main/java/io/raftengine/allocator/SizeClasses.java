package io.raftengine.allocator;

/**
 * Which sizes blocks have and how they are packed into slabs.
 *
 * <p>Steps of 16 B up to 256 B, then four to each doubling: 320, 384, 448, 512, 640, ... 16,384, so
 * that rounding up costs at most a fifth. Anything larger is a run of whole pages. A slab is the
 * smallest run of up to {@value #SLAB_PAGES_MAX} pages that its class fills to all but a 32nd part.
 */
final class SizeClasses {
    /** A handle counts in these units, and every block starts at a multiple of it. */
    static final int UNIT_BYTES = 16;

    static final int UNIT_SHIFT = 4;
    static final int COUNT = 40;

    /** Largest block that shares its pages with others. */
    static final int SLAB_BLOCK_BYTES_MAX = 16 << 10;

    private static final int FINE_BYTES_MAX = 256;
    private static final int FINE_COUNT = FINE_BYTES_MAX / UNIT_BYTES;
    private static final int SLAB_PAGES_MAX = 8;
    private static final int WASTE_PART = 32;

    private static final int[] BLOCK_BYTES = new int[COUNT];
    private static final int[] SLAB_PAGES = new int[COUNT];
    private static final int[] SLAB_BLOCKS = new int[COUNT];

    static {
        for (int sizeClass = 0; sizeClass < COUNT; sizeClass++) {
            BLOCK_BYTES[sizeClass] = bytesOf(sizeClass);
            SLAB_PAGES[sizeClass] = pagesFor(BLOCK_BYTES[sizeClass]);
            SLAB_BLOCKS[sizeClass] =
                    SLAB_PAGES[sizeClass] * NativeMemory.PAGE_BYTES / BLOCK_BYTES[sizeClass];
        }
    }

    private SizeClasses() {}

    private static int bytesOf(int sizeClass) {
        if (sizeClass < FINE_COUNT) {
            return (sizeClass + 1) * UNIT_BYTES;
        }
        int step = sizeClass - FINE_COUNT;
        return (5 + step % 4) << (6 + step / 4);
    }

    private static int pagesFor(int blockBytes) {
        int best = 0;
        double leastWaste = 1;
        for (int pages = 1; pages <= SLAB_PAGES_MAX; pages++) {
            int slabBytes = pages * NativeMemory.PAGE_BYTES;
            double waste = (double) (slabBytes % blockBytes) / slabBytes;
            if (slabBytes >= blockBytes && waste < leastWaste) {
                best = pages;
                leastWaste = waste;
                if (waste <= 1.0 / WASTE_PART) {
                    break;
                }
            }
        }
        return best;
    }

    /** The class of a block, which is of 1 to {@link #SLAB_BLOCK_BYTES_MAX} bytes. */
    static int of(int bytes) {
        int last = bytes - 1;
        if (last < FINE_BYTES_MAX) {
            return last >>> UNIT_SHIFT;
        }
        int shift = 29 - Integer.numberOfLeadingZeros(last); // leaves the highest three bits
        return FINE_COUNT + (shift - 6) * 4 + (last >>> shift) - 4;
    }

    static int blockBytes(int sizeClass) {
        return BLOCK_BYTES[sizeClass];
    }

    static int slabPages(int sizeClass) {
        return SLAB_PAGES[sizeClass];
    }

    static int slabBlocks(int sizeClass) {
        return SLAB_BLOCKS[sizeClass];
    }
}
