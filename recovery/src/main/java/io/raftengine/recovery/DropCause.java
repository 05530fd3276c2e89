package io.raftengine.recovery;

/** Why bytes of a segment were dropped. */
public enum DropCause {
    /**
     * Behind the last whole batch of a queue's last segment; nothing says they were ever synced.
     */
    TORN_TAIL("torn tail"),

    /**
     * From a batch on whose items are whole but whose entries are not; nothing says they were ever
     * synced.
     */
    TORN_ENTRIES("torn entries"),

    /** A last segment whose header was never completed, without a batch behind it. */
    TORN_HEADER("torn segment header"),

    /**
     * Acknowledged data that is damaged; dropped only by tolerate-any-corruption, and kept aside.
     */
    ROT("damaged data"),

    /**
     * A damaged segment header with data behind it; kept aside. Dropped only by
     * tolerate-any-corruption, unless the first batch is damaged as well. A repair drops only the
     * header where the batches behind it say its version.
     */
    ROTTEN_HEADER("damaged segment header");

    private final String text;

    DropCause(String text) {
        this.text = text;
    }

    /**
     * The cause in words.
     *
     * @return a short noun phrase
     */
    public String text() {
        return text;
    }
}
