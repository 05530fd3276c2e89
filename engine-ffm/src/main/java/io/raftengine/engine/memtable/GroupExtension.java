package io.raftengine.engine.memtable;

import io.raftengine.allocator.Memory;

/**
 * What a group needs beside its record once the rewrite queue holds something of it; the only class
 * that knows its layout.
 *
 * <pre>
 *   byte  0                      8                     16
 *         +----------------------+----------------------+
 *         | span first segment   | span last segment    |   0, 0: no span
 *      16 +----------------------+----------------------+
 *         | compact: segment     | compact: index       |   of the newest COMPACT not carried
 *      32 +----------------------+----------------------+
 *         | sealed: segment      | sealed: index        |   of the newest one in an older segment than that
 *      48 +----------------------+----------------------+
 *         | clean: segment       | rewrite end          |   of the newest CLEAN not carried
 *      64 +-----------+----------+-----------+----------+
 *         | deletions | record   | pending   | others   |
 *      80 +-----------+----------+-----------+----------+
 *         | flags     | 0        | 0                    |
 *         +-----------+----------+----------------------+
 *
 *   span         of the group's last completed atomic group in the rewrite queue: while live rewrite data lies at or
 *                before its last segment, the segments from its first on must be kept
 *   rewrite end  highest index behind entries that were ever written to the rewrite queue
 *   deletions    cells of deleted keys of which the rewrite queue holds a version, newest first
 *   record       the group's record
 *   pending      next extension in the list of those with removals that are not carried yet
 *   others       next extension in the list of all
 *   flags        which of the removals are there, and whether it is in the pending list
 * </pre>
 */
final class GroupExtension {
    static final int BYTES = 96;

    static final int HAS_COMPACT = 1;
    static final int HAS_SEALED = 2;
    static final int HAS_CLEAN = 4;
    static final int PENDING = 8;

    /** During recovery: the append queue compacted the group. */
    static final int COMPACTED = 16;

    /** During recovery: the append queue added something to the group. */
    static final int APPENDED = 32;

    private static final int REMOVALS = HAS_COMPACT | HAS_SEALED | HAS_CLEAN;

    private static final int SPAN_FIRST = 0;
    private static final int SPAN_LAST = 8;
    private static final int COMPACT_SEGMENT = 16;
    private static final int COMPACT_INDEX = 24;
    private static final int SEALED_SEGMENT = 32;
    private static final int SEALED_INDEX = 40;
    private static final int CLEAN_SEGMENT = 48;
    private static final int REWRITE_END = 56;
    private static final int DELETIONS = 64;
    private static final int RECORD = 68;
    private static final int NEXT_PENDING = 72;
    private static final int NEXT_OTHER = 76;
    private static final int FLAGS = 80;

    private GroupExtension() {}

    static void initialize(long extension, int record) {
        Memory.fill(extension, BYTES, (byte) 0);
        Memory.putInt(extension + RECORD, record);
    }

    static void setSpan(long extension, long firstSegment, long lastSegment) {
        Memory.putLong(extension + SPAN_FIRST, firstSegment);
        Memory.putLong(extension + SPAN_LAST, lastSegment);
    }

    /** Whether the group's atomic group lies in more than one segment. */
    static boolean hasSpan(long extension) {
        return spanFirst(extension) != spanLast(extension);
    }

    static long spanFirst(long extension) {
        return Memory.getLong(extension + SPAN_FIRST);
    }

    static long spanLast(long extension) {
        return Memory.getLong(extension + SPAN_LAST);
    }

    // ---- removals ------------------------------------------------------------------------------

    static boolean has(long extension, int flag) {
        return (Memory.getInt(extension + FLAGS) & flag) != 0;
    }

    static void set(long extension, int flag) {
        Memory.putInt(extension + FLAGS, Memory.getInt(extension + FLAGS) | flag);
    }

    static void unset(long extension, int flags) {
        Memory.putInt(extension + FLAGS, Memory.getInt(extension + FLAGS) & ~flags);
    }

    /** Whether any removal is waiting to be carried. */
    static boolean hasRemovals(long extension) {
        return has(extension, REMOVALS) || deletions(extension) != 0;
    }

    static long compactSegment(long extension) {
        return Memory.getLong(extension + COMPACT_SEGMENT);
    }

    static long compactIndex(long extension) {
        return Memory.getLong(extension + COMPACT_INDEX);
    }

    static void setCompact(long extension, long segment, long index) {
        Memory.putLong(extension + COMPACT_SEGMENT, segment);
        Memory.putLong(extension + COMPACT_INDEX, index);
        set(extension, HAS_COMPACT);
    }

    /** The newest COMPACT is not the newest any more. */
    static void sealCompact(long extension) {
        Memory.putLong(extension + SEALED_SEGMENT, compactSegment(extension));
        Memory.putLong(extension + SEALED_INDEX, compactIndex(extension));
        set(extension, HAS_SEALED);
    }

    static long sealedSegment(long extension) {
        return Memory.getLong(extension + SEALED_SEGMENT);
    }

    static long sealedIndex(long extension) {
        return Memory.getLong(extension + SEALED_INDEX);
    }

    static long cleanSegment(long extension) {
        return Memory.getLong(extension + CLEAN_SEGMENT);
    }

    static void setClean(long extension, long segment) {
        Memory.putLong(extension + CLEAN_SEGMENT, segment);
        set(extension, HAS_CLEAN);
    }

    static int deletions(long extension) {
        return Memory.getInt(extension + DELETIONS);
    }

    static void setDeletions(long extension, int cell) {
        Memory.putInt(extension + DELETIONS, cell);
    }

    // ---- the rest ------------------------------------------------------------------------------

    static long rewriteEnd(long extension) {
        return Memory.getLong(extension + REWRITE_END);
    }

    static void raiseRewriteEnd(long extension, long index) {
        if (Long.compareUnsigned(index, rewriteEnd(extension)) > 0) {
            Memory.putLong(extension + REWRITE_END, index);
        }
    }

    static int record(long extension) {
        return Memory.getInt(extension + RECORD);
    }

    static int nextPending(long extension) {
        return Memory.getInt(extension + NEXT_PENDING);
    }

    static void setNextPending(long extension, int handle) {
        Memory.putInt(extension + NEXT_PENDING, handle);
    }

    static int nextOther(long extension) {
        return Memory.getInt(extension + NEXT_OTHER);
    }

    static void setNextOther(long extension, int handle) {
        Memory.putInt(extension + NEXT_OTHER, handle);
    }
}
