package io.raftengine.log.format;

/**
 * Big-endian words in arrays, by plain arithmetic: recovery runs them in a JVM that just started,
 * where a VarHandle is slow until the optimising compiler has seen it.
 */
final class BigEndian {
    private BigEndian() {}

    static int getInt(byte[] bytes, int at) {
        return (bytes[at] << 24)
                | ((bytes[at + 1] & 0xff) << 16)
                | ((bytes[at + 2] & 0xff) << 8)
                | (bytes[at + 3] & 0xff);
    }

    static long getLong(byte[] bytes, int at) {
        return ((long) getInt(bytes, at) << 32) | (getInt(bytes, at + 4) & 0xffffffffL);
    }

    static void putLong(byte[] bytes, int at, long value) {
        for (int i = 0; i < 8; i++) {
            bytes[at + i] = (byte) (value >>> (56 - 8 * i));
        }
    }

    /** The one little-endian word of the format: checksums and the LZ4 length. */
    static int getIntLittleEndian(byte[] bytes, int at) {
        return Integer.reverseBytes(getInt(bytes, at));
    }

    static void putIntLittleEndian(byte[] bytes, int at, int value) {
        for (int i = 0; i < 4; i++) {
            bytes[at + i] = (byte) (value >>> (8 * i));
        }
    }
}
