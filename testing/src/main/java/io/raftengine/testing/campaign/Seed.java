package io.raftengine.testing.campaign;

/**
 * The seed of a test that draws what it does: {@code -Draftengine.seed=}, as a failure printed it,
 * else one of the test's own.
 */
public final class Seed {
    private static final String PROPERTY = "raftengine.seed";

    private Seed() {}

    /**
     * The seed that was asked for.
     *
     * @param otherwise the test's own, for when none was
     * @return a seed
     * @throws IllegalArgumentException something was asked for that is no number: a test that drew
     *     what it always draws would pass for the run that was wanted
     */
    public static long orElse(long otherwise) {
        return parse(System.getProperty(PROPERTY), otherwise);
    }

    static long parse(String asked, long otherwise) {
        if (asked == null || asked.isEmpty()) {
            return otherwise; // what the build hands over where nobody asked
        }
        try {
            return Long.decode(asked);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    "-D" + PROPERTY + "=" + asked + ": not a number of 64 bits", e);
        }
    }
}
