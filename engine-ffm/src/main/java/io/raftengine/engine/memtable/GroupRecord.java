package io.raftengine.engine.memtable;

import io.raftengine.allocator.Memory;
import java.lang.invoke.VarHandle;

/**
 * The fixed part of one group, off-heap; the only class that knows its layout.
 *
 * <pre>
 *   byte  0           4           8                      16
 *         +-----------+-----------+----------------------+
 *         | version   | flags     | group id             |
 *      16 +-----------+-----------+----------------------+
 *         | first                 | end                  |   entries [first, end), unsigned; equal = none
 *      32 +-----------------------+-----------+----------+
 *         | rewritten end         | index root| chunks   |   entries below it are in the rewrite queue (I5)
 *      48 +-----------+-----------+-----------+----------+
 *         | key root  | key count | link      | extension|
 *      64 +-----------+-----------+-----------+----------+
 *
 *   version     sequence lock: odd while a batch is being applied to the group. It survives the reuse of a record for
 *               another group, so a reader that holds an old address always notices.
 *   flags       bit 0 visible, bits 8-15 height of the key tree
 *   index root  handle of the only chunk, or of the chunk directory when there are two or more
 *   link        free list, simulation slot or list of touched groups, whichever phase the writer is in
 *   extension   handle of a {@link GroupExtension}, 0 for nearly all groups
 * </pre>
 *
 * <p>Records are never given back while the engine is open and never become anything else than
 * records, so a reader may look at one that was freed: it sees another version, another id, or no
 * visible group.
 */
final class GroupRecord {
    static final int BYTES = 64;
    static final int HANDLES = BYTES / 16;

    private static final int VERSION = 0;
    private static final int FLAGS = 4;
    private static final int ID = 8;
    private static final int FIRST = 16;
    private static final int END = 24;
    private static final int REWRITTEN_END = 32;
    private static final int INDEX_ROOT = 40;
    private static final int CHUNKS = 44;
    private static final int KEY_ROOT = 48;
    private static final int KEY_COUNT = 52;
    private static final int LINK = 56;
    private static final int EXTENSION = 60;

    private static final int VISIBLE = 1;
    private static final int HEIGHT_SHIFT = 8;
    private static final int HEIGHT_MASK = 0xff00;

    private GroupRecord() {}

    // ---- sequence lock -------------------------------------------------------------------------

    /** Version to validate against, odd if a writer is inside. */
    static int beginRead(long record) {
        return Memory.getIntAcquire(record + VERSION);
    }

    /** Whether everything read since {@link #beginRead} is one state of the group. */
    static boolean stillValid(long record, int version) {
        VarHandle.loadLoadFence();
        return Memory.getInt(record + VERSION) == version;
    }

    static boolean isBeingWritten(int version) {
        return (version & 1) != 0;
    }

    static void beginWrite(long record) {
        int version = Memory.getInt(record + VERSION);
        assert (version & 1) == 0 : "group already taken";
        Memory.putInt(record + VERSION, version + 1);
        // The odd version must be out before the first change, or a reader could validate a
        // half-changed group.
        VarHandle.storeStoreFence();
    }

    static void endWrite(long record) {
        int version = Memory.getInt(record + VERSION);
        assert (version & 1) == 1 : "group was not taken";
        Memory.putIntRelease(record + VERSION, version + 1);
    }

    static boolean isTaken(long record) {
        return (Memory.getInt(record + VERSION) & 1) != 0;
    }

    // ---- life ----------------------------------------------------------------------------------

    /** Makes a fresh or freed record an invisible, empty group; the version goes on counting. */
    static void initialize(long record, long groupId) {
        Memory.putInt(record + FLAGS, 0);
        Memory.putLong(record + ID, groupId);
        Memory.putLong(record + FIRST, 0);
        Memory.putLong(record + END, 0);
        Memory.putLong(record + REWRITTEN_END, 0);
        Memory.putInt(record + INDEX_ROOT, 0);
        Memory.putInt(record + CHUNKS, 0);
        Memory.putInt(record + KEY_ROOT, 0);
        Memory.putInt(record + KEY_COUNT, 0);
        Memory.putInt(record + LINK, 0);
        Memory.putInt(record + EXTENSION, 0);
    }

    static boolean visible(long record) {
        return (Memory.getInt(record + FLAGS) & VISIBLE) != 0;
    }

    static void setVisible(long record, boolean visible) {
        int flags = Memory.getInt(record + FLAGS);
        Memory.putInt(record + FLAGS, visible ? flags | VISIBLE : flags & ~VISIBLE);
    }

    static long id(long record) {
        return Memory.getLong(record + ID);
    }

    // ---- entries -------------------------------------------------------------------------------

    static long first(long record) {
        return Memory.getLong(record + FIRST);
    }

    static void setFirst(long record, long first) {
        Memory.putLong(record + FIRST, first);
    }

    static long end(long record) {
        return Memory.getLong(record + END);
    }

    static void setEnd(long record, long end) {
        Memory.putLong(record + END, end);
    }

    static boolean hasEntries(long record) {
        return Memory.getLong(record + FIRST) != Memory.getLong(record + END);
    }

    static long rewrittenEnd(long record) {
        return Memory.getLong(record + REWRITTEN_END);
    }

    static void setRewrittenEnd(long record, long index) {
        Memory.putLong(record + REWRITTEN_END, index);
    }

    static int indexRoot(long record) {
        return Memory.getInt(record + INDEX_ROOT);
    }

    static void setIndexRoot(long record, int handle) {
        Memory.putInt(record + INDEX_ROOT, handle);
    }

    static int chunks(long record) {
        return Memory.getInt(record + CHUNKS);
    }

    static void setChunks(long record, int count) {
        Memory.putInt(record + CHUNKS, count);
    }

    // ---- key-values ----------------------------------------------------------------------------

    static int keyRoot(long record) {
        return Memory.getInt(record + KEY_ROOT);
    }

    static void setKeyRoot(long record, int handle) {
        Memory.putInt(record + KEY_ROOT, handle);
    }

    static int keyCount(long record) {
        return Memory.getInt(record + KEY_COUNT);
    }

    static void setKeyCount(long record, int count) {
        Memory.putInt(record + KEY_COUNT, count);
    }

    static int keyHeight(long record) {
        return (Memory.getInt(record + FLAGS) & HEIGHT_MASK) >>> HEIGHT_SHIFT;
    }

    static void setKeyHeight(long record, int height) {
        int flags = Memory.getInt(record + FLAGS);
        Memory.putInt(record + FLAGS, flags & ~HEIGHT_MASK | height << HEIGHT_SHIFT);
    }

    // ---- writer's own --------------------------------------------------------------------------

    static int link(long record) {
        return Memory.getInt(record + LINK);
    }

    static void setLink(long record, int value) {
        Memory.putInt(record + LINK, value);
    }

    static int extension(long record) {
        return Memory.getInt(record + EXTENSION);
    }

    static void setExtension(long record, int handle) {
        Memory.putInt(record + EXTENSION, handle);
    }
}
