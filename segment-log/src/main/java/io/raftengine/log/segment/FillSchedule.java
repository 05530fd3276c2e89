package io.raftengine.log.segment;

/**
 * How far the next segment is filled while the active one grows. Zeros compete with the writers'
 * syncs for the disk, so they come in step with what is written, and whole files of them before
 * they are needed only where the active segment needs none itself.
 *
 * <pre>
 *     active   |------+----------------+----------------------------------|
 *              0    begin          preparedTo: filled when it was new   target
 *     next            |  3 for 2 bytes |  1 for 2, since as many zeros are
 *                     |  of the log    |  written ahead in the active one
 * </pre>
 *
 * <p>The second segment of a new directory is filled by about a half that way, the fourth one
 * whole; and whole it stays, with a fifth of the time to spare. Immutable.
 */
final class FillSchedule {
    /** A directory that is hardly written takes no second file: not for an eighth of a segment. */
    private static final int BEGIN = 8;

    /** When so small a part of the active segment is left, what there is has to do. */
    private static final int OVER = 32;

    private final long targetBytes;
    private final long fileBytes;
    private final long pieceBytes;

    /**
     * @param targetBytes size at which a segment ends
     */
    FillSchedule(long targetBytes) {
        this.targetBytes = targetBytes;
        this.fileBytes = WriteBuffer.pageCeiling(targetBytes);
        this.pieceBytes = Math.min(Zeros.CALL_BYTES, fileBytes);
    }

    /** How much of a segment is filled: the target, in whole pages, as which it is written. */
    long fileBytes() {
        return fileBytes;
    }

    /** What is written at once, in whole pages. */
    long pieceBytes() {
        return pieceBytes;
    }

    /** Whether a segment is too small to be worth a schedule: it is filled at once. */
    boolean isOnePiece() {
        return fileBytes == pieceBytes;
    }

    /**
     * Whether the next segment should be begun.
     *
     * @param end of the active segment
     */
    boolean begins(long end) {
        return end >= begin();
    }

    /**
     * How much of the next segment should be filled: whole pieces, or all of it.
     *
     * @param end of the active segment
     * @param preparedTo how far that was filled before it was written to
     * @param begunAt its end when the next one was begun: what was written before is not made up
     *     for, or it would be one long burst
     */
    long dueTo(long end, long preparedTo, long begunAt) {
        if (isOnePiece()) {
            return fileBytes;
        }
        long begin = Math.max(begin(), begunAt);
        long free = Math.max(0, Math.min(end, preparedTo) - begin);
        long beside = Math.max(0, end - Math.max(preparedTo, begin));
        long due = free + free / 2 + beside / 2;
        return due < fileBytes ? due - due % pieceBytes : fileBytes;
    }

    /**
     * Whether there is no time for more.
     *
     * @param end of the active segment
     * @param appendBytes of a long append: two of them must not pass over the end
     */
    boolean isOver(long end, long appendBytes) {
        return end >= targetBytes - Math.max(targetBytes / OVER, 2 * appendBytes);
    }

    private long begin() {
        return targetBytes / BEGIN;
    }
}
