package io.raftengine.engine.memtable;

import io.raftengine.allocator.Memory;

/**
 * What only few groups need beside their record; the only class that knows its layout.
 *
 * <pre>
 *   byte  0                      8                     16
 *         +----------------------+----------------------+
 *         | span first segment   | span last segment    |
 *         +----------------------+----------------------+
 * </pre>
 *
 * <p>The span is that of the group's last completed atomic group in the rewrite queue: while live
 * rewrite data lies at or before its last segment, the segments from its first on must be kept.
 */
final class GroupExtension {
    static final int BYTES = 16;

    private GroupExtension() {}

    static void set(long extension, long firstSegment, long lastSegment) {
        Memory.putLong(extension, firstSegment);
        Memory.putLong(extension + 8, lastSegment);
    }

    static long spanFirst(long extension) {
        return Memory.getLong(extension);
    }

    static long spanLast(long extension) {
        return Memory.getLong(extension + 8);
    }
}
