package io.raftengine.error;

/** The engine, batch or reader was closed before the call. */
public final class ClosedException extends RaftEngineException {
    private static final long serialVersionUID = 1L;

    /**
     * An error with its message.
     *
     * @param message what happened, on one line, with the values involved
     */
    public ClosedException(String message) {
        super(message, null);
    }

    /**
     * An error with its message and cause.
     *
     * @param message what happened, on one line, with the values involved
     * @param cause the error below
     */
    public ClosedException(String message, Throwable cause) {
        super(message, cause);
    }

    private ClosedException(ClosedException first) {
        super(first.getMessage(), first);
    }

    @Override
    public Advice advice() {
        return Advice.GIVE_UP;
    }

    @Override
    public ClosedException forAnotherCaller() {
        return new ClosedException(this);
    }
}
