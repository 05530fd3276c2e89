package io.raftengine.allocator;

import java.util.Arrays;

/**
 * Checked mode's knowledge of which memory may be touched. It lives beside the memory it describes
 * and is no part of the budget, since it exists in tests and checked runs only.
 *
 * <p>Regions (mappings and arenas) are few and kept in a sorted array that is replaced when it
 * changes. Inside an arena each unit of 16 bytes has a shadow byte, so that a look-up costs the
 * same however many blocks live:
 *
 * <pre>
 *    bit  7 6  5       4..0
 *         0 0  start   accessible
 *
 *    accessible  how many bytes of the unit, from its first, belong to a live block: 0..16
 *    start       the unit is the first of its block, so that an access cannot run on into a neighbour
 * </pre>
 *
 * <p>Safe for all threads. Shadow bytes are plain memory: whoever hands a block to another thread
 * in a proper way hands its shadow over with it.
 */
final class LiveMemory {
    static final int UNIT_BYTES = 16;
    private static final int UNIT_SHIFT = 4;
    private static final int START = 0x20;
    private static final int ACCESSIBLE = 0x1f;
    private static final int NO_SHADOW = 0;

    /** Sorted by start; replaced as a whole, guarded by the class when it is. */
    private static volatile Regions regions =
            new Regions(new long[0], new long[0], new long[0], new String[0]);

    private record Regions(long[] starts, long[] ends, long[] shadows, String[] names) {
        /** Index of the last region that starts at or below an address, or -1. */
        int floor(long address) {
            int at = Arrays.binarySearch(starts, address);
            return at >= 0 ? at : -at - 2;
        }

        Regions with(int at, long start, long end, long shadow, String name) {
            int count = starts.length;
            var grown =
                    new Regions(
                            Arrays.copyOf(starts, count + 1),
                            Arrays.copyOf(ends, count + 1),
                            Arrays.copyOf(shadows, count + 1),
                            Arrays.copyOf(names, count + 1));
            System.arraycopy(starts, at, grown.starts, at + 1, count - at);
            System.arraycopy(ends, at, grown.ends, at + 1, count - at);
            System.arraycopy(shadows, at, grown.shadows, at + 1, count - at);
            System.arraycopy(names, at, grown.names, at + 1, count - at);
            grown.starts[at] = start;
            grown.ends[at] = end;
            grown.shadows[at] = shadow;
            grown.names[at] = name;
            return grown;
        }

        Regions without(int at) {
            int count = starts.length - 1;
            var shrunk =
                    new Regions(
                            Arrays.copyOf(starts, count),
                            Arrays.copyOf(ends, count),
                            Arrays.copyOf(shadows, count),
                            Arrays.copyOf(names, count));
            System.arraycopy(starts, at + 1, shrunk.starts, at, count - at);
            System.arraycopy(ends, at + 1, shrunk.ends, at, count - at);
            System.arraycopy(shadows, at + 1, shrunk.shadows, at, count - at);
            System.arraycopy(names, at + 1, shrunk.names, at, count - at);
            return shrunk;
        }
    }

    private LiveMemory() {}

    /** From now on every byte of the range may be touched. */
    static void addMapping(long start, long bytes, String name) {
        add(start, bytes, NO_SHADOW, name);
    }

    /**
     * From now on what the shadow says may be touched; it has a byte for each unit of the range.
     */
    static void addArena(long start, long bytes, long shadow, String name) {
        add(start, bytes, shadow, name);
    }

    private static synchronized void add(long start, long bytes, long shadow, String name) {
        Regions now = regions;
        int before = now.floor(start);
        if (before >= 0 && now.ends[before] > start) {
            throw new AssertionError("'" + name + "' overlaps '" + now.names[before] + "'");
        }
        regions = now.with(before + 1, start, start + bytes, shadow, name);
    }

    /** The region that starts here is about to be unmapped. */
    static synchronized void remove(long start) {
        Regions now = regions;
        int at = now.floor(start);
        if (at < 0 || now.starts[at] != start) {
            throw new AssertionError("no mapping starts at 0x" + Long.toHexString(start));
        }
        regions = now.without(at);
    }

    /** Demands that an access lies in one mapping or one live block; true, for an assert. */
    static boolean check(long address, long bytes) {
        if (bytes == 0) {
            return true; // touches nothing: what an empty buffer without an address is asked for
        }
        Regions now = regions;
        int at = mapped(now, address, bytes);
        if (now.shadows[at] != NO_SHADOW) {
            long shadow = now.shadows[at];
            long offset = address - now.starts[at];
            long unit = offset >>> UNIT_SHIFT;
            long last = (offset + bytes - 1) >>> UNIT_SHIFT;
            for (; unit < last; unit++) {
                // Only the last unit touched may be partly accessible, and only the first may start
                // a block.
                if ((Memory.rawByte(shadow + unit) & ACCESSIBLE) != UNIT_BYTES
                        || (Memory.rawByte(shadow + unit + 1) & START) != 0) {
                    throw refused(address, bytes, now.names[at], Memory.rawByte(shadow + unit));
                }
            }
            int end = (int) ((offset + bytes - 1) & (UNIT_BYTES - 1)) + 1;
            if ((Memory.rawByte(shadow + last) & ACCESSIBLE) < end) {
                throw refused(address, bytes, now.names[at], Memory.rawByte(shadow + last));
            }
        }
        return true;
    }

    /** Demands that an access lies in one mapping or arena, whatever lives there; true. */
    static boolean checkMapped(long address, long bytes) {
        if (bytes != 0) {
            mapped(regions, address, bytes);
        }
        return true;
    }

    private static int mapped(Regions now, long address, long bytes) {
        int at = now.floor(address);
        if (at < 0 || bytes < 0 || address >= now.ends[at]) {
            throw new AssertionError(range(address, bytes) + " is in no mapping");
        }
        if (bytes > now.ends[at] - address) {
            throw new AssertionError(
                    range(address, bytes)
                            + " overruns '"
                            + now.names[at]
                            + "' of "
                            + (now.ends[at] - now.starts[at])
                            + " B");
        }
        return at;
    }

    private static String range(long address, long bytes) {
        return "access to " + bytes + " B at 0x" + Long.toHexString(address);
    }

    private static AssertionError refused(long address, long bytes, String arena, int shadow) {
        String what =
                shadow == 0
                        ? "a block that is not live (freed, or never allocated)"
                        : "bytes behind the end of a block";
        return new AssertionError(
                range(address, bytes) + " touches " + what + " of arena '" + arena + "'");
    }

    /** Marks a block live; it must not be so yet. */
    static void allocated(long shadow, long offset, int bytes) {
        long unit = offset >>> UNIT_SHIFT;
        long last = (offset + bytes - 1) >>> UNIT_SHIFT;
        for (long at = unit; at <= last; at++) {
            if (Memory.rawByte(shadow + at) != 0) {
                throw new AssertionError("block at offset " + offset + " was handed out twice");
            }
            int accessible = at < last ? UNIT_BYTES : ((bytes - 1) & (UNIT_BYTES - 1)) + 1;
            Memory.rawPutByte(shadow + at, (byte) (at == unit ? accessible | START : accessible));
        }
    }

    /** Demands that a block is live, starts here and is exactly this long. */
    static void checkFree(long shadow, long offset, int bytes, String arena) {
        long unit = offset >>> UNIT_SHIFT;
        if ((Memory.rawByte(shadow + unit) & START) == 0) {
            throw new AssertionError(
                    "free of "
                            + bytes
                            + " B at offset "
                            + offset
                            + " of arena '"
                            + arena
                            + "': no live block starts there (freed twice, or never allocated)");
        }
        long live = liveBytes(shadow, unit, bytes);
        if (live != bytes) {
            throw new AssertionError(
                    "free of "
                            + bytes
                            + " B at offset "
                            + offset
                            + " of arena '"
                            + arena
                            + "': the block is "
                            + (live > bytes ? "longer" : live + " B long"));
        }
    }

    /** Marks a block dead. */
    static void freed(long shadow, long offset, int bytes) {
        for (long at = offset >>> UNIT_SHIFT; at <= (offset + bytes - 1) >>> UNIT_SHIFT; at++) {
            Memory.rawPutByte(shadow + at, (byte) 0);
        }
    }

    /** Length of the block that starts at a unit, or anything larger than {@code enough}. */
    private static long liveBytes(long shadow, long unit, long enough) {
        long bytes = Memory.rawByte(shadow + unit) & ACCESSIBLE;
        for (long at = unit + 1; bytes % UNIT_BYTES == 0 && bytes <= enough; at++) {
            int next = Memory.rawByte(shadow + at);
            if (next == 0 || (next & START) != 0) {
                break;
            }
            bytes += next;
        }
        return bytes;
    }
}
