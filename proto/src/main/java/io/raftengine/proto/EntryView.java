package io.raftengine.proto;

/**
 * Reads {@code eraftpb.Entry} messages in place; made once, filled again and again. Unknown fields
 * are skipped, and of a field given twice the last one counts, as protobuf has it. One thread at a
 * time.
 */
public final class EntryView {
    private static final int TAG_SYNC_LOG = 0x28;
    private static final int TAG_CONTEXT = 0x32;

    private byte[] bytes = new byte[0];
    private int at;
    private int end;
    private long type;
    private long term;
    private long index;
    private int dataOffset;
    private int dataBytes;

    /** An empty message. */
    public EntryView() {}

    /**
     * Reads a message.
     *
     * @param message array that holds it; kept, not copied
     * @param offset where it starts
     * @param length its length in bytes
     * @return false if the bytes are no such message; the fields are then undefined
     */
    public boolean parse(byte[] message, int offset, int length) {
        bytes = message;
        at = offset;
        end = offset + length;
        type = 0;
        term = 0;
        index = 0;
        dataOffset = offset;
        dataBytes = 0;
        while (at >= 0 && at < end) {
            field(varint());
        }
        return at == end;
    }

    /** Leaves {@code at} negative where the field is malformed. */
    private void field(long tag) {
        if (at < 0) {
            return;
        }
        switch ((int) tag) {
            case EntryCodec.TAG_TYPE -> type = varint();
            case EntryCodec.TAG_TERM -> term = varint();
            case EntryCodec.TAG_INDEX -> index = varint();
            case EntryCodec.TAG_DATA -> {
                dataBytes = (int) skipBytes();
                dataOffset = at - dataBytes;
            }
            case TAG_SYNC_LOG -> varint();
            case TAG_CONTEXT -> skipBytes();
            default -> skipUnknown((int) tag & 7);
        }
    }

    private void skipUnknown(int wireType) {
        switch (wireType) {
            case 0 -> varint();
            case 1 -> skip(8);
            case 2 -> skipBytes();
            case 5 -> skip(4);
            default -> at = -1;
        }
    }

    private long skipBytes() {
        long length = varint();
        skip(length);
        return length;
    }

    private void skip(long length) {
        at = at < 0 || length < 0 || length > end - at ? -1 : at + (int) length;
    }

    private long varint() {
        long value = 0;
        for (int shift = 0; shift < 70 && at >= 0 && at < end; shift += 7) {
            byte b = bytes[at++];
            value |= (b & 0x7FL) << shift;
            if (b >= 0) {
                return value;
            }
        }
        at = -1;
        return 0;
    }

    /**
     * The entry's type.
     *
     * @return 0 normal, 1 and 2 configuration changes
     */
    public long type() {
        return type;
    }

    /**
     * The entry's term.
     *
     * @return unsigned
     */
    public long term() {
        return term;
    }

    /**
     * The entry's index.
     *
     * @return unsigned
     */
    public long index() {
        return index;
    }

    /**
     * Where the data starts in the array given to {@link #parse}.
     *
     * @return an array index
     */
    public int dataOffset() {
        return dataOffset;
    }

    /**
     * Length of the data.
     *
     * @return bytes
     */
    public int dataBytes() {
        return dataBytes;
    }
}
