package io.raftengine.error;

/**
 * The operating system refused an operation on a file or directory. The engine stays as it was;
 * whether a retry helps depends on the cause.
 */
public final class StorageException extends RaftEngineException {
    private static final long serialVersionUID = 1L;

    /** Path of the file or directory. */
    private final String file;

    /** The operation, such as "pread". */
    private final String operation;

    /** The system's error number, or 0 where none is known. */
    private final int errno;

    /**
     * A refused operation.
     *
     * @param file path of the file or directory
     * @param operation the operation, such as "pread at 4096"
     * @param errno the system's error number, or 0
     * @param reason the system's text for it
     */
    public StorageException(String file, String operation, int errno, String reason) {
        this(file, operation, errno, reason, null);
    }

    /**
     * A refused operation with the error below it.
     *
     * @param file path of the file or directory
     * @param operation the operation, such as "pread at 4096"
     * @param errno the system's error number, or 0
     * @param reason the system's text for it
     * @param cause the error below, or null
     */
    public StorageException(
            String file, String operation, int errno, String reason, Throwable cause) {
        super(
                file
                        + ": "
                        + operation
                        + ": "
                        + reason
                        + (errno == 0 ? "" : " (errno " + errno + ")"),
                cause);
        this.file = file;
        this.operation = operation;
        this.errno = errno;
    }

    private StorageException(StorageException first) {
        super(first.getMessage(), first);
        this.file = first.file;
        this.operation = first.operation;
        this.errno = first.errno;
    }

    /**
     * The file or directory.
     *
     * @return its path
     */
    public String file() {
        return file;
    }

    /**
     * The operation that failed.
     *
     * @return its name, often with an offset
     */
    public String operation() {
        return operation;
    }

    /**
     * The system's error number.
     *
     * @return errno, or 0 where none is known
     */
    public int errno() {
        return errno;
    }

    @Override
    public Advice advice() {
        return Advice.RETRY;
    }

    @Override
    public StorageException forAnotherCaller() {
        return new StorageException(this);
    }
}
