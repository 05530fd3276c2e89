package io.raftengine.recovery.repair;

import io.raftengine.error.CorruptionException;
import java.util.List;

/**
 * A hole that no rule decides. Immutable.
 *
 * @param group the group
 * @param file the segment with the entries behind the hole, or with the unreadable ones in it
 * @param offset where their batch starts in it
 * @param expected highest index that would join, unsigned
 * @param found index of the first readable entry behind the hole, unsigned
 */
public record Undecided(long group, String file, long offset, long expected, long found) {
    /**
     * Rules that would decide it.
     *
     * @return rule lines, the mildest first
     */
    public List<String> offers() {
        String group = "group " + Long.toUnsignedString(this.group) + ": ";
        return List.of(
                group + "keep existing",
                group + "keep incoming",
                group + "fill-hole",
                group + "drop-before " + Long.toUnsignedString(found),
                group + "remove",
                RepairRules.DEFAULT_RULE);
    }

    /**
     * The hole as an error.
     *
     * @return an error that names the rules
     */
    CorruptionException error() {
        return new CorruptionException(
                file,
                offset,
                "entries of group " + Long.toUnsignedString(group) + ", which no rule decides,",
                "an index up to " + Long.toUnsignedString(expected),
                Long.toUnsignedString(found)
                        + "; one of these rules would decide: "
                        + String.join(" | ", offers()));
    }

    @Override
    public String toString() {
        return "group "
                + Long.toUnsignedString(group)
                + ": expected an index up to "
                + Long.toUnsignedString(expected)
                + ", found "
                + Long.toUnsignedString(found)
                + " ("
                + file
                + ", offset "
                + offset
                + "), and no rule decides";
    }
}
