package io.raftengine.error;

/** The wanted entries do not exist: the group has none, or the index is beyond its last. */
public final class EntryNotFoundException extends RaftEngineException {
    private static final long serialVersionUID = 1L;

    /**
     * An error with its message.
     *
     * @param message what happened, on one line, with the values involved
     */
    public EntryNotFoundException(String message) {
        super(message, null);
    }

    /**
     * An error with its message and cause.
     *
     * @param message what happened, on one line, with the values involved
     * @param cause the error below
     */
    public EntryNotFoundException(String message, Throwable cause) {
        super(message, cause);
    }

    private EntryNotFoundException(EntryNotFoundException first) {
        super(first.getMessage(), first);
    }

    @Override
    public Advice advice() {
        return Advice.FIX_CALL;
    }

    @Override
    public EntryNotFoundException forAnotherCaller() {
        return new EntryNotFoundException(this);
    }
}
