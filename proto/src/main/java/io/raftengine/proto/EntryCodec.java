package io.raftengine.proto;

/**
 * Writes {@code eraftpb.Entry} messages in their canonical form: fields in the order of their
 * numbers, defaults left out, the same bytes that protobuf makes.
 *
 * <pre>
 *    08 varint  entry_type    left out if 0
 *    10 varint  term          left out if 0
 *    18 varint  index         left out if 0
 *    22 varint  length, data  left out if empty
 * </pre>
 *
 * <p>Stateless, allocates nothing but what {@link #toBytes} returns.
 */
public final class EntryCodec {
    static final int TAG_TYPE = 0x08;
    static final int TAG_TERM = 0x10;
    static final int TAG_INDEX = 0x18;
    static final int TAG_DATA = 0x22;

    /** Most bytes a message takes beside its data. */
    public static final int OVERHEAD_BYTES_MAX = 1 + 5 + 1 + 10 + 1 + 10 + 1 + 5;

    private EntryCodec() {}

    /**
     * Length of a message of type 0.
     *
     * @param term the term, unsigned
     * @param index the index, unsigned
     * @param dataBytes length of the data
     * @return bytes
     */
    public static int encodedBytes(long term, long index, int dataBytes) {
        int bytes = 0;
        bytes += term == 0 ? 0 : 1 + varintBytes(term);
        bytes += index == 0 ? 0 : 1 + varintBytes(index);
        bytes += dataBytes == 0 ? 0 : 1 + varintBytes(dataBytes) + dataBytes;
        return bytes;
    }

    /**
     * Writes all fields of a message of type 0 that stand in front of the data's bytes.
     *
     * @param term the term, unsigned
     * @param index the index, unsigned
     * @param dataBytes length of the data that the caller puts behind them
     * @param target gets the bytes
     * @param offset where, with {@link #OVERHEAD_BYTES_MAX} bytes of room
     * @return offset in {@code target} where the data belongs
     */
    public static int encodeHead(long term, long index, int dataBytes, byte[] target, int offset) {
        int at = offset;
        if (term != 0) {
            target[at++] = TAG_TERM;
            at = putVarint(term, target, at);
        }
        if (index != 0) {
            target[at++] = TAG_INDEX;
            at = putVarint(index, target, at);
        }
        if (dataBytes != 0) {
            target[at++] = TAG_DATA;
            at = putVarint(dataBytes, target, at);
        }
        return at;
    }

    /**
     * Makes a message of type 0.
     *
     * @param term the term, unsigned
     * @param index the index, unsigned
     * @param data its data
     * @return the message
     */
    public static byte[] toBytes(long term, long index, byte[] data) {
        byte[] message = new byte[encodedBytes(term, index, data.length)];
        byte[] head = new byte[OVERHEAD_BYTES_MAX];
        int headBytes = encodeHead(term, index, data.length, head, 0);
        System.arraycopy(head, 0, message, 0, headBytes);
        System.arraycopy(data, 0, message, headBytes, data.length);
        return message;
    }

    private static int varintBytes(long value) {
        return (70 - Long.numberOfLeadingZeros(value | 1)) / 7;
    }

    private static int putVarint(long value, byte[] target, int offset) {
        long rest = value;
        int at = offset;
        while ((rest & ~0x7FL) != 0) {
            target[at++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        target[at++] = (byte) rest;
        return at;
    }
}
