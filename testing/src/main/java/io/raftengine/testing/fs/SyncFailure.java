package io.raftengine.testing.fs;

/**
 * Ways in which a sync fails. In all of them a part of the pending sectors, drawn from the file
 * system's seed, has reached the disk, the rest is dropped <em>and marked clean</em>: the next sync
 * finds nothing to do and succeeds. Every other open description of the file reports the error
 * once, too.
 */
public enum SyncFailure {
    /** Reads go on showing the new bytes, although the disk does not have them (ext4, XFS). */
    CACHE_KEEPS_NEW_BYTES,
    /** Reads show what the disk has (Btrfs). */
    CACHE_REVERTS,
    /** This sync claims success; the next one of each description reports the error. */
    REPORTED_ONE_CALL_LATE
}
