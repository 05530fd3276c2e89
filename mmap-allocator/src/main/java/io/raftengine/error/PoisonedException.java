package io.raftengine.error;

/**
 * A sync failed earlier, so what reached the disk is unknown; writes are refused until the
 * directory is opened again. Reads still work.
 */
public final class PoisonedException extends RaftEngineException {
    private static final long serialVersionUID = 1L;

    /**
     * An error with its message.
     *
     * @param message what happened, on one line, with the values involved
     */
    public PoisonedException(String message) {
        super(message, null);
    }

    /**
     * An error with its message and cause.
     *
     * @param message what happened, on one line, with the values involved
     * @param cause the error below
     */
    public PoisonedException(String message, Throwable cause) {
        super(message, cause);
    }

    private PoisonedException(PoisonedException first) {
        super(first.getMessage(), first);
    }

    @Override
    public Advice advice() {
        return Advice.REOPEN;
    }

    @Override
    public PoisonedException forAnotherCaller() {
        return new PoisonedException(this);
    }
}
