package io.raftengine.log.format;

import io.raftengine.allocator.GrowableBuffer;
import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileIo;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;

/**
 * A file as a source of bytes, read by position through one piece of off-heap memory and copied in
 * bulk. Owns that memory, not the file. One thread at a time.
 */
public final class FileSource implements ByteSource, AutoCloseable {
    private final GrowableBuffer bounce;
    private final int bounceBytes;
    private FileHandle file;
    private long size;

    /**
     * A source without a file yet.
     *
     * @param budget pays for the memory
     * @param bounceBytes how much is read by one call at most
     * @throws io.raftengine.error.MemoryLimitException the budget has not that much left
     */
    public FileSource(MemoryBudget budget, int bounceBytes) {
        this.bounceBytes = bounceBytes;
        this.bounce = new GrowableBuffer(budget, bounceBytes, bounceBytes);
    }

    /**
     * Goes to another file.
     *
     * @param file an open file; stays the caller's
     * @param size where it is taken to end, in bytes
     */
    public void open(FileHandle file, long size) {
        this.file = file;
        this.size = size;
    }

    @Override
    public void read(long position, byte[] destination, int offset, int length) {
        int done = 0;
        while (done < length) {
            int n = Math.min(bounceBytes, length - done);
            FileIo.readFully(file, bounce.address(), n, position + done);
            Memory.copyToArray(bounce.address(), destination, offset + done, n);
            done += n;
        }
    }

    /**
     * Adds bytes of the file to a checksum, without copying them to the heap.
     *
     * @param crc the checksum
     * @param position of the first byte
     * @param length how many
     * @throws io.raftengine.error.StorageException reading fails or the file became shorter
     */
    public void digest(CRC32 crc, long position, long length) {
        long done = 0;
        while (done < length) {
            int n = (int) Math.min(bounceBytes, length - done);
            FileIo.readFully(file, bounce.address(), n, position + done);
            ByteBuffer view = bounce.view();
            crc.update(view.limit(n).position(0));
            done += n;
        }
    }

    /**
     * Where the next bytes are that were ever written; zeros up to there.
     *
     * @param position where to begin
     * @return a position from there to the size
     */
    long dataFrom(long position) {
        return position >= size ? position : Math.min(size, file.dataFrom(position));
    }

    /** How much of the file is more than a hole. */
    long dataBytes() {
        return file.dataBytes();
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public void close() {
        bounce.close();
    }
}
