package io.raftengine.log.segment;

/**
 * Whether segments are filled with zeros before they are written to. Space that was only allocated
 * is unwritten to the file system: the first sync of each block also commits the news that it is
 * written now, which a sync of a filled block does not. In a log that grows, the next segment is
 * filled while the active one is written; where that one was not, or is a shorter file that is
 * recycled, a little ahead of its end as well. By the background agent.
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
