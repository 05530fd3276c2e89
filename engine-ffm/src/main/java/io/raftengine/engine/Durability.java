package io.raftengine.engine;

/** When a write returns. */
public enum Durability {
    /**
     * Once the bytes are with the operating system: they survive the death of this process, and a
     * power cut only after a later synced write or {@link RaftEngine#sync()} has returned.
     */
    BUFFERED,
    /**
     * Once the bytes are on disk, with everything written before them: they survive a power cut.
     */
    SYNC
}
