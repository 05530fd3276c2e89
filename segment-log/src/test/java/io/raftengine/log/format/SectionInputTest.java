package io.raftengine.log.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.allocator.Mapping;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.CorruptionException;
import io.raftengine.error.StorageException;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bytes and numbers of a section, in place and through windows that end anywhere. */
class SectionInputTest {
    private static final int WINDOW = 16;

    /** Where a section begins in its source: positions are the source's, not the section's. */
    private static final int BEFORE = 5;

    /** An array as a source, which counts, and fails when it is told to. */
    private static final class Source implements ByteSource {
        final byte[] bytes;
        int reads;
        boolean failing;

        Source(byte[] bytes) {
            this.bytes = bytes;
        }

        @Override
        public void read(long position, byte[] destination, int offset, int length) {
            if (failing) {
                throw new StorageException("source", "read at " + position, 5, "planted");
            }
            reads++;
            System.arraycopy(bytes, (int) position, destination, offset, length);
        }

        @Override
        public long size() {
            return bytes.length;
        }
    }

    private static byte[] noise(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    private static SectionInput windowed(Source source) {
        SectionInput in = new SectionInput(new byte[WINDOW]);
        in.openSource(source, BEFORE, source.bytes.length);
        return in;
    }

    private static SectionInput inPlace(byte[] bytes) {
        SectionInput in = new SectionInput(new byte[WINDOW]);
        in.openArray(bytes, BEFORE, bytes.length, BEFORE);
        return in;
    }

    @Test
    void numbersAreReadWhereverAWindowEnds() { // A5, A6
        long[] numbers = {0, 127, 128, 16384, 1L << 35, Long.MAX_VALUE, -1};
        for (int shift = 0; shift < 2 * WINDOW; shift++) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            out.writeBytes(new byte[BEFORE + shift]);
            for (int round = 0; round < 5; round++) {
                for (long number : numbers) {
                    out.writeBytes(ModelBatch.varint(number));
                }
            }
            byte[] bytes = out.toByteArray();
            for (SectionInput in :
                    new SectionInput[] {windowed(new Source(bytes)), inPlace(bytes)}) {
                in.skip(shift);
                for (int round = 0; round < 5; round++) {
                    for (long number : numbers) {
                        assertThat(in.readVarint()).as("shift %d", shift).isEqualTo(number);
                    }
                }
                assertThat(in.remaining()).isZero();
                assertThat(in.position()).isEqualTo(bytes.length);
            }
        }
    }

    @Test
    void behindTheEndOfTheSectionThereIsNothing() {
        // The source goes on where the section does not.
        byte[] bytes = {1, 1, 1, 1, 1, 7, (byte) 0x80, 1, 1, 1};
        for (boolean place : new boolean[] {true, false}) {
            SectionInput in = new SectionInput(new byte[WINDOW]);
            in.file("here");
            if (place) {
                in.openArray(bytes, BEFORE, BEFORE + 2, BEFORE);
            } else {
                in.openSource(new Source(bytes), BEFORE, BEFORE + 2);
            }
            assertThat(in.inPlace()).isEqualTo(place);
            assertThat(in.readByte()).isEqualTo((byte) 7);
            assertThatThrownBy(in::readVarint)
                    .isInstanceOfSatisfying(
                            CorruptionException.class,
                            e -> assertThat(e.offset()).isEqualTo(BEFORE + 1))
                    .hasMessageContaining("here");
            in.skip(1);
            assertThatThrownBy(in::readByte).isInstanceOf(CorruptionException.class);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, WINDOW - 1, WINDOW, WINDOW + 1, 5 * WINDOW + 3})
    void bytesAreReadSkippedAndCopiedInAnyOrder(int length) {
        byte[] bytes = noise(BEFORE + 200 + length);
        for (SectionInput in : new SectionInput[] {windowed(new Source(bytes)), inPlace(bytes)}) {
            for (int from : new int[] {100, 0, 150, 100}) {
                byte[] expected = Arrays.copyOfRange(bytes, BEFORE + from, BEFORE + from + length);
                byte[] read = new byte[length];
                in.seek(BEFORE + from);
                in.prefetch(length);
                in.read(read, length);
                assertThat(read).isEqualTo(expected);
                assertThat(in.position()).isEqualTo(BEFORE + from + length);
                byte[] copied = new byte[length];
                in.copy(BEFORE + from, length, copied, 0);
                assertThat(copied).isEqualTo(expected);
                assertThat(in.position()).as("left where it was").isEqualTo(BEFORE + from + length);
                try (Mapping target = Mapping.map(MemoryBudget.unlimited(), length + 1, "copy")) {
                    in.copy(BEFORE + from, length, target.address());
                    assertThat(TestBytes.copy(target.address(), length)).isEqualTo(expected);
                }
            }
        }
    }

    @Test
    void aChecksumIsOfEveryByteHoweverTheyArePassed() {
        for (long seed = 0; seed < 200; seed++) {
            Random random = new Random(seed);
            byte[] bytes = noise(BEFORE + random.nextInt(10 * WINDOW));
            SectionInput in = windowed(new Source(bytes));
            CRC32 crc = new CRC32();
            in.beginDigest(crc);
            for (int step = random.nextInt(20); step > 0 && in.remaining() > 0; step--) {
                int n = random.nextInt((int) in.remaining() + 1);
                switch (random.nextInt(4)) {
                    case 0 -> in.skip(n);
                    case 1 -> in.seek(in.position() + n);
                    case 2 -> in.read(new byte[n], n);
                    default -> in.readByte();
                }
            }
            in.finishDigest();
            assertThat(in.remaining()).isZero();
            CRC32 expected = new CRC32();
            expected.update(bytes, BEFORE, bytes.length - BEFORE);
            assertThat(crc.getValue()).as("seed %d", seed).isEqualTo(expected.getValue());
            in.endDigest();
            assertThat(in.digesting()).isFalse();
        }
    }

    @Test
    void whatIsInTheWindowIsNotReadTwice() {
        Source source = new Source(noise(BEFORE + WINDOW));
        SectionInput in = windowed(source);
        in.read(new byte[WINDOW], WINDOW);
        in.seek(BEFORE + 3);
        in.read(new byte[4], 4);
        in.copy(BEFORE, WINDOW, new byte[WINDOW], 0);
        assertThat(source.reads).isEqualTo(1);
    }

    @Test
    void aWindowThatWasNotFilledHoldsNothing() {
        Source source = new Source(noise(BEFORE + 3 * WINDOW));
        SectionInput in = windowed(source);
        in.skip(WINDOW);
        source.failing = true;
        assertThatThrownBy(in::readByte).isInstanceOf(StorageException.class);
        assertThat(in.position()).isEqualTo(BEFORE + WINDOW);
        source.failing = false;
        assertThat(in.readByte()).isEqualTo(source.bytes[BEFORE + WINDOW]);
    }
}
