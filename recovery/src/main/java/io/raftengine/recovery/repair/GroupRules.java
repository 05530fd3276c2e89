package io.raftengine.recovery.repair;

/**
 * The rules of one group, or the default ones. Immutable.
 *
 * @param remove whether everything of the group goes
 * @param dropBefore entries below this index go; 0 = none
 * @param dropFrom entries from this index on go; -1 (2^64-1, which no entry has) = none
 * @param hole what becomes of a hole; null = no rule says
 * @param fill what a hole is filled with; null unless {@code hole} is {@link HolePolicy#FILL}
 * @param keepExistingOnOverlap whether entries that begin below the first one held are discarded;
 *     false: they replace all that is held, as in every replay
 */
record GroupRules(
        boolean remove,
        long dropBefore,
        long dropFrom,
        HolePolicy hole,
        FillEntry fill,
        boolean keepExistingOnOverlap) {
    static final long NO_DROP_FROM = -1L;

    /** No rule at all. */
    static final GroupRules NONE = new GroupRules(false, 0, NO_DROP_FROM, null, null, false);
}
