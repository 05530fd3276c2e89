package io.raftengine.stress;

/**
 * Self-checking payload: every byte follows from seed, group and index, so a reader knows what it
 * should have read. With seed 0 the same bytes as those of the driver of the reference engine, so
 * either tool checks what the other wrote.
 */
final class EntryContent {
    private static final long GROUP_FACTOR = 0x9e37_79b9_7f4a_7c15L;
    private static final long STEP_FACTOR = 0xd129_0d9a_5b31_8f4dL;
    private static final long STEP_ADDEND = 0x1405_7b7e_f767_814fL;

    private EntryContent() {}

    static void fill(byte[] target, int offset, int length, long seed, long group, long index) {
        long state = start(seed, group, index);
        for (int i = 0; i < length; i += Long.BYTES) {
            state = state * STEP_FACTOR + STEP_ADDEND;
            long mixed = state ^ (state >>> 29);
            int end = Math.min(Long.BYTES, length - i);
            for (int b = 0; b < end; b++) {
                target[offset + i + b] = (byte) (mixed >>> (8 * b));
            }
        }
    }

    /** Position of the first wrong byte, or -1. */
    static int firstDifference(
            byte[] bytes, int offset, int length, long seed, long group, long index) {
        long state = start(seed, group, index);
        for (int i = 0; i < length; i += Long.BYTES) {
            state = state * STEP_FACTOR + STEP_ADDEND;
            long mixed = state ^ (state >>> 29);
            int end = Math.min(Long.BYTES, length - i);
            for (int b = 0; b < end; b++) {
                if (bytes[offset + i + b] != (byte) (mixed >>> (8 * b))) {
                    return i + b;
                }
            }
        }
        return -1;
    }

    private static long start(long seed, long group, long index) {
        return (group * GROUP_FACTOR ^ (index + 1)) ^ seed;
    }
}
