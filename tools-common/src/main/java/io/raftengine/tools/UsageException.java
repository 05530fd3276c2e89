package io.raftengine.tools;

/** The user asked for something that cannot be done however the data looks; exit status 2. */
public final class UsageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * What to change.
     *
     * @param message one line for the user
     */
    public UsageException(String message) {
        super(message);
    }

    /**
     * What to change, and what it came from.
     *
     * @param message one line for the user
     * @param cause what went wrong
     */
    public UsageException(String message, Throwable cause) {
        super(message, cause);
    }
}
