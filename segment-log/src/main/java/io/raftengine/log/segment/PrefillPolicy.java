package io.raftengine.log.segment;

/**
 * Whether segments are filled with zeros shortly before they are written to. Space that was only
 * allocated is unwritten to the file system: the first sync of each block also commits the news
 * that it is written now, which a sync of a filled block does not. Zeros are written a little ahead
 * of the log's end, in small pieces and by the background agent.
 */
public enum PrefillPolicy {
    /**
     * Fill while most writes are synced; allocate only where writes are buffered and synced now and
     * then: those would pay for the zeros and gain nothing.
     */
    AUTO,
    /** Fill always. */
    ALWAYS,
    /** Allocate only. */
    NEVER
}
