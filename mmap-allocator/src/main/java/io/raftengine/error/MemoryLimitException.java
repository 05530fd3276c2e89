package io.raftengine.error;

/**
 * A reservation would exceed the memory limit, or the part of it that one structure may take for
 * what it holds; nothing was reserved and nothing is half done.
 */
public final class MemoryLimitException extends RaftEngineException {
    private static final long serialVersionUID = 1L;

    /** Bytes asked for. */
    private final long requestedBytes;

    /** Bytes reserved when asked. */
    private final long reservedBytes;

    /** The limit in bytes. */
    private final long limitBytes;

    /**
     * A refused reservation.
     *
     * @param requestedBytes bytes asked for
     * @param reservedBytes bytes reserved at that moment
     * @param limitBytes the limit in bytes
     */
    public MemoryLimitException(long requestedBytes, long reservedBytes, long limitBytes) {
        this(
                "memory-limit of "
                        + limitBytes
                        + " B: "
                        + requestedBytes
                        + " B more asked for while "
                        + reservedBytes
                        + " B are reserved",
                requestedBytes,
                reservedBytes,
                limitBytes);
    }

    /**
     * A structure that may not grow any further.
     *
     * @param message what cannot be held, and why
     * @param requestedBytes bytes the structure would take
     * @param reservedBytes bytes it takes
     * @param limitBytes bytes it may take
     */
    public MemoryLimitException(
            String message, long requestedBytes, long reservedBytes, long limitBytes) {
        super(message, null);
        this.requestedBytes = requestedBytes;
        this.reservedBytes = reservedBytes;
        this.limitBytes = limitBytes;
    }

    private MemoryLimitException(MemoryLimitException first) {
        super(first.getMessage(), first);
        this.requestedBytes = first.requestedBytes;
        this.reservedBytes = first.reservedBytes;
        this.limitBytes = first.limitBytes;
    }

    /**
     * Bytes asked for.
     *
     * @return a positive count
     */
    public long requestedBytes() {
        return requestedBytes;
    }

    /**
     * Bytes reserved when asked.
     *
     * @return at most the limit
     */
    public long reservedBytes() {
        return reservedBytes;
    }

    /**
     * The limit.
     *
     * @return bytes
     */
    public long limitBytes() {
        return limitBytes;
    }

    @Override
    public Advice advice() {
        return Advice.RETRY;
    }

    @Override
    public MemoryLimitException forAnotherCaller() {
        return new MemoryLimitException(this);
    }
}
