package io.raftengine.engine.memtable;

import io.raftengine.allocator.GrowableBuffer;
import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;
import java.util.Arrays;

/**
 * Walks the key-values of one group in the order of their unsigned bytes, in either direction.
 *
 * <p>Pairs are copied out in portions of up to {@link #PORTION_BYTES}, each of which is one state
 * of the group; so a range that fits a portion is a snapshot, and a larger one neither skips nor
 * repeats a key that was there all the time. Nothing is held between two calls. Reusable; one
 * thread at a time; close it to give its buffer back.
 */
public final class KeyCursor implements AutoCloseable {
    /** A portion ends once it is this large. */
    public static final int PORTION_BYTES = 64 << 10;

    /** Room for a portion that ends with a pair of ordinary size. */
    private static final int KEPT_BYTES_MAX = 4 * PORTION_BYTES;

    private static final int PAIR_HEADER_BYTES = 8;
    private static final int BUFFER_BYTES_MIN = 4 << 10;
    private static final int KEY_BYTES_MIN = 64;

    private final Memtables memtables;
    private final KeyReader reader;
    private final GrowableBuffer buffer;

    private long groupId;
    private byte[] stop; // bound at which the walk ends; null for none
    private boolean stopInclusive;
    private boolean reverse;

    private byte[] resume = new byte[KEY_BYTES_MIN]; // where the next portion begins
    private int resumeBytes = -1; // -1: at the very beginning
    private boolean resumeInclusive;

    private boolean more;
    private long filled;
    private long position;
    private long pair;

    KeyCursor(Memtables memtables, MemoryBudget budget) {
        this.memtables = memtables;
        this.reader = new KeyReader(memtables.base());
        this.buffer = new GrowableBuffer(budget, BUFFER_BYTES_MIN, Integer.MAX_VALUE);
    }

    /**
     * Begins a walk over the keys in [start, end). Bounds are kept, not copied; start behind end is
     * an empty range.
     *
     * @param group the group; one that does not exist has no keys
     * @param start least key, inclusive; null for none
     * @param end bound above, exclusive; null for none
     * @param backwards from the greatest key down
     */
    public void open(long group, byte[] start, byte[] end, boolean backwards) {
        groupId = group;
        reverse = backwards;
        stop = backwards ? start : end;
        stopInclusive = backwards;
        byte[] from = backwards ? end : start;
        resumeInclusive = !backwards;
        setResume(from);
        filled = 0;
        position = 0;
        more = start == null || end == null || Arrays.compareUnsigned(start, end) < 0;
    }

    private void setResume(byte[] key) {
        if (key == null) {
            resumeBytes = -1;
        } else {
            reserveResume(key.length);
            System.arraycopy(key, 0, resume, 0, key.length);
            resumeBytes = key.length;
        }
    }

    private void reserveResume(int bytes) {
        if (resume.length < bytes) {
            resume = new byte[Math.max(bytes, resume.length * 2)];
        }
    }

    /**
     * Goes to the next pair.
     *
     * @return false at the end
     * @throws io.raftengine.error.MemoryLimitException a value is larger than what the limit leaves
     *     for a copy of it
     */
    public boolean next() {
        if (position == filled) {
            if (!more) {
                return false;
            }
            memtables.fill(this, groupId);
            position = 0;
            if (filled == 0) {
                return false;
            }
        }
        pair = position;
        position += PAIR_HEADER_BYTES + (long) keyLength() + valueLength();
        if (position == filled && more) {
            keepLastKey();
        }
        return true;
    }

    private void keepLastKey() {
        int bytes = keyLength();
        reserveResume(bytes);
        Memory.copyToArray(keyAddress(), resume, 0, bytes);
        resumeBytes = bytes;
        resumeInclusive = false;
    }

    /** One attempt to take the next portion; false if the group changed meanwhile. */
    boolean tryFill(long record, int version) {
        filled = 0;
        more = false;
        byte[] from = resumeBytes < 0 ? null : resume;
        long cell = reader.seek(record, version, from, resumeBytes, resumeInclusive, reverse);
        while (cell != KeyReader.ABSENT) {
            if (cell == KeyReader.RETRY || !take(record, version, cell)) {
                return false;
            }
            if (filled < 0) { // beyond the bound or full
                filled = -1 - filled;
                break;
            }
            cell = reader.step(record, version, reverse);
        }
        return GroupRecord.stillValid(record, version);
    }

    void nothingFound() {
        filled = 0;
        more = false;
    }

    /** Copies one pair; an end of the portion is told by a {@code filled} of -1 - filled. */
    private boolean take(long record, int version, long cell) {
        int keyBytes = KeyCell.keyBytes(cell);
        int valueBytes = KeyCell.valueBytes(cell);
        if (!GroupRecord.stillValid(record, version)) {
            return false;
        }
        if (stop != null) {
            int order = reader.order(record, version, cell, stop, stop.length);
            if (order == Integer.MIN_VALUE) {
                return false;
            }
            boolean inside = order == 0 ? stopInclusive : order < 0 != reverse;
            if (!inside) {
                filled = -1 - filled;
                return true;
            }
        }
        long payload = (long) keyBytes + valueBytes;
        long needed = filled + PAIR_HEADER_BYTES + payload;
        if (filled > 0 && needed > PORTION_BYTES) {
            more = true;
            filled = -1 - filled;
            return true;
        }
        buffer.ensureCapacity(needed, filled);
        long target = buffer.address() + filled;
        Memory.putInt(target, keyBytes);
        Memory.putInt(target + 4, valueBytes);
        Memory.copyRacy(KeyCell.key(cell), target + PAIR_HEADER_BYTES, payload);
        filled = needed;
        return true;
    }

    /**
     * Address of the key; valid until the next call of {@link #next} or {@link #open}.
     *
     * @return an off-heap address
     */
    public long keyAddress() {
        return buffer.address() + pair + PAIR_HEADER_BYTES;
    }

    /**
     * Length of the key.
     *
     * @return bytes
     */
    public int keyLength() {
        return Memory.getInt(buffer.address() + pair);
    }

    /**
     * Address of the value; valid until the next call of {@link #next} or {@link #open}.
     *
     * @return an off-heap address
     */
    public long valueAddress() {
        return keyAddress() + keyLength();
    }

    /**
     * Length of the value.
     *
     * @return bytes
     */
    public int valueLength() {
        return Memory.getInt(buffer.address() + pair + 4);
    }

    /**
     * Address of the memory that keys and values are in.
     *
     * @return an off-heap address; changes when the memory grows
     */
    public long bufferAddress() {
        return buffer.address();
    }

    /**
     * Size of that memory.
     *
     * @return bytes
     */
    public long bufferBytes() {
        return buffer.capacity();
    }

    /** Gives back what one giant value made the cursor grow to; it must be opened again. */
    public void trim() {
        filled = 0;
        position = 0;
        more = false;
        buffer.shrinkTo(KEPT_BYTES_MAX);
    }

    @Override
    public void close() {
        buffer.close();
    }
}
