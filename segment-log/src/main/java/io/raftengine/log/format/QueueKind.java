package io.raftengine.log.format;

/** The two streams of segments, each with numbers of its own that start at 1. */
public enum QueueKind {
    /** Where callers' batches go. */
    APPEND(".raftlog"),

    /** Where live data of old segments is moved to; replayed first. */
    REWRITE(".rewrite");

    private final String suffix;

    QueueKind(String suffix) {
        this.suffix = suffix;
    }

    /**
     * End of the names of this queue's segments.
     *
     * @return the suffix with its dot
     */
    public String suffix() {
        return suffix;
    }
}
