package io.raftengine.log.format;

import io.raftengine.allocator.Memory;
import io.raftengine.error.CorruptionException;
import java.util.zip.CRC32;

/**
 * Bytes of one item section, one after the other, and where it ends. Knows numbers, and nothing of
 * items.
 *
 * <pre>
 *    position   origin                position()               section end
 *               +---------------------+-------------+--- - - - +
 *               | read                | in buf      | in the source, for a later window
 *               +---------------------+-------------+--- - - - +
 *    index      0                     pos           limit
 * </pre>
 *
 * <p>The bytes are read from a {@code byte[]}: the whole section where it is in one, else a window
 * that is refilled from the source, at most 10 bytes early. So a section of any size needs no more
 * than the window. The window may be shared with the owner, who must not use it until the next
 * {@code open}. After a read that failed the window is empty.
 *
 * <p>A reader of items extends this instead of holding one: a second object between each byte and
 * its fields took 11 % of a walk over short items. The fields are this class's own all the same.
 *
 * <p>One thread at a time; nothing is allocated unless something is wrong. Small methods and plain
 * arithmetic, for they run before the optimising compiler does.
 */
class SectionInput {
    private final byte[] window;

    // buf[i] is byte origin + i of the source.
    private byte[] buf;
    private int pos;
    private int limit; // end of the bytes of the section that are in buf
    private long origin;
    private long sectionEnd;
    private ByteSource source; // null: the section is in buf as a whole
    private String file = "";

    // Checksum of a section larger than the window, taken while it is walked.
    private CRC32 digest;
    private int digested;

    SectionInput(byte[] window) {
        this.window = window;
        this.buf = window;
    }

    /** Goes to a section that is in an array as a whole, where it stays unchanged meanwhile. */
    final void openArray(byte[] bytes, int from, int to, long position) {
        assert from >= 0 && from <= to && to <= bytes.length : from + ".." + to;
        buf = bytes;
        pos = from;
        limit = to;
        origin = position - from;
        sectionEnd = position + (to - from);
        source = null;
    }

    /** Goes to a copy of a section that is in off-heap memory and fits the window. */
    final void openCopy(long address, int bytes) {
        Memory.copyToArray(address, window, 0, bytes);
        openArray(window, 0, bytes, 0);
    }

    /** Goes to a section anywhere; nothing is read yet. */
    final void openSource(ByteSource from, long position, long endExclusive) {
        assert position <= endExclusive : position + ".." + endExclusive;
        buf = window;
        pos = 0;
        limit = 0;
        origin = position;
        sectionEnd = endExclusive;
        source = from;
    }

    /** Names the file that errors speak of. */
    final void file(String name) {
        file = name;
    }

    final int windowBytes() {
        return window.length;
    }

    /** Whether the section is in {@link #array} as a whole. */
    final boolean inPlace() {
        return source == null;
    }

    /** Array with the next bytes; until the next call if it is a window. */
    final byte[] array() {
        return buf;
    }

    /** Index of the next byte in the array. */
    final int index() {
        return pos;
    }

    /** Index behind the last byte of the section in the array. */
    final int limit() {
        return limit;
    }

    /** Position of the next byte, in the coordinates of the source. */
    long position() {
        return origin + pos;
    }

    /** How many bytes are left of the section. */
    final long remaining() {
        return sectionEnd - origin - pos;
    }

    final byte readByte() {
        if (pos == limit) {
            fill(1);
            if (pos == limit) {
                throw endOfSection();
            }
        }
        return buf[pos++];
    }

    /** A number of up to 64 bits, in the shortest form or a longer one. */
    final long readVarint() {
        int p = pos;
        if (p < limit) {
            byte b = buf[p];
            if (b >= 0) {
                pos = p + 1;
                return b;
            }
        }
        return readLongVarint();
    }

    private long readLongVarint() {
        if (limit - pos < Varint.BYTES_MAX) {
            fill(Varint.BYTES_MAX);
        }
        byte[] b = buf;
        int end = limit;
        int p = pos;
        int shift = 0;
        long value = 0;
        while (p < end) {
            byte x = b[p++];
            if (shift == 63 && (x & 0xfe) != 0) {
                throw corrupt("varint", "at most 64 bits", "more");
            }
            value |= (long) (x & 0x7f) << shift;
            if (x >= 0) {
                pos = p;
                return value;
            }
            shift += 7;
        }
        throw endOfSection();
    }

    /** Reads bytes of the section, which has so many left. */
    final void read(byte[] destination, int length) {
        int done = 0;
        while (done < length) {
            if (pos == limit) {
                fill(1);
            }
            int n = Math.min(limit - pos, length - done);
            System.arraycopy(buf, pos, destination, done, n);
            pos += n;
            done += n;
        }
    }

    /** The next byte, which is in the array. */
    final int peek() {
        return buf[pos] & 0xff;
    }

    /** Makes bytes that the section has left available in the array, as far as they fit. */
    final void prefetch(int bytes) {
        if (limit - pos < bytes) {
            fill(Math.min(bytes, window.length));
        }
    }

    /** Steps over bytes that are in the array; returns the index of the first. */
    final int stepOver(int bytes) {
        int at = pos;
        pos = at + bytes;
        assert pos <= limit : "behind the array";
        return at;
    }

    /** Steps over bytes that the section has left. */
    final void skip(long bytes) {
        long left = bytes;
        while (left > 0) {
            if (pos == limit) {
                fill(1);
            }
            int n = (int) Math.min(limit - pos, left);
            pos += n;
            left -= n;
        }
    }

    /** Goes to a position; while a checksum is taken only forward, and over every byte. */
    final void seek(long position) {
        if (digest != null) {
            skip(position - origin - pos);
        } else if (position >= origin && position <= origin + limit) {
            pos = (int) (position - origin);
        } else {
            origin = position;
            pos = 0;
            limit = 0;
        }
    }

    /** Copies bytes to off-heap memory, from the array if they are there; may move the window. */
    final void copy(long position, int length, long address) {
        if (isInArray(position, length)) {
            Memory.copyFromArray(buf, (int) (position - origin), address, length);
            return;
        }
        seek(position);
        int done = 0;
        while (done < length) {
            fill(1);
            int n = Math.min(limit - pos, length - done);
            Memory.copyFromArray(buf, pos, address + done, n);
            pos += n;
            done += n;
        }
    }

    /** Copies bytes to another array; the window stays where it is. */
    final void copy(long position, int length, byte[] destination, int offset) {
        if (isInArray(position, length)) {
            System.arraycopy(buf, (int) (position - origin), destination, offset, length);
        } else {
            source.read(position, destination, offset, length);
        }
    }

    private boolean isInArray(long position, int length) {
        return position >= origin && position + length <= origin + limit;
    }

    /** Begins a checksum over the whole section, right after it was opened from a source. */
    final void beginDigest(CRC32 crc) {
        crc.reset();
        digest = crc;
        digested = pos;
    }

    /** Completes the checksum: goes to the end of the section. */
    final void finishDigest() {
        skip(remaining());
        digest.update(buf, digested, pos - digested);
        digested = pos;
    }

    /** Takes no checksum any more, complete or not. */
    final void endDigest() {
        digest = null;
    }

    final boolean digesting() {
        return digest != null;
    }

    /**
     * Makes {@code bytes} bytes available from pos on, fewer only where the section ends before.
     */
    private void fill(int bytes) {
        assert bytes <= window.length : bytes;
        if (source == null || limit - pos >= bytes || sectionEnd == origin + limit) {
            return;
        }
        if (digest != null) {
            digest.update(buf, digested, pos - digested);
            digested = 0;
        }
        long from = origin + pos;
        int length = (int) Math.min(window.length, sectionEnd - from);
        // The window holds nothing until the read has succeeded.
        origin = from;
        pos = 0;
        limit = 0;
        source.read(from, buf, 0, length);
        limit = length;
    }

    private CorruptionException endOfSection() {
        return corrupt("item section", "more bytes", "its end");
    }

    /** The error for what was found at the next byte. */
    final CorruptionException corrupt(String what, String expected, String found) {
        return new CorruptionException(file, origin + pos, what, expected, found);
    }
}
