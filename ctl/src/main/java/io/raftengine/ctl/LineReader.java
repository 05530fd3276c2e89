package io.raftengine.ctl;

import io.raftengine.error.InvalidArgumentException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * Lines as they arrive, as bytes; made for pipes that answer each line before the next one comes.
 */
final class LineReader {
    /** More than the largest batch that a heap would take as text. */
    static final int LINE_BYTES_MAX = 1 << 30;

    private static final int BUFFER_BYTES_MIN = 64 << 10;

    private final InputStream in;
    private final int lineBytesMax;
    private byte[] buffer = new byte[BUFFER_BYTES_MIN];
    private int from;
    private int to;

    LineReader(InputStream in) {
        this(in, LINE_BYTES_MAX);
    }

    /**
     * @param lineBytesMax longest line, at least {@value #BUFFER_BYTES_MIN}
     */
    LineReader(InputStream in, int lineBytesMax) {
        this.in = in;
        this.lineBytesMax = lineBytesMax;
    }

    /**
     * The next line without its line end, or null at the end of input. A last line may lack its
     * line end.
     *
     * @throws InvalidArgumentException the line is longer than the limit; nothing can be read then
     */
    byte[] next() throws IOException {
        int scanned = from;
        while (true) {
            for (int i = scanned; i < to; i++) {
                if (buffer[i] == '\n') {
                    byte[] line = Arrays.copyOfRange(buffer, from, i);
                    from = i + 1;
                    return line;
                }
            }
            scanned = to - from;
            if (!fill()) {
                byte[] rest = Arrays.copyOfRange(buffer, from, to);
                from = to;
                return rest.length == 0 ? null : rest;
            }
            scanned += from;
        }
    }

    /** Reads behind the unfinished line, which is moved or copied only where no room is left. */
    private boolean fill() throws IOException {
        if (to == buffer.length) {
            makeRoom();
        }
        int read = in.read(buffer, to, buffer.length - to);
        to += Math.max(read, 0);
        return read > 0;
    }

    private void makeRoom() {
        int bytes = to - from;
        if (bytes > lineBytesMax) {
            throw new InvalidArgumentException(
                    "a line of more than " + lineBytesMax + " bytes; nothing behind it is read");
        }
        // A line of half the buffer would be moved again and again, few bytes further each time.
        int most = lineBytesMax + 1;
        byte[] target =
                bytes <= buffer.length / 2 || buffer.length == most
                        ? buffer
                        : new byte[(int) Math.min(2L * buffer.length, most)];
        System.arraycopy(buffer, from, target, 0, bytes);
        buffer = target;
        from = 0;
        to = bytes;
    }

    /** Whether a line of a script says nothing. */
    static boolean isBlank(byte[] line) {
        for (byte b : line) {
            if (b != ' ' && b != '\t' && b != '\r') {
                return b == '#';
            }
        }
        return true;
    }
}
