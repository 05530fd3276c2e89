package io.raftengine.allocator;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * All raw access to off-heap memory, by address. The one class that can read or write anywhere
 * outside the heap; whatever else is handed out of it, to libraries and to users, is a buffer or a
 * segment with bounds.
 *
 * <p>Multi-byte values are little-endian unless the name ends in {@code BE}; addresses need no
 * alignment unless the method says so. Every address is an absolute one, as {@link
 * Mapping#address()}, {@link GrowableBuffer#address()} and {@link SlabArena#address} give it.
 *
 * <p><b>Checked mode</b> is on when assertions are enabled for this class ({@code -ea}). Each
 * access is then looked up in the table of live memory and must lie within one mapping or within
 * one live block as long as it was asked for; anything else is an {@link AssertionError} that names
 * address, length and what is wrong. Without it a wrong address ends the process or, worse, does
 * not.
 *
 * <p><b>Racy</b> twins are for optimistic readers, which may follow a handle into a block that is
 * being freed or reused and find out afterwards. In checked mode they only demand memory of an open
 * arena or mapping; otherwise they are the same code.
 *
 * <p><b>Size.</b> The accessors are longer than the 35 bytes of bytecode up to which the JVM's
 * quick compiler copies a method into its callers: most by their assertion, two by a local variable
 * besides. An access through the FFM API becomes 2 to 5 KiB of machine code there. Without copies
 * of it the open of a log in a young JVM, for most of which that compiler is busy, took an eighth
 * less. The price is a call per access in code of the quick compiler, and of the optimising one
 * where a site is run in few of its caller's calls; at the others it copies larger methods, too.
 *
 * <p>All methods may be called from any thread. Plain accesses order nothing; the acquire, release
 * and read-modify-write forms order like those of {@link VarHandle} and demand natural alignment
 * ({@link IllegalArgumentException}).
 */
public final class Memory {
    /** Checked mode, as a constant the compiler folds. */
    static final boolean CHECKED = Memory.class.desiredAssertionStatus();

    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    // Layouts without alignment are the fast ones: an aligned one adds a check.
    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
    private static final ValueLayout.OfShort SHORT_LE =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT_LE =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG_LE =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG_BE =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private static final VarHandle INT_ATOMIC =
            ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();
    private static final VarHandle ARRAY_LONG_BE =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    /** Above this {@link #fill} copies what it has filled; below it stores by words. */
    private static final long FILL_STEP_BYTES = 64;

    private Memory() {}

    /**
     * Whether checked mode is on.
     *
     * @return true if assertions are enabled for this class
     */
    public static boolean checked() {
        return CHECKED;
    }

    /**
     * Reads a byte.
     *
     * @param address of its first byte
     * @return the value
     */
    public static byte getByte(long address) {
        assert LiveMemory.check(address, 1);
        byte value = ALL.get(BYTE, address);
        return value; // by way of a variable: see above about size
    }

    /**
     * Writes a byte.
     *
     * @param address of its first byte
     * @param value the value
     */
    public static void putByte(long address, byte value) {
        assert LiveMemory.check(address, 1);
        ALL.set(BYTE, address, value);
    }

    /**
     * Reads two bytes, little-endian.
     *
     * @param address of its first byte
     * @return the value
     */
    public static short getShort(long address) {
        assert LiveMemory.check(address, 2);
        return ALL.get(SHORT_LE, address);
    }

    /**
     * Reads two bytes, little-endian, racy.
     *
     * @param address of its first byte
     * @return the value
     */
    public static short getShortRacy(long address) {
        assert LiveMemory.checkMapped(address, 2);
        return ALL.get(SHORT_LE, address);
    }

    /**
     * Writes two bytes, little-endian.
     *
     * @param address of its first byte
     * @param value the value
     */
    public static void putShort(long address, short value) {
        assert LiveMemory.check(address, 2);
        ALL.set(SHORT_LE, address, value);
    }

    /**
     * Reads four bytes, little-endian.
     *
     * @param address of its first byte
     * @return the value
     */
    public static int getInt(long address) {
        assert LiveMemory.check(address, 4);
        return ALL.get(INT_LE, address);
    }

    /**
     * Reads four bytes, little-endian, racy.
     *
     * @param address of its first byte
     * @return the value
     */
    public static int getIntRacy(long address) {
        assert LiveMemory.checkMapped(address, 4);
        return ALL.get(INT_LE, address);
    }

    /**
     * Writes four bytes, little-endian.
     *
     * @param address of its first byte
     * @param value the value
     */
    public static void putInt(long address, int value) {
        assert LiveMemory.check(address, 4);
        ALL.set(INT_LE, address, value);
    }

    /**
     * Reads eight bytes, little-endian.
     *
     * @param address of its first byte
     * @return the value
     */
    public static long getLong(long address) {
        assert LiveMemory.check(address, 8);
        return ALL.get(LONG_LE, address);
    }

    /**
     * Reads eight bytes, little-endian, racy.
     *
     * @param address of its first byte
     * @return the value
     */
    public static long getLongRacy(long address) {
        assert LiveMemory.checkMapped(address, 8);
        return ALL.get(LONG_LE, address);
    }

    /**
     * Writes eight bytes, little-endian.
     *
     * @param address of its first byte
     * @param value the value
     */
    public static void putLong(long address, long value) {
        assert LiveMemory.check(address, 8);
        ALL.set(LONG_LE, address, value);
    }

    /**
     * Reads eight bytes, big-endian.
     *
     * @param address of its first byte
     * @return the value
     */
    public static long getLongBE(long address) {
        assert LiveMemory.check(address, 8);
        return ALL.get(LONG_BE, address);
    }

    /**
     * Writes eight bytes, big-endian.
     *
     * @param address of its first byte
     * @param value the value
     */
    public static void putLongBE(long address, long value) {
        assert LiveMemory.check(address, 8);
        ALL.set(LONG_BE, address, value);
    }

    /**
     * Reads four aligned bytes with acquire order.
     *
     * @param address a multiple of 4
     * @return the value
     */
    public static int getIntAcquire(long address) {
        assert LiveMemory.check(address, 4);
        int value = (int) INT_ATOMIC.getAcquire(ALL, address);
        return value; // by way of a variable: see above about size
    }

    /**
     * Writes four aligned bytes with release order.
     *
     * @param address a multiple of 4
     * @param value the value
     */
    public static void putIntRelease(long address, int value) {
        assert LiveMemory.check(address, 4);
        INT_ATOMIC.setRelease(ALL, address, value);
    }

    /**
     * Adds to four aligned bytes, with volatile order.
     *
     * @param address a multiple of 4
     * @param delta what to add
     * @return the value before
     */
    public static int getAndAddInt(long address, int delta) {
        assert LiveMemory.check(address, 4);
        return (int) INT_ATOMIC.getAndAdd(ALL, address, delta);
    }

    /**
     * Copies bytes; the ranges may overlap.
     *
     * @param source first byte to copy
     * @param target where it goes
     * @param bytes how many, at least 0
     */
    public static void copy(long source, long target, long bytes) {
        assert LiveMemory.check(source, bytes);
        assert LiveMemory.check(target, bytes);
        MemorySegment.copy(ALL, source, ALL, target, bytes);
    }

    /**
     * Copies bytes from memory that may be freed meanwhile; the ranges may overlap.
     *
     * @param source first byte to copy, racy
     * @param target where it goes, live
     * @param bytes how many, at least 0
     */
    public static void copyRacy(long source, long target, long bytes) {
        assert LiveMemory.checkMapped(source, bytes);
        assert LiveMemory.check(target, bytes);
        MemorySegment.copy(ALL, source, ALL, target, bytes);
    }

    /**
     * Copies bytes to the heap; allocates nothing.
     *
     * @param source first byte to copy
     * @param target where they go
     * @param offset of the first one in target
     * @param bytes how many, at least 0
     */
    public static void copyToArray(long source, byte[] target, int offset, int bytes) {
        assert LiveMemory.check(source, bytes);
        MemorySegment.copy(ALL, BYTE, source, target, offset, bytes);
    }

    /**
     * Copies bytes to the heap from memory that may be freed meanwhile; allocates nothing.
     *
     * @param source first byte to copy, racy
     * @param target where they go
     * @param offset of the first one in target
     * @param bytes how many, at least 0
     */
    public static void copyToArrayRacy(long source, byte[] target, int offset, int bytes) {
        assert LiveMemory.checkMapped(source, bytes);
        MemorySegment.copy(ALL, BYTE, source, target, offset, bytes);
    }

    /**
     * Copies bytes from the heap; allocates nothing.
     *
     * @param source where they are
     * @param offset of the first one in source
     * @param target where they go
     * @param bytes how many, at least 0
     */
    public static void copyFromArray(byte[] source, int offset, long target, int bytes) {
        assert LiveMemory.check(target, bytes);
        MemorySegment.copy(source, offset, ALL, BYTE, target, bytes);
    }

    /**
     * Copies words from the heap, as little-endian ones; allocates nothing.
     *
     * @param source where they are
     * @param offset of the first one in source
     * @param target where they go
     * @param ints how many, at least 0
     */
    public static void copyFromArray(int[] source, int offset, long target, int ints) {
        assert LiveMemory.check(target, 4L * ints);
        MemorySegment.copy(source, offset, ALL, INT_LE, target, ints);
    }

    /**
     * Copies bytes from a segment of memory, on or off the heap, whose bounds and liveness the copy
     * checks; allocates nothing.
     *
     * @param source where they are
     * @param offset of the first one in source
     * @param target where they go
     * @param bytes how many, at least 0
     */
    public static void copyFromSegment(MemorySegment source, long offset, long target, long bytes) {
        assert LiveMemory.check(target, bytes);
        MemorySegment.copy(source, offset, ALL, target, bytes);
    }

    /**
     * Sets every byte of a range.
     *
     * @param address of the first one
     * @param bytes how many, at least 0
     * @param value what each becomes
     */
    public static void fill(long address, long bytes, byte value) {
        assert LiveMemory.check(address, bytes);
        long word = (value & 0xffL) * 0x0101010101010101L;
        long head = Math.min(bytes, FILL_STEP_BYTES);
        long done = 0;
        for (; done <= head - Long.BYTES; done += Long.BYTES) {
            ALL.set(LONG_LE, address + done, word);
        }
        for (; done < head; done++) {
            ALL.set(BYTE, address + done, value);
        }
        // Doubling: a slice with MemorySegment.fill would be an object for each call.
        while (done < bytes) {
            long step = Math.min(done, bytes - done);
            MemorySegment.copy(ALL, address, ALL, address + done, step);
            done += step;
        }
    }

    /**
     * Compares two byte strings as unsigned bytes, a prefix before what it is a prefix of.
     *
     * @param left first byte of the left one
     * @param leftBytes its length
     * @param right first byte of the right one
     * @param rightBytes its length
     * @return negative, zero or positive as left is less, equal or greater
     */
    public static int compare(long left, long leftBytes, long right, long rightBytes) {
        assert LiveMemory.check(left, leftBytes);
        assert LiveMemory.check(right, rightBytes);
        long common = Math.min(leftBytes, rightBytes);
        long at = 0;
        for (; at <= common - Long.BYTES; at += Long.BYTES) {
            long a = ALL.get(LONG_BE, left + at);
            long b = ALL.get(LONG_BE, right + at);
            if (a != b) {
                return Long.compareUnsigned(a, b);
            }
        }
        for (; at < common; at++) {
            int difference = (ALL.get(BYTE, left + at) & 0xff) - (ALL.get(BYTE, right + at) & 0xff);
            if (difference != 0) {
                return difference;
            }
        }
        return Long.compare(leftBytes, rightBytes);
    }

    /**
     * Compares a byte string that may be freed meanwhile with one on the heap, as {@link
     * #compare(long, long, long, long)} does.
     *
     * @param left first byte of the left one, racy
     * @param leftBytes its length
     * @param right array that holds the right one
     * @param offset of its first byte
     * @param rightBytes its length
     * @return negative, zero or positive as left is less, equal or greater
     */
    public static int compareRacy(
            long left, long leftBytes, byte[] right, int offset, int rightBytes) {
        assert LiveMemory.checkMapped(left, leftBytes);
        int common = (int) Math.min(leftBytes, rightBytes);
        int at = 0;
        for (; at <= common - Long.BYTES; at += Long.BYTES) {
            long a = ALL.get(LONG_BE, left + at);
            long b = (long) ARRAY_LONG_BE.get(right, offset + at);
            if (a != b) {
                return Long.compareUnsigned(a, b);
            }
        }
        for (; at < common; at++) {
            int difference = (ALL.get(BYTE, left + at) & 0xff) - (right[offset + at] & 0xff);
            if (difference != 0) {
                return difference;
            }
        }
        return Long.compare(leftBytes, rightBytes);
    }

    // Access for the allocator's own links and tables, which lie in freed blocks and outside of all
    // blocks: the table of live memory says nothing about them. Numbers there are aligned. The
    // accesses to bytes are those of the checked mode itself.

    static int rawInt(long address) {
        assert address > 0 : "no address: " + address;
        assert (address & 3) == 0 : "not aligned: " + address;
        return ALL.get(INT_LE, address);
    }

    static void rawPutInt(long address, int value) {
        assert address > 0 : "no address: " + address;
        assert (address & 3) == 0 : "not aligned: " + address;
        ALL.set(INT_LE, address, value);
    }

    static int rawIntOpaque(long address) {
        assert address > 0 : "no address: " + address;
        assert (address & 3) == 0 : "not aligned: " + address;
        return (int) INT_ATOMIC.getOpaque(ALL, address);
    }

    static void rawPutIntOpaque(long address, int value) {
        assert address > 0 : "no address: " + address;
        assert (address & 3) == 0 : "not aligned: " + address;
        INT_ATOMIC.setOpaque(ALL, address, value);
    }

    static byte rawByte(long address) {
        return ALL.get(BYTE, address);
    }

    static void rawPutByte(long address, byte value) {
        ALL.set(BYTE, address, value);
    }
}
