package io.raftengine.testing.errors;

/**
 * Throws what no signature speaks of. Kotlin, Scala and Groovy know no checked exceptions, so code
 * in them that the engine calls may throw anything out of any method.
 */
public final class Undeclared {
    private Undeclared() {}

    /**
     * Throws it, whatever it is.
     *
     * @param thrown checked or not, and not even an exception where the test wants that
     */
    public static void raise(Throwable thrown) {
        Undeclared.<RuntimeException>as(thrown);
    }

    /** The cast is erased: only the compiler believes in it, and only the compiler asks. */
    @SuppressWarnings("unchecked")
    private static <T extends Throwable> void as(Throwable thrown) throws T {
        throw (T) thrown;
    }
}
