package io.raftengine.error;

/**
 * Another engine, of this process or another, ours or the reference, holds the directory's lock.
 */
public final class LockedException extends RaftEngineException {
    private static final long serialVersionUID = 1L;

    /**
     * The lock of a directory is taken.
     *
     * @param directory the directory
     * @param message who holds it, as far as known
     */
    public LockedException(String directory, String message) {
        super(directory + ": " + message, null);
    }

    private LockedException(LockedException first) {
        super(first.getMessage(), first);
    }

    @Override
    public Advice advice() {
        return Advice.RETRY;
    }

    @Override
    public LockedException forAnotherCaller() {
        return new LockedException(this);
    }
}
