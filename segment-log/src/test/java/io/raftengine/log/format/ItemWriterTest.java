package io.raftengine.log.format;

import static io.raftengine.log.format.TestBytes.ascii;
import static io.raftengine.log.format.TestBytes.hex;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.allocator.Mapping;
import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;
import java.util.function.LongUnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Items byte by byte (D2 to D4), and how much room each asks for. */
class ItemWriterTest {
    private static final int ROOM = 256;
    private static final byte[] KEY = ascii("xkeyx");
    private static final byte[] VALUE = ascii("yvaluey");

    private final Mapping memory = Mapping.map(MemoryBudget.unlimited(), ROOM, "items");

    @AfterEach
    void unmap() {
        memory.close();
    }

    /** What a writer writes; it must not touch anything else. */
    private byte[] written(LongUnaryOperator writer) {
        long from = memory.address() + 8;
        for (int i = 0; i < ROOM; i++) {
            Memory.putByte(memory.address() + i, (byte) 0xee);
        }
        int length = (int) (writer.applyAsLong(from) - from);
        byte[] all = TestBytes.copy(memory.address(), ROOM);
        for (int i = 0; i < ROOM; i++) {
            if (i < 8 || i >= 8 + length) {
                assertThat(all[i]).as("byte %d of %d", i - 8, length).isEqualTo((byte) 0xee);
            }
        }
        return TestBytes.copy(from, length);
    }

    @Test
    void eachItemHasItsBytes() {
        assertThat(written(at -> ItemWriter.clean(at, 300))).isEqualTo(hex("ac02 02 01"));
        assertThat(written(at -> ItemWriter.compact(at, 1, 129))).isEqualTo(hex("01 02 02 8101"));
        assertThat(written(at -> ItemWriter.put(at, 1, KEY, 1, 3, VALUE, 1, 5)))
                .isEqualTo(hex("01 03 01 03 6b6579 05 76616c7565"));
        assertThat(written(at -> ItemWriter.delete(at, 1, KEY, 1, 3)))
                .isEqualTo(hex("01 03 02 03 6b6579"));
        assertThat(written(at -> ItemWriter.mark(at, 9, AtomicMarker.END)))
                .isEqualTo(hex("09 03 01 03 5f5f01 01 02"));
    }

    @Test
    void itIsTheSameFromWhereverKeyAndValueCome() {
        try (Mapping bytes = Mapping.map(MemoryBudget.unlimited(), 64, "key and value")) {
            long key = bytes.address();
            long value = key + 32;
            Memory.copyFromArray(KEY, 0, key, KEY.length);
            Memory.copyFromArray(VALUE, 0, value, VALUE.length);
            assertThat(written(at -> ItemWriter.put(at, 7, key + 1, 3, value + 1, 5)))
                    .isEqualTo(written(at -> ItemWriter.put(at, 7, KEY, 1, 3, VALUE, 1, 5)));
            assertThat(written(at -> ItemWriter.put(at, 7, key, 0, value, 0)))
                    .isEqualTo(written(at -> ItemWriter.put(at, 7, KEY, 0, 0, VALUE, 0, 0)));
            assertThat(written(at -> ItemWriter.delete(at, 7, key + 1, 3)))
                    .isEqualTo(written(at -> ItemWriter.delete(at, 7, KEY, 1, 3)));
        }
    }

    /** The largest numbers take all the room that is asked for where a length takes no less. */
    @Test
    void theRoomIsEnough() {
        assertThat(written(at -> ItemWriter.clean(at, -1))).hasSize(ItemWriter.CLEAN_BYTES_MAX);
        assertThat(written(at -> ItemWriter.compact(at, -1, -1)))
                .hasSize(ItemWriter.COMPACT_BYTES_MAX);
        assertThat(written(at -> ItemWriter.mark(at, -1, AtomicMarker.BEGIN)))
                .hasSize(ItemWriter.MARK_BYTES_MAX);
        byte[] put = written(at -> ItemWriter.put(at, -1, KEY, 0, 5, VALUE, 0, 7));
        assertThat((long) put.length).isLessThanOrEqualTo(ItemWriter.putBytesMax(5, 7));
        byte[] delete = written(at -> ItemWriter.delete(at, -1, KEY, 0, 5));
        assertThat((long) delete.length).isLessThanOrEqualTo(ItemWriter.deleteBytesMax(5));
        int most = Integer.MAX_VALUE;
        assertThat(ItemWriter.putBytesMax(most, most)).isGreaterThan(2L * most);
        assertThat(ItemWriter.deleteBytesMax(most)).isGreaterThan(most);
    }
}
