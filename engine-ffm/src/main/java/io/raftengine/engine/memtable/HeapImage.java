package io.raftengine.engine.memtable;

import io.raftengine.allocator.Memory;

/**
 * Little-endian words laid out on the heap, to be copied off it in one go: a replay starts in a JVM
 * where an off-heap access costs tens of nanoseconds, and a store into an array hardly anything.
 * One thread at a time.
 */
final class HeapImage {
    private int[] words = new int[0];

    /** Makes room for an image of so many bytes; what it holds is undefined. */
    void begin(int bytes) {
        if (words.length < bytes >> 2) {
            words = new int[bytes >> 2];
        }
    }

    /** Stores a word at a byte offset, which is a multiple of 4. */
    void putInt(int at, int value) {
        words[at >> 2] = value;
    }

    void putLong(int at, long value) {
        putInt(at, (int) value);
        putInt(at + 4, (int) (value >>> 32));
    }

    int[] words() {
        return words;
    }

    void copyTo(int from, long address, int bytes) {
        Memory.copyFromArray(words, from >> 2, address, bytes >> 2);
    }
}
