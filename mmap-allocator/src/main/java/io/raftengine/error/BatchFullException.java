package io.raftengine.error;

/** A log batch would exceed a limit of the format; the batch is unchanged. */
public final class BatchFullException extends RaftEngineException {
    private static final long serialVersionUID = 1L;

    /**
     * An error with its message.
     *
     * @param message what happened, on one line, with the values involved
     */
    public BatchFullException(String message) {
        super(message, null);
    }

    /**
     * An error with its message and cause.
     *
     * @param message what happened, on one line, with the values involved
     * @param cause the error below
     */
    public BatchFullException(String message, Throwable cause) {
        super(message, cause);
    }

    private BatchFullException(BatchFullException first) {
        super(first.getMessage(), first);
    }

    @Override
    public Advice advice() {
        return Advice.FIX_CALL;
    }

    @Override
    public BatchFullException forAnotherCaller() {
        return new BatchFullException(this);
    }
}
