package io.raftengine.log.format;

import io.raftengine.allocator.Memory;
import io.raftengine.error.CorruptionException;
import io.raftengine.error.InvalidArgumentException;
import java.nio.charset.StandardCharsets;

/**
 * Header at the start of every segment file; the only class that knows its layout.
 *
 * <pre>
 *    byte  0                                                     53        61          69
 *          +-----------------------------------------------------+---------+-----------+
 *          | RAFT-LOG-FILE-HEADER-9986AB3E47F320B394C8E84916EB0ED5 | version | alignment |  big-endian
 *          +-----------------------------------------------------+---------+-----------+
 *    version    1 or 2
 *    alignment  V2 only: batches may start at multiples of it, zeros before them; 0 = none, always when we write
 * </pre>
 *
 * <p>There is no checksum. In V1 the bytes behind the version already belong to the first batch.
 * Immutable, safe for all threads.
 *
 * @param version format of the file
 * @param alignment unsigned; 0 for V1
 */
public record SegmentHeader(FormatVersion version, long alignment) {
    /** Length of the longest header, and so what a reader should ask for. */
    public static final int BYTES_MAX = 69;

    private static final byte[] MAGIC =
            "RAFT-LOG-FILE-HEADER-9986AB3E47F320B394C8E84916EB0ED5"
                    .getBytes(StandardCharsets.US_ASCII);
    private static final int VERSION = 53;
    private static final int ALIGNMENT = 61;

    /**
     * A header.
     *
     * @throws InvalidArgumentException alignment in a version that cannot store it
     */
    public SegmentHeader {
        if (version == FormatVersion.V1 && alignment != 0) {
            throw new InvalidArgumentException(
                    "V1 cannot store an alignment, got " + Long.toUnsignedString(alignment));
        }
    }

    /**
     * Writes a header without alignment, the only kind new files get.
     *
     * @param address off-heap memory with room for {@link FormatVersion#headerBytes}
     * @param version format of the file
     * @return bytes written
     */
    public static int encode(long address, FormatVersion version) {
        return new SegmentHeader(version, 0).encode(address);
    }

    /**
     * Writes this header.
     *
     * @param address off-heap memory with room for {@link FormatVersion#headerBytes}
     * @return bytes written
     */
    public int encode(long address) {
        Memory.copyFromArray(MAGIC, 0, address, MAGIC.length);
        Memory.putLongBE(address + VERSION, version.number());
        if (version == FormatVersion.V2) {
            Memory.putLongBE(address + ALIGNMENT, alignment);
        }
        return version.headerBytes();
    }

    /**
     * Reads and checks a header. A file that is too short is corrupt like any other: an I/O error
     * would say that a retry may help.
     *
     * @param bytes first bytes of the file
     * @param length how many of them are there; {@link #BYTES_MAX} unless the file is shorter
     * @param file name for the error
     * @return the header
     * @throws CorruptionException wrong magic, unknown version, or a file that ends inside the
     *     header
     */
    public static SegmentHeader decode(byte[] bytes, int length, String file) {
        for (int i = 0; i < MAGIC.length; i++) {
            if (i >= length || bytes[i] != MAGIC[i]) {
                throw new CorruptionException(
                        file,
                        0,
                        "segment header magic",
                        MAGIC.length + " known bytes",
                        length < MAGIC.length
                                ? "a file of " + length + " bytes"
                                : "another byte at " + i);
            }
        }
        if (length < ALIGNMENT) {
            throw tooShort(file, VERSION, "segment format version", length);
        }
        long number = BigEndian.getLong(bytes, VERSION);
        if (number == 1) {
            return new SegmentHeader(FormatVersion.V1, 0);
        }
        if (number != 2) {
            throw new CorruptionException(
                    file,
                    VERSION,
                    "segment format version",
                    "1 or 2",
                    Long.toUnsignedString(number));
        }
        if (length < BYTES_MAX) {
            throw tooShort(file, ALIGNMENT, "segment alignment", length);
        }
        return new SegmentHeader(FormatVersion.V2, BigEndian.getLong(bytes, ALIGNMENT));
    }

    private static CorruptionException tooShort(String file, int at, String what, int length) {
        return new CorruptionException(file, at, what, "8 bytes", (length - at) + " bytes");
    }
}
