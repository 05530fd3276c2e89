package io.raftengine.log.io;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What {@code statx} fills in; the only class that knows its layout. Used instead of {@code fstat}
 * because this one is the same on every architecture.
 *
 * <pre>
 *    16  u32  number of links
 *    28  u16  type and permissions
 *    32  u64  inode
 *    40  u64  size in bytes
 *   112  s64  last change of the content, seconds since 1970; 120  u32  and nanoseconds
 *   136  u32  device, major number; 140  u32  and minor number
 *   256       end
 * </pre>
 */
final class Statx {
    /** Request mask: everything an old {@code stat} has. */
    static final int BASIC_STATS = 0x7ff;

    private static final int NLINK = 16;
    private static final int MODE = 28;
    private static final int INODE = 32;
    private static final int SIZE = 40;
    private static final long BLOCKS = 48;
    private static final long BLOCK_BYTES = 512;
    private static final int MTIME_SECONDS = 112;
    private static final int MTIME_NANOS = 120;
    private static final int DEVICE_MAJOR = 136;
    private static final int DEVICE_MINOR = 140;

    private static final int TYPE_MASK = 0170000;
    private static final int TYPE_DIRECTORY = 0040000;
    private static final int TYPE_REGULAR = 0100000;
    private static final int TYPE_LINK = 0120000;
    private static final int PERMISSION_MASK = 0777;

    private Statx() {}

    static boolean isRegular(MemorySegment statx) {
        return type(statx) == TYPE_REGULAR;
    }

    static boolean isDirectory(MemorySegment statx) {
        return type(statx) == TYPE_DIRECTORY;
    }

    static boolean isLink(MemorySegment statx) {
        return type(statx) == TYPE_LINK;
    }

    static int permissions(MemorySegment statx) {
        return statx.get(ValueLayout.JAVA_SHORT, MODE) & PERMISSION_MASK;
    }

    static long size(MemorySegment statx) {
        return statx.get(ValueLayout.JAVA_LONG, SIZE);
    }

    static long dataBytes(MemorySegment statx) {
        return Math.min(size(statx), statx.get(ValueLayout.JAVA_LONG, BLOCKS) * BLOCK_BYTES);
    }

    static FileInfo info(MemorySegment statx, boolean symlink) {
        FileKind kind =
                isDirectory(statx)
                        ? FileKind.DIRECTORY
                        : !isRegular(statx)
                                ? FileKind.OTHER
                                : symlink ? FileKind.SYMLINK_TO_FILE : FileKind.FILE;
        long device =
                (long) statx.get(ValueLayout.JAVA_INT, DEVICE_MAJOR) << 32
                        | Integer.toUnsignedLong(statx.get(ValueLayout.JAVA_INT, DEVICE_MINOR));
        long modifiedNanos =
                statx.get(ValueLayout.JAVA_LONG, MTIME_SECONDS) * 1_000_000_000L
                        + Integer.toUnsignedLong(statx.get(ValueLayout.JAVA_INT, MTIME_NANOS));
        return new FileInfo(
                kind,
                size(statx),
                Integer.toUnsignedLong(statx.get(ValueLayout.JAVA_INT, NLINK)),
                device,
                statx.get(ValueLayout.JAVA_LONG, INODE),
                modifiedNanos,
                symlink);
    }

    private static int type(MemorySegment statx) {
        return statx.get(ValueLayout.JAVA_SHORT, MODE) & TYPE_MASK;
    }
}
