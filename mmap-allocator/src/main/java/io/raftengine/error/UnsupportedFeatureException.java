package io.raftengine.error;

/** This platform, file system or version of the engine does not offer the feature. */
public final class UnsupportedFeatureException extends RaftEngineException {
    private static final long serialVersionUID = 1L;

    /**
     * An error with its message.
     *
     * @param message what happened, on one line, with the values involved
     */
    public UnsupportedFeatureException(String message) {
        super(message, null);
    }

    /**
     * An error with its message and cause.
     *
     * @param message what happened, on one line, with the values involved
     * @param cause the error below
     */
    public UnsupportedFeatureException(String message, Throwable cause) {
        super(message, cause);
    }

    private UnsupportedFeatureException(UnsupportedFeatureException first) {
        super(first.getMessage(), first);
    }

    @Override
    public Advice advice() {
        return Advice.GIVE_UP;
    }

    @Override
    public UnsupportedFeatureException forAnotherCaller() {
        return new UnsupportedFeatureException(this);
    }
}
