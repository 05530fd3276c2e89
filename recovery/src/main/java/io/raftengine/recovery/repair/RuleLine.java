package io.raftengine.recovery.repair;

/**
 * One rule as it was read.
 *
 * @param origin where it stands, such as {@code rules.txt line 3}
 * @param text the rule without comment and surrounding space
 * @param group the group; ignored if {@code all}
 * @param all whether it is a default for all groups
 * @param kind what it says
 * @param index operand of {@link Kind#DROP_BEFORE} and {@link Kind#DROP_FROM}
 * @param fill operand of {@link Kind#FILL_HOLE}
 */
record RuleLine(
        String origin,
        String text,
        long group,
        boolean all,
        RuleLine.Kind kind,
        long index,
        FillEntry fill) {

    /** What a rule says; the two of {@code Aspect.HOLE} and of {@code OVERLAP} exclude another. */
    enum Kind {
        REMOVE(Aspect.WHOLE),
        DROP_BEFORE(Aspect.BEGINNING),
        DROP_FROM(Aspect.END),
        FILL_HOLE(Aspect.HOLE),
        KEEP_EXISTING(Aspect.HOLE),
        KEEP_INCOMING(Aspect.HOLE),
        KEEP_EXISTING_ON_OVERLAP(Aspect.OVERLAP),
        KEEP_INCOMING_ON_OVERLAP(Aspect.OVERLAP);

        final Aspect aspect;

        Kind(Aspect aspect) {
            this.aspect = aspect;
        }
    }

    /** What a rule is about: one group takes one rule for each. */
    enum Aspect {
        WHOLE,
        BEGINNING,
        END,
        HOLE,
        OVERLAP
    }

    /** Whether both say the same, wherever they stand. */
    boolean sameAs(RuleLine other) {
        return kind == other.kind
                && index == other.index
                && (fill == null ? other.fill == null : fill.equals(other.fill));
    }
}
