package io.raftengine.stress;

import io.raftengine.tools.StandardOutput;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Standard output for acknowledgements: one write and flush per batch, so that whoever kills this
 * process knows what was acknowledged. Shared by all writers.
 */
final class AckOutput {
    private final StandardOutput out = new StandardOutput();
    private final ReentrantLock lock = new ReentrantLock();

    void write(byte[] lines, int length) {
        lock.lock();
        try {
            out.write(lines, 0, length);
            out.flush();
        } catch (IOException nobodyReads) {
            throw new UncheckedIOException(nobodyReads);
        } finally {
            lock.unlock();
        }
    }

    /** Writes {@code number} in decimal; answers the offset behind it. */
    static int putUnsigned(byte[] target, int offset, long number) {
        int digits = 1;
        for (long rest = Long.divideUnsigned(number, 10); rest != 0; rest /= 10) {
            digits++;
        }
        long rest = number;
        for (int i = offset + digits - 1; i >= offset; i--) {
            target[i] = (byte) ('0' + Long.remainderUnsigned(rest, 10));
            rest = Long.divideUnsigned(rest, 10);
        }
        return offset + digits;
    }
}
