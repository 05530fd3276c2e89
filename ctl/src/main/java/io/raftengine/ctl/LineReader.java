package io.raftengine.ctl;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * Lines as they arrive, as bytes, of any length; made for pipes that answer each line before the
 * next one comes.
 */
final class LineReader {
    private final InputStream in;
    private byte[] buffer = new byte[64 << 10];
    private int from;
    private int to;

    LineReader(InputStream in) {
        this.in = in;
    }

    /**
     * The next line without its line end, or null at the end of input. A last line may lack its
     * line end.
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

    /** Moves the unfinished line to the front and reads behind it. */
    private boolean fill() throws IOException {
        System.arraycopy(buffer, from, buffer, 0, to - from);
        to -= from;
        from = 0;
        if (to == buffer.length) {
            buffer = Arrays.copyOf(buffer, Math.min(2 * to, Integer.MAX_VALUE - 8));
        }
        int read = in.read(buffer, to, buffer.length - to);
        to += Math.max(read, 0);
        return read > 0;
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
