package io.raftengine.log.format;

/**
 * Version of a segment file; a property of each file, not of a directory. Immutable, safe for all
 * threads.
 */
public enum FormatVersion {
    /**
     * Header of 61 bytes, checksums not signed: never recycled, since old bytes would still verify.
     */
    V1(1, 61),

    /** Header of 69 bytes, item checksums signed with the segment's number: may be recycled. */
    V2(2, 69);

    private final int number;
    private final int headerBytes;

    FormatVersion(int number, int headerBytes) {
        this.number = number;
        this.headerBytes = headerBytes;
    }

    /**
     * The number in the file header.
     *
     * @return 1 or 2
     */
    public int number() {
        return number;
    }

    /**
     * Length of the file header, which is also where the first batch starts (alignment aside).
     *
     * @return bytes
     */
    public int headerBytes() {
        return headerBytes;
    }

    /**
     * Whether item checksums carry the segment's number.
     *
     * @return true for V2
     */
    public boolean signed() {
        return this == V2;
    }

    /**
     * What item checksums of a segment are XORed with.
     *
     * @param segmentSeq number in the segment's name
     * @return the low 32 bits of the number, 0 for an unsigned version
     */
    public int signature(long segmentSeq) {
        return this == V2 ? (int) segmentSeq : 0;
    }
}
