package io.raftengine.testing.fs;

/**
 * Decides what of the pending work a power cut leaves on the disk. {@link SeededChoices} draws it,
 * {@link ExhaustiveChoices} walks through all of it. The questions and their order depend only on
 * the state of the disk and on earlier answers. Used by one thread at a time.
 */
public interface CrashChoices {
    /** What is in a place that a file has grown over before its data arrived. */
    enum Fill {
        /** Nothing was ever there. */
        ZEROS,
        /** Bytes of a stranger. */
        NOISE,
        /** What the file itself had there in an earlier life, before it was cut. */
        OLD_LIFE
    }

    /**
     * Whether one of several independent pieces of pending work has landed.
     *
     * @param position which piece, in the order of the file or of time
     * @param count how many pieces there are
     * @return true if it is on the disk
     */
    boolean lands(int position, int count);

    /**
     * One of several possibilities without an order.
     *
     * @param bound how many there are, at least 1
     * @return 0 to {@code bound - 1}
     */
    int pick(int bound);

    /**
     * How many steps of a sequence have landed, where each needs the one before.
     *
     * @param count steps of the sequence
     * @return 0 to {@code count}
     */
    int prefix(int count);

    /**
     * Whether changes of names land in their order (as journalling file systems do) or any subset
     * of them (as the standard allows).
     *
     * @return true for in order
     */
    boolean namesInOrder();

    /**
     * What is in a place without data.
     *
     * @return the kind of bytes
     */
    Fill fill();

    /**
     * A seed for {@link Fill#NOISE}.
     *
     * @return any number
     */
    long noise();
}
