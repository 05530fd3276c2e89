package io.raftengine.engine.read;

import io.raftengine.log.format.QueueKind;

/**
 * Names a block, queue, segment and offset, in one 64-bit word.
 *
 * <pre>
 *   63       62..32          31..0
 *   rewrite  segment number  block offset in the segment
 * </pre>
 *
 * <p>The word is exact, never a hash: a mix-up of two blocks would be wrong data. Segments numbered
 * 2^31 and above have no word, and simply are not cached.
 */
final class BlockKey {
    /** No block; offset 0 is always inside a segment header. */
    static final long NONE = 0;

    private static final long SEQ_MAX = (1L << 31) - 1;
    private static final long OFFSET_MAX = 0xFFFF_FFFFL;

    private BlockKey() {}

    /** The block's word, or {@link #NONE}. */
    static long of(QueueKind queue, long segmentSeq, long blockOffset) {
        if (Long.compareUnsigned(segmentSeq, SEQ_MAX) > 0
                || Long.compareUnsigned(blockOffset, OFFSET_MAX) > 0) {
            return NONE;
        }
        long word = segmentSeq << 32 | blockOffset;
        return queue == QueueKind.REWRITE ? word | Long.MIN_VALUE : word;
    }

    /** Spreads a word over a table of a power of two; any mixing will do. */
    static int slot(long key, int mask) {
        long mixed = key * 0x9E3779B97F4A7C15L;
        return (int) (mixed >>> 40) & mask;
    }
}
