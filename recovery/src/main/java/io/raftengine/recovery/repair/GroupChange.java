package io.raftengine.recovery.repair;

/**
 * What becomes of entries of one group, summed up. Immutable.
 *
 * @param group the group
 * @param kind what becomes of them
 * @param entries how many; an entry that was written twice may count twice
 * @param firstIndex lowest index among them; meaningless if there are none
 * @param lastIndex highest index among them
 */
public record GroupChange(long group, Kind kind, long entries, long firstIndex, long lastIndex) {

    /** What becomes of entries. */
    public enum Kind {
        /** Their group is removed by a rule, with all else of it. */
        REMOVED("are removed with their group"),
        /** A rule drops the beginning of the log. */
        DROPPED_BEFORE("are dropped from the beginning"),
        /** A rule drops the end of the log. */
        DROPPED_FROM("are dropped from the end"),
        /** They do not join what the group holds, and that stays. */
        DISCARDED_INCOMING("are discarded since they do not join what comes before"),
        /** What comes behind does not join them, and that stays. */
        DISCARDED_EXISTING("are discarded since what comes behind does not join them"),
        /** They are new: nothing was there. */
        FILLED("are new and empty"),
        /**
         * Their block is damaged, or they are missing at the beginning, and nothing replaced them
         * later.
         */
        LOST("are lost");

        private final String text;

        Kind(String text) {
            this.text = text;
        }
    }

    @Override
    public String toString() {
        String range =
                entries == 0
                        ? "everything but entries is"
                        : "entries "
                                + Long.toUnsignedString(firstIndex)
                                + ".."
                                + Long.toUnsignedString(lastIndex)
                                + " ("
                                + entries
                                + ")";
        return "group "
                + Long.toUnsignedString(group)
                + ": "
                + (entries == 0 ? "removed" : range + " " + kind.text);
    }
}
