package io.raftengine.engine.read;

import io.raftengine.allocator.GrowableBuffer;
import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.engine.memtable.EntryCursor;
import io.raftengine.engine.memtable.EntryLocation;
import io.raftengine.engine.memtable.KeyCursor;
import io.raftengine.engine.memtable.Memtables;
import io.raftengine.log.format.BlockDecoder;
import java.lang.foreign.MemorySegment;
import java.util.zip.CRC32;

/**
 * What one read needs besides the files: a location, buffers and a decoder, used again and again.
 * For one thread at a time; lent by {@link ReadContextPool}.
 */
public final class ReadContext implements AutoCloseable {
    /** A context gives back what a giant read made it grow to. */
    private static final int KEPT_BYTES_MAX = 1 << 20;

    private static final int INITIAL_BYTES = 4 << 10;

    final EntryLocation location = new EntryLocation();
    final BlockDecoder decoder = new BlockDecoder();
    final CRC32 crc = new CRC32();

    /** Bytes as they are in the file. */
    final GrowableBuffer stored;

    /** The content of a compressed block. */
    final GrowableBuffer unfolded;

    private final EntryCursor entryCursor = new EntryCursor();

    /** Made by the first scan. */
    private KeyCursor keyCursor;

    private MemorySegment keyView = MemorySegment.NULL;
    private MemorySegment storedView = MemorySegment.NULL;
    private MemorySegment unfoldedView = MemorySegment.NULL;

    /** Where the last read left its result: whether in {@link #unfolded}, and at which offset. */
    boolean resultUnfolded;

    long resultOffset;
    int resultBytes;

    ReadContext(MemoryBudget budget) {
        stored = new GrowableBuffer(budget, INITIAL_BYTES, Integer.MAX_VALUE);
        try {
            unfolded = new GrowableBuffer(budget, INITIAL_BYTES, Integer.MAX_VALUE);
        } catch (RuntimeException | Error refused) {
            stored.close();
            throw refused;
        }
    }

    void result(boolean inUnfolded, long offset, int bytes) {
        resultUnfolded = inUnfolded;
        resultOffset = offset;
        resultBytes = bytes;
    }

    /**
     * The memory the last result is in.
     *
     * @return a view that is made anew only when the buffer has moved
     */
    public MemorySegment resultMemory() {
        if (resultUnfolded) {
            unfoldedView = refreshed(unfoldedView, unfolded);
            return unfoldedView;
        }
        storedView = refreshed(storedView, stored);
        return storedView;
    }

    /**
     * Where the last result begins in {@link #resultMemory()}.
     *
     * @return an offset in bytes
     */
    public long resultOffset() {
        return resultOffset;
    }

    /**
     * Length of the last result.
     *
     * @return bytes
     */
    public int resultBytes() {
        return resultBytes;
    }

    /**
     * Address of the last result.
     *
     * @return of its first byte
     */
    public long resultAddress() {
        return (resultUnfolded ? unfolded : stored).address() + resultOffset;
    }

    private static MemorySegment refreshed(MemorySegment view, GrowableBuffer buffer) {
        if (view.address() == buffer.address() && view.byteSize() == buffer.capacity()) {
            return view;
        }
        return MemorySegment.ofAddress(buffer.address()).reinterpret(buffer.capacity());
    }

    /**
     * A copy of the last result.
     *
     * @return a new array of exactly its length
     */
    public byte[] copyResult() {
        byte[] copy = new byte[resultBytes];
        if (resultBytes > 0) {
            Memory.copyToArray(resultAddress(), copy, 0, resultBytes);
        }
        return copy;
    }

    EntryCursor entryCursor() {
        return entryCursor;
    }

    KeyCursor keyCursor(Memtables memtables) {
        if (keyCursor == null) {
            keyCursor = memtables.newKeyCursor();
        }
        return keyCursor;
    }

    /** The memory a cursor's pair is in, as bounds that a visitor cannot leave. */
    MemorySegment view(KeyCursor cursor) {
        if (keyView.address() != cursor.bufferAddress()
                || keyView.byteSize() != cursor.bufferBytes()) {
            keyView =
                    MemorySegment.ofAddress(cursor.bufferAddress())
                            .reinterpret(cursor.bufferBytes());
        }
        return keyView;
    }

    /** Gives back what was only needed for a giant entry. */
    void trim() {
        stored.shrinkTo(KEPT_BYTES_MAX);
        unfolded.shrinkTo(KEPT_BYTES_MAX);
        if (keyCursor != null) {
            keyCursor.trim();
        }
    }

    @Override
    public void close() {
        stored.close();
        unfolded.close();
        if (keyCursor != null) {
            keyCursor.close();
        }
    }
}
