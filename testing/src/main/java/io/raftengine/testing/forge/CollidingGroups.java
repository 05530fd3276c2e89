package io.raftengine.testing.forge;

/**
 * Group ids that an engine's hash table cannot tell apart, for whoever knows the table's seed:
 * their hashes are 0, 1, 2, ..., so all the high bits, by which the table divides its groups, are
 * the same. The hash is the finalizer of splitmix64 over the sum of id and seed, which can be
 * undone step by step.
 */
public final class CollidingGroups {
    /** What splitmix64 itself adds; the first seed that somebody without knowledge would try. */
    public static final long CUSTOMARY_SEED = 0x9e3779b97f4a7c15L;

    private CollidingGroups() {}

    /** So many ids that collide in a table with this seed. */
    public static long[] ids(long seed, int count) {
        long[] ids = new long[count];
        for (int hash = 0; hash < count; hash++) {
            ids[hash] = idOf(hash, seed);
        }
        return ids;
    }

    /** The id that has this hash under this seed. */
    public static long idOf(long hash, long seed) {
        return unmixed(hash) - seed;
    }

    private static long unmixed(long hash) {
        long h = unshifted(hash, 31) * inverse(0x94d049bb133111ebL);
        h = unshifted(h, 27) * inverse(0xbf58476d1ce4e5b9L);
        return unshifted(h, 30);
    }

    /** Undoes {@code h ^ h >>> shift}: each round brings {@code shift} more bits back. */
    private static long unshifted(long mixed, int shift) {
        long h = mixed;
        for (int known = shift; known < Long.SIZE; known += shift) {
            h = mixed ^ h >>> shift;
        }
        return h;
    }

    /** The factor that undoes an odd one modulo 2^64; Newton's steps double the right bits. */
    public static long inverse(long odd) {
        long inverse = odd; // three bits are right
        for (int bits = 3; bits < Long.SIZE; bits *= 2) {
            inverse *= 2 - odd * inverse;
        }
        return inverse;
    }
}
