package io.raftengine.log.segment;

import io.raftengine.allocator.Mapping;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.Iovecs;

/**
 * Zeros to fill files with. Background agent only.
 *
 * <pre>
 *     byte 0                 65536       65600
 *          +-----------------+-----------+
 *          | zeros           | iovec[4]  |
 *          +-----------------+-----------+
 *     zeros   one piece; a larger one is written from the same bytes several times
 *     iovec   see Iovecs
 * </pre>
 */
final class Zeros implements AutoCloseable {
    /** What one address holds. */
    static final int PIECE_BYTES = 64 << 10;

    private static final int IOVECS = 4;

    /** What one call writes at most. */
    static final int CALL_BYTES = IOVECS * PIECE_BYTES;

    private final Mapping mapping;

    Zeros(MemoryBudget budget) {
        mapping =
                Mapping.map(
                        budget,
                        PIECE_BYTES + (long) IOVECS * Iovecs.BYTES,
                        "segment-prefill-zeros");
    }

    /** Address of {@link #PIECE_BYTES} zeros, at the start of a page. */
    long address() {
        return mapping.address();
    }

    /**
     * Writes zeros with one system call.
     *
     * @param bytes how many, at most {@link #CALL_BYTES}
     * @return how many were written, possibly fewer
     */
    long write(FileHandle file, long bytes, long at) {
        long iovecs = mapping.address() + PIECE_BYTES;
        int count = 0;
        for (long left = bytes; left > 0; left -= PIECE_BYTES) {
            Iovecs.put(iovecs, count++, mapping.address(), Math.min(left, PIECE_BYTES));
        }
        return file.writeVector(iovecs, count, at);
    }

    @Override
    public void close() {
        mapping.close();
    }
}
