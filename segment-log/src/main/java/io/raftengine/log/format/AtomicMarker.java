package io.raftengine.log.format;

/**
 * Marks the batches of one atomic group in the rewrite queue: all of them count, or none. Stored as
 * a PUT of the internal key with a value of exactly one byte, under the id of the atomic group.
 */
public enum AtomicMarker {
    /** First batch of a group. */
    BEGIN(0),
    /** Neither first nor last. */
    MIDDLE(1),
    /** Last batch: the group is complete. */
    END(2);

    private final int value;

    AtomicMarker(int value) {
        this.value = value;
    }

    /**
     * The marker with that value byte.
     *
     * @param value the byte
     * @return the marker, or null
     */
    public static AtomicMarker of(int value) {
        return switch (value) {
            case 0 -> BEGIN;
            case 1 -> MIDDLE;
            case 2 -> END;
            default -> null;
        };
    }

    /**
     * The byte it is stored as.
     *
     * @return 0, 1 or 2
     */
    public int value() {
        return value;
    }
}
