package io.raftengine.ctl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.raftengine.error.InvalidArgumentException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class LineReaderTest {
    private static final int LIMIT = 200_000;

    /** Gives a few bytes at a time, as a pipe may. */
    private static InputStream pipe(String text, SplittableRandom random) {
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.US_ASCII)) {
            @Override
            public synchronized int read(byte[] target, int offset, int length) {
                return super.read(target, offset, Math.min(length, 1 + random.nextInt(50_000)));
            }
        };
    }

    private static List<String> linesOf(LineReader reader) throws IOException {
        List<String> lines = new ArrayList<>();
        for (byte[] line = reader.next(); line != null; line = reader.next()) {
            lines.add(new String(line, StandardCharsets.US_ASCII));
        }
        return lines;
    }

    @Test
    void linesOfAllLengthsUpToTheLimitComeAsTheyAre() throws IOException {
        for (long seed = 1; seed <= 20; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            List<String> expected = new ArrayList<>();
            for (int i = 0; i < 30; i++) {
                int length = random.nextInt(random.nextBoolean() ? 100 : LIMIT + 1);
                expected.add(Character.toString('a' + i % 26).repeat(length));
            }
            expected.add("x".repeat(LIMIT));
            String text = String.join("\n", expected);
            assertThat(linesOf(new LineReader(pipe(text, random), LIMIT)))
                    .as("seed " + seed)
                    .isEqualTo(expected);
        }
    }

    @Test
    void aLongerLineIsRefusedWithATypedError() throws IOException {
        String text = "short\n" + "x".repeat(LIMIT + 1) + "\nshort\n";
        LineReader reader = new LineReader(pipe(text, new SplittableRandom(1)), LIMIT);

        assertThat(new String(reader.next(), StandardCharsets.US_ASCII)).isEqualTo("short");
        assertThatExceptionOfType(InvalidArgumentException.class)
                .isThrownBy(reader::next)
                .withMessageContaining("more than 200000 bytes");
    }
}
