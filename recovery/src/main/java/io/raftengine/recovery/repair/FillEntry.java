package io.raftengine.recovery.repair;

import io.raftengine.error.InvalidArgumentException;
import java.io.ByteArrayOutputStream;

/**
 * What is put into a hole. An engine stores opaque bytes, so an entry of length 0 is the only one
 * that claims nothing; but whoever decodes it as an {@code eraftpb.Entry} finds index 0, and the
 * reference stops at that. Where entries are such messages, a fill of messages with the right index
 * and no data, which Raft takes for a no-op, is the better choice; their term is nobody's to guess.
 *
 * @param message whether an {@code eraftpb.Entry} is written; false: an entry of length 0
 * @param term its term, unsigned; 0 without a message
 */
public record FillEntry(boolean message, long term) {
    /** Entries of length 0. */
    public static final FillEntry ZERO_LENGTH = new FillEntry(false, 0);

    private static final int TERM_TAG = 2 << 3;
    private static final int INDEX_TAG = 3 << 3;

    /** Checks that only a message has a term. */
    public FillEntry {
        if (!message && term != 0) {
            throw new InvalidArgumentException("an entry of length 0 has no term");
        }
    }

    /**
     * Fill with messages.
     *
     * @param term the term they claim, unsigned
     * @return the fill
     */
    public static FillEntry eraftpb(long term) {
        return new FillEntry(true, term);
    }

    /**
     * The bytes of one entry.
     *
     * @param index its index
     * @return the serialized entry; empty for one of length 0
     */
    byte[] bytes(long index) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        if (message) {
            field(bytes, TERM_TAG, term);
            field(bytes, INDEX_TAG, index);
        }
        return bytes.toByteArray();
    }

    /** A proto3 field: left out if it is 0. */
    private static void field(ByteArrayOutputStream bytes, int tag, long value) {
        if (value == 0) {
            return;
        }
        bytes.write(tag);
        long left = value;
        while ((left & ~0x7fL) != 0) {
            bytes.write((int) (left & 0x7f | 0x80));
            left >>>= 7;
        }
        bytes.write((int) left);
    }
}
