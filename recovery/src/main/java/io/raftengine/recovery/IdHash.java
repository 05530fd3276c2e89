package io.raftengine.recovery;

import java.util.SplittableRandom;

/**
 * Hash of ids that come from files and callers that nobody should trust. It is seeded: who does not
 * know the seed cannot choose ids that meet in one place of a table. Nothing that is written or
 * decided may depend on it. Allocates nothing.
 */
public final class IdHash {
    private IdHash() {}

    /**
     * A seed for one table, or for several that have to agree. It has to be unknown to whoever
     * chose the ids, not to be secure: loading a secure generator takes longer than a small open.
     *
     * @return a number that nobody can foresee
     */
    public static long newSeed() {
        return new SplittableRandom().nextLong();
    }

    /**
     * The hash of an id: the finalizer of splitmix64 over the sum with the seed, in which every bit
     * of the sum moves every bit of the result.
     *
     * @param id any
     * @param seed of the table
     * @return 64 bits, all of them good
     */
    public static long hash(long id, long seed) {
        long h = id + seed;
        h = (h ^ h >>> 30) * 0xbf58476d1ce4e5b9L;
        h = (h ^ h >>> 27) * 0x94d049bb133111ebL;
        return h ^ h >>> 31;
    }
}
