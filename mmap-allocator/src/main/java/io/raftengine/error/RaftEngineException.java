package io.raftengine.error;

/** Root of all errors of the engine; {@link #advice()} says what a caller should do about it. */
public abstract sealed class RaftEngineException extends RuntimeException
        permits ClosedException,
                ConfigException,
                CorruptionException,
                EntryCompactedException,
                EntryNotFoundException,
                InvalidArgumentException,
                LockedException,
                MemoryLimitException,
                BatchFullException,
                OutOfSpaceException,
                PoisonedException,
                StorageException,
                UnsupportedFeatureException {

    private static final long serialVersionUID = 1L;

    /**
     * An error with its message and, where there is one, its cause.
     *
     * @param message what happened, on one line, with the values involved
     * @param cause the error below, or null
     */
    protected RaftEngineException(String message, Throwable cause) {
        super(message, cause);
    }

    /**
     * What the caller should do.
     *
     * @return the advice, the same for all errors of one type unless the type says otherwise
     */
    public abstract Advice advice();

    /**
     * The same error once more, for another caller that it befell: what one of them adds to it, or
     * reads off its stack trace, is then none of the others' business.
     *
     * @return a new error of the same type, with the same message and fields, the stack trace of
     *     this call, and this error as its cause
     */
    public abstract RaftEngineException forAnotherCaller();
}
