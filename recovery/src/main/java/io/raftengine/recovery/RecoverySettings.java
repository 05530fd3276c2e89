package io.raftengine.recovery;

import io.raftengine.error.InvalidArgumentException;

/**
 * How to recover.
 *
 * @param mode how much damage is put up with
 * @param threads most threads to replay with, 1 or more; fewer are used where more would not help
 * @param readBlockBytes bytes per read of a segment; clamped to 512 .. 1 MiB (decision D7)
 * @param readOnly true: decide the same, but change nothing on disk
 * @param deliverUnreadable true: acknowledged batches whose entries are damaged, but not their
 *     items, are delivered all the same, and so is what comes behind them, and the batches behind a
 *     damaged segment header; for a sink that verifies entries itself and saves what it can. Only
 *     in tolerate-any-corruption, and read-only
 */
public record RecoverySettings(
        RecoveryMode mode,
        int threads,
        int readBlockBytes,
        boolean readOnly,
        boolean deliverUnreadable) {

    /** Smallest read block in bytes. */
    public static final int READ_BLOCK_BYTES_MIN = 512;

    /** Largest read block in bytes: with it one thread stays within its share of buffers. */
    public static final int READ_BLOCK_BYTES_MAX = 1 << 20;

    /** The read block that decoded fastest in a fresh virtual machine. */
    public static final int READ_BLOCK_BYTES_DEFAULT = 256 << 10;

    /** Most threads that are ever started, whatever is asked for. */
    public static final int THREADS_MAX = 1024;

    /**
     * Settings for a sink that believes what it gets.
     *
     * @param mode how much damage is put up with
     * @param threads most threads to replay with, 1 or more
     * @param readBlockBytes bytes per read of a segment
     * @param readOnly true: decide the same, but change nothing on disk
     */
    public RecoverySettings(RecoveryMode mode, int threads, int readBlockBytes, boolean readOnly) {
        this(mode, threads, readBlockBytes, readOnly, false);
    }

    /** Checks the number of threads and clamps the read block. */
    public RecoverySettings {
        if (mode == null) {
            throw new InvalidArgumentException("no recovery mode");
        }
        if (deliverUnreadable && (!readOnly || mode != RecoveryMode.TOLERATE_ANY_CORRUPTION)) {
            throw new InvalidArgumentException(
                    "unreadable entries are delivered read-only and in "
                            + RecoveryMode.TOLERATE_ANY_CORRUPTION.key()
                            + " only");
        }
        if (threads < 1) {
            throw new InvalidArgumentException("recovery threads " + threads + ", at least 1");
        }
        threads = Math.min(threads, THREADS_MAX);
        readBlockBytes = Math.clamp(readBlockBytes, READ_BLOCK_BYTES_MIN, READ_BLOCK_BYTES_MAX);
    }
}
