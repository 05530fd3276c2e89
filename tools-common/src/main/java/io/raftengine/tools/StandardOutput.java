package io.raftengine.tools;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;

/**
 * Standard output that says when nobody reads it any more: {@link System#out} would swallow that,
 * and a command would go on printing gigabytes into the void. Whole writes are handed on at once;
 * put a buffer in front for many small ones.
 */
public final class StandardOutput extends OutputStream {
    private final PrintStream out = System.out;

    /** Standard output as it is now. */
    public StandardOutput() {}

    @Override
    public void write(int b) throws IOException {
        out.write(b);
        check();
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        out.write(bytes, offset, length);
        check();
    }

    @Override
    public void flush() throws IOException {
        out.flush();
        check();
    }

    private void check() throws IOException {
        if (out.checkError()) {
            throw new IOException("standard output cannot be written");
        }
    }
}
