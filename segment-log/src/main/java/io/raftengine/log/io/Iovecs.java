package io.raftengine.log.io;

import io.raftengine.allocator.Memory;

/**
 * Arrays of {@code struct iovec} in off-heap memory, as {@link FileHandle#writeVector} takes them.
 *
 * <pre>
 *     element i, 16 bytes, in the machine's byte order
 *     0: base address (u64)    8: length (u64)
 * </pre>
 *
 * <p>Stateless; whoever owns the memory says which thread may touch it.
 */
public final class Iovecs {
    /** Of one element. */
    public static final int BYTES = 16;

    private static final int LENGTH = 8;

    private Iovecs() {}

    /**
     * Where an element is.
     *
     * @param array address of the first one
     * @param index its number, from 0
     * @return its address
     */
    public static long at(long array, int index) {
        return array + (long) index * BYTES;
    }

    /**
     * Sets an element.
     *
     * @param array address of the first one
     * @param index its number
     * @param base where its bytes are
     * @param length how many they are
     */
    public static void put(long array, int index, long base, long length) {
        long element = at(array, index);
        Memory.putLong(element, base);
        Memory.putLong(element + LENGTH, length);
    }

    /**
     * Where an element's bytes are.
     *
     * @param array address of the first one
     * @param index its number
     * @return an address
     */
    public static long base(long array, int index) {
        return Memory.getLong(at(array, index));
    }

    /**
     * How many bytes an element has.
     *
     * @param array address of the first one
     * @param index its number
     * @return its length
     */
    public static long length(long array, int index) {
        return Memory.getLong(at(array, index) + LENGTH);
    }

    /**
     * Adds bytes behind those of an element.
     *
     * @param array address of the first one
     * @param index its number
     * @param bytes how many
     */
    public static void grow(long array, int index, long bytes) {
        long length = at(array, index) + LENGTH;
        Memory.putLong(length, Memory.getLong(length) + bytes);
    }

    /**
     * Takes the first bytes off an element.
     *
     * @param array address of the first one
     * @param index its number
     * @param bytes how many, at most its length
     */
    public static void skip(long array, int index, long bytes) {
        put(array, index, base(array, index) + bytes, length(array, index) - bytes);
    }
}
