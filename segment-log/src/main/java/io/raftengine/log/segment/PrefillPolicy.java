package io.raftengine.log.segment;

/**
 * Whether the next segment is filled with zeros before it is used, so that a sync need not allocate
 * blocks.
 */
public enum PrefillPolicy {
    /**
     * Allocate only, until synced groups are larger than 4 KiB on average: below that a filled file
     * gains nothing, above it a third of the latency.
     */
    AUTO,
    /** Fill every prepared segment. */
    ALWAYS,
    /** Allocate only. */
    NEVER
}
