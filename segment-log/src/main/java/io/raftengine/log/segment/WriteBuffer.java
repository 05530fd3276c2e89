package io.raftengine.log.segment;

import io.raftengine.allocator.Mapping;
import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.StorageException;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.Iovecs;

/**
 * The writer's off-heap scratch memory: the last partial page of the active segment, and what it
 * takes to write whole pages in one gathering call. Belongs to the writer; not for several threads.
 *
 * <pre>
 *     byte 0        4096     8192     12288            28672
 *          +--------+--------+--------+----------------+
 *          | tail   | zeros  | header | iovec[1024]    |
 *          +--------+--------+--------+----------------+
 *     tail    bytes [end rounded down to a page, end) of the active segment, from the start of the page
 *     zeros   padding behind the last byte of a write, up to the page's end
 *     header  first page of a segment that is being made, so that a failed rotation leaves tail alone
 *     iovec   see Iovecs
 * </pre>
 *
 * <p>Why whole pages: in a recycled or filled file whose pages left the cache every small write is
 * a read-modify-write of its first and last page (3.2 us instead of 0.5). A write that covers whole
 * pages never reads.
 */
final class WriteBuffer implements AutoCloseable {
    static final int PAGE_BYTES = 4096;
    static final int IOVECS_MAX = 1024;
    private static final long ZEROS = PAGE_BYTES;
    private static final long HEADER = 2L * PAGE_BYTES;
    private static final long IOVECS = 3L * PAGE_BYTES;
    private static final long BYTES = IOVECS + (long) IOVECS_MAX * Iovecs.BYTES;

    private final Mapping mapping;
    private final long base;

    WriteBuffer(MemoryBudget budget) {
        mapping = Mapping.map(budget, BYTES, "segment-write-buffer");
        base = mapping.address();
    }

    static long pageFloor(long offset) {
        return offset & -PAGE_BYTES;
    }

    static long pageCeiling(long offset) {
        return (offset + PAGE_BYTES - 1) & -PAGE_BYTES;
    }

    long tailAddress() {
        return base;
    }

    long headerAddress() {
        return base + HEADER;
    }

    /** Makes the header page the tail of a segment that has just begun. */
    void headerBecomesTail(int headerBytes) {
        Memory.copy(headerAddress(), tailAddress(), headerBytes);
    }

    /**
     * Writes {@code bytes} at {@code end} of a file whose tail is in this buffer, padded to whole
     * pages.
     */
    void writePages(FileHandle file, long end, long address, long bytes) {
        int n = put(0, base, end - pageFloor(end));
        n = put(n, address, bytes);
        n = put(n, base + ZEROS, pageCeiling(end + bytes) - (end + bytes));
        writeAll(file, n, pageFloor(end));
    }

    /** As {@link #writePages} for bytes that lie in several places. */
    void writePagesVector(FileHandle file, long end, long iovecs, int count, long bytes) {
        int n = put(0, base, end - pageFloor(end));
        long offset = pageFloor(end);
        int done = 0;
        while (done < count) {
            // Two slots are kept: one was taken by the tail, one is for the padding.
            int part = Math.min(count - done, IOVECS_MAX - 2);
            n = copyIovecs(n, iovecs, done, part);
            done += part;
            if (done == count) {
                n = put(n, base + ZEROS, pageCeiling(end + bytes) - (end + bytes));
            }
            offset += writeAll(file, n, offset);
            n = 0;
        }
    }

    /** Writes bytes that lie in several places at exactly {@code offset}. */
    void writeVector(FileHandle file, long offset, long iovecs, int count) {
        int done = 0;
        while (done < count) {
            int part = Math.min(count - done, IOVECS_MAX);
            int n = copyIovecs(0, iovecs, done, part);
            done += part;
            offset += writeAll(file, n, offset);
        }
    }

    /**
     * Keeps the bytes of the last page after {@code bytes} at {@code address} went to {@code end}.
     */
    void keepTail(long end, long address, long bytes) {
        long newEnd = end + bytes;
        long page = pageFloor(newEnd);
        if (page > end) {
            Memory.copy(address + (page - end), base, newEnd - page);
        } else {
            Memory.copy(address, base + (end - pageFloor(end)), bytes);
        }
    }

    /** As {@link #keepTail} for bytes that lie in several places. */
    void keepTailVector(long end, long iovecs, int count) {
        long at = end;
        for (int i = 0; i < count; i++) {
            long length = Iovecs.length(iovecs, i);
            keepTail(at, Iovecs.base(iovecs, i), length);
            at += length;
        }
    }

    private int put(int index, long address, long length) {
        if (length == 0) {
            return index;
        }
        Iovecs.put(base + IOVECS, index, address, length);
        return index + 1;
    }

    private int copyIovecs(int index, long iovecs, int from, int count) {
        Memory.copy(Iovecs.at(iovecs, from), iovec(index), (long) count * Iovecs.BYTES);
        return index + count;
    }

    private long iovec(int index) {
        return Iovecs.at(base + IOVECS, index);
    }

    /**
     * Writes the first {@code count} iovecs, however short the single writes are; returns the sum
     * of their lengths.
     */
    private long writeAll(FileHandle file, int count, long offset) {
        int first = 0;
        long at = offset;
        while (first < count) {
            long written =
                    count - first == 1
                            ? file.write(
                                    Iovecs.base(base + IOVECS, first),
                                    Iovecs.length(base + IOVECS, first),
                                    at)
                            : file.writeVector(iovec(first), count - first, at);
            if (written <= 0) {
                // A loop would never end.
                throw new StorageException(
                        file.path().toString(),
                        "write at " + at,
                        0,
                        "write zero: the system accepted no byte");
            }
            at += written;
            first = advance(first, count, written);
        }
        return at - offset;
    }

    private int advance(int first, int count, long written) {
        int i = first;
        long left = written;
        while (i < count && Iovecs.length(base + IOVECS, i) <= left) {
            left -= Iovecs.length(base + IOVECS, i);
            i++;
        }
        if (left > 0) {
            Iovecs.skip(base + IOVECS, i, left);
        }
        return i;
    }

    @Override
    public void close() {
        mapping.close();
    }
}
