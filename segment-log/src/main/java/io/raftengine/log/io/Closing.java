package io.raftengine.log.io;

import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.StorageException;
import java.util.Deque;

/**
 * Closes several things, all of them, also when one of them fails. An {@link Error} is no reason to
 * stop: a heap that ran out for a moment must not keep a lock that only the end of the process
 * would give back.
 */
public final class Closing {
    private Closing() {}

    /**
     * Runs every step, the first of the queue first, and leaves none behind.
     *
     * @param steps what is to be closed; empty afterwards
     * @throws RuntimeException the first failure, with the others suppressed
     * @throws Error as above
     */
    public static void all(Deque<Runnable> steps) {
        Throwable first = null;
        while (!steps.isEmpty()) {
            try {
                steps.pop().run();
            } catch (Throwable failed) {
                first = first == null ? failed : suppress(first, failed);
            }
        }
        switch (first) {
            case null -> {}
            case Error error -> throw error;
            case RuntimeException exception -> throw exception;
            default -> throw new IllegalStateException("undeclared by a Runnable", first);
        }
    }

    /**
     * Runs every step because of a failure; further ones are attached to it.
     *
     * @param steps what is to be closed; empty afterwards
     * @param cause what is thrown by the caller
     */
    public static void all(Deque<Runnable> steps, Throwable cause) {
        try {
            all(steps);
        } catch (Throwable further) {
            suppress(cause, further);
        }
    }

    /**
     * Closes a file on whose bytes nobody counts any more, or which were synced before. Its
     * descriptor is gone whatever the system says of it.
     *
     * @param file an open file; null for none
     */
    public static void quietly(FileHandle file) {
        if (file == null) {
            return;
        }
        try {
            file.close();
        } catch (StorageException | OutOfSpaceException e) {
            // Nothing is lost by it, and nothing could be done.
        }
    }

    /** The first says what went wrong; where there is no heap for more, it has to do. */
    private static Throwable suppress(Throwable first, Throwable further) {
        if (first != further) { // the machine's own errors may come twice
            try {
                first.addSuppressed(further);
            } catch (OutOfMemoryError noRoom) {
                return first;
            }
        }
        return first;
    }
}
