package io.raftengine.log.format;

import io.raftengine.allocator.Memory;

/**
 * Unsigned LEB128 with 64 bits, as in protocol buffers: seven bits per byte, lowest first, a set
 * high bit says that more follow. Written in its shortest form; {@link ItemReader} reads longer
 * ones as well. Stateless.
 */
public final class Varint {
    /** Most bytes a value takes. */
    public static final int BYTES_MAX = 10;

    private Varint() {}

    /**
     * Length of a value.
     *
     * @param value unsigned
     * @return 1 to 10 bytes
     */
    public static int encodedBytes(long value) {
        return (70 - Long.numberOfLeadingZeros(value | 1)) / 7;
    }

    /**
     * Writes a value to off-heap memory.
     *
     * @param address where; room for {@link #encodedBytes}
     * @param value unsigned
     * @return address behind its last byte
     */
    public static long put(long address, long value) {
        long v = value;
        long at = address;
        while ((v & ~0x7fL) != 0) {
            Memory.putByte(at++, (byte) (v | 0x80));
            v >>>= 7;
        }
        Memory.putByte(at++, (byte) v);
        return at;
    }

    /**
     * Writes a value to an array.
     *
     * @param bytes where; room for {@link #encodedBytes}
     * @param at index of the first byte
     * @param value unsigned
     * @return index behind its last byte
     */
    public static int put(byte[] bytes, int at, long value) {
        long v = value;
        int to = at;
        while ((v & ~0x7fL) != 0) {
            bytes[to++] = (byte) (v | 0x80);
            v >>>= 7;
        }
        bytes[to++] = (byte) v;
        return to;
    }
}
