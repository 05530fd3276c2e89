package io.raftengine.engine.memtable;

import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;
import java.util.Arrays;

/**
 * Walks the key-values of one group in the order of their unsigned bytes, in either direction.
 *
 * <p>Pairs are copied out in portions of up to 64 KiB, each of which is one state of the group; so
 * a range that fits a portion is a snapshot, and a larger one neither skips nor repeats a key that
 * was there all the time. Nothing is held between two calls. Reusable; one thread at a time; close
 * it to give its buffer back.
 */
public final class KeyCursor implements AutoCloseable {
    private static final int KEY_BYTES_MIN = 64;

    private final GroupReader groups;
    private final KeyReader reader;
    private final KeyPortion portion;

    private long groupId;
    private byte[] stop; // bound at which the walk ends; null for none
    private boolean stopInclusive;
    private boolean reverse;

    private byte[] resume = new byte[KEY_BYTES_MIN]; // where the next portion begins
    private int resumeBytes = -1; // -1: at the very beginning
    private boolean resumeInclusive;

    private boolean more;
    private boolean ended; // the portion being filled: at the bound, or full

    KeyCursor(Memtables memtables, MemoryBudget budget) {
        this.groups = memtables.groups();
        this.reader = new KeyReader(memtables.blocks().base());
        this.portion = new KeyPortion(budget);
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
        portion.clear();
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
        if (!portion.hasNext()) {
            if (!more) {
                return false;
            }
            groups.fill(this, groupId);
            if (portion.isEmpty()) {
                return false;
            }
        }
        portion.next();
        if (!portion.hasNext() && more) {
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
        boolean filled = false;
        try {
            filled = walk(record, version) && GroupRecord.stillValid(record, version);
        } finally {
            if (!filled) { // also where a copy found no room: nobody has checked those before it
                portion.clear();
                more = true;
            }
        }
        return filled;
    }

    private boolean walk(long record, int version) {
        portion.clear();
        more = false;
        ended = false;
        byte[] from = resumeBytes < 0 ? null : resume;
        long cell = reader.seek(record, version, from, resumeBytes, resumeInclusive, reverse);
        while (cell != KeyReader.ABSENT) {
            if (cell == KeyReader.RETRY || !take(record, version, cell)) {
                return false;
            }
            if (ended) {
                break;
            }
            cell = reader.step(record, version, reverse);
        }
        return true;
    }

    void nothingFound() {
        portion.clear();
        more = false;
    }

    /** Copies one pair, or ends the portion before it; false if the group changed. */
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
                ended = true;
                return true;
            }
        }
        if (!portion.fits((long) keyBytes + valueBytes)) {
            more = true;
            ended = true;
            return true;
        }
        portion.addRacy(KeyCell.key(cell), keyBytes, valueBytes);
        return true;
    }

    /**
     * Address of the key; valid until the next call of {@link #next} or {@link #open}.
     *
     * @return an off-heap address
     */
    public long keyAddress() {
        return portion.keyAddress();
    }

    /**
     * Length of the key.
     *
     * @return bytes
     */
    public int keyLength() {
        return portion.keyLength();
    }

    /**
     * Address of the value; valid until the next call of {@link #next} or {@link #open}.
     *
     * @return an off-heap address
     */
    public long valueAddress() {
        return portion.valueAddress();
    }

    /**
     * Length of the value.
     *
     * @return bytes
     */
    public int valueLength() {
        return portion.valueLength();
    }

    /**
     * Address of the memory that keys and values are in.
     *
     * @return an off-heap address; changes when the memory grows
     */
    public long bufferAddress() {
        return portion.bufferAddress();
    }

    /**
     * Size of that memory.
     *
     * @return bytes
     */
    public long bufferBytes() {
        return portion.bufferBytes();
    }

    /** Gives back what one giant value made the cursor grow to; it must be opened again. */
    public void trim() {
        more = false;
        portion.trim();
    }

    @Override
    public void close() {
        portion.close();
    }
}
