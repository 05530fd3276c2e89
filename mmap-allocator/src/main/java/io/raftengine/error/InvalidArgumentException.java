package io.raftengine.error;

/**
 * A caller's mistake, found before anything was changed: a hole or an append below the first live
 * entry, the internal key, a malformed argument.
 */
public final class InvalidArgumentException extends RaftEngineException {
    private static final long serialVersionUID = 1L;

    /**
     * An error with its message.
     *
     * @param message what happened, on one line, with the values involved
     */
    public InvalidArgumentException(String message) {
        super(message, null);
    }

    /**
     * An error with its message and cause.
     *
     * @param message what happened, on one line, with the values involved
     * @param cause the error below
     */
    public InvalidArgumentException(String message, Throwable cause) {
        super(message, cause);
    }

    private InvalidArgumentException(InvalidArgumentException first) {
        super(first.getMessage(), first);
    }

    @Override
    public Advice advice() {
        return Advice.FIX_CALL;
    }

    @Override
    public InvalidArgumentException forAnotherCaller() {
        return new InvalidArgumentException(this);
    }
}
