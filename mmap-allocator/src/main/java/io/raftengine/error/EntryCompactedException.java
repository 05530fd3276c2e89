package io.raftengine.error;

/** The wanted entries were compacted away: their index is below the group's first live entry. */
public final class EntryCompactedException extends RaftEngineException {
    private static final long serialVersionUID = 1L;

    /**
     * An error with its message.
     *
     * @param message what happened, on one line, with the values involved
     */
    public EntryCompactedException(String message) {
        super(message, null);
    }

    /**
     * An error with its message and cause.
     *
     * @param message what happened, on one line, with the values involved
     * @param cause the error below
     */
    public EntryCompactedException(String message, Throwable cause) {
        super(message, cause);
    }

    private EntryCompactedException(EntryCompactedException first) {
        super(first.getMessage(), first);
    }

    @Override
    public Advice advice() {
        return Advice.FIX_CALL;
    }

    @Override
    public EntryCompactedException forAnotherCaller() {
        return new EntryCompactedException(this);
    }
}
