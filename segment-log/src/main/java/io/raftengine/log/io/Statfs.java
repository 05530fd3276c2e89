package io.raftengine.log.io;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What {@code statfs} fills in on 64-bit Linux, all fields 64 bits wide; the only class that knows
 * its layout and the numbers of file systems.
 *
 * <pre>
 *    byte  0      8             16           32                      72                  80
 *          +------+-------------+--------+---+------------------+----+-------------------+
 *          | type | block bytes | blocks | . | available blocks | .. | fragment bytes    |
 *          +------+-------------+--------+---+------------------+----+-------------------+
 * </pre>
 */
final class Statfs {
    private static final int TYPE = 0;
    private static final int BLOCK_BYTES = 8;
    private static final int AVAILABLE_BLOCKS = 32;
    private static final int FRAGMENT_BYTES = 72;

    private Statfs() {}

    static long type(MemorySegment statfs) {
        return statfs.get(ValueLayout.JAVA_LONG, TYPE);
    }

    static long availableBytes(MemorySegment statfs) {
        long unit = statfs.get(ValueLayout.JAVA_LONG, FRAGMENT_BYTES);
        if (unit <= 0) {
            unit = statfs.get(ValueLayout.JAVA_LONG, BLOCK_BYTES);
        }
        long blocks = statfs.get(ValueLayout.JAVA_LONG, AVAILABLE_BLOCKS);
        // Some network and pseudo file systems claim nearly 2^64 blocks.
        return blocks < 0 || Math.multiplyHigh(blocks, unit) != 0 || blocks * unit < 0
                ? Long.MAX_VALUE
                : blocks * unit;
    }

    /**
     * The name of a file system that hands our calls to somebody else, who may not keep what {@code
     * flock} and {@code fsync} promise; null for all others. FUSE is among them: it may be a local
     * disk, a bucket or another computer, and nothing tells which.
     */
    static String remoteName(long type) {
        return switch ((int) type) {
            case 0x6969 -> "NFS";
            case 0x517b -> "SMB";
            case 0xff534d42 -> "CIFS";
            case 0xfe534d42 -> "SMB2";
            case 0x01021997 -> "9p";
            case 0x65735546 -> "FUSE";
            case 0x00c36400 -> "Ceph";
            case 0x0bd00bd0 -> "Lustre";
            case 0x5346414f, 0x6b414653 -> "AFS";
            case 0x73757245 -> "Coda";
            case 0x564c -> "NCP";
            case 0x786f4256 -> "VirtualBox shared folder";
            case 0x01161970 -> "GFS2";
            case 0x7461636f -> "OCFS2";
            case 0x47504653 -> "GPFS";
            default -> null;
        };
    }
}
