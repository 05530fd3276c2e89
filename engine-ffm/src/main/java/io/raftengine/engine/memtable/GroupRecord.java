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
 *         | rewritten | next      | index root| chunks   |   the first so many entries are in the rewrite queue (I5)
 *      48 +-----------+-----------+-----------+----------+
 *         | key root  | key count | link      | extension|
 *      64 +-----------+-----------+-----------+----------+
 *
 *   version     sequence lock: odd while a batch is being applied to the group. It survives the reuse of a record for
 *               another group, so a reader that holds an old address always notices.
 *   flags       bit 0 visible, bit 1 in a list of {@link OldGroups}, bit 2 the rewrite queue may hold entries of it,
 *               bit 3 the rewrite queue may hold keys of it, bits 4-7 how often purge has asked to compact it,
 *               bits 8-15 height of the key tree
 *   next        the next group in its list of {@link OldGroups}
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

    private static final int VERSION = 0;
    private static final int FLAGS = 4;
    private static final int ID = 8;
    private static final int FIRST = 16;
    private static final int END = 24;
    private static final int REWRITTEN = 32;
    private static final int NEXT = 36;
    private static final int INDEX_ROOT = 40;
    private static final int CHUNKS = 44;
    private static final int KEY_ROOT = 48;
    private static final int KEY_COUNT = 52;
    private static final int LINK = 56;
    private static final int EXTENSION = 60;

    private static final int VISIBLE = 1;
    private static final int LISTED = 2;
    private static final int REWRITTEN_ENTRIES = 4;
    private static final int REWRITTEN_KEYS = 8;
    private static final int ASKED_SHIFT = 4;
    private static final int ASKED_MASK = 0xf0;
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
        Memory.putInt(record + REWRITTEN, 0);
        Memory.putInt(record + NEXT, 0);
        Memory.putInt(record + INDEX_ROOT, 0);
        Memory.putInt(record + CHUNKS, 0);
        Memory.putInt(record + KEY_ROOT, 0);
        Memory.putInt(record + KEY_COUNT, 0);
        Memory.putInt(record + LINK, 0);
        Memory.putInt(record + EXTENSION, 0);
    }

    static boolean visible(long record) {
        return has(record, VISIBLE);
    }

    static void setVisible(long record, boolean visible) {
        set(record, VISIBLE, visible);
    }

    private static boolean has(long record, int flag) {
        return (Memory.getInt(record + FLAGS) & flag) != 0;
    }

    private static void set(long record, int flag, boolean on) {
        int flags = Memory.getInt(record + FLAGS);
        Memory.putInt(record + FLAGS, on ? flags | flag : flags & ~flag);
    }

    static long id(long record) {
        return Memory.getLong(record + ID);
    }

    // ---- entries -------------------------------------------------------------------------------

    static long first(long record) {
        return Memory.getLong(record + FIRST);
    }

    /** Rewritten entries at or behind the new first one stay rewritten. */
    static void setFirst(long record, long first) {
        long rewrittenEnd = rewrittenEnd(record);
        Memory.putLong(record + FIRST, first);
        setRewrittenEnd(record, rewrittenEnd);
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

    /** Index behind the last rewritten entry, the first index if there is none. */
    static long rewrittenEnd(long record) {
        return Memory.getLong(record + FIRST) + (Memory.getInt(record + REWRITTEN) & 0xffffffffL);
    }

    static void setRewrittenEnd(long record, long index) {
        long first = Memory.getLong(record + FIRST);
        // No group holds 2^32 entries in memory.
        int count = Long.compareUnsigned(index, first) > 0 ? (int) (index - first) : 0;
        Memory.putInt(record + REWRITTEN, count);
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

    static boolean holdsNothing(long record) {
        return !hasEntries(record) && keyCount(record) == 0;
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

    // ---- purge ---------------------------------------------------------------------------------

    /** Whether nobody sees the group and nothing of it is waiting for anything. */
    static boolean isFree(long record) {
        return !visible(record) && !listed(record) && extension(record) == 0;
    }

    static boolean listed(long record) {
        return has(record, LISTED);
    }

    static void setListed(long record, boolean listed) {
        set(record, LISTED, listed);
    }

    static int next(long record) {
        return Memory.getInt(record + NEXT);
    }

    static void setNext(long record, int handle) {
        Memory.putInt(record + NEXT, handle);
    }

    /** Whether replay of the rewrite queue alone may find entries of the group, live or dead. */
    static boolean rewrittenEntries(long record) {
        return has(record, REWRITTEN_ENTRIES);
    }

    static void setRewrittenEntries(long record, boolean some) {
        set(record, REWRITTEN_ENTRIES, some);
    }

    /** Whether replay of the rewrite queue alone may find keys of the group, live or dead. */
    static boolean rewrittenKeys(long record) {
        return has(record, REWRITTEN_KEYS);
    }

    static void setRewrittenKeys(long record, boolean some) {
        set(record, REWRITTEN_KEYS, some);
    }

    static int asked(long record) {
        return (Memory.getInt(record + FLAGS) & ASKED_MASK) >>> ASKED_SHIFT;
    }

    static void setAsked(long record, int times) {
        int flags = Memory.getInt(record + FLAGS);
        Memory.putInt(record + FLAGS, flags & ~ASKED_MASK | times << ASKED_SHIFT);
    }
}
