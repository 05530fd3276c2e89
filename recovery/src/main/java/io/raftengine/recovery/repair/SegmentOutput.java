package io.raftengine.recovery.repair;

import io.raftengine.allocator.GrowableBuffer;
import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.UnsupportedFeatureException;
import io.raftengine.log.format.BatchHeader;
import io.raftengine.log.format.EncodedBatch;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.format.SegmentHeader;
import io.raftengine.log.format.WatermarkBatch;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileIo;
import io.raftengine.log.io.FileSystem;
import java.nio.file.Path;

/**
 * One segment that is being written, behind a buffer. When it is complete it ends with its last
 * batch and is synced. One thread at a time; used for one segment after another.
 */
final class SegmentOutput implements AutoCloseable {
    private static final int BUFFER_BYTES = 1 << 20;
    private static final int CRC = BatchHeader.CRC_BYTES;

    /** The engine's index keeps the offset of an entries block in 32 bits. */
    private static final long BLOCK_OFFSET_MAX = 0xffff_ffffL;

    private final FileSystem fs;
    private final GrowableBuffer buffer;
    private FileHandle file;
    private FormatVersion version = FormatVersion.V2;
    private int signature;
    private long flushed;
    private int buffered;

    SegmentOutput(FileSystem fs, MemoryBudget budget) {
        this.fs = fs;
        this.buffer = new GrowableBuffer(budget, BUFFER_BYTES, BUFFER_BYTES);
    }

    /** Begins a segment with its header. */
    void begin(Path path, FormatVersion formatVersion, long seq) {
        version = formatVersion;
        signature = formatVersion.signature(seq);
        flushed = 0;
        file = fs.open(path, FileSystem.OpenMode.CREATE);
        buffered = SegmentHeader.encode(buffer.address(), formatVersion);
    }

    /** Copies a batch of the source's open segment, signed for this one. */
    void copy(SourceReader source, long offset, long bytes, int sourceSignature) {
        checkPlace();
        if (bytes <= SourceReader.WINDOW_BYTES) {
            long from = source.load(offset, (int) bytes);
            add(from, bytes - CRC);
            addWord(Memory.getInt(from + bytes - CRC) ^ sourceSignature ^ signature);
            return;
        }
        long done = 0;
        while (done < bytes - CRC) {
            int n = (int) Math.min(SourceReader.WINDOW_BYTES, bytes - CRC - done);
            add(source.load(offset + done, n), n);
            done += n;
        }
        addWord(Memory.getInt(source.load(offset + done, CRC)) ^ sourceSignature ^ signature);
    }

    /** Adds a finished batch. */
    void add(EncodedBatch batch) {
        checkPlace();
        add(batch.frontAddress(), batch.frontBytes());
        long section = batch.itemSectionAddress();
        long bytes = batch.itemSectionBytes();
        add(section, bytes);
        addWord(Memory.getInt(section + bytes) ^ signature);
    }

    private void checkPlace() {
        if (position() + BatchHeader.BYTES > BLOCK_OFFSET_MAX) {
            throw new UnsupportedFeatureException(
                    file.path() + ": a repaired segment of more than 4 GiB");
        }
    }

    private long position() {
        return flushed + buffered;
    }

    private void add(long address, long bytes) {
        long done = 0;
        while (done < bytes) {
            if (buffered == BUFFER_BYTES) {
                flush();
            }
            int n = (int) Math.min(BUFFER_BYTES - buffered, bytes - done);
            Memory.copy(address + done, buffer.address() + buffered, n);
            buffered += n;
            done += n;
        }
    }

    private void addWord(int word) {
        if (BUFFER_BYTES - buffered < CRC) {
            flush();
        }
        Memory.putInt(buffer.address() + buffered, word);
        buffered += CRC;
    }

    private void flush() {
        FileIo.writeFully(file, buffer.address(), buffered, flushed);
        flushed += buffered;
        buffered = 0;
    }

    /**
     * Completes and syncs the segment.
     *
     * @param promise whether a watermark is to say that all of it was synced, as after a clean
     *     close: for the last segment of a queue, where damage would look like a torn tail else
     * @return its length in bytes
     */
    long complete(boolean promise) {
        flush();
        file.sync();
        if (promise && version.signed() && flushed > version.headerBytes()) {
            new WatermarkBatch().write(buffer.address(), flushed, flushed, signature);
            buffered = WatermarkBatch.BYTES;
            flush();
            file.sync();
        }
        long bytes = flushed;
        closeFile();
        return bytes;
    }

    private void closeFile() {
        if (file != null) {
            FileHandle closing = file;
            file = null;
            closing.close();
        }
    }

    @Override
    public void close() {
        try (buffer) {
            closeFile();
        }
    }
}
