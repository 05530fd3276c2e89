package io.raftengine.error;

/**
 * The file system is full or a quota is reached; nothing of the call is visible, and it may be
 * tried again.
 */
public final class OutOfSpaceException extends RaftEngineException {
    private static final long serialVersionUID = 1L;

    /** Path of the file that could not grow. */
    private final String file;

    /**
     * No space for a file.
     *
     * @param file path of the file that could not grow
     * @param message what was tried
     */
    public OutOfSpaceException(String file, String message) {
        super(file + ": " + message, null);
        this.file = file;
    }

    private OutOfSpaceException(OutOfSpaceException first) {
        super(first.getMessage(), first);
        this.file = first.file;
    }

    /**
     * The file that could not grow.
     *
     * @return its path
     */
    public String file() {
        return file;
    }

    @Override
    public Advice advice() {
        return Advice.RETRY;
    }

    @Override
    public OutOfSpaceException forAnotherCaller() {
        return new OutOfSpaceException(this);
    }
}
