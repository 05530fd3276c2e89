package io.raftengine.engine.memtable;

import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.log.format.QueueKind;

/**
 * Walks those key-values of one group that are in one queue and not too new, for purge: in the
 * order of their keys, in portions, without locks. Others are passed over without being copied.
 *
 * <p>Nothing is held between two portions, so a key that is put or deleted meanwhile may be seen or
 * not. Reusable; one thread at a time.
 */
public final class PlacedKeys implements AutoCloseable {
    private static final int STEPS_MAX = 1024;
    private static final int STEPS_MIN = 16;

    private final Memtables memtables;
    private final KeyReader reader;
    private final KeyPortion portion;

    private long group;
    private boolean rewrite;
    private long gate;
    private long oldest;

    private byte[] resume = new byte[64];
    private int resumeBytes; // -1: at the very beginning

    // Where the portion being filled ends, until it proves to be good; -1: at the end of the group.
    private byte[] last = new byte[64];
    private int lastBytes;
    private boolean more;
    private int steps = STEPS_MAX;

    /**
     * An idle walk.
     *
     * @param memtables the index
     * @param budget pays for the copies
     */
    public PlacedKeys(Memtables memtables, MemoryBudget budget) {
        this.memtables = memtables;
        reader = new KeyReader(memtables.blocks().base());
        portion = new KeyPortion(budget);
    }

    /**
     * Begins a walk.
     *
     * @param groupId the group; one that does not exist has no keys
     * @param queue where the values are
     * @param newest values of newer segments are passed over
     */
    public void open(long groupId, QueueKind queue, long newest) {
        group = groupId;
        rewrite = queue == QueueKind.REWRITE;
        gate = newest;
        oldest = Long.MAX_VALUE;
        resumeBytes = -1;
        more = true;
        portion.clear();
    }

    /**
     * The oldest segment of a queue that a value of the group is in.
     *
     * @param groupId the group
     * @param queue the queue
     * @return a segment number, {@link Long#MAX_VALUE} if there is none
     */
    public long oldest(long groupId, QueueKind queue) {
        open(groupId, queue, -1);
        next();
        return oldest;
    }

    /**
     * Goes to the next key-value.
     *
     * @return false at the end
     * @throws io.raftengine.error.MemoryLimitException a value is larger than what the limit leaves
     *     for a copy of it
     */
    public boolean next() {
        while (!portion.hasNext()) {
            if (!more) {
                return false;
            }
            fill();
        }
        portion.next();
        return true;
    }

    private void fill() {
        portion.clear();
        int handle = memtables.table().find(group);
        if (handle == 0) {
            more = false;
            return;
        }
        long record = memtables.blocks().at(handle);
        steps = Math.min(STEPS_MAX, steps * 2);
        RightOfWay rightOfWay = memtables.rightOfWay();
        int overtaken = 0;
        try {
            for (int attempt = 0; ; attempt++) {
                int version = GroupRecord.beginRead(record);
                if (!GroupRecord.isBeingWritten(version)) {
                    if (tryFill(record, version)) {
                        return;
                    }
                    // A group that changes all the time can be read in small portions only.
                    steps = Math.max(STEPS_MIN, steps / 2);
                    overtaken = rightOfWay.overtaken(overtaken);
                }
                memtables.blocks().wholeness.awaitChange(attempt);
            }
        } finally {
            rightOfWay.readingDone(overtaken);
        }
    }

    private boolean tryFill(long record, int version) {
        long oldestBefore = oldest;
        portion.clear();
        lastBytes = -1;
        boolean here = GroupRecord.visible(record) && GroupRecord.id(record) == group;
        boolean filled = false;
        try {
            filled = (!here || walk(record, version)) && GroupRecord.stillValid(record, version);
        } finally {
            if (!filled) { // also where a copy found no room: nobody has checked those before it
                oldest = oldestBefore;
                portion.clear();
            }
        }
        if (filled) {
            settle();
        }
        return filled;
    }

    private void settle() {
        more = lastBytes >= 0;
        if (more) {
            byte[] swapped = resume;
            resume = last;
            last = swapped;
            resumeBytes = lastBytes;
        }
    }

    /** One attempt; false if the group changed. */
    private boolean walk(long record, int version) {
        byte[] from = resumeBytes < 0 ? null : resume;
        long cell = reader.seek(record, version, from, resumeBytes, false, false);
        int left = steps;
        while (cell != KeyReader.ABSENT) {
            if (cell == KeyReader.RETRY || !take(record, version, cell)) {
                return false;
            }
            left--;
            if (left == 0 || portion.isFull()) {
                return keepKey(record, version, cell);
            }
            cell = reader.step(record, version, false);
        }
        return true;
    }

    private boolean take(long record, int version, long cell) {
        long place = KeyCell.placeRacy(cell);
        int keyBytes = KeyCell.keyBytes(cell);
        int valueBytes = KeyCell.valueBytes(cell);
        if (!GroupRecord.stillValid(record, version)) {
            return false;
        }
        if (KeyCell.isRewritePlace(place) != rewrite) {
            return true;
        }
        long segment = KeyCell.segmentOfPlace(place);
        oldest = Math.min(oldest, segment);
        if (segment > gate) {
            return true;
        }
        portion.addRacy(KeyCell.key(cell), keyBytes, valueBytes);
        return GroupRecord.stillValid(record, version);
    }

    private boolean keepKey(long record, int version, long cell) {
        int keyBytes = KeyCell.keyBytes(cell);
        if (!GroupRecord.stillValid(record, version)) {
            return false;
        }
        if (last.length < keyBytes) {
            last = new byte[keyBytes];
        }
        Memory.copyToArrayRacy(KeyCell.key(cell), last, 0, keyBytes);
        lastBytes = keyBytes;
        return true;
    }

    /**
     * Address of the key, until the next call of {@link #next}.
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
     * Address of the value, until the next call of {@link #next}.
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

    /** Gives back what one giant value made it grow to. */
    public void trim() {
        more = false;
        portion.trim();
    }

    @Override
    public void close() {
        portion.close();
    }
}
