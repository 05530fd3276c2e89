package io.raftengine.stress;

import io.raftengine.proto.EntryCodec;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * The messages of one group in a batch, made without allocating: payloads are made once, and for
 * each batch only the few bytes in front of them are written. As the index grows, so do these
 * bytes; for each of their few lengths there is one set of arrays.
 */
final class MessagePool {
    private final int payloadBytes;
    private final int count;
    private final boolean verify;
    private final long seed;
    private final byte[][] payloads;
    private final byte[] head = new byte[EntryCodec.OVERHEAD_BYTES_MAX];
    private final byte[][][] messagesByHead = new byte[EntryCodec.OVERHEAD_BYTES_MAX + 1][][];
    private final byte[][] chosen;
    private final List<byte[]> view;

    /**
     * @param payloadBytes length of each entry's data
     * @param count entries per group in a batch
     * @param verify whether the payload tells group and index, else it is random
     * @param seed part of a telling payload
     * @param random makes the others
     */
    MessagePool(int payloadBytes, int count, boolean verify, long seed, SplittableRandom random) {
        this.payloadBytes = payloadBytes;
        this.count = count;
        this.verify = verify;
        this.seed = seed;
        this.payloads = new byte[count][payloadBytes];
        this.chosen = new byte[count][];
        this.view = Arrays.asList(chosen);
        for (byte[] payload : payloads) {
            random.nextBytes(payload);
        }
    }

    /** Messages of entries from {@code first} on; valid until the next call. */
    List<byte[]> messages(long group, long first) {
        for (int i = 0; i < count; i++) {
            long index = first + i;
            int headBytes = EntryCodec.encodeHead(0, index, payloadBytes, head, 0);
            byte[] message = message(headBytes, i);
            System.arraycopy(head, 0, message, 0, headBytes);
            if (verify) {
                EntryContent.fill(message, headBytes, payloadBytes, seed, group, index);
            }
            chosen[i] = message;
        }
        return view;
    }

    private byte[] message(int headBytes, int position) {
        byte[][] messages = messagesByHead[headBytes];
        if (messages == null) {
            messages = new byte[count][headBytes + payloadBytes];
            for (int i = 0; i < count; i++) {
                System.arraycopy(payloads[i], 0, messages[i], headBytes, payloadBytes);
            }
            messagesByHead[headBytes] = messages;
        }
        return messages[position];
    }
}
