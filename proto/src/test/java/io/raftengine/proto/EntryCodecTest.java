package io.raftengine.proto;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.raftengine.proto.eraftpb.Entry;
import io.raftengine.proto.eraftpb.EntryType;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class EntryCodecTest {
    private static final long[] NUMBERS = {
        0, 1, 127, 128, 16383, 16384, 1L << 32, 1L << 53, Long.MAX_VALUE, Long.MIN_VALUE, -1
    };

    @Test
    void writesTheSameBytesAsTheGeneratedClass() {
        SplittableRandom random = new SplittableRandom(7);
        for (long term : NUMBERS) {
            for (long index : NUMBERS) {
                for (int length : new int[] {0, 1, 127, 128, 20_000}) {
                    byte[] data = new byte[length];
                    random.nextBytes(data);
                    byte[] expected =
                            Entry.newBuilder()
                                    .setTerm(term)
                                    .setIndex(index)
                                    .setData(ByteString.copyFrom(data))
                                    .build()
                                    .toByteArray();
                    assertThat(EntryCodec.toBytes(term, index, data)).isEqualTo(expected);
                    assertThat(EntryCodec.encodedBytes(term, index, length))
                            .isEqualTo(expected.length);
                }
            }
        }
    }

    @Test
    void readsWhatTheGeneratedClassWrites() {
        byte[] data = {1, 2, 3};
        byte[] message =
                Entry.newBuilder()
                        .setEntryType(EntryType.EntryConfChangeV2)
                        .setTerm(-1)
                        .setIndex(300)
                        .setData(ByteString.copyFrom(data))
                        .setContext(ByteString.copyFromUtf8("context"))
                        .build()
                        .toByteArray();
        byte[] shifted = new byte[message.length + 5];
        System.arraycopy(message, 0, shifted, 3, message.length);
        EntryView view = new EntryView();
        assertThat(view.parse(shifted, 3, message.length)).isTrue();
        assertThat(view.type()).isEqualTo(2);
        assertThat(view.term()).isEqualTo(-1);
        assertThat(view.index()).isEqualTo(300);
        assertThat(view.dataBytes()).isEqualTo(3);
        assertThat(shifted[view.dataOffset()]).isEqualTo((byte) 1);
    }

    @Test
    void everyPrefixOfAMessageIsRefusedOrAWholeMessage() {
        byte[] message = EntryCodec.toBytes(5, 300, new byte[200]);
        EntryView view = new EntryView();
        int whole = 0;
        for (int length = 0; length < message.length; length++) {
            whole += view.parse(message, 0, length) ? 1 : 0;
        }
        // Empty, with the term, with term and index: the places between two fields.
        assertThat(whole).isEqualTo(3);
    }

    @Test
    void aHostileLengthIsRefused() {
        byte[] hostile = {0x22, -1, -1, -1, -1, -1, -1, -1, -1, -1, 1};
        assertThat(new EntryView().parse(hostile, 0, hostile.length)).isFalse();
    }
}
